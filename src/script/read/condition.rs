//! What a step waits for.

use std::time::Duration;

use regex::Regex;

use super::{
    Reading, Result,
    fields::{Map, nearest},
};
use crate::{
    base::path::Path,
    fault::{
        file::{Located, Node},
        probe::Signal,
    },
    msg::Errand,
    panes::PaneKind,
    script::condition::{Condition, FaultWish, Subject, Test},
};

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

impl Reading<'_> {
    pub(super) fn condition(&mut self, node: &Located) -> Result<Condition> {
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
