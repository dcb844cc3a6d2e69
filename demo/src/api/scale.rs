//! The scale subresource: a view of an object that is written back into it.

use serde_json::{Value, json};

use super::refusal::Refusal;
use crate::{
    base::{jsonpath::JsonPath, value},
    schema::{custom::go, validate::Cause},
    store::{KindRow, kinds::ScalePaths},
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
    let selector = Some(&paths.selector).filter(|path| !path.is_empty());
    let selector = selector.and_then(|path| JsonPath::parse(path)).and_then(|path| path.first(object).cloned());
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

/// What is wrong with what the scale of a custom kind reads.
pub fn check(row: &KindRow, object: &Value, status: bool) -> Vec<Cause> {
    let mut causes = Vec::new();
    let Some(paths) = &row.scale else { return causes };
    let found = |path: &str| {
        let parts: Vec<&str> = path.split('.').filter(|part| !part.is_empty()).collect();
        value::at(object, &parts)
    };
    for path in [(!status).then_some(&paths.spec), Some(&paths.status)].into_iter().flatten() {
        let replicas = found(path);
        let mut wrong = |value: &Value, why: &str| causes.push(Cause::invalid(path.clone(), value, why));
        match replicas.as_i64() {
            None if replicas.is_null() => {}
            None => {
                let shown = replicas.as_str().map_or_else(|| replicas.to_string(), str::to_owned);
                let why =
                    format!("{path} accessor error: {shown} is of the type {}, expected int64", go::type_of(replicas));
                wrong(&json!(0), &why);
            }
            Some(has) if has < 0 => wrong(replicas, "should be a non-negative integer"),
            Some(has) if has > i64::from(i32::MAX) => {
                wrong(replicas, &format!("should be less than or equal to {}", i32::MAX));
            }
            Some(_) => {}
        }
    }
    let selector = found(&paths.selector);
    if !paths.selector.is_empty() && !selector.is_null() && !selector.is_string() {
        let why = format!(
            "{} accessor error: {selector} is of the type {}, expected string",
            paths.selector,
            go::type_of(selector)
        );
        causes.push(Cause::invalid(paths.selector.clone(), &json!(""), &why));
    }
    causes
}

/// The object that a changed Scale asks for.
pub fn into(row: &KindRow, paths: &ScalePaths, object: &Value, scale: &Value) -> Result<Value, Refusal> {
    let wanted = value::at(scale, &["spec", "replicas"]);
    let wanted = if wanted.is_null() { 0 } else { wanted.as_i64().unwrap_or(-1) };
    // Custom kinds say by their schemas how many there may be.
    if wanted < 0 && !row.custom {
        let cause = Cause::invalid(
            "spec.replicas",
            value::at(scale, &["spec", "replicas"]),
            "must be greater than or equal to 0",
        );
        let name = value::text(object, &["metadata", "name"]);
        return Err(Refusal::invalid_as("autoscaling", "Scale", name, &[cause]));
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
