//! What differs between two states of an object, path by path, and which differences nobody means.

use serde_json::{Map, Value};

use super::{
    edit::find,
    identity::{essence, same},
    mark,
};
use crate::{
    base::redact,
    cluster::Manifest,
    journal::path::{Path, Seg, show},
};

/// What is shorter is no uid: it may stand in any text by chance.
const SHORTEST_UID: usize = 16;

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where.
    pub path: Path,
    /// The first value; `None` = absent.
    pub a: Option<Value>,
    /// The second value.
    pub b: Option<Value>,
}

/// Differences of two values. Lists whose elements all have a `name` of their own are compared element by element, any other
/// list as a whole.
pub fn differences(a: &Value, b: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    walk(&mut Vec::new(), a, b, &mut found);
    found
}

fn walk(path: &mut Path, a: &Value, b: &Value, found: &mut Vec<Difference>) {
    match (a, b) {
        (Value::Object(x), Value::Object(y)) => {
            let keys = x.keys().chain(y.keys().filter(|key| !x.contains_key(*key)));
            for key in keys {
                path.push(Seg::Field(key.clone()));
                pair(path, x.get(key), y.get(key), found);
                path.pop();
            }
        }
        (Value::Array(x), Value::Array(y)) => match (names(x), names(y)) {
            (Some(left), Some(right)) if in_same_order(&left, &right) => {
                for name in left.iter().chain(right.iter().filter(|name| !left.contains(name))) {
                    path.push(Seg::Named { key: "name".to_owned(), value: (*name).to_owned() });
                    let at = |list: &[Value]| {
                        list.iter().find(|item| item.get("name").and_then(Value::as_str) == Some(*name)).cloned()
                    };
                    pair(path, at(x).as_ref(), at(y).as_ref(), found);
                    path.pop();
                }
            }
            _ if !same(a, b) => found.push(Difference { path: path.clone(), a: Some(a.clone()), b: Some(b.clone()) }),
            _ => {}
        },
        _ if !same(a, b) => found.push(Difference { path: path.clone(), a: Some(a.clone()), b: Some(b.clone()) }),
        _ => {}
    }
}

fn pair(path: &mut Path, a: Option<&Value>, b: Option<&Value>, found: &mut Vec<Difference>) {
    match (a, b) {
        (Some(a), Some(b)) => walk(path, a, b, found),
        (None, None) => {}
        (a, b) => found.push(Difference { path: path.clone(), a: a.cloned(), b: b.cloned() }),
    }
}

/// The elements' names, when every element has one and none twice.
fn names(list: &[Value]) -> Option<Vec<&str>> {
    let names: Vec<&str> = list.iter().map(|item| item.get("name").and_then(Value::as_str)).collect::<Option<_>>()?;
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair.first() != pair.last()).then_some(names)
}

/// Whether the names both lists have stand in the same order: first-match lists mean another thing when re-ordered.
fn in_same_order(a: &[&str], b: &[&str]) -> bool {
    let left = a.iter().filter(|name| b.contains(name));
    let right = b.iter().filter(|name| a.contains(name));
    left.eq(right)
}

/// An object without what the server or brink itself puts there, to compare an answer with its dry run, or a created object
/// with what is found later. Assigned addresses, ports and generated names differ between any two requests.
pub fn meant(object: &Manifest) -> Value {
    let mut body = essence(object).0;
    if let Some(uid) = object.at(&["metadata", "uid"]).and_then(Value::as_str).filter(|uid| uid.len() >= SHORTEST_UID) {
        without_uid(&mut body, uid);
    }
    let kind = object.kind().to_owned();
    if let Some(metadata) = body.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("ownerReferences");
        mark::wipe(metadata);
        if metadata.contains_key("generateName") {
            metadata.remove("name");
        }
    }
    if let Some(spec) = body.get_mut("spec").and_then(Value::as_object_mut) {
        match kind.as_str() {
            "Service" => unassign_service(spec),
            "Pod" => {
                spec.remove("nodeName");
                same_token_volume(spec);
            }
            "Job" => {
                spec.remove("selector");
                drop_labels(spec, &["controller-uid", "batch.kubernetes.io/controller-uid"]);
            }
            _ => {}
        }
    }
    body
}

