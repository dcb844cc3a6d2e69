//! Fields a kind does not have: taken out and told.

use serde_json::Value;

use super::{Node, trail::Trail};

/// Takes out what the schema does not know and answers the paths, in the order of the document.
pub fn prune(value: &mut Value, node: Node<'_>) -> Vec<String> {
    let mut unknown = Vec::new();
    walk(value, node, &Trail::ROOT, &mut unknown);
    unknown
}

fn walk(value: &mut Value, node: Node<'_>, path: &Trail<'_>, unknown: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            let required: Vec<&str> = node.required().collect();
            map.retain(|name, inner| {
                let here = path.name(name);
                // What a built-in type reads as null it never wrote.
                if inner.is_null() && !node.is_custom() {
                    return false;
                }
                if let Some(field) = node.field(name) {
                    walk(inner, field, &here, unknown);
                    // Nobody in the list of managers is a wish: to forget them.
                    let meant = required.contains(&name.as_str()) || name == "managedFields";
                    return meant || !is_unsaid(inner, field);
                }
                if node.is_open() {
                    return true;
                }
                unknown.push(here.to_string());
                false
            });
        }
        Value::Array(list) => {
            if let Some(items) = node.items() {
                for (at, inner) in list.iter_mut().enumerate() {
                    walk(inner, items, &path.at(at), unknown);
                }
            }
        }
        _ => {}
    }
}

/// Whether a built-in type does not write what it reads here: a list or a map with nothing in it. A structure it does write.
fn is_unsaid(value: &Value, field: Node<'_>) -> bool {
    if field.is_custom() {
        return false;
    }
    match value {
        Value::Array(list) => list.is_empty() && field.kind() == "array",
        Value::Object(map) => map.is_empty() && field.additional().is_some(),
        _ => false,
    }
}
