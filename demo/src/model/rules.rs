//! Rules: when a question is asked so, these steps are gone.
//!
//! Every world has the common rules; `WORLD.model.yaml` beside a world's file goes before them.

use regex::Regex;
use serde_json::{Map, Value};

use super::rule_file;
use crate::base::trouble::Trouble;

/// The rules every world has.
const OWN: (&str, &str) = ("rules.yaml", include_str!("rules.yaml"));
/// The rules of kagent's agents, whose tools have other names.
const AGENTS: (&str, &str) = ("agents.yaml", include_str!("agents.yaml"));

/// Rules, the first that fits wins.
#[derive(Debug, Clone)]
pub struct Rules(pub(super) Vec<Rule>);

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    /// What the person's words must match.
    pub(super) user: Regex,
    /// Tools that must be offered.
    pub(super) tools: Vec<String>,
    pub(super) steps: Vec<Step>,
    /// What is said when something the steps need is not there.
    pub(super) otherwise: String,
}

/// A step: one of `call`, `let`, `say`.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    /// Only when this expression holds.
    pub(super) only: Option<String>,
    /// A tool and its arguments.
    pub(super) call: Option<(String, Value)>,
    /// The name its answer gets.
    pub(super) name: Option<String>,
    /// Names and expressions.
    pub(super) define: Map<String, Value>,
    /// What is said.
    pub(super) say: Option<String>,
}

impl Rules {
    /// The rules every world has.
    pub fn own() -> Result<Self, Trouble> {
        // The last of the common ones takes whatever is asked, with no tool at all.
        let mut rules = rule_file::read(AGENTS.0, AGENTS.1)?;
        rules.extend(rule_file::read(OWN.0, OWN.1)?);
        Ok(Self(rules))
    }

    /// A world's rules before the common ones.
    pub fn with(file: &str, text: &str) -> Result<Self, Trouble> {
        let mut rules = rule_file::read(file, text)?;
        rules.extend(Self::own()?.0);
        Ok(Self(rules))
    }
}