/// A uid in place of the object's own, which a dry run makes up and the write makes anew. Whatever the server derives from it, a
/// Job's selector and the labels that go with it for one, differs between the two as it does.
fn without_uid(value: &mut Value, uid: &str) {
    match value {
        Value::String(text) if text.contains(uid) => *text = text.replace(uid, "(its uid)"),
        Value::Array(list) => list.iter_mut().for_each(|one| without_uid(one, uid)),
        Value::Object(map) => map.values_mut().for_each(|one| without_uid(one, uid)),
        _ => {}
    }
}

fn unassign_service(spec: &mut Map<String, Value>) {
    // `None` is a choice (headless), an address is an assignment.
    if spec.get("clusterIP").and_then(Value::as_str) != Some("None") {
        spec.remove("clusterIP");
        spec.remove("clusterIPs");
    }
    spec.remove("healthCheckNodePort");
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(port) = port.as_object_mut() {
            port.remove("nodePort");
        }
    }
}

/// The service account admission names its volume at random in every request.
fn same_token_volume(value: &mut Map<String, Value>) {
    fn rename(value: &mut Value) {
        match value {
            Value::String(text) if text.starts_with("kube-api-access-") => "kube-api-access".clone_into(text),
            Value::Array(list) => list.iter_mut().for_each(rename),
            Value::Object(map) => map.values_mut().for_each(rename),
            _ => {}
        }
    }
    value.values_mut().for_each(rename);
}

fn drop_labels(spec: &mut Map<String, Value>, keys: &[&str]) {
    if let Some(labels) = spec
        .get_mut("template")
        .and_then(|template| template.get_mut("metadata"))
        .and_then(|metadata| metadata.get_mut("labels"))
        .and_then(Value::as_object_mut)
    {
        for key in keys {
            labels.remove(*key);
        }
    }
}

/// How an answer differs from its dry run, one line each; empty when the server did what it had said.
pub fn deviations(promised: &Manifest, stored: &Manifest) -> Vec<String> {
    let (promised, stored) = (meant(promised), meant(stored));
    // A secret is known by what stands beside it, so it is taken out of the whole objects, not of what differs.
    let (old, new) = redact::pair(Some(&promised), Some(&stored));
    let word = |object: &Option<Value>, path: &[Seg]| {
        let value = object.as_ref().and_then(|object| find(object, path));
        value.map_or_else(|| "absent".to_owned(), Value::to_string)
    };
    differences(&promised, &stored)
        .into_iter()
        .map(|Difference { path, .. }| {
            format!("{}: previewed {}, stored {}", show(&path), word(&old, &path), word(&new, &path))
        })
        .collect()
}

/// Who last wrote a path, by `managedFields` (meta/v1 `ManagedFieldsEntry`): the latest entry that names it, else the latest
/// that is not brink's.
pub fn last_writer(object: &Manifest, path: &[Seg]) -> Option<String> {
    last_write(object, path).map(|(manager, _)| manager.to_owned())
}

/// The same, with when that was; whole seconds, and empty where the server does not tell.
pub fn last_write<'a>(object: &'a Manifest, path: &[Seg]) -> Option<(&'a str, &'a str)> {
    let entries = object.at(&["metadata", "managedFields"])?.as_array()?;
    let mut best: Option<(bool, &str, &str)> = None;
    for entry in entries {
        let Some(manager) = entry.get("manager").and_then(Value::as_str) else { continue };
        if manager.starts_with("brink") {
            continue;
        }
        let time = entry.get("time").and_then(Value::as_str).unwrap_or_default();
        let owns = entry.get("fieldsV1").is_some_and(|fields| owns(fields, path));
        let candidate = (owns, time, manager);
        if best.is_none_or(|best| candidate > best) {
            best = Some(candidate);
        }
    }
    best.map(|(_, time, manager)| (manager, time))
}

