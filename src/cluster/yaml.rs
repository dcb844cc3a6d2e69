//! One object as YAML for a person to read: what nobody reads folded, what nobody may read masked.

use serde_json::{Map, Value, json};

use super::Manifest;
use crate::base::sanitize;

/// kubectl's copy of what was applied; of a Secret it holds the values again.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The YAML of an object, safe for the screen. `managedFields` are folded into a comment; values of Secrets are masked.
pub fn text(object: &Manifest) -> String {
    let mut shown = masked(object);
    let managed = shown
        .map_mut(&["metadata"])
        .and_then(|metadata| metadata.remove("managedFields"))
        .and_then(|managed| managed.as_array().map(Vec::len));
    let mut out = String::new();
    if let Some(count) = managed.filter(|count| *count > 0) {
        out.push_str(&format!("# managedFields: {count} entries folded\n"));
    }
    out.push_str(&body(&shown));
    out
}

/// The same with `managedFields` as the server keeps them.
pub fn whole(object: &Manifest) -> String {
    body(&masked(object))
}

fn body(shown: &Manifest) -> String {
    // Every JSON value has a YAML form; were it ever otherwise, JSON is YAML too.
    let text = serde_saphyr::to_string(&shown.0).unwrap_or_else(|_| shown.0.to_string());
    sanitize::lines(&text).into_owned()
}

/// The object without the values of a Secret, wherever they stand.
pub fn masked(object: &Manifest) -> Manifest {
    let mut object = object.clone();
    if object.kind() != "Secret" || object.api_version() != "v1" {
        return object;
    }
    if let Some(fields) = object.0.as_object_mut() {
        for (field, encoded) in [("data", true), ("stringData", false)] {
            if let Some(Value::Object(values)) = fields.get_mut(field) {
                mask(values, encoded);
            }
        }
    }
    let annotations = object.0.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let Some(copy) = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED)) {
        *copy = json!("<hidden: it repeats the values>");
    }
    object
}

fn mask(values: &mut Map<String, Value>, encoded: bool) {
    for value in values.values_mut() {
        let text = value.as_str().unwrap_or_default();
        let bytes = if encoded { text.trim_end_matches('=').len() * 3 / 4 } else { text.len() };
        *value = json!(format!("<hidden: {bytes} bytes>"));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Manifest, text};

    #[test]
    fn a_secret_shows_its_keys_and_no_value() {
        let secret = Manifest(json!({
            "apiVersion": "v1", "kind": "Secret",
            "metadata": {"name": "s", "managedFields": [{}, {}], "annotations": {
                "kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"password\":\"aHVudGVyMg==\"}}"}},
            "data": {"password": "aHVudGVyMg=="}, "stringData": {"plain": "hunter2"},
        }));
        let shown = text(&secret);
        assert!(shown.starts_with("# managedFields: 2 entries folded\n"), "{shown}");
        assert!(shown.contains("password") && shown.contains("<hidden: 7 bytes>"), "{shown}");
        assert!(!shown.contains("hunter2") && !shown.contains("aHVudGVyMg"), "{shown}");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let object = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
            "data": {"yes": "yes", "number": "012", "empty": "", "lines": "a\nb\n", "tilde": "~", "colon": "a: b", "hash": "a #b"},
        });
        let read: serde_json::Value = serde_saphyr::from_str(&text(&Manifest(object.clone()))).unwrap();
        assert_eq!(read, object);
    }
}
