//! Strategic merge patch: lists are merged by the keys and strategies that the schema names.

use serde_json::{Map, Value};

use super::Node;

/// What a patch may say that no object can take.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Wrong {
    /// An item of a merged list lacks the key it is found by.
    #[error("map: {0} does not contain declared merge key: {1}")]
    NoKey(String, String),
    /// A directive nobody knows.
    #[error("unknown patch type: {0} in map: {1}")]
    Directive(String, String),
}

/// Merges a patch into an object.
pub fn merge(object: &mut Value, patch: &Value, node: Option<Node<'_>>) -> Result<(), Wrong> {
    let (Some(map), Some(changes)) = (object.as_object_mut(), patch.as_object()) else {
        *object = patch.clone();
        return Ok(());
    };
    merge_map(map, changes, node)
}

fn merge_map(map: &mut Map<String, Value>, patch: &Map<String, Value>, node: Option<Node<'_>>) -> Result<(), Wrong> {
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            map.clear();
            map.extend(
                patch.iter().filter(|(name, _)| *name != "$patch").map(|(name, value)| (name.clone(), value.clone())),
            );
            return Ok(());
        }
        Some("delete") => {
            map.clear();
            return Ok(());
        }
        Some("merge") | None => {}
        Some(other) => return Err(Wrong::Directive(other.to_owned(), printed(&Value::Object(patch.clone())))),
    }
    if let Some(keep) = patch.get("$retainKeys").and_then(Value::as_array) {
        map.retain(|name, _| keep.iter().any(|kept| kept == name.as_str()));
    }
    for (name, change) in patch {
        if let Some(list) = name.strip_prefix("$deleteFromPrimitiveList/") {
            if let Some(Value::Array(items)) = map.get_mut(list) {
                let gone = change.as_array().map_or(&[][..], Vec::as_slice);
                items.retain(|item| !gone.contains(item));
            }
            continue;
        }
        if name.starts_with('$') {
            continue;
        }
        let field = node.and_then(|node| node.field(name));
        match change {
            Value::Null => {
                map.shift_remove(name);
            }
            Value::Object(inner) => {
                let slot = map.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
                if let Some(here) = slot.as_object_mut() {
                    merge_map(here, inner, field)?;
                } else {
                    let mut fresh = Map::new();
                    merge_map(&mut fresh, inner, field)?;
                    *slot = Value::Object(fresh);
                }
                if inner.get("$patch").is_some_and(|word| word == "delete") {
                    map.shift_remove(name);
                }
            }
            Value::Array(items) => {
                let merged = field.filter(|field| field.strategy().split(',').any(|one| one == "merge"));
                let order = patch.get(&format!("$setElementOrder/{name}")).and_then(Value::as_array);
                match merged {
                    Some(field) => {
                        let slot = map.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                        if !slot.is_array() {
                            *slot = Value::Array(Vec::new());
                        }
                        if let Some(list) = slot.as_array_mut() {
                            merge_list(list, items, field)?;
                            if let Some(order) = order {
                                sort(list, order, field.merge_key());
                            }
                        }
                    }
                    None => {
                        map.insert(name.clone(), change.clone());
                    }
                }
            }
            plain => {
                map.insert(name.clone(), plain.clone());
            }
        }
    }
    // An order may come without any change of the list.
    for (name, order) in patch {
        if let (Some(list), Some(order)) = (name.strip_prefix("$setElementOrder/"), order.as_array())
            && !patch.contains_key(list)
            && let Some(Value::Array(items)) = map.get_mut(list)
        {
            sort(items, order, node.and_then(|node| node.field(list)).and_then(|field| field.merge_key()));
        }
    }
    Ok(())
}

/// A value as the real server prints it in passing.
fn printed(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<String> =
                map.iter().map(|(name, inner)| format!("{name}:{}", printed(inner))).collect();
            fields.sort();
            format!("map[{}]", fields.join(" "))
        }
        Value::Array(list) => format!("[{}]", list.iter().map(printed).collect::<Vec<_>>().join(" ")),
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        other => other.to_string(),
    }
}

