//! Defaults of custom kinds.

use serde_json::Value;

use super::{additional, says};

/// Puts defaults where nothing stands, and in place of nulls that may not be.
pub fn fill(value: &mut Value, schema: &Value) {
    match value {
        Value::Object(map) => {
            let properties = schema["properties"].as_object();
            for (name, field) in properties.into_iter().flatten() {
                let Some(wanted) = field.get("default").filter(|wanted| !wanted.is_null()) else { continue };
                if map.get(name).is_none_or(|has| has.is_null() && !says(field, "nullable")) {
                    map.insert(name.clone(), wanted.clone());
                }
            }
            for (name, inner) in map.iter_mut() {
                if let Some(field) = properties.and_then(|properties| properties.get(name)) {
                    fill(inner, field);
                } else if let Some(rest) = additional(schema) {
                    instead_of_null(inner, rest);
                    fill(inner, rest);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = schema.get("items") {
                for inner in list {
                    instead_of_null(inner, items);
                    fill(inner, items);
                }
            }
        }
        _ => {}
    }
}

fn instead_of_null(value: &mut Value, schema: &Value) {
    if value.is_null() && !says(schema, "nullable") {
        *value = schema["default"].clone();
    }
}
