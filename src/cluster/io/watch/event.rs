//! The envelope of a watch event (`WatchEvent` of meta/v1).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Upsert,
    Delete,
    Bookmark,
    Error,
    /// A type this version does not know; ignored, as the API's rules ask.
    Unknown,
}

impl What {
    fn of(name: &str) -> Self {
        match name {
            "ADDED" | "MODIFIED" => Self::Upsert,
            "DELETED" => Self::Delete,
            "BOOKMARK" => Self::Bookmark,
            "ERROR" => Self::Error,
            _ => Self::Unknown,
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(rename = "type")]
    what: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// Opens an envelope: what happened, and the object's JSON.
pub(super) fn open(line: &[u8]) -> Result<(What, &[u8]), serde_json::Error> {
    // The form every API server writes; taken apart without reading the object twice.
    if let Some((what, object)) = usual(line) {
        return Ok((what, object));
    }
    let envelope: Envelope<'_> = serde_json::from_slice(line)?;
    Ok((What::of(&envelope.what), envelope.object.get().as_bytes()))
}

fn usual(line: &[u8]) -> Option<(What, &[u8])> {
    let rest = line.strip_prefix(b"{\"type\":\"")?;
    let quote = rest.iter().take(16).position(|byte| *byte == b'"')?;
    let (name, rest) = rest.split_at_checked(quote)?;
    let object = rest.strip_prefix(b"\",\"object\":")?.trim_ascii_end().strip_suffix(b"}")?;
    Some((What::of(std::str::from_utf8(name).ok()?), object))
}

#[cfg(test)]
mod tests {
    use super::{What, open};

    #[test]
    fn both_orders_and_any_spacing_are_read() {
        let object = br#"{"metadata":{"name":"}"}}"#;
        for line in [
            r#"{"type":"ADDED","object":{"metadata":{"name":"}"}}}"#,
            r#"{ "type": "ADDED", "object": {"metadata":{"name":"}"}} }"#,
            r#"{"object":{"metadata":{"name":"}"}},"type":"ADDED"}"#,
        ] {
            assert_eq!(open(line.as_bytes()).unwrap(), (What::Upsert, object.as_slice()), "{line}");
        }
        assert_eq!(open(br#"{"type":"NEWS","object":{}}"#).unwrap().0, What::Unknown);
        assert!(open(b"<html>").is_err());
        assert!(open(b"").is_err());
    }
}
