//! From a text to a script. Strict, as with every file of brink: an unknown field is an error with its place and the nearest
//! known name.

use std::{collections::BTreeMap, time::Duration};

use regex::Regex;
use serde_json::Value;
use serde_saphyr::Spanned;

use super::{
    condition::{Condition, FaultWish, Subject, Test},
    file::{Script, Step, WITHIN},
    path::{Path, written},
};
use crate::{
    base::{span, suggest},
    fault::{
        file::{self, Defaults, FileError, Located, Node, Place, documents},
        intent::{Fault, FaultKind},
        probe::Signal,
    },
    msg::{
        Command, Errand,
        command::{COMMANDS, Context},
    },
    panes::PaneKind,
};

type Map<'n> = BTreeMap<&'n str, &'n Located>;
type Result<T> = std::result::Result<T, FileError>;

const TOP: [&str; 6] = ["script", "title", "world", "minutes", "leaves", "steps"];
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
const CONDITIONS: [&str; 13] = [
    "all",
    "any",
    "not",
    "pane",
    "screen",
    "proposals",
    "agent",
    "preview",
    "faults",
    "verified",
    "object",
    "signal",
    "metric",
];
const TESTS: [&str; 5] = ["is", "contains", "matches", "above", "below"];

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
    fn wrong<T>(&self, at: &Spanned<T>, why: impl Into<String>, fix: impl Into<String>) -> FileError {
        FileError { place: file::place(self.file, at), why: why.into(), fix: fix.into() }
    }

    fn map<'n>(&self, node: &'n Located, what: &str, known: &[&str]) -> Result<Map<'n>> {
        let Node::Map(entries) = &node.value else {
            return Err(self.wrong(node, format!("{what} is not a map"), "write it as `key: value`"));
        };
        let mut map = Map::new();
        for (key, value) in entries {
            if !known.contains(&key.value.as_str()) {
                let fix = nearest(&key.value, known.iter().copied());
                return Err(self.wrong(key, format!("{what} has no field `{}`", key.value), fix));
            }
            if map.insert(key.value.as_str(), value).is_some() {
                return Err(self.wrong(key, format!("`{}` stands twice", key.value), "leave one of them out"));
            }
        }
        Ok(map)
    }

    fn scalar<'n>(&self, node: &'n Located, what: &str) -> Result<&'n Value> {
        match &node.value {
            Node::Scalar(value) if !value.is_null() => Ok(value),
            _ => {
                Err(self.wrong(node, format!("{what} is not a single value"), "write a text, a number, true or false"))
            }
        }
    }

    fn text(&self, node: &Located, what: &str) -> Result<String> {
        Ok(written(self.scalar(node, what)?))
    }

    fn needed<'n>(&self, map: &Map<'n>, at: &Located, key: &str, what: &str) -> Result<&'n Located> {
        map.get(key).copied().ok_or_else(|| self.wrong(at, format!("{what} has no `{key}`"), format!("add `{key}: …`")))
    }

    fn flag(&self, node: &Located, what: &str) -> Result<bool> {
        match self.scalar(node, what)? {
            Value::Bool(flag) => Ok(*flag),
            _ => Err(self.wrong(node, format!("{what} is neither true nor false"), "write true or false")),
        }
    }

    fn number(&self, node: &Located, what: &str) -> Result<f64> {
        let number = self.scalar(node, what)?.as_f64();
        number.ok_or_else(|| self.wrong(node, format!("{what} is no number"), "write a number without a unit"))
    }

    fn count(&self, node: &Located, what: &str) -> Result<u64> {
        let number = self.scalar(node, what)?.as_u64();
        number.ok_or_else(|| self.wrong(node, format!("{what} is no count"), "write a whole number"))
    }

    fn span(&self, node: &Located, what: &str) -> Result<Duration> {
        let text = self.text(node, what)?;
        span::parse(&text).map_err(|error| self.wrong(node, format!("{what}: {error}"), "write 500ms, 90s or 2m"))
    }

    fn list<'n>(&self, node: &'n Located, what: &str) -> Result<&'n [Located]> {
        match &node.value {
            Node::List(list) if !list.is_empty() => Ok(list),
            Node::List(_) => Err(self.wrong(node, format!("{what} is empty"), "write at least one")),
            _ => Err(self.wrong(node, format!("{what} is not a list"), "write it as lines that begin with `- `")),
        }
    }

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
            if seen.contains(&name) || name == super::player::START {
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
        Ok(Script {
            name,
            title: self.text(self.needed(&map, top, "title", "the script")?, "`title`")?,
            world: self.text(self.needed(&map, top, "world", "the script")?, "`world`")?,
            minutes: self.count(self.needed(&map, top, "minutes", "the script")?, "`minutes`")?,
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
            hold: map.get("hold").is_some_and(|_| true),
            ..Step::default()
        };
        if let Some(node) = map.get("hold") {
            step.hold = self.flag(node, "`hold`")?;
        }
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
        let leaves = matches!(command, Command::Quit | Command::Leave | Command::Suspend | Command::EditYaml);
        if leaves || command == Command::EditObject || command.spec().context == Context::Script {
            return Err(self.wrong(node, format!("`{name}` is for people alone"), "leave it out of the script"));
        }
        Ok(command)
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

    fn condition(&mut self, node: &Located) -> Result<Condition> {
        let keys: Vec<&str> = CONDITIONS
            .into_iter()
            .chain(TESTS)
            .chain(["row", "column", "every", "kind", "namespace", "name", "path", "for", "query", "workload", "route"])
            .collect();
        let map = self.map(node, "a condition", &keys)?;
        let mut heads = CONDITIONS.into_iter().filter(|key| map.contains_key(key));
        let (head, more) = (heads.next(), heads.next());
        let head = match (head, more) {
            (Some(head), None) => head,
            (Some(one), Some(two)) => {
                let fix = "put them into `all: [..]`";
                return Err(self.wrong(node, format!("a condition has both `{one}` and `{two}`"), fix));
            }
            (None, _) => {
                let fix = format!("write one of {}", CONDITIONS.join(", "));
                return Err(self.wrong(node, "it says nothing to wait for", fix));
            }
        };
        let value = self.needed(&map, node, head, "a condition")?;
        let alone = |allowed: &[&str]| -> Result<()> {
            match map.iter().find(|(key, _)| **key != head && !allowed.contains(key)) {
                None => Ok(()),
                Some((key, at)) => {
                    Err(self.wrong(at, format!("`{head}` has no `{key}`"), nearest(key, allowed.iter().copied())))
                }
            }
        };
        match head {
            "all" | "any" => {
                alone(&[])?;
                let parts = self.list(value, head)?.iter().map(|part| self.condition(part)).collect::<Result<_>>()?;
                Ok(if head == "all" { Condition::All(parts) } else { Condition::Any(parts) })
            }
            "not" => {
                alone(&[])?;
                Ok(Condition::Not(Box::new(self.condition(value)?)))
            }
            "pane" => {
                alone(&["row", "column", "every", "is", "contains", "matches", "above", "below"])?;
                self.pane(value, node, &map)
            }
            "screen" => {
                alone(&TESTS[..3])?;
                let test = match self.test(&map, node)? {
                    Some(test) => test,
                    None => Test::Contains(self.text(value, "`screen`")?),
                };
                Ok(Condition::Screen(test))
            }
            "proposals" => {
                alone(&[])?;
                let inner = self.map(value, "`proposals`", &["min", "kind"])?;
                let min = inner.get("min").map_or(Ok(1), |node| self.count(node, "`min`"))?;
                let kind = inner.get("kind").map(|node| self.kind(node)).transpose()?;
                Ok(Condition::Proposals { min: usize::try_from(min).unwrap_or(usize::MAX), kind })
            }
            "agent" => {
                alone(&[])?;
                self.only(value, "agent", "idle", Condition::AgentIdle)
            }
            "preview" => {
                alone(&[])?;
                self.only(value, "preview", "true", Condition::Preview)
            }
            "verified" => {
                alone(&[])?;
                self.only(value, "verified", "true", Condition::Verified)
            }
            "faults" => {
                alone(&[])?;
                self.faults(value)
            }
            "object" => {
                alone(&["path", "is", "contains", "matches", "above", "below"])?;
                self.object(value, node, &map)
            }
            "signal" => {
                alone(&["workload", "route", "above", "below", "for"])?;
                self.signal(value, node, &map)
            }
            _ => {
                alone(&["above", "below", "for"])?;
                let query = self.text(value, "`metric`")?;
                let test = self.limit(&map, node)?;
                let span = map.get("for").map_or(Ok(Duration::ZERO), |node| self.span(node, "`for`"))?;
                Ok(Condition::Metric(self.leaf(), query, test, span))
            }
        }
    }

    fn leaf(&mut self) -> usize {
        self.leaves += 1;
        self.leaves - 1
    }

    fn only(&self, value: &Located, key: &str, word: &str, condition: Condition) -> Result<Condition> {
        if self.text(value, key)? == word {
            return Ok(condition);
        }
        let fix = format!("write `{key}: {word}`; `not: {{{key}: {word}}}` is the opposite");
        Err(self.wrong(value, format!("`{key}` can only be waited for as `{word}`"), fix))
    }

    fn pane(&self, value: &Located, node: &Located, map: &Map<'_>) -> Result<Condition> {
        let name = self.text(value, "`pane`")?;
        let tables = [PaneKind::Pods, PaneKind::Routes];
        let Some(pane) = tables.into_iter().find(|pane| pane.name().eq_ignore_ascii_case(&name)) else {
            let fix = nearest(&name, ["pods", "routes"]);
            return Err(self.wrong(value, format!("`{name}` is no table whose rows can be waited for"), fix));
        };
        let row = self.text(self.needed(map, node, "row", "`pane`")?, "`row`")?;
        let columns = columns(pane);
        let column = match map.get("column") {
            None => None,
            Some(node) => {
                let column = self.text(node, "`column`")?;
                if !columns.iter().any(|known| known.eq_ignore_ascii_case(&column)) {
                    let fix = nearest(&column.to_uppercase(), columns);
                    return Err(self.wrong(node, format!("{name} has no column `{column}`"), fix));
                }
                Some(column)
            }
        };
        let test = self.test(map, node)?;
        if column.is_some() && test.is_none() {
            return Err(self.wrong(
                node,
                "a column without what it must show",
                "add `is`, `contains`, `matches`, `above` or `below`",
            ));
        }
        let every = map.get("every").map_or(Ok(false), |node| self.flag(node, "`every`"))?;
        Ok(Condition::Pane { pane, row, column, test, every })
    }

    fn faults(&self, value: &Located) -> Result<Condition> {
        let wish = match &value.value {
            Node::Map(_) => {
                let inner = self.map(value, "`faults`", &["active"])?;
                FaultWish::Active(Some(self.kind(self.needed(&inner, value, "active", "`faults`")?)?))
            }
            _ => match self.text(value, "`faults`")?.as_str() {
                "none" => FaultWish::None,
                "active" => FaultWish::Active(None),
                "stuck" => FaultWish::Stuck,
                other => {
                    let fix = nearest(other, ["none", "active", "stuck"]);
                    return Err(self.wrong(value, format!("faults cannot be `{other}`"), fix));
                }
            },
        };
        Ok(Condition::Faults(wish))
    }

    fn object(&mut self, value: &Located, node: &Located, map: &Map<'_>) -> Result<Condition> {
        let name = self.text(value, "`object`")?;
        let wrong = || self.wrong(value, format!("`{name}` names no object"), "write `KIND NS/NAME` or `KIND NAME`");
        let (kind, place) = name.split_once(' ').ok_or_else(wrong)?;
        let (namespace, name) = place.trim().split_once('/').unwrap_or(("", place.trim()));
        let errand = Errand::Object { kind: kind.to_owned(), namespace: namespace.to_owned(), name: name.to_owned() };
        let path = match map.get("path") {
            Some(at) => {
                let text = self.text(at, "`path`")?;
                Some(Path::parse(&text).map_err(|why| self.wrong(at, why, "write it like `.status.replicas`"))?)
            }
            None => None,
        };
        let test = self.test(map, node)?;
        if path.is_none() && test.is_some() {
            return Err(self.wrong(node, "a test without a value to test", "add `path: .status.replicas` or the like"));
        }
        Ok(Condition::Object(self.leaf(), errand, path, test))
    }

    fn signal(&mut self, value: &Located, node: &Located, map: &Map<'_>) -> Result<Condition> {
        let word = self.text(value, "`signal`")?;
        let Some(signal) = Signal::ALL.into_iter().find(|signal| signal.word() == word) else {
            let fix = nearest(&word, Signal::ALL.map(Signal::word));
            return Err(self.wrong(value, format!("there is no signal `{word}`"), fix));
        };
        let subject = match (map.get("workload"), map.get("route")) {
            (Some(at), None) => self.place(at).map(|(namespace, name)| Subject::Workload(namespace, name))?,
            (None, Some(at)) => self.place(at).map(|(namespace, name)| Subject::Route(namespace, name))?,
            _ => {
                return Err(self.wrong(
                    node,
                    "whose signal it is is not said",
                    "add `workload: NS/NAME` or `route: NS/NAME`",
                ));
            }
        };
        let test = self.limit(map, node)?;
        let span = map.get("for").map_or(Ok(Duration::ZERO), |node| self.span(node, "`for`"))?;
        Ok(Condition::Signal(self.leaf(), subject, signal, test, span))
    }

    fn place(&self, node: &Located) -> Result<(String, String)> {
        let text = self.text(node, "a name")?;
        let (namespace, name) = text
            .split_once('/')
            .ok_or_else(|| self.wrong(node, format!("`{text}` has no namespace"), "write NS/NAME"))?;
        Ok((namespace.to_owned(), name.to_owned()))
    }

    fn limit(&self, map: &Map<'_>, node: &Located) -> Result<Test> {
        self.test(map, node)?
            .ok_or_else(|| self.wrong(node, "a figure without a limit", "add `above: N` or `below: N`"))
    }

    fn test(&self, map: &Map<'_>, node: &Located) -> Result<Option<Test>> {
        let mut found = TESTS.into_iter().filter_map(|key| Some((key, *map.get(key)?)));
        let Some((key, at)) = found.next() else { return Ok(None) };
        if let Some((other, _)) = found.next() {
            return Err(self.wrong(node, format!("both `{key}` and `{other}`"), "put them into `all: [..]`"));
        }
        Ok(Some(match key {
            "is" => Test::Is(self.text(at, "`is`")?),
            "contains" => Test::Contains(self.text(at, "`contains`")?),
            "matches" => {
                let form = self.text(at, "`matches`")?;
                let form = Regex::new(&form);
                Test::Matches(form.map_err(|error| {
                    self.wrong(at, format!("no regular expression: {error}"), "correct it, or use `contains`")
                })?)
            }
            "above" => Test::Above(self.number(at, "`above`")?),
            _ => Test::Below(self.number(at, "`below`")?),
        }))
    }
}

fn columns(pane: PaneKind) -> Vec<&'static str> {
    use crate::{cluster::pods::PodRow, mesh::routes::RouteRow, panes::grid::Tabular};
    match pane {
        PaneKind::Pods => PodRow::COLUMNS.iter().map(|column| column.title).collect(),
        PaneKind::Routes => RouteRow::COLUMNS.iter().map(|column| column.title).collect(),
        PaneKind::Mesh | PaneKind::Faults | PaneKind::Agent => Vec::new(),
    }
}

fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match suggest::nearest(given, known.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None if known.is_empty() => "leave it out".to_owned(),
        None if known.len() > 20 => "docs/keys.md has all of them".to_owned(),
        None => format!("there are: {}", known.join(", ")),
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
