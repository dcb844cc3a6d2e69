//! Short words for reading API objects.

use serde_json::Value;

use crate::base::selector::Selector;
pub use crate::base::value::{Labels, labels, list, text as word};

/// The value at a path of fields.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, field| value.get(field))
}

/// The text at a path.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path)?.as_str()
}

/// The texts of the list at a path.
pub fn texts(value: &Value, path: &[&str]) -> Vec<String> {
    list(value, path).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A number that may be written as text.
pub fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

/// A port.
pub fn port(value: &Value, path: &[&str]) -> Option<u16> {
    at(value, path)?.as_u64().and_then(|port| u16::try_from(port).ok())
}

/// Namespace.
pub fn namespace(object: &Value) -> &str {
    word(object, &["metadata", "namespace"])
}

/// Name.
pub fn name(object: &Value) -> &str {
    word(object, &["metadata", "name"])
}

/// Order of age, then of namespace and name: who is older wins ties.
pub fn seniority(object: &Value) -> (String, String) {
    // RFC 3339 in UTC with whole seconds sorts as text.
    let created = word(object, &["metadata", "creationTimestamp"]).to_owned();
    (created, format!("{}/{}", namespace(object), name(object)))
}

/// Whether all wanted labels are carried.
pub fn carries(labels: &Labels, wanted: &Labels) -> bool {
    wanted.iter().all(|(key, value)| labels.get(key) == Some(value))
}

/// Whether a `LabelSelector` (`matchLabels`, `matchExpressions`) takes these labels. An empty one takes all.
pub fn selects(selector: &Value, of: &Labels) -> bool {
    Selector::read(selector).matches(of)
}
