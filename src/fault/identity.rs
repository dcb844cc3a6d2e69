//! When two values, or two states of an object, are the same thing.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::cluster::Manifest;

/// Metadata the server keeps and nobody means: it may change while the object stays what it was.
const SERVER_MADE: [&str; 7] = [
    "managedFields",
    "resourceVersion",
    "generation",
    "uid",
    "creationTimestamp",
    "selfLink",
    "deletionGracePeriodSeconds",
];

/// Whether two values mean the same: the order of fields does not count, and numbers are equal when they are the same
/// number (a server may write `1.0` for `1`; a text may carry a fraction one bit off).
pub fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_f64(), y.as_f64()) {
            (Some(x), Some(y)) => (x - y).abs() <= f64::EPSILON * x.abs().max(y.abs()),
            _ => x == y,
        },
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(key, x)| y.get(key).is_some_and(|y| same(x, y)))
        }
        _ => a == b,
    }
}

/// The same for values that may be absent.
pub fn same_or_absent(a: Option<&Value>, b: Option<&Value>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// Hash of what an object is: without status, managedFields, resourceVersion and generation. Two reads of an object nobody
/// changed have the same identity whatever its controllers report.
pub fn identity(object: &Manifest) -> String {
    let mut body = object.0.clone();
    if let Some(map) = body.as_object_mut() {
        map.remove("status");
        if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in ["managedFields", "resourceVersion", "generation"] {
                metadata.remove(field);
            }
        }
    }
    digest(&body, 32)
}

/// The object as a person would write it: without status, and without the metadata the server makes.
pub fn essence(object: &Manifest) -> Manifest {
    let mut body = object.0.clone();
    if let Some(map) = body.as_object_mut() {
        map.remove("status");
        if let Some(metadata) = map.get_mut("metadata").and_then(Value::as_object_mut) {
            for field in SERVER_MADE {
                metadata.remove(field);
            }
            metadata.remove("deletionTimestamp");
        }
    }
    Manifest(body)
}

/// Hex digits of the SHA-256 of a value, whatever the order of its fields.
pub fn digest(value: &Value, digits: usize) -> String {
    let mut text = String::new();
    canonical(value, &mut text);
    let mut hex = Sha256::digest(text.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        hex.push_str(&format!("{byte:02x}"));
        hex
    });
    hex.truncate(digits);
    hex
}

fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<_> = map.keys().collect();
            keys.sort();
            text.push('{');
            for key in keys {
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                if let Some(value) = map.get(key) {
                    canonical(value, text);
                }
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(list) => {
            text.push('[');
            for value in list {
                canonical(value, text);
                text.push(',');
            }
            text.push(']');
        }
        // Reading a fraction back may move its last bit: fewer digits make the same text of both.
        Value::Number(number) if number.is_f64() => {
            text.push_str(&format!("{:.12e}", number.as_f64().unwrap_or_default()));
        }
        other => text.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{digest, identity, same};
    use crate::cluster::Manifest;

    #[test]
    fn the_order_of_fields_does_not_count() {
        let (a, b) = (json!({"a": 1, "b": [0.1, {"c": 2, "d": 3}]}), json!({"b": [0.1, {"d": 3, "c": 2}], "a": 1.0}));
        assert!(same(&a, &b));
        assert_eq!(digest(&json!({"a": 1, "b": 2}), 12), digest(&json!({"b": 2, "a": 1}), 12));
        assert!(!same(&json!({"a": 1}), &json!({"a": 1, "b": null})));
    }

    #[test]
    fn an_object_stays_itself_while_its_status_moves() {
        let object = |version: &str, ready: u32, image: &str| {
            Manifest(json!({
                "metadata": {"name": "web", "uid": "u", "resourceVersion": version, "managedFields": [{}]},
                "spec": {"image": image}, "status": {"ready": ready}
            }))
        };
        assert_eq!(identity(&object("1", 1, "a")), identity(&object("2", 0, "a")));
        assert_ne!(identity(&object("1", 1, "a")), identity(&object("1", 1, "b")));
    }
}
