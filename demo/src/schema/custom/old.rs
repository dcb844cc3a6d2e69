//! Which part of the old object a part of the new one corresponds to.

use serde_json::{Map, Value};

/// The old value of a named field; there is none where the field is new or no schema knows it.
pub fn of_field<'a>(old: Option<&'a Value>, schema: &Value, name: &str) -> Option<&'a Value> {
    super::field(schema, name)?;
    old?.as_object()?.get(name)
}

/// The old item with the same keys. Items of lists that are no maps correspond to nothing.
pub fn of_item<'a>(old: Option<&'a Value>, schema: &Value, item: &Value) -> Option<&'a Value> {
    if schema["x-kubernetes-list-type"] != "map" {
        return None;
    }
    let wanted = keys(schema, item)?;
    old?.as_array()?.iter().find(|has| keys(schema, has).as_ref() == Some(&wanted))
}

/// The values of the keys of an item.
pub fn keys(schema: &Value, item: &Value) -> Option<Map<String, Value>> {
    let item = item.as_object()?;
    let names = schema["x-kubernetes-list-map-keys"].as_array()?;
    Some(
        names
            .iter()
            .filter_map(Value::as_str)
            .filter_map(|name| Some((name.to_owned(), item.get(name)?.clone())))
            .collect(),
    )
}
