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

/// What is wrong with the options that all writes have.
fn of_any(request: &Request) -> Vec<Cause> {
    let mut causes = Vec::new();
    if let Some(other) = request.ask("dryRun").filter(|said| *said != "All") {
        causes.push(Cause::unsupported("dryRun", &json!([other]), ["All"]));
    }
    if let Some(other) = request.ask("fieldValidation").filter(|said| !["Ignore", "Warn", "Strict"].contains(said)) {
        causes.push(Cause::unsupported("fieldValidation", &json!(other), ["", "Ignore", "Strict", "Warn"]));
    }
    causes
}

/// Options of a creation or a replacement, checked.
pub fn of_write(request: &Request, kind: &str) -> Result<(), Refusal> {
    let causes = of_any(request);
    if causes.is_empty() { Ok(()) } else { Err(Refusal::of_options(kind, &causes)) }
}

fn forbidden(field: &str, why: &str) -> Cause {
    Cause { reason: "FieldValueForbidden", field: field.to_owned(), message: format!("Forbidden: {why}") }
}

/// Options of a list or a watch, checked.
pub fn of_list(request: &Request, watch: bool) -> Result<(), Refusal> {
    const MATCH: &str = "resourceVersionMatch";
    let version = request.ask("resourceVersion");
    let wanted = request.ask(MATCH);
    let token = request.ask("continue").is_some();
    let initial = request.query.iter().any(|(name, _)| name == "sendInitialEvents");
    let mut causes = Vec::new();
    if watch {
        if token && wanted.is_none() && !initial {
            causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
        }
        if initial {
            if wanted != Some("NotOlderThan") {
                causes
                    .push(forbidden(MATCH, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
            }
            if let Some(other) = wanted.filter(|said| *said != "NotOlderThan") {
                causes.push(Cause::unsupported(MATCH, &json!(other), ["NotOlderThan"]));
            }
        } else if wanted.is_some() {
            causes.push(forbidden(
                MATCH,
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ));
        }
    } else {
        if let Some(wanted) = wanted {
            if version.is_none() {
                causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
            }
            if token {
                causes.push(forbidden(MATCH, "resourceVersionMatch is forbidden when continue is provided"));
            }
            if !["Exact", "NotOlderThan"].contains(&wanted) {
                causes.push(Cause::unsupported(MATCH, &json!(wanted), ["Exact", "NotOlderThan", ""]));
            } else if wanted == "Exact" && version == Some("0") {
                causes.push(forbidden(MATCH, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""));
            }
        }
        if initial {
            causes.push(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
        }
    }
    if causes.is_empty() { Ok(()) } else { Err(Refusal::of_options("ListOptions", &causes)) }
}

/// A version asked for; what is none is a mistake inside, as the real server has it.
pub fn version(request: &Request) -> Result<Option<u64>, String> {
    let Some(text) = request.ask("resourceVersion") else { return Ok(None) };
    let wrong =
        || format!("resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax");
    text.parse().map(Some).map_err(|_| wrong())
}

/// A whole number of the query.
pub fn number(request: &Request, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = request.ask(name) else { return Ok(None) };
    let wrong = || Refusal::bad(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
    text.parse().map(Some).map_err(|_| wrong())
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
