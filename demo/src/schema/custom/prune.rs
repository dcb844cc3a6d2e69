//! Fields a custom kind does not have, and nulls that stand for nothing.

use serde_json::Value;

use super::{field, says};

const META: [&str; 3] = ["apiVersion", "kind", "metadata"];
const KEEP: &str = "x-kubernetes-preserve-unknown-fields";
const EMBEDDED: &str = "x-kubernetes-embedded-resource";

/// Takes unknown fields out of a resource and answers their paths, sorted as the server sorts them.
pub fn resource(object: &mut Value, schema: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(object, Some(schema), "", true, &mut unknown);
    unknown.sort();
    unknown
}

/// Takes unknown fields out of any value, as a default is.
pub fn value(value: &mut Value, schema: &Value) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(value, Some(schema), "", says(schema, EMBEDDED), &mut unknown);
    unknown
}

fn walk(value: &mut Value, schema: Option<&Value>, path: &str, resource: bool, unknown: &mut Vec<String>) {
    let keeps = schema.is_some_and(|schema| says(schema, KEEP));
    match value {
        Value::Object(map) => map.retain(|name, inner| {
            let here = super::join(path, name);
            let meta = META.contains(&name.as_str());
            if meta && resource {
                return true;
            }
            match schema.map(|schema| (schema["properties"].get(name.as_str()), &schema["additionalProperties"])) {
                Some((Some(known), _)) => {
                    walk(inner, Some(known), &here, says(known, EMBEDDED), unknown);
                    true
                }
                Some((None, rest @ Value::Object(_))) => {
                    walk(inner, Some(rest), &here, says(rest, EMBEDDED), unknown);
                    true
                }
                // `additionalProperties: true` keeps the names; of what is inside nothing is known.
                Some((None, Value::Bool(_))) if !keeps => {
                    walk(inner, None, &here, false, unknown);
                    true
                }
                _ if keeps => true,
                _ => {
                    if !meta || !path.is_empty() {
                        unknown.push(here);
                    }
                    false
                }
            }
        }),
        Value::Array(list) => {
            let items = schema.and_then(|schema| schema.get("items"));
            // What a kept list holds is kept, and the items that have a schema are pruned by it.
            if keeps && items.is_none() {
                return;
            }
            for (at, inner) in list.iter_mut().enumerate() {
                let embedded = items.is_some_and(|items| says(items, EMBEDDED));
                walk(inner, items, &format!("{path}[{at}]"), embedded, unknown);
            }
        }
        _ => {}
    }
}

/// Takes out nulls where null may not stand and no default takes its place.
pub fn nulls(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(map) => map.retain(|name, inner| {
            let Some(known) = field(schema, name) else { return true };
            if inner.is_null() && !says(known, "nullable") && known.get("default").is_none() {
                return false;
            }
            nulls(inner, known);
            true
        }),
        Value::Array(list) => {
            if let Some(items) = schema.get("items") {
                for inner in list {
                    nulls(inner, items);
                }
            }
        }
        _ => {}
    }
}
