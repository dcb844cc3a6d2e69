//! What a request says beside its path: its body, and options that several verbs share.

use serde_json::Value;

use super::{cluster::Cluster, doubled, protobuf, refusal::Refusal, wire::Request, write::Unknown};
use crate::{base::value::text, store::KindId};

impl Cluster {
    /// The body of a write, which is an object of the kind: what is none is refused as the real server's decoder does.
    pub(super) fn body(&self, request: &Request, kind: KindId) -> Result<Value, Refusal> {
        let row = self.store.kind(kind);
        let unrecognized = |why: &str| {
            let text = String::from_utf8_lossy(&request.body);
            Refusal::bad(format!(
                "the object provided is unrecognized (must be of type {}): {why} ({})",
                row.kind,
                summary(&text)
            ))
        };
        let media = request.content_type.split(';').next().unwrap_or_default().trim();
        if matches!(media, "" | "application/json") {
            let typed = r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
            // A custom object is read as a map of anything, where the last of two fields counts.
            let read: fn(&[u8]) -> serde_json::Result<Value> =
                if row.custom { |body| serde_json::from_slice(body) } else { doubled::read };
            let body: Value = read(&request.body).map_err(|error| {
                unrecognized(&format!("couldn't get version/kind; json parse error: {}", go(&error)))
            })?;
            if !body.is_object() {
                return Err(unrecognized(&format!(
                    "couldn't get version/kind; json parse error: json: cannot unmarshal {} into Go value of type {typed}",
                    word(&body)
                )));
            }
            if row.custom {
                for (field, name) in [("kind", "Kind"), ("apiVersion", "apiVersion")] {
                    if text(&body, &[field]).is_empty() {
                        let given = String::from_utf8_lossy(&request.body);
                        return Err(unrecognized(&format!("Object '{name}' is missing in '{given}'")));
                    }
                }
            }
            return Ok(body);
        }
        parse(request)
    }
}

/// The body, in any form a client of Kubernetes sends.
pub(super) fn parse(request: &Request) -> Result<Value, Refusal> {
    let media = request.content_type.split(';').next().unwrap_or_default().trim();
    match media {
        ""
        | "application/json"
        | "application/json-patch+json"
        | "application/merge-patch+json"
        | "application/strategic-merge-patch+json" => serde_json::from_slice(&request.body)
            .map_err(|error| Refusal::bad(format!("the body of the request is no JSON: {error}"))),
        protobuf::MEDIA => protobuf::decode(&request.body)
            .map_err(|why| Refusal::bad(format!("the body of the request is no object in protobuf: {why}"))),
        "application/yaml" => {
            let text =
                std::str::from_utf8(&request.body).map_err(|_| Refusal::bad("the body of the request is no UTF-8"))?;
            serde_saphyr::from_str(text)
                .map_err(|error| Refusal::bad(format!("the body of the request is no YAML: {error}")))
        }
        other => Err(Refusal::media(other, &["application/json", "application/yaml", protobuf::MEDIA])),
    }
}

/// What is wrong with a JSON text, in the words of the real server's reader.
pub(super) fn go(error: &serde_json::Error) -> String {
    if error.is_eof() { "unexpected end of JSON input".to_owned() } else { error.to_string() }
}

/// The sort of a JSON value, in the same words.
fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The beginning of a body: as text where it looks like an object, else byte by byte.
fn summary(text: &str) -> String {
    const MOST: usize = 30;
    if text.is_empty() {
        return "<empty>".to_owned();
    }
    let cut = text.len() > MOST;
    if text.starts_with('{') {
        let head: String = text.chars().take(MOST).collect();
        return if cut { format!("{head} ...") } else { head };
    }
    let head: String = text.bytes().take(MOST).fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    if cut { format!("{head} ...") } else { head }
}

pub(super) fn dry_run(request: &Request) -> Result<bool, Refusal> {
    match request.ask("dryRun") {
        None => Ok(false),
        Some("All") => Ok(true),
        Some(other) => Err(Refusal::new(
            422,
            "Invalid",
            format!("dryRun: Unsupported value: {other:?}: supported values: \"All\""),
        )),
    }
}

pub(super) fn unknown(request: &Request) -> Result<Unknown, Refusal> {
    match request.ask("fieldValidation") {
        None | Some("Warn") => Ok(Unknown::Warn),
        Some("Ignore") => Ok(Unknown::Ignore),
        Some("Strict") => Ok(Unknown::Strict),
        Some(other) => Err(Refusal::new(
            422,
            "Invalid",
            format!(
                "fieldValidation: Unsupported value: {other:?}: supported values: \"Ignore\", \"Strict\", \"Warn\""
            ),
        )),
    }
}

/// The name of the writer: as it says, or what its client is called.
pub(super) fn manager(request: &Request) -> String {
    let given = request.ask("fieldManager").unwrap_or_else(|| request.agent.split('/').next().unwrap_or_default());
    let name: String = given.chars().take(128).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}
