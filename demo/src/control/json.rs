//! Reading and writing places inside objects, where anything may be absent.

use serde_json::{Map, Value};

pub use crate::base::value::{Labels, at, int, labels, list, remove, text};

/// Whether the path holds `true`.
pub fn yes(value: &Value, path: &[&str]) -> bool {
    at(value, path).as_bool() == Some(true)
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

/// Takes a word out of a list.
pub fn take(value: &mut Value, path: &[&str], word: &str) {
    let mut all = list(value, path).to_vec();
    all.retain(|one| one != word);
    set(value, path, all);
}

/// The condition of a type in a list of conditions.
pub fn condition<'a>(conditions: &'a [Value], kind: &str) -> Option<&'a Value> {
    conditions.iter().find(|one| text(one, &["type"]) == kind)
}

/// A count as the API writes it.
pub fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
