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
                            let before = list.clone();
                            merge_list(list, items, field)?;
                            if let Some(order) = order {
                                *list = ordered(std::mem::take(list), order, &before, field.merge_key());
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
            let before = items.clone();
            let key = node.and_then(|node| node.field(list)).and_then(|field| field.merge_key());
            *items = ordered(std::mem::take(items), order, &before, key);
        }
    }
    Ok(())
}

/// A value as the real server prints it in passing.
pub fn printed(value: &Value) -> String {
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
        let before = list.clone();
        for item in items {
            if !list.contains(item) {
                list.push(item.clone());
            }
        }
        *list = ordered(std::mem::take(list), items, &before, None);
        return Ok(());
    };
    if items.iter().any(|item| item.get("$patch").is_some_and(|word| word == "replace")) {
        list.clear();
    }
    let directed = |item: &Value| item.get("$patch").is_some();
    let gone = |item: &Value| {
        items.iter().any(|one| one.get("$patch").is_some_and(|word| word == "delete") && one.get(key) == item.get(key))
    };
    let before: Vec<Value> = list.iter().filter(|item| !gone(item)).cloned().collect();
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
    let named: Vec<Value> = items.iter().filter(|item| !directed(item)).cloned().collect();
    *list = ordered(std::mem::take(list), &named, &before, Some(key));
    Ok(())
}

/// The order of a merged list: items that the patch names in its order, the others in theirs, woven by the order there was before.
///
/// An item of the patch that is new comes before what the server alone has, as in the real server.
fn ordered(all: Vec<Value>, by: &[Value], before: &[Value], key: Option<&str>) -> Vec<Value> {
    let same = |a: &Value, b: &Value| match key {
        Some(key) => a.get(key).is_some() && a.get(key) == b.get(key),
        None => a == b,
    };
    let place = |list: &[Value], item: &Value| list.iter().position(|one| same(one, item));
    let (mut named, mut others): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|item| place(by, item).is_some());
    named.sort_by_key(|item| place(by, item));
    others.sort_by_key(|item| place(before, item));
    let mut woven = Vec::with_capacity(named.len() + others.len());
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    while let (Some(left), Some(right)) = (others.peek(), named.peek()) {
        let earlier = place(before, left).zip(place(before, right)).is_some_and(|(left, right)| left < right);
        woven.extend(if earlier { others.next() } else { named.next() });
    }
    woven.extend(others);
    woven.extend(named);
    woven
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
    fn what_a_patch_adds_stands_before_what_it_does_not_name() {
        let object = json!({"containers": [{"name": "a"}, {"name": "b"}, {"name": "c"}], "finalizers": ["x"]});
        let patch = json!({"containers": [{"name": "b", "image": "2"}, {"name": "n"}], "finalizers": ["y"]});
        assert_eq!(
            patched(&object, &patch),
            json!({"containers": [{"name": "a"}, {"name": "b", "image": "2"}, {"name": "n"}, {"name": "c"}], "finalizers": ["y", "x"]})
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
