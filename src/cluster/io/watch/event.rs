//! The envelope of a watch event (`WatchEvent` of meta/v1).

use std::borrow::Cow;

use bytes::Bytes;
use prost::Message;
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

/// `WatchEvent` of meta/v1 in protobuf; its object is wrapped twice more.
#[derive(Clone, PartialEq, Message)]
struct WireEvent {
    #[prost(string, tag = "1")]
    what: String,
    #[prost(message, optional, tag = "2")]
    object: Option<WireRaw>,
}

/// `RawExtension` of the API machinery.
#[derive(Clone, PartialEq, Message)]
struct WireRaw {
    #[prost(bytes = "bytes", tag = "1")]
    raw: Bytes,
}

/// `Unknown` of the API machinery, which follows the magic number.
#[derive(Clone, PartialEq, Message)]
struct WireUnknown {
    #[prost(bytes = "bytes", tag = "2")]
    raw: Bytes,
}

/// Opens a protobuf envelope: what happened, and the object's protobuf.
pub(super) fn open_protobuf(frame: Bytes) -> Result<(What, Bytes), Unread> {
    const MAGIC: &[u8] = b"k8s\0";
    let event = WireEvent::decode(frame)?;
    let mut wrapped = event.object.unwrap_or_default().raw;
    if !wrapped.starts_with(MAGIC) {
        return Err(Unread::Strange("an object without the mark of its encoding"));
    }
    let object = WireUnknown::decode(wrapped.split_off(MAGIC.len()))?;
    Ok((What::of(&event.what), object.raw))
}

/// `Status` of meta/v1 in protobuf.
#[derive(Clone, PartialEq, Message)]
pub(super) struct WireStatus {
    #[prost(string, tag = "3")]
    pub message: String,
    #[prost(string, tag = "4")]
    pub reason: String,
    #[prost(int32, tag = "6")]
    pub code: i32,
}

/// Why an event or a page cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Protobuf(#[from] prost::DecodeError),
    #[error("{0}")]
    Strange(&'static str),
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
