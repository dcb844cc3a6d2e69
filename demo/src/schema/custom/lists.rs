//! Lists that are sets or maps: what stands in them twice.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{additional, join, old};
use crate::schema::validate::Cause;

/// Items that stand twice in a set, or have the keys of another item.
pub fn check(object: &Value, schema: &Value) -> Vec<Cause> {
    let mut causes = Vec::new();
    walk(object, schema, "", &mut causes);
    causes
}

fn walk(value: &Value, schema: &Value, path: &str, causes: &mut Vec<Cause>) {
    match value {
        Value::Object(map) => {
            for (name, inner) in map {
                if let Some(rest) = additional(schema) {
                    walk(inner, rest, &format!("{path}[{name}]"), causes);
                }
                if let Some(field) = schema["properties"].get(name) {
                    walk(inner, field, &join(path, name), causes);
                }
            }
        }
        Value::Array(list) => {
            match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => twice(list.iter().cloned(), path, causes),
                Some("map") => {
                    if let Some(at) = list.iter().position(|item| !item.is_null() && !item.is_object()) {
                        let why = "must be an object for an array of list-type map";
                        causes.push(Cause::invalid(format!("{path}[{at}]"), &list[at], why));
                    } else {
                        let keys = list.iter().map(|item| Value::Object(old::keys(schema, item).unwrap_or_default()));
                        twice(keys, path, causes);
                    }
                }
                _ => {}
            }
            if let Some(items) = schema.get("items") {
                for (at, inner) in list.iter().enumerate() {
                    walk(inner, items, &format!("{path}[{at}]"), causes);
                }
            }
        }
        _ => {}
    }
}

/// A value is told once, however often it stands there again.
fn twice(values: impl Iterator<Item = Value>, path: &str, causes: &mut Vec<Cause>) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for (at, value) in values.enumerate() {
        let times = seen.entry(super::go::json(&value)).or_default();
        *times += 1;
        if *times == 2 {
            causes.push(Cause::duplicate(format!("{path}[{at}]"), &value));
        }
    }
}
