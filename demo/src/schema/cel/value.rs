//! Values of an object as CEL sees them, by the schema.

use std::{collections::HashMap, sync::Arc};

use base64::Engine as _;
use kube_cel::cel::{
    Value as Cel,
    objects::{Key, Map},
};
use serde_json::Value;

use super::types::escape;
use crate::schema::custom::{additional, says};

/// A value by its schema. `resource`: it is an object of the API, whose kind, version and name can be read.
pub fn of(value: &Value, schema: &Value, resource: bool) -> Cel {
    match value {
        Value::Null => Cel::Null,
        Value::Bool(value) => Cel::Bool(*value),
        Value::Number(number) => {
            let whole = number.as_i64().or_else(|| {
                let number = number.as_f64()?;
                #[expect(clippy::cast_possible_truncation, reason = "a whole number within the bounds of 53 bits")]
                (schema["type"] == "integer" && number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
            });
            match whole {
                Some(whole) if schema["type"] != "number" => Cel::Int(whole),
                _ => Cel::Float(number.as_f64().unwrap_or_default()),
            }
        }
        Value::String(text) => string(text, schema["format"].as_str().unwrap_or_default()),
        Value::Array(list) => {
            let items = schema.get("items").unwrap_or(&Value::Null);
            Cel::List(Arc::new(list.iter().map(|item| of(item, items, says(items, RESOURCE))).collect()))
        }
        Value::Object(map) => object(map, schema, resource),
    }
}

const RESOURCE: &str = "x-kubernetes-embedded-resource";

fn object(map: &serde_json::Map<String, Value>, schema: &Value, resource: bool) -> Cel {
    let mut made: HashMap<Key, Cel> = HashMap::with_capacity(map.len());
    let open = schema["properties"].is_null();
    for (name, inner) in map {
        if let Some(field) = schema["properties"].get(name) {
            if let Some(name) = escape(name) {
                made.insert(key(&name), of(inner, field, says(field, RESOURCE)));
            }
        } else if let Some(rest) = additional(schema) {
            made.insert(key(name), of(inner, rest, says(rest, RESOURCE)));
        } else if open && !resource {
            made.insert(key(name), of(inner, &Value::Null, false));
        }
    }
    if resource {
        for name in ["apiVersion", "kind"] {
            if let Some(text) = map.get(name).and_then(Value::as_str) {
                made.insert(key(name), Cel::String(Arc::new(text.to_owned())));
            }
        }
        if let Some(metadata) = map.get("metadata").and_then(Value::as_object) {
            let mut names = HashMap::new();
            for name in ["name", "generateName"] {
                if let Some(text) = metadata.get(name).and_then(Value::as_str) {
                    names.insert(key(name), Cel::String(Arc::new(text.to_owned())));
                }
            }
            made.insert(key("metadata"), Cel::Map(Map { map: Arc::new(names) }));
        }
    }
    Cel::Map(Map { map: Arc::new(made) })
}

fn key(name: &str) -> Key {
    Key::String(Arc::new(name.to_owned()))
}

/// A text that stands for a moment, a span or bytes is that.
fn string(text: &str, format: &str) -> Cel {
    let read = match format {
        "byte" => base64::engine::general_purpose::STANDARD.decode(text).ok().map(|bytes| Cel::Bytes(Arc::new(bytes))),
        "date-time" | "date" | "duration" => moment(text, format),
        _ => None,
    };
    read.unwrap_or_else(|| Cel::String(Arc::new(text.to_owned())))
}

/// The crate reads moments and spans by its own functions.
fn moment(text: &str, format: &str) -> Option<Cel> {
    let call = match format {
        "duration" => format!("duration({text:?})"),
        "date" => format!("timestamp({:?})", format!("{text}T00:00:00Z")),
        _ => format!("timestamp({text:?})"),
    };
    let program = kube_cel::cel::Program::compile(&call).ok()?;
    program.execute(&kube_cel::cel::Context::default()).ok()
}
