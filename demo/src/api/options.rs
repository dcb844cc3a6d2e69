//! What a write says beside its body: who writes, whether in earnest, and how strict the server shall be.

use serde_json::{Value, json};

use super::{refusal::Refusal, wire::Request};
use crate::schema::validate::Cause;

/// How long the name of a manager may be.
const LONGEST: usize = 128;

/// Options of a patch or an apply, checked: what is wrong with one is told with the others.
pub fn of_patch(request: &Request, applies: bool) -> Result<(), Refusal> {
    let mut causes = Vec::new();
    let manager = request.ask("fieldManager").unwrap_or_default();
    if applies && manager.is_empty() {
        causes.push(Cause::required("fieldManager", "is required for apply patch"));
    }
    if !applies && request.query.iter().any(|(name, _)| name == "force") {
        let message = "Forbidden: may not be specified for non-apply patch".to_owned();
        causes.push(Cause { reason: "FieldValueForbidden", field: "force".to_owned(), message });
    }
    if manager.len() > LONGEST {
        let message = format!("Too long: may not be more than {LONGEST} bytes");
        causes.push(Cause { reason: "FieldValueTooLong", field: "fieldManager".to_owned(), message });
    }
    for (at, strange) in manager.char_indices().filter(|(_, one)| one.is_control()) {
        let why = format!("invalid character U+{:04X} (at position {at})", u32::from(strange));
        causes.push(Cause::invalid("fieldManager", &json!(manager), &why));
    }
    if let Some(other) = request.ask("dryRun").filter(|said| *said != "All") {
        causes.push(Cause::unsupported("dryRun", &json!([other]), ["All"]));
    }
    if let Some(other) = request.ask("fieldValidation").filter(|said| !["Ignore", "Warn", "Strict"].contains(said)) {
        causes.push(Cause::unsupported("fieldValidation", &json!(other), ["", "Ignore", "Strict", "Warn"]));
    }
    if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid_as("meta.k8s.io", "PatchOptions", "", &causes)) }
}

/// The body of an apply, and what is wrong with it that only a strict reader minds.
pub fn config(request: &Request) -> Result<(Value, Option<String>), Refusal> {
    let text =
        std::str::from_utf8(&request.body).map_err(|_| Refusal::bad("error decoding YAML: the body is no UTF-8"))?;
    let wrong = |error: &dyn std::fmt::Display| Refusal::bad(format!("error decoding YAML: {error}"));
    let mut doubled = None;
    let value: Value = match serde_saphyr::from_str(text) {
        Ok(value) => value,
        Err(strict) => {
            let options =
                serde_saphyr::options! { duplicate_keys: serde_saphyr::options::DuplicateKeyPolicy::LastWins };
            let value = serde_saphyr::from_str_with_options(text, options).map_err(|error| wrong(&error))?;
            doubled = Some(twice(&strict));
            value
        }
    };
    match value {
        Value::Null => Ok((json!({}), doubled)),
        Value::Object(_) => Ok((value, doubled)),
        other => {
            let what = match other {
                Value::Array(_) => "array",
                Value::String(_) => "string",
                Value::Bool(_) => "bool",
                _ => "number",
            };
            let how = "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal";
            Err(wrong(&format!("{how} {what} into Go value of type map[string]interface {{}}")))
        }
    }
}

/// A key that stands twice, as the server tells it.
fn twice(error: &serde_saphyr::Error) -> String {
    match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, location } => {
            let key = key.as_deref().unwrap_or_default();
            format!("line {}: key {key:?} already set in map", location.line())
        }
        other => other.to_string(),
    }
}
