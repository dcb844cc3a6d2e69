//! Patches: JSON patch, merge patch, strategic merge patch; and the name of the form that is none, server-side apply.

use serde_json::{Value, json};

use super::{cluster::Schema, refusal::Refusal, wire::Request};
use crate::{schema::strategic, store::KindRow};

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
            let patch: json_patch::Patch = serde_json::from_value(patch.clone())
                .map_err(|error| Refusal::bad(format!("error decoding patch: {error}")))?;
            json_patch::patch(&mut object, &patch).map_err(|error| unprocessable(&error))?;
        }
        Form::Merge => {
            if !patch.is_object() {
                return Err(Refusal::bad("error decoding patch: a merge patch is an object"));
            }
            json_patch::merge(&mut object, patch);
        }
        Form::Strategic => {
            if !patch.is_object() {
                return Err(Refusal::bad("error decoding patch: a strategic merge patch is an object"));
            }
            strategic::merge(&mut object, patch, schema.and_then(Schema::node))
                .map_err(|wrong| Refusal::bad(wrong.to_string()))?;
        }
    }
    if object.is_object() { Ok(object) } else { Err(Refusal::bad("the patch leaves no object")) }
}

/// A JSON patch whose tests or paths do not fit the object.
fn unprocessable(error: &json_patch::PatchError) -> Refusal {
    let what = match error.kind {
        json_patch::PatchErrorKind::TestFailed => format!("testing value {} failed: test failed", error.path),
        _ => format!("operation {} at {:?}: {}", error.operation, error.path.to_string(), error.kind),
    };
    Refusal { details: json!({}), ..Refusal::new(422, "Invalid", what) }
}
