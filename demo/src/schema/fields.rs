//! Who owns which field: sets of fields in the form of `fieldsV1`, their differences, and the entries of `managedFields`.

use serde_json::{Map, Value, json};

use super::Node;
use crate::base::value;

type Fields = Map<String, Value>;

/// Metadata that the server alone writes has no owner.
const UNOWNED: [&str; 9] = [
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// Who writes, by which way.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// The name of the manager.
    pub manager: &'a str,
    /// The subresource written through, empty for the object itself.
    pub subresource: &'a str,
    /// The time of the write, as the API writes it.
    pub time: &'a str,
    /// A field at the top that this way of writing cannot own, empty for none.
    pub foreign: &'a str,
}

/// Enters an update into `managedFields` of the new object: what it changed is the writer's, what it removed is nobody's.
pub fn enter_update(old: Option<&Value>, new: &mut Value, node: Option<Node<'_>>, writer: Writer<'_>) {
    let mut entries = match old {
        Some(old) => value::list(old, &["metadata", "managedFields"]).to_vec(),
        None => Vec::new(),
    };
    // A writer who sends an empty list wipes the history.
    if value::at(new, &["metadata", "managedFields"]).as_array().is_some_and(Vec::is_empty) && old.is_some() {
        entries.clear();
    }
    let (mut changed, mut removed) = match old {
        Some(old) => difference(old, new, node),
        None => (all(new, node), Fields::new()),
    };
    let foreign = format!("f:{}", writer.foreign);
    changed.shift_remove(&foreign);
    removed.shift_remove(&foreign);
    let version = value::text(new, &["apiVersion"]).to_owned();
    let mine = |entry: &Value| {
        entry["manager"] == writer.manager
            && entry["operation"] == "Update"
            && entry["subresource"].as_str().unwrap_or_default() == writer.subresource
    };
    if !changed.is_empty() || !removed.is_empty() {
        for entry in &mut entries {
            let same = mine(entry);
            if let Some(fields) = entry["fieldsV1"].as_object_mut() {
                if !same {
                    subtract(fields, &changed);
                }
                subtract(fields, &removed);
            }
        }
        if let Some(entry) = entries.iter_mut().find(|entry| mine(entry)) {
            if let Some(fields) = entry["fieldsV1"].as_object_mut() {
                union(fields, &changed);
            }
            entry["time"] = json!(writer.time);
            entry["apiVersion"] = json!(version);
        } else if !changed.is_empty() {
            let mut entry = json!({
                "manager": writer.manager,
                "operation": "Update",
                "apiVersion": version,
                "time": writer.time,
                "fieldsType": "FieldsV1",
                "fieldsV1": changed,
            });
            if !writer.subresource.is_empty() {
                entry["subresource"] = json!(writer.subresource);
            }
            entries.push(entry);
        }
        entries.retain(|entry| entry["fieldsV1"].as_object().is_some_and(|fields| !fields.is_empty()));
    }
    if entries.is_empty() {
        value::remove(new, &["metadata", "managedFields"]);
    } else {
        value::put(new, &["metadata", "managedFields"], Value::Array(entries));
    }
}

/// All fields of an object that can have an owner.
fn all(object: &Value, node: Option<Node<'_>>) -> Fields {
    let Value::Object(mut fields) = set(&owned(object), node, true) else { return Fields::new() };
    fields.shift_remove("f:apiVersion");
    fields.shift_remove("f:kind");
    fields
}

/// What differs between two states of an object: fields that are new or other now, and fields that are gone.
pub fn difference(old: &Value, new: &Value, node: Option<Node<'_>>) -> (Fields, Fields) {
    let (mut changed, mut removed) = (Fields::new(), Fields::new());
    compare(&owned(old), &owned(new), node, &mut changed, &mut removed);
    changed.shift_remove("f:apiVersion");
    removed.shift_remove("f:apiVersion");
    (changed, removed)
}

fn owned(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.retain(|name, _| !UNOWNED.contains(&name.as_str()));
    }
    object
}

