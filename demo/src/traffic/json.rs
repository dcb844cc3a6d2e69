//! Short words for reading API objects.

use std::collections::BTreeMap;

use serde_json::Value;

/// Labels, sorted.
pub type Labels = BTreeMap<String, String>;

/// The value at a path of fields.
pub fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, field| value.get(field))
}

/// The text at a path.
pub fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path)?.as_str()
}

/// The text at a path, or nothing.
pub fn word<'a>(value: &'a Value, path: &[&str]) -> &'a str {
    text(value, path).unwrap_or_default()
}

/// The list at a path; empty when absent.
pub fn list<'a>(value: &'a Value, path: &[&str]) -> &'a [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The texts of the list at a path.
pub fn texts(value: &Value, path: &[&str]) -> Vec<String> {
    list(value, path).iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The map of texts at a path.
pub fn labels(value: &Value, path: &[&str]) -> Labels {
    let map = at(value, path).and_then(Value::as_object);
    map.into_iter().flatten().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
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
    carries(of, &labels(selector, &["matchLabels"]))
        && list(selector, &["matchExpressions"]).iter().all(|expression| {
            let found = of.get(word(expression, &["key"]));
            let values = texts(expression, &["values"]);
            match word(expression, &["operator"]) {
                "In" => found.is_some_and(|found| values.contains(found)),
                "NotIn" => found.is_none_or(|found| !values.contains(found)),
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}
