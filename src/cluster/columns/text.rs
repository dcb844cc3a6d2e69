//! Values as the text of a cell.

use serde_json::Value;

use crate::base::sanitize;

/// What stands where there is nothing, as kubectl writes it.
pub const NONE: &str = "<none>";

/// Several values in one cell, as kubectl joins them.
pub fn joined(values: &[&Value]) -> String {
    let texts: Vec<String> = values.iter().filter(|value| !value.is_null()).map(|value| plain(value)).collect();
    if texts.is_empty() { NONE.to_owned() } else { sanitize::line(&texts.join(",")).into_owned() }
}

/// An expression that could not be evaluated on this object.
pub fn wrong(why: &str) -> String {
    sanitize::line(&format!("error: {why}")).into_owned()
}

/// One value: texts bare, everything else as JSON.
pub fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