/// The set of a value: its leaves, and itself where it may come and go as a whole.
fn set(value: &Value, node: Option<Node<'_>>, root: bool) -> Value {
    let mut fields = Fields::new();
    match value {
        Value::Object(map) if !map.is_empty() && !node.is_some_and(|node| node.is_atomic()) => {
            if !root && node.is_some_and(|node| node.additional().is_some()) {
                fields.insert(".".to_owned(), json!({}));
            }
            for (name, inner) in map {
                fields.insert(format!("f:{name}"), set(inner, node.and_then(|node| node.field(name)), false));
            }
        }
        Value::Array(list) if !list.is_empty() => {
            if let Some(keys) = keys(list, node) {
                let items = node.and_then(|node| node.items());
                fields.insert(".".to_owned(), json!({}));
                for (key, item) in keys.iter().zip(list) {
                    let mut inner = if key.starts_with("v:") { json!({}) } else { set(item, items, false) };
                    if let Some(inner) = inner.as_object_mut().filter(|_| key.starts_with("k:")) {
                        inner.insert(".".to_owned(), json!({}));
                    }
                    fields.insert(key.clone(), inner);
                }
            }
        }
        _ => {}
    }
    Value::Object(fields)
}

/// The names of the items of a list that is not owned as a whole.
fn keys(list: &[Value], node: Option<Node<'_>>) -> Option<Vec<String>> {
    let node = node?;
    match node.list_type() {
        "set" => Some(list.iter().map(|item| format!("v:{item}")).collect()),
        "map" => {
            let mut names = node.list_keys();
            names.sort_unstable();
            list.iter()
                .map(|item| {
                    let key: Map<String, Value> = names
                        .iter()
                        .filter_map(|name| {
                            let has = item.get(*name).or_else(|| {
                                Some(node.items()?.property(name)?.default()).filter(|default| !default.is_null())
                            })?;
                            Some(((*name).to_owned(), has.clone()))
                        })
                        .collect();
                    (!key.is_empty()).then(|| format!("k:{}", Value::Object(key)))
                })
                .collect()
        }
        _ => None,
    }
}

fn compare(old: &Value, new: &Value, node: Option<Node<'_>>, changed: &mut Fields, removed: &mut Fields) {
    match (old, new) {
        (Value::Object(before), Value::Object(after)) => {
            for (name, inner) in after {
                let field = node.and_then(|node| node.field(name));
                step(before.get(name), Some(inner), field, format!("f:{name}"), changed, removed);
            }
            for (name, inner) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
                let field = node.and_then(|node| node.field(name));
                step(Some(inner), None, field, format!("f:{name}"), changed, removed);
            }
        }
        (Value::Array(before), Value::Array(after)) => {
            let items = node.and_then(|node| node.items());
            let (Some(old_keys), Some(new_keys)) = (keys(before, node), keys(after, node)) else { return };
            for (key, item) in new_keys.iter().zip(after) {
                let was = old_keys.iter().position(|old| old == key).and_then(|at| before.get(at));
                step(was, Some(item), items, key.clone(), changed, removed);
            }
            for (key, item) in old_keys.iter().zip(before).filter(|(key, _)| !new_keys.contains(key)) {
                step(Some(item), None, items, key.clone(), changed, removed);
            }
        }
        _ => {}
    }
}

