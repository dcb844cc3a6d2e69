//! The command line after `:`: words with arguments, in k9s' manner.

pub use super::logs_line::LogsLine;
use super::{command::Command, logs_line};
use crate::base::suggest;

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
    /// Logs.
    Logs(LogsLine),
    /// A copy into a container or out of it: from, to.
    Copy(String, String),
    /// Lift the emergency stop's latch, with the reason.
    Release(String),
}

/// The first words with what they mean; the first spelling of each is the one completed.
const WORDS: [(&[&str], Word); 17] = [
    (&["pods", "pod", "po"], Word::Pane(Command::ShowPods)),
    (&["routes", "route", "httproutes", "httproute"], Word::Pane(Command::ShowRoutes)),
    (&["mesh"], Word::Pane(Command::ShowMesh)),
    (&["graph"], Word::Run(Command::Graph)),
    (&["faults", "fault"], Word::Pane(Command::ShowFaults)),
    (&["agent", "ask"], Word::Run(Command::ShowAgent)),
    (&["ns", "namespace", "namespaces"], Word::Namespace),
    (&["ctx", "context", "contexts"], Word::Context),
    (&["all"], Word::Run(Command::AllNamespaces)),
    (&["logs", "log"], Word::Logs),
    (&["cp", "copy"], Word::Copy),
    (&["pf", "forwards", "port-forwards"], Word::Run(Command::Forwards)),
    (&["help", "h"], Word::Run(Command::Help)),
    (&["abort"], Word::Run(Command::Abort)),
    (&["stop-all"], Word::Run(Command::StopAll)),
    (&["release"], Word::Release),
    (&["q", "quit", "exit"], Word::Run(Command::Quit)),
];

#[derive(Debug, Clone, Copy)]
enum Word {
    Pane(Command),
    Namespace,
    Context,
    Run(Command),
    Logs,
    Copy,
    Release,
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
        let reason = line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim());
        return Ok(Line::Release(reason.to_owned()));
    }
    if let Word::Logs = word {
        let rest = line.trim().split_once(char::is_whitespace).map_or("", |(_, rest)| rest);
        return logs_line::parse(rest).map(Line::Logs);
    }
    if let Word::Copy = word {
        return match (argument, words.next(), words.next()) {
            (Some(from), Some(to), None) => Ok(Line::Copy(from.to_owned(), to.to_owned())),
            _ => Err("say from where to where: cp POD:/path local, or cp local POD:/path".to_owned()),
        };
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
        // Read above.
        (Word::Logs, _) => Ok(Line::Logs(LogsLine::default())),
        (Word::Copy, _) => Err("say from where to where: cp POD:/path local".to_owned()),
        (Word::Release, _) => Err("say why it is safe again: release REASON".to_owned()),
        (Word::Run(_), Some(extra)) => Err(format!("`{first}` takes no argument, `{extra}` was given")),
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
                Some(Word::Pane(_) | Word::Namespace | Word::Logs) => namespaces,
                Some(Word::Context) => contexts,
                Some(Word::Run(_) | Word::Release | Word::Copy) | None => &[],
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
    use crate::msg::command::Command;

    #[rstest]
    #[case("pods", Line::Run(Command::ShowPods))]
    #[case(" PO shop ", Line::Pane(Command::ShowPods, "shop".to_owned()))]
    #[case("ns", Line::Run(Command::Namespaces))]
    #[case("ns shop", Line::Namespace("shop".to_owned()))]
    #[case("ns all", Line::Run(Command::AllNamespaces))]
    #[case("ctx kind-demo", Line::Context("kind-demo".to_owned()))]
    #[case("q", Line::Run(Command::Quit))]
    #[case("release the cause is found", Line::Release("the cause is found".to_owned()))]
    fn lines_are_read(#[case] line: &str, #[case] expected: Line) {
        assert_eq!(parse(line), Ok(expected));
    }

    #[rstest]
    #[case("", "type a command, such as pods or ns shop")]
    #[case("rotues", "no command `rotues`: did you mean `routes`?")]
    #[case("ns a b", "`b` is one word too many after `ns`")]
    #[case("release", "say why it is safe again: release REASON")]
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
