//! Trouble with the API, for tests: rules that delay, cut or replace answers, let others write in between, or take rights away.
//! They speak the words of the proxy that does the same to a real API server, as far as it does.

mod action;

use std::time::Duration;

use regex::Regex;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::action::Action;
use crate::{
    api::{Request, Standing, Webhook},
    world::Flood,
};

/// A rule.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name.
    pub id: String,
    /// Which requests it is about; all of them where nothing is said.
    #[serde(default, rename = "match")]
    matches: Match,
    action: Action,
    /// How many requests it was about.
    #[serde(default)]
    seen: u64,
    /// How many of them it acted on.
    #[serde(default)]
    hits: u64,
    #[serde(skip)]
    patterns: [Option<Pattern>; 3],
}

#[derive(Debug, Clone)]
struct Pattern(Regex);

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Match {
    method: String,
    path: String,
    query: String,
    user_agent: String,
    dry_run: Option<bool>,
    watch: Option<bool>,
    skip: u64,
    count: u64,
}

/// What happens to a request.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    /// Nothing.
    Pass,
    /// It waits before the server sees it.
    Delay(Duration),
    /// The server acts; its answer waits.
    Late(Duration),
    /// The connection breaks; the server never sees it.
    CutBefore,
    /// The server acts; the connection breaks instead of an answer.
    CutAfter(Duration),
    /// This is the answer; the server never sees it.
    Answer(u16, Value, Option<u32>),
    /// The answer has no date.
    StripDate,
    /// A webhook has its say.
    Admit(Box<Webhook>),
    /// This is done first, by somebody else. Without a path it goes where the request goes.
    After(Box<Request>),
}

impl Rule {
    /// Reads a rule; the error names the field.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        let mut rule: Self = serde_json::from_slice(text).map_err(|error| error.to_string())?;
        if rule.id.is_empty() {
            return Err("id: must not be empty".to_owned());
        }
        (rule.seen, rule.hits) = (0, 0);
        let of = |name: &str, text: &str| -> Result<Option<Pattern>, String> {
            if text.is_empty() {
                return Ok(None);
            }
            Regex::new(text).map(|pattern| Some(Pattern(pattern))).map_err(|error| format!("match.{name}: {error}"))
        };
        rule.patterns = [
            of("path", &rule.matches.path)?,
            of("query", &rule.matches.query)?,
            of("user_agent", &rule.matches.user_agent)?,
        ];
        rule.action.check()?;
        if rule.action.stands() && rule.matches != Match::default() {
            return Err(
                "match: unreachable, forbid, no-dry-run and log-flood take none, they hold by themselves".to_owned()
            );
        }
        Ok(rule)
    }

    /// Whether it keeps everybody out.
    pub fn shuts(&self) -> bool {
        matches!(self.action, Action::Unreachable {})
    }

    fn fits(&self, request: &Request, query: &str) -> bool {
        let wanted = &self.matches;
        let holds = |at: usize, text: &str| self.patterns[at].as_ref().is_none_or(|pattern| pattern.0.is_match(text));
        (wanted.method.is_empty() || wanted.method.eq_ignore_ascii_case(&request.method))
            && holds(0, &request.path)
            && holds(1, query)
            && holds(2, &request.agent)
            && wanted.dry_run.is_none_or(|wanted| wanted == (request.ask("dryRun") == Some("All")))
            && wanted.watch.is_none_or(|wanted| wanted == request.is_watch())
    }
}

/// All rules. The first one that fits acts.
#[derive(Debug, Default)]
pub struct Book {
    rules: Vec<Rule>,
}

impl Book {
    /// Adds a rule, or puts it in the place of the one of its name.
    pub fn put(&mut self, rule: Rule) {
        self.rules.retain(|has| has.id != rule.id);
        self.rules.push(rule);
    }

    /// Takes a rule out; whether there was one.
    pub fn remove(&mut self, id: &str) -> bool {
        let before = self.rules.len();
        self.rules.retain(|rule| rule.id != id);
        self.rules.len() < before
    }

    /// Takes all out.
    pub fn clear(&mut self) {
        self.rules.clear();
    }

    /// All of them, as JSON.
    pub fn list(&self) -> Value {
        json!(self.rules)
    }