fn merge_list(list: &mut Vec<Value>, items: &[Value], field: Node<'_>) -> Result<(), Wrong> {
    let Some(key) = field.merge_key() else {
        for item in items {
            if !list.contains(item) {
                list.push(item.clone());
            }
        }
        return Ok(());
    };
    if items.iter().any(|item| item.get("$patch").is_some_and(|word| word == "replace")) {
        list.clear();
    }
    for item in items {
        let Some(change) = item.as_object() else { continue };
        let directive = change.get("$patch").and_then(Value::as_str);
        if directive == Some("replace") && change.len() == 1 {
            continue;
        }
        let Some(id) = change.get(key) else { return Err(Wrong::NoKey(printed(item), key.to_owned())) };
        let at = list.iter().position(|has| has.get(key) == Some(id));
        if directive == Some("delete") {
            if let Some(at) = at {
                list.remove(at);
            }
            continue;
        }
        match at.and_then(|at| list[at].as_object_mut()) {
            Some(here) => merge_map(here, change, field.items())?,
            None => {
                let mut fresh = Map::new();
                merge_map(&mut fresh, change, field.items())?;
                list.push(Value::Object(fresh));
            }
        }
    }
    Ok(())
}

/// Items named in the order come in that order; the others keep their place behind the item they stood behind.
fn sort(list: &mut Vec<Value>, order: &[Value], key: Option<&str>) {
    let place = |item: &Value| {
        order.iter().position(|wanted| match key {
            Some(key) => wanted.get(key).is_some() && wanted.get(key) == item.get(key),
            None => wanted == item,
        })
    };
    let mut last = (0, 0);
    let mut keyed: Vec<((usize, usize), Value)> = Vec::with_capacity(list.len());
    for (at, item) in list.drain(..).enumerate() {
        if let Some(found) = place(&item) {
            last = (found + 1, 0);
        } else {
            last = (last.0, at + 1);
        }
        keyed.push((last, item));
    }
    keyed.sort_by_key(|(at, _)| *at);
    list.extend(keyed.into_iter().map(|(_, item)| item));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::merge;
    use crate::schema::Node;

    fn document() -> Value {
        json!({"components": {"schemas": {"T": {"type": "object", "properties": {
            "containers": {
                "type": "array", "x-kubernetes-patch-strategy": "merge", "x-kubernetes-patch-merge-key": "name",
                "items": {"type": "object", "properties": {"name": {"type": "string"}, "image": {"type": "string"}}},
            },
            "finalizers": {"type": "array", "x-kubernetes-patch-strategy": "merge", "items": {"type": "string"}},
            "args": {"type": "array", "items": {"type": "string"}},
        }}}}})
    }

    fn patched(object: &Value, patch: &Value) -> Value {
        let document = document();
        let mut object = object.clone();
        merge(&mut object, patch, Node::of_component(&document, "T", false)).unwrap();
        object
    }

    #[test]
    fn items_are_found_by_their_key() {
        let object = json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "2"}], "args": ["x"]});
        assert_eq!(
            patched(&object, &json!({"containers": [{"name": "b", "image": "3"}, {"name": "c"}], "args": ["y"]})),
            json!({"containers": [{"name": "a", "image": "1"}, {"name": "b", "image": "3"}, {"name": "c"}], "args": ["y"]})
        );
    }

    #[test]
    fn directives_delete_replace_and_order() {
        let object = json!({"containers": [{"name": "a"}, {"name": "b"}], "finalizers": ["x", "y"]});
        let delete =
            json!({"containers": [{"$patch": "delete", "name": "a"}], "$deleteFromPrimitiveList/finalizers": ["x"]});
        assert_eq!(patched(&object, &delete), json!({"containers": [{"name": "b"}], "finalizers": ["y"]}));
        let replace = json!({"containers": [{"$patch": "replace"}, {"name": "z"}], "finalizers": null});
        assert_eq!(patched(&object, &replace), json!({"containers": [{"name": "z"}]}));
        let order = json!({"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}], "containers": [{"name": "a", "image": "i"}]});
        assert_eq!(patched(&object, &order)["containers"], json!([{"name": "b"}, {"name": "a", "image": "i"}]));
    }
}
