//! What the schema refuses, in the words of the API server.

use std::collections::HashSet;

use serde_json::Value;

use super::{Node, custom::go, trail::Trail};
use crate::base::pattern;

/// One thing that is wrong, as `details.causes` lists it.
#[derive(Debug, Clone, PartialEq)]
pub struct Cause {
    /// `FieldValueInvalid`, `FieldValueRequired`, …
    pub reason: &'static str,
    /// Where.
    pub field: String,
    /// What, without the field in front.
    pub message: String,
}

impl Cause {
    /// A value that may not stand there.
    pub fn invalid(field: impl Into<String>, value: &Value, why: &str) -> Self {
        Self {
            reason: "FieldValueInvalid",
            field: field.into(),
            message: format!("Invalid value: {}: {why}", go::shown(value)),
        }
    }

    /// A value that may not stand there and is too large to be shown.
    pub fn unshown(field: impl Into<String>, why: &str) -> Self {
        Self { reason: "FieldValueInvalid", field: field.into(), message: format!("Invalid value: {why}") }
    }

    /// A value that may stand somewhere, but not here.
    pub fn forbidden(field: impl Into<String>, why: &str) -> Self {
        Self { reason: "FieldValueForbidden", field: field.into(), message: format!("Forbidden: {why}") }
    }

    /// A value that is missing.
    pub fn required(field: impl Into<String>, why: &str) -> Self {
        let message = if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        Self { reason: "FieldValueRequired", field: field.into(), message }
    }

    /// A value outside the closed list of possible ones.
    pub fn unsupported<'a>(field: impl Into<String>, value: &Value, known: impl IntoIterator<Item = &'a str>) -> Self {
        let known: Vec<String> = known.into_iter().map(|one| format!("{one:?}")).collect();
        let message = format!("Unsupported value: {}: supported values: {}", go::shown(value), known.join(", "));
        Self { reason: "FieldValueNotSupported", field: field.into(), message }
    }

    /// A value that stands twice.
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self {
            reason: "FieldValueDuplicate",
            field: field.into(),
            message: format!("Duplicate value: {}", go::shown(value)),
        }
    }
}

/// Everything the schema refuses about a value.
pub fn validate(value: &Value, node: Node<'_>) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk(value, node, &Trail::ROOT, &mut causes);
    causes
}

fn walk(value: &Value, node: Node<'_>, path: &Trail<'_>, causes: &mut Vec<Cause>) {
    if value.is_null() && (node.is_nullable() || !node.is_custom()) {
        return;
    }
    let kind = node.kind();
    let fits = match kind {
        _ if node.is_int_or_string() => value.is_string() || value.is_i64(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => true,
    };
    if !fits {
        let found = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let place = if path.is_root() { "<nil>".to_owned() } else { path.to_string() };
        causes.push(Cause {
            reason: "FieldValueTypeInvalid",
            message: format!("Invalid value: {found:?}: {place} in body must be of type {kind}: {found:?}"),
            field: place,
        });
        return;
    }
    match value {
        Value::Object(map) => {
            // The server asks nothing of the status of built-in kinds: Go's zero values stand for what is not said.
            let asked = node.is_custom() || !path.within("status");
            for name in node.required().filter(|_| asked) {
                if map.get(name).is_none_or(Value::is_null) {
                    causes.push(Cause::required(path.name(name).to_string(), ""));
                }
            }
            count(map.len(), node, ["minProperties", "maxProperties"], path, "properties", causes);
            for (name, inner) in map {
                if let Some(field) = node.field(name) {
                    walk(inner, field, &path.name(name), causes);
                }
            }
        }
        Value::Array(list) => {
            count(list.len(), node, ["minItems", "maxItems"], path, "items", causes);
            unique(list, node, path, causes);
            if let Some(items) = node.items() {
                for (at, inner) in list.iter().enumerate() {
                    walk(inner, items, &path.at(at), causes);
                }
            }
        }
        Value::String(text) => string(text, node, path, causes),
        Value::Number(number) => {
            if let Some(number) = number.as_f64() {
                bounds(value, number, node, path, causes);
            }
        }
        _ => {}
    }
    let known = node.word("enum").as_array();
    if let Some(known) = known.filter(|known| !known.contains(value)) {
        causes.push(Cause::unsupported(path.to_string(), value, known.iter().filter_map(Value::as_str)));
    }
}

fn count(has: usize, node: Node<'_>, words: [&str; 2], path: &Trail<'_>, what: &str, causes: &mut Vec<Cause>) {
    let has = has as u64;
    if let Some(least) = node.word(words[0]).as_u64().filter(|least| has < *least) {
        let why = format!("{path} in body should have at least {least} {what}");
        causes.push(Cause::invalid(path.to_string(), &Value::from(has), &why));
    }
    if let Some(most) = node.word(words[1]).as_u64().filter(|most| has > *most) {
        causes.push(Cause {
            reason: "FieldValueTooMany",
            field: path.to_string(),
            message: format!("Too many: {has}: must have at most {most} {what}"),
        });
    }
}

fn unique(list: &[Value], node: Node<'_>, path: &Trail<'_>, causes: &mut Vec<Cause>) {
    // Lists of built-in kinds may carry doubles the server only warns of.
    if !node.is_custom() {
        return;
    }
    let keys = node.list_keys();
    let mut seen = HashSet::new();
    for (at, item) in list.iter().enumerate() {
        let key = match node.list_type() {
            "map" => {
                let key: serde_json::Map<String, Value> =
                    keys.iter().filter_map(|key| Some(((*key).to_owned(), item.get(*key)?.clone()))).collect();
                Value::Object(key)
            }
            "set" => item.clone(),
            _ => return,
        };
        if !seen.insert(key.to_string()) {
            causes.push(Cause::duplicate(format!("{path}[{at}]"), &key));
        }
    }
}

fn string(text: &str, node: Node<'_>, path: &Trail<'_>, causes: &mut Vec<Cause>) {
    let length = text.chars().count() as u64;
    if let Some(least) = node.word("minLength").as_u64().filter(|least| length < *least) {
        causes.push(Cause::invalid(
            path.to_string(),
            &Value::from(text),
            &format!("{path} in body should be at least {least} chars long"),
        ));
    }
    if let Some(most) = node.word("maxLength").as_u64().filter(|most| length > *most) {
        causes.push(Cause {
            reason: "FieldValueTooLong",
            field: path.to_string(),
            message: format!("Too long: may not be more than {most} bytes"),
        });
    }
    if let Some(pattern) = node.word("pattern").as_str()
        && let Some(matcher) = pattern::compiled(pattern)
        && !matcher.is_match(text)
    {
        causes.push(Cause::invalid(
            path.to_string(),
            &Value::from(text),
            &format!("{path} in body should match '{pattern}'"),
        ));
    }
}

fn bounds(value: &Value, number: f64, node: Node<'_>, path: &Trail<'_>, causes: &mut Vec<Cause>) {
    let said = |bound: &Value| bound.to_string();
    let least = node.word("minimum");
    if least.as_f64().is_some_and(|least| number < least) {
        let why = format!("{path} in body should be greater than or equal to {}", said(least));
        causes.push(Cause::invalid(path.to_string(), value, &why));
    }
    let most = node.word("maximum");
    if most.as_f64().is_some_and(|most| number > most) {
        let why = format!("{path} in body should be less than or equal to {}", said(most));
        causes.push(Cause::invalid(path.to_string(), value, &why));
    }
}
