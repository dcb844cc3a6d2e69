//! From a text to a script. Strict, as with every file of brink: an unknown field is an error with its place and the nearest
//! known name.

mod condition;
mod fields;

use std::time::Duration;

use serde_json::Value;

use self::fields::nearest;
use super::file::{Script, Step, WITHIN};
use crate::{
    agent::model,
    fault::{
        file::{self, Defaults, FileError, Located, Node, Place, documents},
        intent::{Fault, FaultKind},
    },
    msg::{
        Command,
        command::{COMMANDS, Context},
    },
};

type Result<T> = std::result::Result<T, FileError>;

const TOP: [&str; 8] = ["script", "title", "world", "agent", "minutes", "concurrent", "leaves", "steps"];
/// More live faults than this nobody follows.
const MOST_AT_ONCE: u32 = 5;
const STEP: [&str; 14] = [
    "say",
    "note",
    "choose",
    "do",
    "fault",
    "type",
    "then",
    "wait",
    "within",
    "message",
    "hold",
    "checkpoint",
    "namespace",
    "lasts",
];

/// Reads a script.
pub fn read(file: &str, text: &str) -> Result<Script> {
    let documents = documents(file, text)?;
    let nowhere = || Place { file: file.to_owned(), line: 0, column: 0 };
    let [top] = documents.as_slice() else {
        return Err(FileError {
            place: nowhere(),
            why: format!("it holds {} documents", documents.len()),
            fix: "a script is one YAML document that begins with `script: NAME`".to_owned(),
        });
    };
    Reading { file, leaves: 0 }.script(top)
}

struct Reading<'a> {
    file: &'a str,
    /// Conditions that ask something outside, so far in this step.
    leaves: usize,
}

