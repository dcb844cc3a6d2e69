//! Defaults that the schema carries.

use serde_json::Value;

use super::Node;

/// Puts the defaults of the schema where nothing stands.
pub fn default(value: &mut Value, node: Node<'_>) {
    match value {
        Value::Object(map) => {
            let required: Vec<&str> = node.required().collect();
            for (name, field) in node.properties() {
                let wanted = field.default();
                if wanted.is_null() || !map.get(name).is_none_or(|has| has.is_null() && !field.is_nullable()) {
                    continue;
                }
                // The zero values in documents of built-in kinds say what a field reads as, not what is written.
                let zero = wanted == "" || wanted == 0 || wanted == false;
                if !node.is_custom() && (zero || (required.contains(&name.as_str()) && !wanted.is_object())) {
                    continue;
                }
                map.insert(name.clone(), wanted.clone());
            }
            for (name, inner) in map.iter_mut() {
                if let Some(field) = node.field(name) {
                    default(inner, field);
                }
            }
        }
        Value::Array(list) => {
            if let Some(items) = node.items() {
                for inner in list {
                    default(inner, items);
                }
            }
        }
        _ => {}
    }
}
