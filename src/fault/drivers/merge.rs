//! From "make it look like this" to the smallest set of edits.
//!
//! What the given object says is made so; what it does not mention stays. Maps are merged, `null` removes a field (as in
//! RFC 7396). Lists are replaced as a whole, with two exceptions that keep other people's later edits alive (rule R8):
//! lists whose elements Kubernetes itself merges by key (containers, env, volumes, …) are merged element by element, and a
//! list that only gained named elements becomes insertions.

use serde_json::{Map, Value};

use crate::{
    cluster::Manifest,
    fault::{identity::same, plan::Edit},
    journal::path::{Path, Seg},
};

/// Metadata the server makes; never an intent.
pub(super) const SERVER_MADE: [&str; 8] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];

/// Lists that Kubernetes merges by a key (core/v1 PodSpec and Container, `x-kubernetes-patch-merge-key`; the listeners of a
/// Gateway, `x-kubernetes-list-map-keys`).
const KEYED: [(&str, &str); 8] = [
    ("containers", "name"),
    ("initContainers", "name"),
    ("ephemeralContainers", "name"),
    ("env", "name"),
    ("volumes", "name"),
    ("volumeMounts", "mountPath"),
    ("imagePullSecrets", "name"),
    ("listeners", "name"),
];

/// The edits that turn `live` into what `wanted` says; empty when it already does.
pub(super) fn edits(live: &Manifest, wanted: &Manifest) -> Vec<Edit> {
    let mut edits = Vec::new();
    let (Some(live), Some(wanted)) = (live.0.as_object(), wanted.0.as_object()) else { return edits };
    for (field, value) in wanted {
        match field.as_str() {
            "apiVersion" | "kind" | "status" => {}
            "metadata" => metadata(live.get("metadata"), value, &mut edits),
            _ => one(live.get(field), value, vec![Seg::Field(field.clone())], field, &mut edits),
        }
    }
    edits
}

fn metadata(live: Option<&Value>, wanted: &Value, edits: &mut Vec<Edit>) {
    let (Some(live), Some(wanted)) = (live.and_then(Value::as_object), wanted.as_object()) else { return };
    for (field, value) in wanted {
        if SERVER_MADE.contains(&field.as_str()) || field == "name" || field == "namespace" {
            continue;
        }
        let path = vec![Seg::Field("metadata".to_owned()), Seg::Field(field.clone())];
        one(live.get(field), value, path, field, edits);
    }
}

fn one(live: Option<&Value>, wanted: &Value, path: Path, field: &str, edits: &mut Vec<Edit>) {
    match (live, wanted) {
        (Some(_), Value::Null) => edits.push(Edit { path, value: None, at: None }),
        (None, Value::Null) => {}
        (Some(live), wanted) if same(live, wanted) => {}
        (Some(Value::Object(live)), Value::Object(wanted)) => {
            for (field, value) in wanted {
                let mut path = path.clone();
                path.push(Seg::Field(field.clone()));
                one(live.get(field), value, path, field, edits);
            }
        }
        (Some(Value::Array(live)), Value::Array(wanted)) => list(live, wanted, path, field, edits),
        (_, wanted) => edits.push(Edit { path, value: Some(without_nulls(wanted)), at: None }),
    }
}

fn list(live: &[Value], wanted: &[Value], path: Path, field: &str, edits: &mut Vec<Edit>) {
    let key = KEYED.iter().find(|(name, _)| *name == field).map(|(_, key)| *key);
    if let Some(key) = key
        && let (Some(_), Some(wanted_keys)) = (keys(live, key), keys(wanted, key))
    {
        for (value, name) in wanted.iter().zip(wanted_keys) {
            let mut path = path.clone();
            path.push(Seg::Named { key: key.to_owned(), value: name.to_owned() });
            let before = live.iter().find(|element| element.get(key).and_then(Value::as_str) == Some(name));
            one(before, value, path, "", edits);
        }
        return;
    }
    if let Some(inserted) = insertions(live, wanted) {
        for (at, name, value) in inserted {
            let mut path = path.clone();
            path.push(Seg::Named { key: "name".to_owned(), value: name });
            edits.push(Edit { path, value: Some(value), at: Some(at) });
        }
        return;
    }
    edits.push(Edit { path, value: Some(Value::Array(wanted.to_vec())), at: None });
}

