//! The command line after `:`: words with arguments, in k9s' manner.

use super::command::Command;
use crate::{
    base::suggest,
    fault::action::{ActionKind, pairs},
};

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A plain command.
    Run(Command),
    /// Another namespace.
    Namespace(String),
    /// Another context.
    Context(String),
    /// A pane, with another namespace: `pods shop`.
    Pane(Command, String),
    /// Lift the emergency stop's latch, with the reason.
    Release(String),
    /// Do something to the object under the cursor; what was typed with it, empty for nothing.
    Act(ActionKind, String),
}

/// The first words with what they mean; the first spelling of each is the one completed.
const WORDS: [(&[&str], Word); 29] = [
    (&["pods", "pod", "po"], Word::Pane(Command::ShowPods)),
    (&["routes", "route", "httproutes", "httproute"], Word::Pane(Command::ShowRoutes)),
    (&["mesh"], Word::Pane(Command::ShowMesh)),
    (&["graph"], Word::Run(Command::Graph)),
    (&["faults", "fault"], Word::Pane(Command::ShowFaults)),
    (&["agent", "ask"], Word::Run(Command::ShowAgent)),
    (&["ns", "namespace", "namespaces"], Word::Namespace),
    (&["ctx", "context", "contexts"], Word::Context),
    (&["all"], Word::Run(Command::AllNamespaces)),
    (&["help", "h"], Word::Run(Command::Help)),
    (&["abort"], Word::Run(Command::Abort)),
    (&["stop-all"], Word::Run(Command::StopAll)),
    (&["release"], Word::Release),
    (&["changes"], Word::Run(Command::ShowChanges)),
    (&["actions"], Word::Run(Command::Actions)),
    (&["scale"], Word::Act(ActionKind::Scale)),
    (&["restart"], Word::Act(ActionKind::Restart)),
    (&["rollback", "undo-rollout"], Word::Act(ActionKind::Rollback)),
    (&["suspend"], Word::Act(ActionKind::Suspend)),
    (&["resume"], Word::Act(ActionKind::Resume)),
    (&["trigger"], Word::Act(ActionKind::Trigger)),
    (&["cordon"], Word::Act(ActionKind::Cordon)),
    (&["uncordon"], Word::Act(ActionKind::Uncordon)),
    (&["drain"], Word::Act(ActionKind::Drain)),
    (&["label"], Word::Act(ActionKind::Label)),
    (&["annotate"], Word::Act(ActionKind::Annotate)),
    (&["delete"], Word::Act(ActionKind::Delete)),
    (&["kill"], Word::Act(ActionKind::Kill)),
    (&["q", "quit", "exit"], Word::Run(Command::Quit)),
];

#[derive(Debug, Clone, Copy)]
enum Word {
    Pane(Command),
    Namespace,
    Context,
    Run(Command),
    Release,
    Act(ActionKind),
}

/// Reads a line. The error is a sentence.
pub fn parse(line: &str) -> Result<Line, String> {
    let mut words = line.split_whitespace();
    let Some(first) = words.next() else { return Err("type a command, such as pods or ns shop".to_owned()) };
    let argument = words.next();
    let found = WORDS.iter().find(|(names, _)| names.contains(&first.to_lowercase().as_str()));
    let Some((_, word)) = found else {
        let known = WORDS.iter().flat_map(|(names, _)| names.iter().copied());
        return Err(match suggest::nearest(first, known) {
            Some(near) => {
                // Whatever spelling is near, the first is the one to learn.
                let name = WORDS.iter().find(|(names, _)| names.contains(&near)).map_or(near, |(names, _)| names[0]);
                format!("no command `{first}`: did you mean `{name}`?")
            }
            None => format!("no command `{first}`: try pods, routes, mesh, faults, ns, ctx, help or q"),
        });
    };
    if let (Word::Release, Some(_)) = (word, argument) {
        return Ok(Line::Release(rest_of(line).to_owned()));
    }
    if let Word::Act(action) = word {
        return act(*action, rest_of(line));
    }
    if let Some(extra) = words.next() {
        return Err(format!("`{extra}` is one word too many after `{first}`"));
    }
    match (word, argument) {
        (Word::Pane(command) | Word::Run(command), None) => Ok(Line::Run(*command)),
        (Word::Pane(command), Some("-A" | "all")) => Ok(Line::Pane(*command, String::new())),
        (Word::Pane(command), Some(namespace)) => Ok(Line::Pane(*command, namespace.to_owned())),
        (Word::Namespace, None) => Ok(Line::Run(Command::Namespaces)),
        (Word::Namespace, Some("all" | "-A")) => Ok(Line::Run(Command::AllNamespaces)),
        (Word::Namespace, Some(name)) => Ok(Line::Namespace(name.to_owned())),
        (Word::Context, None) => Ok(Line::Run(Command::Contexts)),
        (Word::Context, Some(name)) => Ok(Line::Context(name.to_owned())),
        (Word::Release, _) => Err("say why it is safe again: release REASON".to_owned()),
        (Word::Act(action), _) => act(*action, rest_of(line)),
        (Word::Run(_), Some(extra)) => Err(format!("`{first}` takes no argument, `{extra}` was given")),
    }
}

