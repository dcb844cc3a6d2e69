//! A proposal that could not be made to apply, as a text that a person corrects in an editor.
//!
//! It is what the model meant as far as that can be read: the objects as they were written, or a Fault file. Why it was
//! refused stands above it as comments.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{
    message::Call,
    order::{self, Order},
    tools::{self, Tool},
};
use crate::{
    base::{redact, sanitize, span},
    fault::file::{API_VERSION, Defaults, yaml},
};

/// See the module docs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// What stands in the editor.
    pub text: String,
    /// Namespace of what names none.
    pub namespace: String,
    /// A change that is kept, rather than a fault.
    pub kept: bool,
    /// Time of effect of what names none.
    pub duration: Option<Duration>,
}

impl Draft {
    /// The draft of a refused call, and why it was refused. `here` is the namespace where the model names none. `None` where
    /// the call is not one proposal.
    pub fn of(call: &Call, why: &str, here: &str) -> Option<Self> {
        let tool = tools::named(&call.name).ok()?;
        if !matches!(tool, Tool::ProposeFault | Tool::ProposeManifest | Tool::ProposeFix) {
            return None;
        }
        let given: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
        let field = |key: &str| given[key].as_str().filter(|text| !text.is_empty());
        let body = match (field("yaml"), order::order(tool, &call.arguments, here)) {
            (Some(objects), _) => objects.to_owned(),
            (None, Ok(Order::Propose(wanted))) => yaml(&wanted.fault),
            (None, _) => serde_saphyr::to_string(&skeleton(&given, here)).unwrap_or_else(|_| call.arguments.clone()),
        };
        let why = sanitize::lines(why);
        let mut text = vec!["# This could not be made to apply:".to_owned()];
        text.extend(why.lines().map(|line| format!("# {}", line.trim_end())));
        text.push(sanitize::lines(&body).into_owned());
        let text = text.join("\n");
        Some(Self {
            text: redact::text(&text).into_owned(),
            namespace: field("namespace").unwrap_or(here).to_owned(),
            kept: tool == Tool::ProposeFix,
            // In a Fault file it stands where it can be edited.
            duration: field("yaml").and(field("duration")).and_then(|text| span::parse(text).ok()),
        })
    }

    /// What the file may leave out.
    pub fn defaults(&self) -> Defaults {
        Defaults { duration: self.duration, ..Defaults::of(&self.namespace) }
    }
}

/// A Fault file of what is no intent yet: its fields stand where they belong, with the values as they were given.
fn skeleton(given: &Value, here: &str) -> Value {
    let mut spec = Map::new();
    for key in ["kind", "target", "params", "scope", "duration", "lease", "driver"] {
        if let Some(value) = given.get(key) {
            spec.insert(key.to_owned(), value.clone());
        }
    }
    let namespace = given["namespace"].as_str().unwrap_or(here);
    json!({"apiVersion": API_VERSION, "kind": "Fault", "metadata": {"namespace": namespace}, "spec": spec})
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Draft;
    use crate::{agent::message::Call, fault::file};

    fn draft(name: &str, arguments: &Value) -> Option<Draft> {
        let call = Call { id: "c".into(), name: name.into(), arguments: arguments.to_string() };
        Draft::of(&call, "port 70000 is out of range\n\u{1b}[2Jask\u{7} again", "here")
    }

    #[test]
    fn objects_stand_as_they_were_written_below_the_words_of_the_server() {
        let yaml = "apiVersion: v1\nkind: Service # a\nmetadata: {name: a}\n";
        let of = draft("propose_fix", &json!({"yaml": yaml, "namespace": "shop"})).unwrap();
        assert!(of.text.ends_with(yaml) && of.text.contains("# port 70000 is out of range\n"), "{}", of.text);
        assert!(of.kept && of.namespace == "shop" && !of.text.contains(['\u{1b}', '\u{7}']), "{of:?}");
        assert_eq!(file::read("a", &of.text, &of.defaults()).unwrap().manifests.len(), 1);
    }

    #[test]
    fn an_intent_becomes_a_fault_file() {
        let params = json!({"replicas": 0});
        let words = json!({"kind": "scale", "target": "deployment/web", "params": params, "duration": "45s"});
        let of = draft("propose_fault", &words).unwrap();
        let fault = file::read("a", &of.text, &of.defaults()).unwrap();
        assert_eq!((fault.namespace.as_str(), fault.duration.as_secs(), of.kept), ("here", 45, false));
    }

    #[test]
    fn what_is_no_intent_keeps_its_values_and_a_plan_is_no_draft() {
        let of = draft("propose_fault", &json!({"kind": "scael", "target": "deployment/web"})).unwrap();
        assert!(of.text.contains("scael") && of.text.contains("deployment/web"), "{}", of.text);
        assert!(file::read("a", &of.text, &of.defaults()).unwrap_err().to_string().starts_with("a:"));
        assert_eq!(draft("propose_plan", &json!({"steps": []})), None);
    }
}
