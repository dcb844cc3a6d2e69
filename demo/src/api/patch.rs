//! Patches: JSON patch, merge patch, strategic merge patch; and the name of the form that is none, server-side apply.

use serde_json::{Value, json};

use super::{cluster::Schema, refusal::Refusal, wire::Request};
use crate::{base::value, schema::strategic, store::KindRow};

/// How a patch is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// RFC 6902.
    Json,
    /// RFC 7386.
    Merge,
    /// Kubernetes' own.
    Strategic,
}

/// What an apply is sent as.
pub const APPLY: &str = "application/apply-patch+yaml";

/// Whether a request is an apply.
pub fn applies(request: &Request) -> bool {
    request.content_type.split(';').next().unwrap_or_default().trim() == APPLY
}

/// The form a `Content-Type` names.
pub fn form(row: &KindRow, content_type: &str) -> Result<Form, Refusal> {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    match media {
        "application/json-patch+json" => Ok(Form::Json),
        "application/merge-patch+json" => Ok(Form::Merge),
        "application/strategic-merge-patch+json" if !row.custom => Ok(Form::Strategic),
        _ => Err(Refusal::form(row, &["application/json-patch+json", "application/merge-patch+json", APPLY])),
    }
}

/// Applies a patch to an object.
pub fn apply(form: Form, object: &Value, patch: &Value, schema: Option<&Schema>) -> Result<Value, Refusal> {
    let mut object = object.clone();
    match form {
        Form::Json => {
            let Some(steps) = patch.as_array() else {
                let what = sort(patch);
                return Err(Refusal::bad(format!(
                    "error decoding patch: json: cannot unmarshal {what} into Go value of type []handlers.jsonPatchOp"
                )));
            };
            for step in steps {
                let mut step = step.clone();
                // The real server replaces what is not there in a map, and copies and moves null from there.
                let from = value::text(&step, &["from"]).to_owned();
                match value::text(&step, &["op"]) {
                    "replace" => {
                        let path = value::text(&step, &["path"]);
                        let parent = path.rsplit_once('/').and_then(|(parent, _)| object.pointer(parent));
                        if parent.is_some_and(Value::is_object) {
                            step["op"] = json!("add");
                        }
                    }
                    word @ ("copy" | "move") if object.pointer(&from).is_none() => {
                        let parent = from.rsplit_once('/').and_then(|(parent, _)| object.pointer(parent));
                        if word == "move" || !parent.is_some_and(Value::is_object) {
                            return Err(unprocessable());
                        }
                        step = json!({"op": "add", "path": step["path"], "value": null});
                    }
                    _ => {}
                }
                let step: json_patch::PatchOperation = serde_json::from_value(step).map_err(|_| unprocessable())?;
                json_patch::patch(&mut object, &[step]).map_err(|_| unprocessable())?;
            }
        }
        Form::Merge => {
            if !patch.is_object() {
                return Err(Refusal::bad(format!("error decoding patch: {}", no_map(patch))));
            }
            json_patch::merge(&mut object, patch);
        }
        Form::Strategic => {
            if !patch.is_object() {
                return Err(Refusal::bad(no_map(patch)));
            }
            strategic::merge(&mut object, patch, schema.and_then(Schema::node))
                .map_err(|wrong| Refusal::new(500, "", wrong.to_string()))?;
        }
    }
    if object.is_object() { Ok(object) } else { Err(Refusal::bad("the patch leaves no object")) }
}

fn sort(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "object",
        Value::Array(_) => "array",
        Value::String(_) => "string",
        Value::Number(_) => "number",
        Value::Bool(_) => "bool",
        Value::Null => "null",
    }
}

fn no_map(patch: &Value) -> String {
    format!("json: cannot unmarshal {} into Go value of type map[string]interface {{}}", sort(patch))
}

/// A JSON patch whose tests or paths do not fit the object.
fn unprocessable() -> Refusal {
    let what = "the server rejected our request due to an error in our request";
    Refusal { details: json!({}), ..Refusal::new(422, "Invalid", what) }
}