    /// Whether nobody gets in.
    pub fn is_shut(&self) -> bool {
        self.rules.iter().any(Rule::shuts)
    }

    /// What stands by itself: of the API, and of the logs.
    pub fn standing(&self) -> (Standing, Vec<Flood>) {
        let actions = || self.rules.iter().map(|rule| &rule.action);
        let standing = Standing {
            forbidden: actions().filter_map(Action::forbidden).collect(),
            undry: actions().filter_map(Action::undry).collect(),
        };
        (standing, actions().filter_map(Action::flood).collect())
    }

    /// What happens to a request; counted.
    pub fn judge(&mut self, request: &Request, query: &str) -> Deed {
        for rule in &mut self.rules {
            if rule.action.stands() && !rule.shuts() || !rule.fits(request, query) {
                continue;
            }
            rule.seen += 1;
            let (skip, count) = (rule.matches.skip, rule.matches.count);
            if rule.seen <= skip || (count > 0 && rule.hits >= count) {
                continue;
            }
            rule.hits += 1;
            return rule.action.deed(&rule.id);
        }
        Deed::Pass
    }
}

#[cfg(test)]
mod tests {
    use super::{Book, Deed, Rule};
    use crate::api::Request;

    #[test]
    fn a_rule_acts_on_what_it_fits_and_no_more_often_than_it_says() {
        let mut book = Book::default();
        let text = br#"{"id": "a", "match": {"method": "patch", "path": "pods", "skip": 1, "count": 1}, "action": {"kind": "cut-before"}}"#;
        book.put(Rule::read(text).unwrap());
        let patch = Request {
            method: "PATCH".to_owned(),
            path: "/api/v1/namespaces/a/pods/b".to_owned(),
            ..Request::default()
        };
        let get = Request { method: "GET".to_owned(), ..patch.clone() };
        assert_eq!(book.judge(&get, ""), Deed::Pass);
        assert_eq!(book.judge(&patch, ""), Deed::Pass);
        assert_eq!(book.judge(&patch, ""), Deed::CutBefore);
        assert_eq!(book.judge(&patch, ""), Deed::Pass);
        assert!(book.remove("a"));
        assert!(!book.remove("a"));
    }

    #[test]
    fn every_rule_of_the_readme_is_taken() {
        let rules: Vec<&str> =
            include_str!("../README.md").lines().map(str::trim).filter(|line| line.starts_with("{\"id\"")).collect();
        for rule in &rules {
            assert!(Rule::read(rule.as_bytes()).is_ok(), "{rule}: {:?}", Rule::read(rule.as_bytes()).err());
        }
        assert!(rules.len() >= 7);
    }

    #[test]
    fn a_wrong_rule_is_told_by_its_field() {
        let wrong = |text: &str| Rule::read(text.as_bytes()).unwrap_err();
        assert!(wrong(r#"{"id": "", "action": {"kind": "delay", "ms": 1}}"#).starts_with("id"));
        assert!(wrong(r#"{"id": "a", "action": {"kind": "delay"}}"#).starts_with("action.ms"));
        assert!(wrong(r#"{"id": "a", "action": {"kind": "status", "code": 200}}"#).starts_with("action.code"));
        assert!(
            wrong(r#"{"id": "a", "match": {"path": "("}, "action": {"kind": "cut-after"}}"#).starts_with("match.path")
        );
        assert!(
            wrong(r#"{"id": "a", "match": {"path": "x"}, "action": {"kind": "forbid", "resource": "pods"}}"#)
                .starts_with("match")
        );
        assert!(wrong(r#"{"id": "a", "action": {"kind": "forbid"}}"#).starts_with("action.resource"));
        assert!(wrong(r#"{"id": "a", "action": {"kind": "webhook"}}"#).contains("patch"));
        assert!(wrong(r#"{"id": "a", "action": {"kind": "write", "method": "GET"}}"#).starts_with("action.method"));
        assert!(
            wrong(r#"{"id": "a", "action": {"kind": "log-flood", "pod": "a/b"}}"#).starts_with("action.lines_per_s")
        );
        assert!(wrong(r#"{"id": "a", "action": {"kind": "explode"}}"#).contains("explode"));
        assert!(wrong(r#"{"id": "a", "match": {"way": "x"}, "action": {"kind": "cut-after"}}"#).contains("way"));
    }
}
