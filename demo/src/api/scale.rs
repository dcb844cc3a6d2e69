//! The scale subresource: a view of an object that is written back into it.

use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::{
    base::{jsonpath::JsonPath, value},
    store::kinds::ScalePaths,
};

/// The Scale of an object.
pub fn of(paths: &ScalePaths, object: &Value) -> Value {
    let number = |path: &str| JsonPath::parse(path).and_then(|path| path.first(object)?.as_i64());
    let metadata = value::at(object, &["metadata"]);
    let mut scale = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": metadata["name"],
            "namespace": metadata["namespace"],
            "uid": metadata["uid"],
            "resourceVersion": metadata["resourceVersion"],
            "creationTimestamp": metadata["creationTimestamp"],
        },
        "spec": {},
        "status": {"replicas": number(&paths.status).unwrap_or_default()},
    });
    // Zero is not written.
    if let Some(wanted) = number(&paths.spec).filter(|wanted| *wanted != 0) {
        scale["spec"]["replicas"] = json!(wanted);
    }
    let selector = JsonPath::parse(&paths.selector).and_then(|path| path.first(object).cloned());
    match selector {
        Some(Value::String(text)) => scale["status"]["selector"] = json!(text),
        Some(object @ Value::Object(_)) => scale["status"]["selector"] = json!(text_of(&object)),
        _ => {}
    }
    scale
}

/// A selector object as text.
pub fn text_of(selector: &Value) -> String {
    let mut parts: Vec<String> = Vec::new();
    let labels = selector.get("matchLabels").and_then(Value::as_object);
    for (key, value) in labels.into_iter().flatten() {
        parts.push(format!("{key}={}", value.as_str().unwrap_or_default()));
    }
    for one in value::list(selector, &["matchExpressions"]) {
        let key = value::text(one, &["key"]);
        let values: Vec<&str> = value::list(one, &["values"]).iter().filter_map(Value::as_str).collect();
        parts.push(match value::text(one, &["operator"]) {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        });
    }
    parts.sort();
    parts.join(",")
}

/// The object that a changed Scale asks for.
pub fn into(paths: &ScalePaths, object: &Value, scale: &Value) -> Result<Value, Refusal> {
    let (given, name) = (value::text(scale, &["metadata", "name"]), value::text(object, &["metadata", "name"]));
    if !given.is_empty() && given != name {
        let why = format!("the name of the object ({given}) does not match the name on the URL ({name})");
        return Err(Refusal::bad(why));
    }
    let wanted = value::at(scale, &["spec", "replicas"]);
    let wanted = if wanted.is_null() { 0 } else { wanted.as_i64().unwrap_or(-1) };
    if wanted < 0 {
        let cause = crate::schema::validate::Cause::invalid(
            "spec.replicas",
            value::at(scale, &["spec", "replicas"]),
            "must be greater than or equal to 0",
        );
        return Err(Refusal::scale(value::text(object, &["metadata", "name"]), &cause));
    }
    let mut object = object.clone();
    let given = value::text(scale, &["metadata", "resourceVersion"]);
    if !given.is_empty() {
        value::put(&mut object, &["metadata", "resourceVersion"], json!(given));
    }
    let given = value::text(scale, &["metadata", "uid"]);
    if !given.is_empty() {
        value::put(&mut object, &["metadata", "uid"], json!(given));
    }
    let path: Vec<&str> = paths.spec.split('.').filter(|part| !part.is_empty()).collect();
    value::put(&mut object, &path, json!(wanted));
    Ok(object)
}
