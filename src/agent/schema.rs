//! The arguments of a tool: their JSON schema for the model, and their reading with words a model can act on.

use serde_json::{Map, Value, json};

use super::intent_schema;
use crate::fault::{catalogue::did_you_mean, intent::FaultKind};

/// One argument.
#[derive(Debug, Clone, Copy)]
pub struct Arg {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Holds,
    /// Whether the tool makes no sense without it.
    pub required: bool,
    /// What it means, for the model.
    pub doc: &'static str,
}

/// What an argument holds.
#[derive(Debug, Clone, Copy)]
pub enum Holds {
    /// Text.
    Text,
    /// A whole number of this range.
    Whole(u64, u64),
    /// true or false.
    Flag,
    /// Any object.
    Map,
    /// A map of texts.
    Texts,
    /// A fault kind a model may propose.
    Kind,
    /// So many objects, at least and at most.
    List(usize, usize),
}

/// The JSON schema of arguments.
pub fn schema(args: &[Arg]) -> Value {
    let properties: Map<String, Value> = args
        .iter()
        .map(|arg| {
            let mut schema = match arg.holds {
                Holds::Text => json!({"type": "string"}),
                Holds::Whole(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
                Holds::Flag => json!({"type": "boolean"}),
                Holds::Map => json!({"type": "object"}),
                Holds::Texts => json!({"type": "object", "additionalProperties": {"type": "string"}}),
                Holds::Kind => {
                    json!({"type": "string", "enum": intent_schema::offered().map(FaultKind::word).collect::<Vec<_>>()})
                }
                Holds::List(least, most) => {
                    json!({"type": "array", "items": {"type": "object"}, "minItems": least, "maxItems": most})
                }
            };
            schema["description"] = json!(arg.doc);
            (arg.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<&str> = args.iter().filter(|arg| arg.required).map(|arg| arg.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// Whether arguments are a JSON object at all, whatever stands in it.
pub fn readable(text: &str) -> bool {
    text.trim().is_empty() || serde_json::from_str::<Map<String, Value>>(text).is_ok()
}

/// Arguments as a model gave them, each of the right type.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Given(Map<String, Value>);

impl Given {
    /// Reads the JSON a model wrote. The error is a sentence for it.
    pub fn read(text: &str, args: &[Arg]) -> Result<Self, String> {
        // A call without arguments is written as nothing by some, as {} by others.
        let text = if text.trim().is_empty() { "{}" } else { text };
        let value: Value = serde_json::from_str(text).map_err(|error| {
            format!("the arguments are not JSON ({error}); call the tool again with one JSON object")
        })?;
        let Value::Object(mut map) = value else {
            return Err("the arguments must be one JSON object".to_owned());
        };
        // `null` is how many models say "not given".
        map.retain(|_, value| !value.is_null());
        if let Some(unknown) = map.keys().find(|name| !args.iter().any(|arg| arg.name == *name)) {
            let hint = did_you_mean(unknown, args.iter().map(|arg| arg.name).collect::<Vec<_>>());
            return Err(format!("there is no argument `{unknown}`; {hint}"));
        }
        for arg in args {
            match map.get_mut(arg.name) {
                None if arg.required => return Err(format!("the argument `{}` is missing: {}", arg.name, arg.doc)),
                None => {}
                Some(value) => arg.check(value)?,
            }
        }
        Ok(Self(map))
    }

    /// A text; `None` when it is absent or empty, which models use alike.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    }

    /// A number.
    pub fn whole(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    /// A flag; absent is false.
    pub fn flag(&self, name: &str) -> bool {
        self.0.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The items of a list.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &Value> {
        self.0.get(name).and_then(Value::as_array).into_iter().flatten()
    }

    /// The entries of a map.
    pub fn map(&self, name: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.0.get(name).and_then(Value::as_object).into_iter().flatten()
    }
}

impl Arg {
    /// Small models write numbers and flags as text: what can only mean one thing is taken as that.
    fn check(&self, value: &mut Value) -> Result<(), String> {
        let given = shown(value);
        let wrong = |what: &str| Err(format!("`{}` must be {what}, not {given}", self.name));
        match self.holds {
            Holds::Text | Holds::Kind => match value {
                Value::String(_) => Ok(()),
                Value::Number(number) => {
                    *value = Value::String(number.to_string());
                    Ok(())
                }
                _ => wrong("text"),
            },
            Holds::Whole(least, most) => {
                let number = value.as_u64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
                match number {
                    Some(number) if (least..=most).contains(&number) => {
                        *value = json!(number);
                        Ok(())
                    }
                    _ => wrong(&format!("a whole number from {least} to {most}")),
                }
            }
            Holds::Flag => match value {
                Value::Bool(_) => Ok(()),
                Value::String(text) if text == "true" || text == "false" => {
                    *value = json!(text == "true");
                    Ok(())
                }
                _ => wrong("true or false"),
            },
            Holds::Map => match value {
                Value::Object(_) => Ok(()),
                _ => wrong("a JSON object"),
            },
            Holds::Texts => match value {
                Value::Object(map) if map.values().all(Value::is_string) => Ok(()),
                _ => wrong("a JSON object of texts"),
            },
            Holds::List(..) => match value {
                Value::Array(all) if all.iter().all(Value::is_object) => Ok(()),
                _ => wrong("a JSON array of objects"),
            },
        }
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 60 { format!("{}…", text.chars().take(60).collect::<String>()) } else { text }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Arg, Given, Holds};

    const ARGS: &[Arg] = &[
        Arg { name: "kind", holds: Holds::Text, required: true, doc: "the kind" },
        Arg { name: "limit", holds: Holds::Whole(1, 500), required: false, doc: "how many" },
        Arg { name: "previous", holds: Holds::Flag, required: false, doc: "the run before" },
        Arg { name: "headers", holds: Holds::Texts, required: false, doc: "headers" },
    ];

    #[rstest]
    #[case("{\"kind\":", "the arguments are not JSON")]
    #[case("[1]", "must be one JSON object")]
    #[case("", "the argument `kind` is missing: the kind")]
    #[case("{\"kind\":\"pods\",\"lmit\":5}", "there is no argument `lmit`; did you mean `limit`?")]
    #[case("{\"kind\":\"pods\",\"limit\":0}", "`limit` must be a whole number from 1 to 500, not 0")]
    #[case("{\"kind\":\"pods\",\"previous\":\"yes\"}", "`previous` must be true or false")]
    #[case("{\"kind\":{}}", "`kind` must be text, not {}")]
    #[case("{\"kind\":\"pods\",\"headers\":{\"a\":1}}", "`headers` must be a JSON object of texts")]
    fn a_model_is_told_what_is_wrong(#[case] given: &str, #[case] told: &str) {
        let words = Given::read(given, ARGS).unwrap_err();
        assert!(words.contains(told), "{words}");
    }

    #[test]
    fn what_can_only_mean_one_thing_is_taken() {
        let given =
            Given::read("{\"kind\":\"pods\",\"limit\":\"20\",\"previous\":\"true\",\"headers\":null}", ARGS).unwrap();
        assert_eq!((given.whole("limit"), given.flag("previous"), given.text("kind")), (Some(20), true, Some("pods")));
    }
}
