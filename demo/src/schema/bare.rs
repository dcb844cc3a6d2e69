//! A new object of a built-in kind before anything is written in it: structures that are always there, as the server's own types
//! have them. What a client writes into such a structure is its own, the structure is not.

use serde_json::{Map, Value, json};

use super::Node;

/// The empty object of a kind. Custom kinds have nothing that is always there.
pub fn bare(node: Node<'_>) -> Value {
    let mut map = Map::new();
    if node.is_custom() {
        return Value::Object(map);
    }
    let required: Vec<&str> = node.required().collect();
    for (name, field) in node.properties() {
        let always = field.default().as_object().is_some_and(Map::is_empty);
        if always {
            map.insert(name.clone(), bare(field));
        } else if required.contains(&name.as_str()) {
            map.insert(
                name.clone(),
                match field.kind() {
                    "string" => json!(""),
                    "integer" | "number" => json!(0),
                    "boolean" => json!(false),
                    _ => Value::Null,
                },
            );
        }
    }
    Value::Object(map)
}
