//! What is compared of two answers: without what differs from run to run.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use serde_json::{Map, Value, json};

/// Values that are made by chance or by the clock.
const CHANCE: [&str; 12] = [
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "clusterIP",
    "lastTransitionTime",
    "time",
    "nodePort",
    "healthCheckNodePort",
    "batch.kubernetes.io/controller-uid",
    "controller-uid",
    "continue",
];

static TEXTS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"too old resource version: \d+ \(\d+\)", "too old resource version: *"),
        (r"current: \d+", "current: *"),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "*"),
        // Ages.
        (r"^\d+([smhdy]\d*)*( ago)?$", "*"),
        (r"^10\.96\.\d+\.\d+$", "*"),
        (r"\b3[0-2]\d{3}/", "*/"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "*"),
        (r"ResourceVersion in (precondition|record) \(\d+\)", "ResourceVersion in $1 (*)"),
    ]
    .map(|(pattern, text)| (Regex::new(pattern).unwrap(), text))
    .to_vec()
});

/// Takes out what differs from run to run, or is written by controllers that the bare world does not have.
pub fn level(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for gone in ["managedFields", "freshness", "storageVersionHash"] {
                map.remove(gone);
            }
            // The pack holds no prose.
            map.retain(|name, inner| name != "description" || !inner.is_string());
            unordered(map);
            for (name, inner) in map.iter_mut() {
                // The order of a group's kinds is by chance.
                if name == "resources"
                    && let Value::Array(list) = inner
                {
                    list.sort_by_key(|one| one["name"].to_string());
                }
                if CHANCE.contains(&name.as_str()) && !inner.is_null() && !inner.is_object() {
                    *inner = json!("*");
                } else if name == "clusterIPs" {
                    *inner = json!(["*"]);
                } else {
                    level(inner);
                }
            }
        }
        Value::Array(list) => {
            // Marks of progress come when they come; the end of the beginning alone is a promise.
            list.retain(|one| {
                one["type"] != "BOOKMARK"
                    || one["object"]["metadata"]["annotations"]["k8s.io/initial-events-end"] == "true"
            });
            list.iter_mut().for_each(level);
        }
        Value::String(text) => {
            shown(text);
            for (pattern, instead) in TEXTS.iter() {
                if pattern.is_match(text) {
                    *text = pattern.replace_all(text, *instead).into_owned();
                }
            }
        }
        _ => {}
    }
}

/// An object that a message shows is compared as an object: its fields have no order, and what is by chance in it goes.
fn shown(text: &mut String) {
    const BEFORE: &str = "Invalid value: ";
    let Some(at) = text.find("Invalid value: \"{").map(|at| at + BEFORE.len()) else { return };
    let mut reader = serde_json::Deserializer::from_str(&text[at..]).into_iter::<String>();
    let Some(Ok(inner)) = reader.next() else { return };
    let end = at + reader.byte_offset();
    let Ok(mut object) = serde_json::from_str::<Value>(&inner) else { return };
    level(&mut object);
    object.sort_all_objects();
    text.replace_range(at..end, &object.to_string());
}

/// The real server walks maps in no order: what it refuses of their fields is told in the order of the fields.
fn unordered(status: &mut Map<String, Value>) {
    let Some(Value::Array(causes)) = status.get_mut("details").and_then(|details| details.get_mut("causes")) else {
        return;
    };
    causes.sort_by_key(|cause| (cause["field"].to_string(), cause["message"].to_string()));
    let text = |cause: &Value, part: &str| cause[part].as_str().unwrap_or_default().to_owned();
    let said: BTreeSet<String> =
        causes.iter().map(|cause| format!("{}: {}", text(cause, "field"), text(cause, "message"))).collect();
    let message =
        status.get("message").and_then(Value::as_str).and_then(|message| message.split_once(" is invalid: ["));
    if let Some((about, _)) = message {
        let said: Vec<String> = said.into_iter().collect();
        let message = format!("{about} is invalid: [{}]", said.join(", "));
        status.insert("message".to_owned(), json!(message));
    }
}

/// Keeps the owners of fields, but for controllers that the bare world does not have, in an order that no clock makes.
pub fn owners(answer: &mut Value) {
    const CONTROLLERS: [&str; 4] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"];
    match answer {
        Value::Object(map) => {
            if let Some(Value::Array(mut entries)) = map.remove("managedFields") {
                entries.retain(|entry| !CONTROLLERS.iter().any(|name| entry["manager"] == *name));
                entries.sort_by_key(|entry| {
                    ["manager", "operation", "apiVersion", "subresource", "fieldsV1"]
                        .map(|part| entry[part].to_string())
                });
                map.insert("owners".to_owned(), Value::Array(entries));
            }
            // Conflicts come manager by manager, in no order.
            if let Some(Value::Array(causes)) = map.get_mut("causes") {
                causes.sort_by_key(|cause| cause["message"].to_string());
            }
            map.values_mut().for_each(owners);
        }
        Value::Array(list) => list.iter_mut().for_each(owners),
        _ => {}
    }
}

/// Takes a field out by its JSON pointer; `*` stands for every item of a list.
pub fn drop(value: &mut Value, pointer: &str) {
    let parts: Vec<&str> = pointer.split('/').skip(1).collect();
    take(value, &parts);
}

fn take(value: &mut Value, parts: &[&str]) {
    let Some((first, rest)) = parts.split_first() else { return };
    let name = first.replace("~1", "/");
    match value {
        Value::Array(list) if *first == "*" => list.iter_mut().for_each(|one| take(one, rest)),
        Value::Object(map) if rest.is_empty() => {
            map.remove(&name);
        }
        Value::Object(map) => {
            if let Some(inner) = map.get_mut(&name) {
                take(inner, rest);
            }
        }
        _ => {}
    }
}

/// The places where two answers differ.
pub fn differences(path: &str, real: &Value, demo: &Value, into: &mut Vec<String>) {
    match (real, demo) {
        (Value::Object(a), Value::Object(b)) => {
            let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for name in names {
                let none = json!("(absent)");
                differences(
                    &format!("{path}.{name}"),
                    a.get(name).unwrap_or(&none),
                    b.get(name).unwrap_or(&none),
                    into,
                );
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{path}[{at}]"), a, b, into);
            }
        }
        _ if real == demo => {}
        _ => into.push(format!("{path}: real {real}, world {demo}")),
    }
}