/// All behind the first word.
fn rest_of(line: &str) -> &str {
    line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim())
}

/// An action with what was typed behind it.
fn act(action: ActionKind, given: &str) -> Result<Line, String> {
    let word = action.word();
    match action {
        ActionKind::Scale if !given.is_empty() && given.parse::<u32>().is_err() => {
            Err(format!("`{given}` is no number of replicas: scale 3"))
        }
        ActionKind::Rollback if !given.is_empty() && given.parse::<i64>().is_err() => {
            Err(format!("`{given}` is no number of a revision: rollback 2"))
        }
        ActionKind::Label | ActionKind::Annotate if !given.is_empty() => {
            pairs::read(given, action == ActionKind::Label).map(|_| Line::Act(action, given.to_owned()))
        }
        ActionKind::Scale | ActionKind::Rollback => Ok(Line::Act(action, given.to_owned())),
        _ if given.is_empty() => Ok(Line::Act(action, String::new())),
        _ => Err(format!("`{word}` takes no argument, `{given}` was given: it is about the object under the cursor")),
    }
}

/// What may complete the line typed so far, as whole lines, the most likely first.
pub fn complete(line: &str, namespaces: &[String], contexts: &[String]) -> Vec<String> {
    let (first, rest) = match line.split_once(' ') {
        Some((first, rest)) => (first, Some(rest.trim_start())),
        None => (line, None),
    };
    match rest {
        None => {
            let begins = WORDS.iter().map(|(names, _)| names[0]).filter(|name| name.starts_with(first));
            begins.map(str::to_owned).collect()
        }
        Some(typed) => {
            let word = WORDS.iter().find(|(names, _)| names.contains(&first)).map(|(_, word)| word);
            let choices = match word {
                Some(Word::Pane(_) | Word::Namespace) => namespaces,
                Some(Word::Context) => contexts,
                Some(Word::Run(_) | Word::Release | Word::Act(_)) | None => &[],
            };
            let begins = choices.iter().filter(|name| name.starts_with(typed));
            let within = choices.iter().filter(|name| !name.starts_with(typed) && name.contains(typed));
            begins.chain(within).map(|name| format!("{first} {name}")).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Line, complete, parse};
    use crate::{fault::action::ActionKind, msg::command::Command};

    #[rstest]
    #[case("pods", Line::Run(Command::ShowPods))]
    #[case(" PO shop ", Line::Pane(Command::ShowPods, "shop".to_owned()))]
    #[case("ns", Line::Run(Command::Namespaces))]
    #[case("ns shop", Line::Namespace("shop".to_owned()))]
    #[case("ns all", Line::Run(Command::AllNamespaces))]
    #[case("ctx kind-demo", Line::Context("kind-demo".to_owned()))]
    #[case("q", Line::Run(Command::Quit))]
    #[case("scale 3", Line::Act(ActionKind::Scale, "3".to_owned()))]
    #[case("label tier=web old-", Line::Act(ActionKind::Label, "tier=web old-".to_owned()))]
    #[case("delete", Line::Act(ActionKind::Delete, String::new()))]
    #[case("release the cause is found", Line::Release("the cause is found".to_owned()))]
    fn lines_are_read(#[case] line: &str, #[case] expected: Line) {
        assert_eq!(parse(line), Ok(expected));
    }

    #[rstest]
    #[case("", "type a command, such as pods or ns shop")]
    #[case("rotues", "no command `rotues`: did you mean `routes`?")]
    #[case("ns a b", "`b` is one word too many after `ns`")]
    #[case("release", "say why it is safe again: release REASON")]
    #[case("scale many", "`many` is no number of replicas: scale 3")]
    #[case("label tier", "`tier` is neither key=value nor key-")]
    #[case("delete web", "`delete` takes no argument, `web` was given: it is about the object under the cursor")]
    #[case("q now", "`q` takes no argument, `now` was given")]
    fn mistakes_are_told(#[case] line: &str, #[case] told: &str) {
        assert_eq!(parse(line), Err(told.to_owned()));
    }

    #[test]
    fn words_and_names_are_completed() {
        let namespaces = ["kube-system".to_owned(), "shop".to_owned(), "web-shop".to_owned()];
        assert_eq!(complete("ro", &[], &[]), ["routes"]);
        assert_eq!(complete("ns sh", &namespaces, &[]), ["ns shop", "ns web-shop"]);
        assert_eq!(complete("zz ", &namespaces, &[]), Vec::<String>::new());
    }
}