/// The keys of a list's elements, when every element has one and no two are equal.
fn keys<'a>(list: &'a [Value], key: &str) -> Option<Vec<&'a str>> {
    let all: Option<Vec<&str>> = list.iter().map(|element| element.get(key)?.as_str()).collect();
    all.filter(|all| {
        let mut sorted = all.clone();
        sorted.sort_unstable();
        sorted.dedup();
        sorted.len() == all.len()
    })
}

/// When `wanted` is `live` with named elements put in between: their index in the result, name and value.
fn insertions(live: &[Value], wanted: &[Value]) -> Option<Vec<(usize, String, Value)>> {
    let mut rest = live.iter().peekable();
    let mut inserted = Vec::new();
    for (at, value) in wanted.iter().enumerate() {
        if rest.peek().is_some_and(|next| same(next, value)) {
            rest.next();
            continue;
        }
        let name = value.get("name")?.as_str()?;
        let taken = |element: &Value| element.get("name").and_then(Value::as_str) == Some(name);
        if live.iter().any(taken) || wanted.iter().filter(|element| taken(element)).count() > 1 {
            return None;
        }
        inserted.push((at, name.to_owned(), value.clone()));
    }
    rest.peek().is_none().then_some(inserted)
}

/// A new value has nothing to remove from.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(key, value)| (key.clone(), without_nulls(value)))
                .collect::<Map<String, Value>>(),
        ),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::edits;
    use crate::{cluster::Manifest, fault::edit::applied, journal::path::show};

    #[rstest]
    // What is not mentioned stays.
    #[case(json!({"spec": {"a": 1, "b": 2}}), json!({"spec": {"a": 3}}), json!({"spec": {"a": 3, "b": 2}}), &["spec.a"])]
    // An absent map is written whole, so that its undo removes it whole.
    #[case(json!({"spec": {}}), json!({"spec": {"a": {"b": {"c": 1}}}}), json!({"spec": {"a": {"b": {"c": 1}}}}), &["spec.a"])]
    // null removes.
    #[case(json!({"spec": {"a": 1}}), json!({"spec": {"a": null, "z": null}}), json!({"spec": {}}), &["spec.a"])]
    // Containers are merged by name.
    #[case(
        json!({"spec": {"containers": [{"name": "x", "image": "i:1", "tty": true}, {"name": "y"}]}}),
        json!({"spec": {"containers": [{"name": "x", "image": "i:2"}]}}),
        json!({"spec": {"containers": [{"name": "x", "image": "i:2", "tty": true}, {"name": "y"}]}}),
        &["spec.containers[name=x].image"]
    )]
    // Other lists are replaced as a whole.
    #[case(
        json!({"spec": {"rules": [{"matches": 1}]}}),
        json!({"spec": {"rules": [{"matches": 2}]}}),
        json!({"spec": {"rules": [{"matches": 2}]}}),
        &["spec.rules"]
    )]
    // A named element put into any list is inserted.
    #[case(
        json!({"spec": {"http": [{"route": 1}, {"route": 2}]}}),
        json!({"spec": {"http": [{"name": "n", "route": 3}, {"route": 1}, {"route": 2}]}}),
        json!({"spec": {"http": [{"name": "n", "route": 3}, {"route": 1}, {"route": 2}]}}),
        &["spec.http[name=n]"]
    )]
    // What the server makes is no intent.
    #[case(
        json!({"metadata": {"uid": "1", "labels": {"a": "b"}}, "status": {"x": 1}}),
        json!({"metadata": {"uid": "2", "resourceVersion": "9", "labels": {"a": "b"}}, "status": {"x": 2}}),
        json!({"metadata": {"uid": "1", "labels": {"a": "b"}}, "status": {"x": 1}}),
        &[]
    )]
    fn an_object_becomes_what_is_wanted(
        #[case] live: Value,
        #[case] wanted: Value,
        #[case] expected: Value,
        #[case] paths: &[&str],
    ) {
        let edits = edits(&Manifest(live.clone()), &Manifest(wanted));
        assert_eq!(edits.iter().map(|edit| show(&edit.path)).collect::<Vec<_>>(), paths);
        assert_eq!(applied(&live, &edits).unwrap(), expected);
    }
}
