//! Reading and writing inside JSON objects by paths of names.

use std::collections::BTreeMap;

use serde_json::{Map, Value, map::Entry};

/// Labels, or a plain selector.
pub type Labels = BTreeMap<String, String>;

/// What no path leads to.
pub static NULL: Value = Value::Null;

/// Maps of up to so many fields are searched; hashing a name costs more than comparing it with these.
const SMALL: usize = 12;

/// A field of an object.
pub fn field<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let map = value.as_object()?;
    if map.len() > SMALL {
        return map.get(name);
    }
    map.iter().find(|(has, _)| *has == name).map(|(_, value)| value)
}

/// The value under a path of names, or null.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> &'a Value {
    path.iter().try_fold(value, |value, name| field(value, name)).unwrap_or(&NULL)
}

/// The text under a path, empty where there is none.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    at(value, path).as_str().unwrap_or_default()
}

/// The whole number under a path.
pub fn int(value: &Value, path: &[&str]) -> Option<i64> {
    at(value, path).as_i64()
}

/// The list under a path, empty where there is none.
pub fn list<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    at(value, path).as_array().map_or(&[], Vec::as_slice)
}

/// The texts of the map under a path.
pub fn labels(value: &Value, path: &[&str]) -> Labels {
    let map = at(value, path).as_object().into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

/// The object under a path, made where it is missing; `None` where something else stands in the way.
pub fn object<'a>(value: &'a mut Value, path: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let mut here = value;
    for name in path {
        let map = here.as_object_mut()?;
        here = match map.entry(*name) {
            Entry::Vacant(slot) => slot.insert(Value::Object(Map::new())),
            Entry::Occupied(slot) => {
                let inner = slot.into_mut();
                if inner.is_null() {
                    *inner = Value::Object(Map::new());
                }
                inner
            }
        };
    }
    here.as_object_mut()
}

/// Puts a value under a path, making what lies between.
pub fn put(value: &mut Value, path: &[&str], new: Value) {
    if let Some((last, before)) = path.split_last()
        && let Some(map) = object(value, before)
    {
        map.insert((*last).to_owned(), new);
    }
}

/// Puts a value where nothing stands; leaves everything else.
pub fn put_missing(value: &mut Value, path: &[&str], new: Value) {
    if at(value, path).is_null() {
        put(value, path, new);
    }
}

/// Takes away what stands under a path.
pub fn remove(value: &mut Value, path: &[&str]) -> Option<Value> {
    let (last, before) = path.split_last()?;
    let mut here = value;
    for name in before {
        here = here.get_mut(name)?;
    }
    here.as_object_mut()?.shift_remove(*last)
}
