//! Resources inside resources: they must say what they are.

use serde_json::Value;

use super::{additional, join, says};
use crate::{base::rfc, schema::validate::Cause};

/// What is wrong with the embedded resources of an object; the object itself is not one of them.
pub fn check(object: &Value, schema: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk(object, schema, "", &mut causes);
    causes
}

fn walk(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    match value {
        Value::Object(map) => {
            if says(schema, "x-kubernetes-embedded-resource") {
                resource(value, path, causes);
            }
            for (name, inner) in map {
                if let Some(field) = schema["properties"].get(name) {
                    walk(inner, field, &join(path, name), causes);
                } else if let Some(rest) = additional(schema) {
                    walk(inner, rest, &format!("{path}[{name}]"), causes);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = schema.get("items") {
                for (at, inner) in list.iter().enumerate() {
                    walk(inner, items, &format!("{path}[{at}]"), causes);
                }
            }
        }
        _ => {}
    }
}

fn resource(value: &Value, path: &str, causes: &mut Vec<Cause>) {
    for name in ["apiVersion", "kind"] {
        let here = join(path, name);
        match value.get(name) {
            None => causes.push(Cause::required(here, "")),
            Some(Value::String(text)) if text.is_empty() => {
                causes.push(Cause::invalid(here, &value[name], "must not be empty"));
            }
            Some(Value::String(text)) if name == "kind" => {
                if let Some(why) = rfc::label_1035(&text.to_lowercase()) {
                    let why = format!("may have mixed case, but should otherwise match: {why}");
                    causes.push(Cause::invalid(here, &value[name], &why));
                }
            }
            Some(Value::String(text)) => {
                if text.matches('/').count() > 1 {
                    let why = format!("unexpected GroupVersion string: {text}");
                    causes.push(Cause::invalid(here, &value[name], &why));
                }
            }
            Some(other) => causes.push(Cause::invalid(here, other, "must be a string")),
        }
    }
    if let Some(name) = value["metadata"]["name"].as_str()
        && (name == "." || name == ".." || name.contains(['/', '%']))
    {
        let why = if name.contains('/') {
            "may not contain '/'"
        } else if name.contains('%') {
            "may not contain '%'"
        } else if name == "." {
            "may not be '.'"
        } else {
            "may not be '..'"
        };
        causes.push(Cause::invalid(join(path, "metadata.name"), &value["metadata"]["name"], why));
    }
}