fn step(
    old: Option<&Value>,
    new: Option<&Value>,
    node: Option<Node<'_>>,
    key: String,
    changed: &mut Fields,
    removed: &mut Fields,
) {
    let whole = |value: &Value| {
        let mut inner = if key.starts_with("v:") { json!({}) } else { set(value, node, false) };
        if let Some(inner) = inner.as_object_mut().filter(|_| key.starts_with("k:")) {
            inner.insert(".".to_owned(), json!({}));
        }
        inner
    };
    match (old, new) {
        (Some(old), Some(new)) if old == new => {}
        (Some(old), Some(new)) => {
            let atomic = node.is_some_and(|node| node.is_atomic());
            let granular = match (old, new) {
                (Value::Object(before), Value::Object(after)) => !atomic && !before.is_empty() && !after.is_empty(),
                (Value::Array(before), Value::Array(after)) => {
                    !before.is_empty()
                        && !after.is_empty()
                        && keys(before, node).is_some()
                        && keys(after, node).is_some()
                }
                _ => false,
            };
            if granular {
                let (mut more, mut less) = (Fields::new(), Fields::new());
                compare(old, new, node, &mut more, &mut less);
                if !more.is_empty() {
                    changed.insert(key.clone(), Value::Object(more));
                }
                if !less.is_empty() {
                    removed.insert(key, Value::Object(less));
                }
            } else {
                changed.insert(key.clone(), whole(new));
            }
        }
        (None, Some(new)) => {
            changed.insert(key.clone(), whole(new));
        }
        (Some(old), None) => {
            removed.insert(key.clone(), whole(old));
        }
        (None, None) => {}
    }
}

/// Adds the fields of one set to another.
pub fn union(into: &mut Fields, more: &Fields) {
    for (key, inner) in more {
        match (into.get_mut(key).and_then(Value::as_object_mut), inner.as_object()) {
            (Some(here), Some(inner)) => union(here, inner),
            _ => {
                into.insert(key.clone(), inner.clone());
            }
        }
    }
}

/// Takes the leaves of one set out of another, and what is empty then.
pub fn subtract(from: &mut Fields, less: &Fields) {
    for (key, inner) in less {
        let Some(inner) = inner.as_object() else { continue };
        let Some(here) = from.get_mut(key).and_then(Value::as_object_mut) else { continue };
        if inner.is_empty() {
            from.shift_remove(key);
            continue;
        }
        subtract(here, inner);
        if here.is_empty() {
            from.shift_remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Writer, enter_update};
    use crate::schema::Node;

    fn document() -> Value {
        json!({"components": {"schemas": {"T": {"type": "object", "properties": {
            "metadata": {"type": "object", "properties": {"labels": {"type": "object", "additionalProperties": {"type": "string"}}}},
            "spec": {"type": "object", "properties": {
                "replicas": {"type": "integer"},
                "ports": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["port"],
                    "items": {"type": "object", "properties": {"port": {"type": "integer"}, "name": {"type": "string"}}}},
            }},
        }}}}})
    }

    fn by(manager: &str) -> Writer<'_> {
        Writer { manager, subresource: "", time: "2026-01-02T03:04:05Z", foreign: "status" }
    }

    #[test]
    fn a_field_belongs_to_who_changed_it_last() {
        let document = document();
        let node = Node::of_component(&document, "T", false);
        let mut first = json!({"apiVersion": "v1", "kind": "T", "metadata": {"name": "a", "labels": {"app": "x"}},
            "spec": {"replicas": 1, "ports": [{"port": 80, "name": "http"}]}});
        enter_update(None, &mut first, node, by("kubectl"));
        assert_eq!(
            first["metadata"]["managedFields"][0]["fieldsV1"],
            json!({"f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                "f:spec": {"f:replicas": {}, "f:ports": {".": {}, "k:{\"port\":80}": {".": {}, "f:port": {}, "f:name": {}}}}})
        );
        let mut second = first.clone();
        second["spec"]["replicas"] = json!(2);
        second["spec"]["ports"] = json!([{"port": 81}]);
        enter_update(Some(&first), &mut second, node, by("brink"));
        let entries = second["metadata"]["managedFields"].as_array().unwrap();
        assert_eq!(entries[0]["manager"], "kubectl");
        assert_eq!(
            entries[0]["fieldsV1"],
            json!({"f:metadata": {"f:labels": {".": {}, "f:app": {}}}, "f:spec": {"f:ports": {".": {}}}})
        );
        assert_eq!(
            entries[1]["fieldsV1"],
            json!({"f:spec": {"f:replicas": {}, "f:ports": {"k:{\"port\":81}": {".": {}, "f:port": {}}}}})
        );
    }
}