fn owns(fields: &Value, path: &[Seg]) -> bool {
    let Some((seg, rest)) = path.split_first() else { return true };
    let Some(map) = fields.as_object() else { return false };
    match seg {
        Seg::Field(field) => match map.get(&format!("f:{field}")) {
            // An empty set at an inner field: the field as a whole is owned (an atomic list or map).
            Some(inner) => inner.as_object().is_some_and(Map::is_empty) || owns(inner, rest),
            None => false,
        },
        Seg::Named { key, value } => map.iter().any(|(name, inner)| {
            name.strip_prefix("k:")
                .and_then(|keys| serde_json::from_str::<Value>(keys).ok())
                .is_some_and(|keys| keys.get(key).and_then(Value::as_str) == Some(value))
                && owns(inner, rest)
        }),
        Seg::Index(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{deviations, differences, last_writer};
    use crate::{
        cluster::Manifest,
        journal::path::{Seg, show},
    };

    #[test]
    fn named_elements_are_compared_by_name_and_order_counts() {
        let a = json!({"http": [{"name": "a", "w": 1}, {"name": "b", "w": 2}]});
        let b = json!({"http": [{"name": "x"}, {"name": "a", "w": 1}, {"name": "b", "w": 3}]});
        let paths: Vec<_> = differences(&a, &b).iter().map(|difference| show(&difference.path)).collect();
        assert_eq!(paths, ["http[name=b].w", "http[name=x]"]);
        let turned = json!({"http": [{"name": "b", "w": 2}, {"name": "a", "w": 1}]});
        assert_eq!(show(&differences(&a, &turned)[0].path), "http");
    }

    #[test]
    fn what_the_server_assigns_is_no_deviation() {
        let promised = Manifest(json!({"kind": "Service", "metadata": {"name": "a", "uid": "1"},
            "spec": {"clusterIP": "10.0.0.1", "ports": [{"port": 80, "nodePort": 1}]}}));
        let stored = Manifest(json!({"kind": "Service",
            "metadata": {"name": "a", "uid": "2", "annotations": {"brink.dev/injection": "x.1.y"}},
            "spec": {"clusterIP": "10.0.0.2", "ports": [{"port": 80, "nodePort": 2}]}}));
        assert!(deviations(&promised, &stored).is_empty());
        let other = Manifest(json!({"kind": "Service", "metadata": {"name": "a"},
            "spec": {"clusterIP": "10.0.0.2", "ports": [{"port": 81}]}}));
        assert_eq!(deviations(&promised, &other).len(), 1);
    }

    #[test]
    fn what_holds_the_objects_own_uid_is_no_deviation() {
        let job = |uid: &str, labelled: &str| {
            Manifest(json!({"kind": "Job", "metadata": {"name": "a", "uid": uid,
                "labels": {"app": "a", "batch.kubernetes.io/controller-uid": labelled}},
                "spec": {"selector": {"matchLabels": {"batch.kubernetes.io/controller-uid": labelled}},
                "template": {"metadata": {"labels": {"app": "a", "controller-uid": labelled}}}}}))
        };
        let (one, other) = ("6a3c4ad2-0c4f-4be4-9d7b-1f7a7a1d5a01", "c0ffee00-1111-4222-8333-444455556666");
        assert_eq!(deviations(&job(one, one), &job(other, other)), [""; 0]);
        assert_eq!(deviations(&job(one, one), &job(other, one)).len(), 1, "somebody else's is one");
        // Of any kind, in any text.
        let custom =
            |uid: &str| Manifest(json!({"kind": "X", "metadata": {"uid": uid}, "spec": {"for": format!("x-{uid}")}}));
        assert_eq!(deviations(&custom(one), &custom(other)), [""; 0]);
        let short =
            |uid: &str, mode: &str| Manifest(json!({"kind": "X", "metadata": {"uid": uid}, "spec": {"m": mode}}));
        assert_eq!(deviations(&short("1", "v1"), &short("2", "v2")).len(), 1, "what is no uid is not looked for");
    }

    #[test]
    fn the_last_writer_of_a_path_is_named() {
        let object = Manifest(json!({"metadata": {"managedFields": [
            {"manager": "kubectl", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": "hpa", "time": "2026-01-02T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
            {"manager": "labeler", "time": "2026-01-03T00:00:00Z", "fieldsV1": {"f:metadata": {}}},
            {"manager": "brink", "time": "2026-01-04T00:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
        ]}}));
        let path = [Seg::Field("spec".to_owned()), Seg::Field("replicas".to_owned())];
        assert_eq!(last_writer(&object, &path).as_deref(), Some("hpa"));
    }
}
