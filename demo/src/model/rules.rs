//! Rules: when a question is asked so, these steps are gone.

use minijinja::Environment;
use regex::Regex;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::filters::environment;

/// The rules every world has.
const OWN: &str = include_str!("rules.yaml");

/// Why rules cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rules of the scripted model: {0}")]
pub struct BadRules(String);

/// Rules, the first that fits wins.
#[derive(Debug, Clone)]
pub struct Rules(pub(super) Vec<Rule>);

/// A rule.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) user: Regex,
    pub(super) tools: Vec<String>,
    pub(super) steps: Vec<Step>,
    pub(super) otherwise: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    when: When,
    steps: Vec<Step>,
    #[serde(rename = "else")]
    otherwise: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct When {
    user: String,
    #[serde(default)]
    tools: Vec<String>,
}

/// A step: one of `call`, `let`, `say`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// Only when this expression holds.
    #[serde(default)]
    pub(super) only: Option<String>,
    /// A tool and its arguments.
    #[serde(default)]
    pub(super) call: Option<Map<String, Value>>,
    /// The name its answer gets.
    #[serde(default, rename = "as")]
    pub(super) name: Option<String>,
    /// Names and expressions.
    #[serde(default, rename = "let")]
    pub(super) define: Option<Map<String, Value>>,
    /// What is said.
    #[serde(default)]
    pub(super) say: Option<String>,
}

impl Rules {
    /// The rules every world has.
    pub fn own() -> Result<Self, BadRules> {
        Self::read(OWN)
    }

    /// A world's rules before the common ones.
    pub fn with(world: &str) -> Result<Self, BadRules> {
        let (mut rules, own) = (Self::read(world)?, Self::own()?);
        rules.0.extend(own.0);
        Ok(rules)
    }

    fn read(text: &str) -> Result<Self, BadRules> {
        let written: Vec<Written> = serde_saphyr::from_str(text).map_err(|error| BadRules(error.to_string()))?;
        let rules = written.into_iter().map(|rule| {
            let user = Regex::new(&rule.when.user).map_err(|error| BadRules(error.to_string()))?;
            let env = environment();
            template(&env, &rule.otherwise)?;
            for (at, step) in rule.steps.iter().enumerate() {
                let kinds = [step.call.is_some(), step.define.is_some(), step.say.is_some()];
                if kinds.iter().filter(|kind| **kind).count() != 1 {
                    let words = format!("step {} after `{}` must be one of call, let and say", at + 1, rule.when.user);
                    return Err(BadRules(words));
                }
                let defined = step.define.iter().flatten().map(|(_, one)| one.as_str().unwrap_or_default());
                for expression in step.only.as_deref().into_iter().chain(defined) {
                    env.compile_expression(expression).map_err(|error| wrong(expression, &error))?;
                }
                step.say.iter().try_for_each(|say| template(&env, say))?;
                step.call.iter().flatten().try_for_each(|(_, given)| templates(&env, given))?;
            }
            Ok(Rule { user, tools: rule.when.tools, steps: rule.steps, otherwise: rule.otherwise })
        });
        rules.collect::<Result<Vec<Rule>, BadRules>>().map(Self)
    }
}

/// A slip in a rule is found when it is read, not when it is asked.
fn wrong(what: &str, error: &minijinja::Error) -> BadRules {
    BadRules(format!("{error} in `{what}`"))
}

fn template(env: &Environment<'_>, text: &str) -> Result<(), BadRules> {
    env.template_from_str(text).map(drop).map_err(|error| wrong(text, &error))
}

fn templates(env: &Environment<'_>, value: &Value) -> Result<(), BadRules> {
    match value {
        Value::String(text) => template(env, text),
        Value::Array(list) => list.iter().try_for_each(|one| templates(env, one)),
        Value::Object(map) => map.values().try_for_each(|one| templates(env, one)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;

    #[test]
    fn own_rules_are_sound_and_wrong_ones_refused() {
        assert!(Rules::own().unwrap().0.len() > 4);
        for wrong in [
            "- {when: {user: '('}, steps: [], else: x}",
            "- {when: {user: a}, steps: [{say: a, call: {list: {}}}], else: x}",
            "- {when: {usr: a}, steps: [], else: x}",
            "- {when: {user: a}, steps: [{let: {x: 'a |'}}], else: x}",
            "- {when: {user: a}, steps: [{call: {list: {kind: '{{ a'}}}], else: x}",
        ] {
            assert!(Rules::with(wrong).is_err(), "{wrong}");
        }
    }
}
