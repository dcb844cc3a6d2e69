//! The engine: finds the rule, goes its steps as far as the answers reach, and says what comes next.

use minijinja::{Environment, Value};
use serde_json::{Map, Value as Json, json};

use super::{
    args::fitted,
    conversation::Conversation,
    filters::{environment, told},
    findings,
    rules::{Rule, Rules, Step},
};

/// What the model says next.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reply {
    /// Text.
    pub text: String,
    /// A tool call: name and arguments.
    pub call: Option<(String, Json)>,
}

/// Says what comes next in a conversation.
pub fn reply(rules: &Rules, conversation: &Conversation) -> Reply {
    let question = conversation.question();
    let offered = |rule: &&Rule| rule.tools.iter().all(|tool| conversation.schema(tool).is_some());
    let rule = rules.0.iter().filter(offered).find(|rule| rule.user.is_match(question));
    let Some(rule) = rule else {
        return Reply { text: "I have no rule for this question, and no tools to look with.".to_owned(), call: None };
    };
    let mut run = Run {
        env: environment(),
        known: json!({"user": question, "ns": namespace(conversation), "said": conversation.said()})
            .as_object()
            .cloned()
            .unwrap_or_default(),
        conversation,
        done: 0,
        said: Vec::new(),
    };
    match run.steps(&rule.steps) {
        Ok(call) => Reply { text: run.said.join("\n\n"), call },
        Err(Missing) => {
            // What a rule needs is not there: it says so rather than guess.
            let text = run.rendered(&rule.otherwise).unwrap_or_else(|_| {
                "I could not find out what I need for this; ask about something that is there.".to_owned()
            });
            run.said.push(text);
            Reply { text: run.said.join("\n\n"), call: None }
        }
    }
}

/// The namespace the question names, else the one the person looks at.
fn namespace(conversation: &Conversation) -> String {
    let word = |text: &str, pattern: &str| {
        let regex = regex::Regex::new(pattern).ok()?;
        regex.captures(text)?.get(1).map(|found| found.as_str().trim_matches(['.', ',', '?', '"', '`']).to_owned())
    };
    // "the default namespace" before "namespace default": what stands behind the first is another word of the sentence.
    word(conversation.question(), r"(?i)\b(?:the|my|our|in|of|from) ([a-z0-9][a-z0-9-]*) namespace\b")
        .filter(|found| !matches!(found.as_str(), "the" | "this" | "my" | "a" | "each" | "current" | "same"))
        .or_else(|| word(conversation.question(), r"(?i)\b(?:namespace|ns)[ /:]+([a-z0-9][a-z0-9-]*)"))
        .filter(|found| !matches!(found.as_str(), "is" | "and" | "for" | "with" | "the"))
        .or_else(|| word(conversation.question(), r"(?i)\b([a-z0-9][a-z0-9-]*) namespace"))
        .filter(|found| {
            !matches!(found.as_str(), "the" | "this" | "my" | "a" | "each" | "current" | "same" | "in" | "of")
        })
        .or_else(|| word(&conversation.system, r"looks at the namespace ([a-z0-9][a-z0-9-]*)"))
        .unwrap_or_default()
}

/// Something a rule needs is not there.
struct Missing;

struct Run<'a> {
    env: Environment<'static>,
    known: Map<String, Json>,
    conversation: &'a Conversation,
    done: usize,
    said: Vec<String>,
}

impl Run<'_> {
    fn steps(&mut self, steps: &[Step]) -> Result<Option<(String, Json)>, Missing> {
        for step in steps {
            if let Some(only) = &step.only
                && !self.value(only)?.is_true()
            {
                self.skip(step);
                continue;
            }
            if let Some(say) = &step.say {
                let text = self.rendered(say)?;
                self.said.push(text.trim().to_owned());
            }
            for (name, expression) in &step.define {
                let value = self.value(expression.as_str().unwrap_or_default())?;
                let json = serde_json::to_value(&value).map_err(|_| Missing)?;
                self.known.insert(name.clone(), json);
            }
            if let Some((tool, arguments)) = &step.call
                && let Some(call) = self.call(step, tool, arguments)?
            {
                return Ok(Some(call));
            }
        }
        Ok(None)
    }

    /// What a skipped call would have found is empty, so that later steps can ask.
    fn skip(&mut self, step: &Step) {
        if step.call.is_some()
            && let Some(name) = &step.name
        {
            self.known.insert(name.clone(), findings::read("", false));
        }
    }

    fn call(&mut self, step: &Step, tool: &str, arguments: &Json) -> Result<Option<(String, Json)>, Missing> {
        let Some(schema) = self.conversation.schema(tool) else {
            self.skip(step);
            return Ok(None);
        };
        let exchange = self.conversation.exchange();
        // Calls that no rule makes are passed over.
        let next = exchange.iter().enumerate().skip(self.done).find(|(_, (call, _))| call.name == tool);
        if let Some((at, (_, found))) = next {
            self.done = at + 1;
            // What was said before this call went out with it.
            self.said.clear();
            let found = found
                .map_or_else(|| findings::read("error: no answer", true), |one| findings::read(&one.text, one.failed));
            let failed = found["error"].as_str().is_some_and(|error| !error.is_empty());
            self.known.insert("trouble".to_owned(), found["error"].clone());
            if let Some(name) = &step.name {
                self.known.insert(name.clone(), found);
            } else if failed && !tool.starts_with("propose_") {
                return Err(Missing);
            }
            return Ok(None);
        }
        let Json::Object(filled) = self.filled(arguments)? else { return Err(Missing) };
        let filled = fitted(filled, schema);
        let required = schema.get("required").and_then(Json::as_array);
        if required.into_iter().flatten().filter_map(Json::as_str).any(|name| !filled.contains_key(name)) {
            return Err(Missing);
        }
        Ok(Some((tool.to_owned(), Json::Object(filled))))
    }

    /// Templates in a value, filled; a value that is one expression keeps its type.
    fn filled(&self, value: &Json) -> Result<Json, Missing> {
        match value {
            Json::String(text) => {
                let whole = text
                    .strip_prefix("{{")
                    .and_then(|rest| rest.strip_suffix("}}"))
                    .filter(|rest| !rest.contains("{{"));
                match whole {
                    Some(expression) => serde_json::to_value(&self.value(expression)?).map_err(|_| Missing),
                    None => self.rendered(text).map(Json::String),
                }
            }
            Json::Array(list) => list.iter().map(|one| self.filled(one)).collect::<Result<_, _>>().map(Json::Array),
            Json::Object(map) => {
                let filled = map.iter().map(|(name, value)| Ok((name.clone(), self.filled(value)?)));
                filled.collect::<Result<Map<String, Json>, Missing>>().map(Json::Object)
            }
            other => Ok(other.clone()),
        }
    }

    fn value(&self, expression: &str) -> Result<Value, Missing> {
        let compiled = self.env.compile_expression(expression).map_err(|_| Missing)?;
        let value = compiled.eval(told(&self.known)).map_err(|_| Missing)?;
        if value.is_undefined() { Err(Missing) } else { Ok(value) }
    }

    fn rendered(&self, template: &str) -> Result<String, Missing> {
        self.env.render_str(template, told(&self.known)).map_err(|_| Missing)
    }
}
