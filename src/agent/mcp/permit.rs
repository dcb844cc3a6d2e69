//! What a person allowed of the tools of other servers, and the question that is put when it was not.
//!
//! A tool that its server calls read-only is allowed at its first yes and remembered, as long as the server offers exactly
//! what it offered then. Every other tool is asked about at every call. A hint decides only which answers are offered: no
//! tool runs before a person said yes to it once.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::offered::Offered;
use crate::base::{redact, sanitize};

/// Most lines of arguments that are shown; what goes beyond them is told.
const LINES: usize = 12;
/// Most characters of one of them.
const WIDE: usize = 200;

/// What was allowed, by server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Permits {
    #[serde(default)]
    servers: BTreeMap<String, Allowed>,
}

/// What was allowed of one server.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Allowed {
    /// The offer it was allowed of.
    print: String,
    /// Names of tools.
    tools: BTreeSet<String>,
}

/// Whether a tool may run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A person allowed it before.
    Allowed,
    /// A person is asked. `changed`: it was allowed once, and the server offers something else now.
    Ask {
        /// See above.
        changed: bool,
    },
}

/// A question to a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The server.
    pub server: String,
    /// The tool at the server.
    pub tool: String,
    /// What the server says of the tool.
    pub doc: String,
    /// The arguments, a line each: sanitised, secrets kept out, cut.
    pub arguments: Vec<String>,
    /// Whether a yes may be remembered.
    pub read_only: bool,
    /// It was allowed once, and the server offers something else now.
    pub changed: bool,
}

/// A person's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// This call.
    Once,
    /// This call and those to come, where that may be.
    Always,
    /// No.
    Refuse,
}

impl Permits {
    /// Whether a tool may run; `print` is that of the server's offer now.
    pub fn verdict(&self, tool: &Offered, print: &str) -> Verdict {
        match self.servers.get(&tool.server) {
            Some(allowed) if allowed.tools.contains(&tool.name) => {
                let same = allowed.print == print;
                // A tool that no longer says that it only reads is asked about, even if nothing else changed.
                if same && tool.read_only { Verdict::Allowed } else { Verdict::Ask { changed: !same } }
            }
            Some(_) | None => Verdict::Ask { changed: false },
        }
    }

    /// Remembers a yes; false where it may not be remembered. What was allowed of another offer is forgotten.
    pub fn allow(&mut self, tool: &Offered, print: &str) -> bool {
        if !tool.read_only {
            return false;
        }
        let allowed = self.servers.entry(tool.server.clone()).or_default();
        if allowed.print != print {
            *allowed = Allowed { print: print.to_owned(), tools: BTreeSet::new() };
        }
        allowed.tools.insert(tool.name.clone());
        true
    }

    /// Forgets what was allowed of a server; whether there was anything.
    pub fn forget(&mut self, server: &str) -> bool {
        self.servers.remove(server).is_some()
    }
}

impl Question {
    /// The question for a call.
    pub fn new(tool: &Offered, arguments: &Value, changed: bool) -> Self {
        Self {
            server: tool.server.clone(),
            tool: tool.name.clone(),
            doc: tool.doc.clone(),
            arguments: lines(arguments),
            read_only: tool.read_only,
            changed,
        }
    }
}

fn lines(arguments: &Value) -> Vec<String> {
    let Value::Object(map) = arguments else { return Vec::new() };
    let mut lines: Vec<String> = map
        .iter()
        .take(LINES)
        .map(|(name, value)| {
            let value = match value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let line = format!("{name}: {value}");
            let line = sanitize::line(&line);
            let line = redact::text(&line);
            let cut = line.chars().count() > WIDE;
            let kept: String = line.chars().take(WIDE).collect();
            if cut { format!("{kept}… ({} characters)", line.chars().count()) } else { kept }
        })
        .collect();
    if map.len() > LINES {
        lines.push(format!("… and {} more arguments", map.len() - LINES));
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Permits, Question, Verdict};
    use crate::agent::mcp::Offered;

    fn tool(name: &str, read_only: bool) -> Offered {
        Offered {
            server: "load".to_owned(),
            name: name.to_owned(),
            full: format!("load__{name}"),
            doc: String::new(),
            schema: json!({}),
            read_only,
        }
    }

    #[test]
    fn a_reading_tool_is_asked_about_once_and_any_other_always() {
        let (mut permits, reads, writes) = (Permits::default(), tool("list", true), tool("run", false));
        assert_eq!(permits.verdict(&reads, "p"), Verdict::Ask { changed: false });
        assert!(permits.allow(&reads, "p") && !permits.allow(&writes, "p"));
        assert_eq!(permits.verdict(&reads, "p"), Verdict::Allowed);
        assert_eq!(permits.verdict(&writes, "p"), Verdict::Ask { changed: false });
        assert_eq!(permits.verdict(&tool("other", true), "p"), Verdict::Ask { changed: false });
        assert_eq!(permits.verdict(&tool("list", false), "p"), Verdict::Ask { changed: false }, "its hint is gone");
    }

    #[test]
    fn a_server_that_offers_something_else_is_asked_about_again() {
        let (mut permits, a, b) = (Permits::default(), tool("a", true), tool("b", true));
        permits.allow(&a, "p");
        permits.allow(&b, "p");
        assert_eq!(permits.verdict(&a, "q"), Verdict::Ask { changed: true });
        permits.allow(&a, "q");
        assert_eq!(permits.verdict(&a, "q"), Verdict::Allowed);
        assert_eq!(permits.verdict(&b, "q"), Verdict::Ask { changed: false }, "a yes to one is none to the other");
        assert!(permits.forget("load") && permits.verdict(&a, "q") == Verdict::Ask { changed: false });
    }

    #[test]
    fn a_question_shows_the_arguments_and_nothing_that_drives_a_terminal() {
        let arguments = json!({"url": "http://a\u{1b}[2J/", "n": 3, "text": "x".repeat(500)});
        let question = Question::new(&tool("run", false), &arguments, false);
        assert_eq!(question.arguments[1], "n: 3");
        assert!(question.arguments[2].ends_with("(506 characters)"), "{}", question.arguments[2]);
        assert!(!question.arguments.concat().contains('\u{1b}'), "{:?}", question.arguments);
        let many: serde_json::Map<_, _> = (0..40).map(|n| (format!("a{n}"), json!(n))).collect();
        let question = Question::new(&tool("run", false), &many.into(), false);
        assert_eq!(question.arguments.last().unwrap(), "… and 28 more arguments");
    }
}
