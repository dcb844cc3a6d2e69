//! Reading and writing places inside objects, where anything may be absent.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Labels or a plain selector.
pub type Labels = BTreeMap<String, String>;

/// The value at a path; null when any part of it is absent.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().fold(value, |value, part| value.get(part).unwrap_or(&Value::Null))
}

/// The text at a path, empty when there is none.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    at(value, path).as_str().unwrap_or_default()
}

/// The number at a path.
pub fn int(value: &Value, path: &[&str]) -> Option<i64> {
    at(value, path).as_i64()
}

/// Whether the path holds `true`.
pub fn yes(value: &Value, path: &[&str]) -> bool {
    at(value, path).as_bool() == Some(true)
}

/// The items of the list at a path.
pub fn list<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// The texts of the map at a path.
pub fn labels(value: &Value, path: &[&str]) -> Labels {
    at(value, path).as_object().map_or_else(Labels::new, |map| {
        map.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    })
}

/// Writes a value at a path; what stands in the way and is no map is replaced by one.
pub fn set(value: &mut Value, path: &[&str], new: impl Into<Value>) {
    let mut here = value;
    for part in path {
        if !here.is_object() {
            *here = Value::Object(Map::new());
        }
        let Value::Object(map) = here else { return };
        here = map.entry((*part).to_owned()).or_insert(Value::Null);
    }
    *here = new.into();
}

/// Takes the last part of a path away.
pub fn unset(value: &mut Value, path: &[&str]) {
    let Some((last, way)) = path.split_last() else { return };
    let mut here = value;
    for part in way {
        let Some(next) = here.get_mut(part) else { return };
        here = next;
    }
    if let Value::Object(map) = here {
        map.remove(*last);
    }
}

/// The condition of a type in a list of conditions.
pub fn condition<'a>(conditions: &'a [Value], kind: &str) -> Option<&'a Value> {
    conditions.iter().find(|one| text(one, &["type"]) == kind)
}

/// A count as the API writes it.
pub fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