impl Reading<'_> {
    fn script(&mut self, top: &Located) -> Result<Script> {
        let map = self.map(top, "a script", &TOP)?;
        let name_at = self.needed(&map, top, "script", "the script")?;
        let name = self.text(name_at, "`script`")?;
        if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
            return Err(self.wrong(name_at, format!("`{name}` is no name"), "write it in lower case with dashes"));
        }
        let steps_at = self.needed(&map, top, "steps", "the script")?;
        let steps = self.list(steps_at, "`steps`")?.iter().map(|step| self.step(step)).collect::<Result<Vec<_>>>()?;
        let mut seen: Vec<&str> = Vec::new();
        for name in steps.iter().filter_map(|step| step.checkpoint.as_deref()) {
            if seen.contains(&name) || name == crate::script::player::START {
                return Err(self.wrong(
                    steps_at,
                    format!("the checkpoint `{name}` stands twice"),
                    "give it another name",
                ));
            }
            seen.push(name);
        }
        let leaves = match map.get("leaves") {
            Some(node) => self
                .list(node, "`leaves`")?
                .iter()
                .map(|one| self.text(one, "an object that may differ"))
                .collect::<Result<_>>()?,
            None => Vec::new(),
        };
        let concurrent = match map.get("concurrent") {
            None => 1,
            Some(node) => {
                let count = u32::try_from(self.count(node, "`concurrent`")?).unwrap_or(u32::MAX);
                if !(1..=MOST_AT_ONCE).contains(&count) {
                    let fix = format!("write a number from 1 to {MOST_AT_ONCE}");
                    return Err(self.wrong(node, format!("{count} faults are not open at once"), fix));
                }
                count
            }
        };
        let agent = map.get("agent").map(|node| self.agent(node)).transpose()?;
        Ok(Script {
            name,
            title: self.text(self.needed(&map, top, "title", "the script")?, "`title`")?,
            world: self.text(self.needed(&map, top, "world", "the script")?, "`world`")?,
            agent,
            minutes: self.count(self.needed(&map, top, "minutes", "the script")?, "`minutes`")?,
            concurrent,
            leaves,
            steps,
        })
    }

    fn step(&mut self, at: &Located) -> Result<Step> {
        self.leaves = 0;
        let map = self.map(at, "a step", &STEP)?;
        let text = |key: &str| map.get(key).map(|node| self.text(node, &format!("`{key}`"))).transpose();
        let mut step = Step {
            say: text("say")?.unwrap_or_default(),
            note: text("note")?.unwrap_or_default(),
            text: text("type")?,
            message: text("message")?.unwrap_or_default(),
            checkpoint: text("checkpoint")?,
            within: map.get("within").map_or(Ok(WITHIN), |node| self.span(node, "`within`"))?,
            hold: map.get("hold").map_or(Ok(false), |node| self.flag(node, "`hold`"))?,
            ..Step::default()
        };
        for (key, commands) in [("do", &mut step.commands), ("then", &mut step.then)] {
            if let Some(node) = map.get(key) {
                *commands = self.commands(node)?;
            }
        }
        if let Some(node) = map.get("choose") {
            let inner = self.map(node, "`choose`", &["proposal"])?;
            step.choose = Some(self.kind(self.needed(&inner, node, "proposal", "`choose`")?)?);
        }
        let namespace = text("namespace")?.unwrap_or_else(|| "default".to_owned());
        let lasts = map.get("lasts").map(|node| self.span(node, "`lasts`")).transpose()?;
        if let Some(node) = map.get("fault") {
            step.fault = Some(Box::new(self.fault(node, &namespace, lasts)?));
        }
        if let Some(node) = map.get("wait") {
            step.wait = Some(self.condition(node)?);
        }
        Ok(step)
    }

    /// One name of the command table, or several.
    fn commands(&self, node: &Located) -> Result<Vec<Command>> {
        let nodes = match &node.value {
            Node::List(list) => list.iter().collect(),
            Node::Scalar(_) | Node::Map(_) => vec![node],
        };
        nodes.into_iter().map(|node| self.command(node)).collect()
    }

    fn command(&self, node: &Located) -> Result<Command> {
        let name = self.text(node, "a command")?;
        let Some(command) = Command::named(&name) else {
            let fix = nearest(&name, COMMANDS.iter().map(|spec| spec.name));
            return Err(self.wrong(node, format!("there is no command `{name}`"), fix));
        };
        // Leaving is the speaker's, and a script that answers its own questions would never end.
        let leaves = matches!(
            command,
            Command::Quit | Command::Leave | Command::Suspend | Command::EditYaml | Command::EditProposal
        );
        if leaves
            || command == Command::EditObject
            || command == Command::UndoChange
            || command.spec().context == Context::Script
        {
            return Err(self.wrong(node, format!("`{name}` is for people alone"), "leave it out of the script"));
        }
        Ok(command)
    }

    /// Who is asked. An agent of somebody's settings file is none that a script may count on.
    fn agent(&self, node: &Located) -> Result<String> {
        let agent = self.text(node, "`agent`")?;
        if model::parse(&agent).is_err() {
            let fix = "write it as for --agent, such as a2a:NAMESPACE/NAME";
            return Err(self.wrong(node, format!("`{agent}` is no agent"), fix));
        }
        Ok(agent)
    }

    fn kind(&self, node: &Located) -> Result<String> {
        let kind = self.text(node, "a fault kind")?;
        if FaultKind::ALL.iter().any(|known| known.word() == kind) {
            return Ok(kind);
        }
        let fix = nearest(&kind, FaultKind::ALL.iter().map(|known| known.word()));
        Err(self.wrong(node, format!("there is no fault kind `{kind}`"), fix))
    }

    /// A Fault as a map, or any file for `brink fault apply` as a block of text.
    fn fault(&self, node: &Located, namespace: &str, lasts: Option<Duration>) -> Result<Fault> {
        let defaults = Defaults { duration: lasts, ..Defaults::of(namespace) };
        match &node.value {
            Node::Scalar(Value::String(text)) => file::read(self.file, text, &defaults).map_err(|mut error| {
                // A block of text begins in the line below its key, which is the place of its value.
                let at = file::place(self.file, node);
                error.place.line = if error.place.line == 0 { at.line } else { at.line + error.place.line - 1 };
                error
            }),
            _ => file::read(self.file, &node.value.value().to_string(), &defaults).map_err(|mut error| {
                error.place = file::place(self.file, node);
                error
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::read;
    use crate::{msg::Command, script::condition::Condition};

    const HEAD: &str = "script: a\ntitle: t\nworld: shop\nminutes: 2\nsteps:\n";

    #[test]
    fn a_script_is_read_whole() {
        let text = format!(
            "{HEAD}- say: look\n  note: breathe\n  do: [show_routes, zoom]\n  wait: {{pane: routes, row: my-*, column: wins, is: \"yes\"}}\n  \
             within: 10s\n  message: no route\n  hold: true\n  checkpoint: calm\n- fault:\n    apiVersion: brink.dev/v1alpha1\n    \
             kind: Fault\n    metadata: {{name: zero, namespace: shop}}\n    spec: {{kind: scale, target: {{workload: Deployment/x}}, params: {{replicas: 0}}}}\n  \
             then: submit\n"
        );
        let script = read("a.yaml", &text).unwrap();
        assert_eq!((script.name.as_str(), script.world.as_str(), script.minutes), ("a", "shop", 2));
        let [look, scale] = script.steps.as_slice() else { panic!("{script:?}") };
        assert_eq!(look.commands, [Command::ShowRoutes, Command::Zoom]);
        assert!(look.hold && matches!(look.wait, Some(Condition::Pane { .. })), "{look:?}");
        assert_eq!(scale.fault.as_ref().map(|fault| fault.namespace.as_str()), Some("shop"));
        assert_eq!(scale.then, [Command::Submit]);
    }

    #[rstest]
    #[case("- sya: x\n", "a.yaml:6:3: a step has no field `sya`; did you mean `say`?")]
    #[case("- do: aply\n", "a.yaml:6:7: there is no command `aply`; did you mean `apply`?")]
    #[case("- do: quit\n", "`quit` is for people alone")]
    #[case("- wait: {pane: pots, row: x}\n", "did you mean `pods`?")]
    #[case("- wait: {pane: pods, row: x, colum: STATUS}\n", "did you mean `column`?")]
    #[case("- wait: {pane: pods, row: x, column: STATU, is: y}\n", "did you mean `STATUS`?")]
    #[case("- wait: {pane: pods, row: x, path: y}\n", "`pane` has no `path`")]
    #[case("- wait: {screen: a, verified: true}\n", "both")]
    #[case("- wait: {metric: up}\n", "a figure without a limit")]
    #[case("- wait: {object: Pod a/b, path: \"..x\"}\n", "is no path")]
    #[case("- wait: {row: x}\n", "nothing to wait for")]
    #[case("- choose: {proposal: rout-conflict}\n", "did you mean `route-conflict`?")]
    #[case("- within: 10\n", "is not a span of time")]
    #[case("- fault: |\n    apiVersion: brink.dev/v1alpha1\n    kind: Fault\n    metdata: {}\n", "a.yaml:9:")]
    #[case("- checkpoint: a\n- checkpoint: a\n", "stands twice")]
    #[case("- {say: a}\nagent: k8s-agent\n", "`k8s-agent` is no agent")]
    #[case("- {say: a}\nconcurrent: 9\n", "9 faults are not open at once")]
    #[case("- {say: a}\nagent: parrot:x\n", "parrot")]
    fn what_is_wrong_is_said_at_its_place(#[case] step: &str, #[case] part: &str) {
        let error = read("a.yaml", &format!("{HEAD}{step}")).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
        assert!(error.starts_with("a.yaml:"), "{error}");
    }

    #[test]
    fn a_script_without_its_parts_is_none() {
        for (text, part) in [
            ("", "0 documents"),
            ("script: a\n", "no `steps`"),
            ("script: A b\nsteps: [{say: x}]\n", "lower case"),
            ("script: a\nsteps: []\n", "is empty"),
            ("script: a\nsteps: [{say: x}]\n", "no `title`"),
            ("script: [\n", "not well-formed"),
        ] {
            let error = read("a.yaml", text).unwrap_err().to_string();
            assert!(error.contains(part), "{text:?}: {error}");
        }
    }
}
