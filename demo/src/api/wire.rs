//! Requests and answers as data: what the server's door hands in and what it gets back.

use bytes::Bytes;
use serde_json::Value;

use super::{follow::Follow, refusal::Refusal, watch::Watch};

/// One request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// `GET`, `POST`, …
    pub method: String,
    /// Path, percent-encoding undone.
    pub path: String,
    /// Parameters in their order, percent-encoding undone.
    pub query: Vec<(String, String)>,
    /// The `Accept` header.
    pub accept: String,
    /// The `Content-Type` header.
    pub content_type: String,
    /// The `User-Agent` header.
    pub agent: String,
    /// Whether the answer may be gzipped.
    pub gzip: bool,
    /// The bearer token, empty without one.
    pub token: String,
    /// The `Impersonate-User` header, empty without one.
    pub instead_of: String,
    /// The `Impersonate-Group` headers.
    pub groups: Vec<String>,
    /// Headers that are none of the API's, lower-case names: a proxy passes them on.
    pub headers: Vec<(String, String)>,
    /// It asks to go on as a websocket.
    pub upgrade: bool,
    /// The body.
    pub body: Bytes,
    /// A webhook that has its say in what this request writes.
    pub webhook: Option<Webhook>,
}

/// What a webhook does to a write.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Webhook {
    /// Its name, as refusals tell it.
    pub name: String,
    /// What it changes: a merge patch, or null.
    pub patch: Value,
    /// Why it refuses.
    pub refusal: Option<String>,
}

impl Request {
    /// The first value of a parameter, where it is not empty.
    pub fn ask(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(has, _)| has == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// Whether a parameter says yes.
    pub fn is_set(&self, name: &str) -> bool {
        self.query.iter().any(|(has, value)| has == name && matches!(value.as_str(), "" | "1" | "true" | "True"))
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.ask(name)?.parse().ok()
    }

    /// Whether it watches.
    pub fn is_watch(&self) -> bool {
        self.is_set("watch")
    }
}

/// One answer.
#[derive(Debug)]
pub struct Response {
    /// HTTP status code.
    pub code: u16,
    /// The `Content-Type` header.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(&'static str, String)>,
    /// What follows.
    pub body: Body,
}

/// The body of an answer.
#[derive(Debug)]
pub enum Body {
    /// All of it.
    Whole(Bytes),
    /// Something that goes on: ask `Cluster::pull` for more.
    Stream(Stream),
}

/// An answer that goes on.
#[derive(Debug)]
pub enum Stream {
    /// The changes of a kind.
    Watch(Box<Watch>),
    /// The lines of a log.
    Follow(Box<Follow>),
    /// What a program behind a Service says, by the number of whoever listens.
    Passed(u64),
}

/// What a stream has to say now.
#[derive(Debug, Default)]
pub struct Pulled {
    /// To be sent, each as a chunk.
    pub chunks: Vec<Bytes>,
    /// Whether nothing more comes.
    pub ended: bool,
}

/// The media type of nearly everything.
pub const JSON: &str = "application/json";

impl Response {
    /// A JSON answer.
    pub fn json(code: u16, value: &Value) -> Self {
        Self::bytes(code, JSON, Bytes::from(value.to_string()))
    }

    /// An answer of bytes.
    pub fn bytes(code: u16, content_type: &'static str, body: Bytes) -> Self {
        Self { code, content_type, headers: Vec::new(), body: Body::Whole(body) }
    }

    /// A stream.
    pub fn stream(content_type: &'static str, stream: Stream) -> Self {
        Self { code: 200, content_type, headers: Vec::new(), body: Body::Stream(stream) }
    }

    /// The same with warnings for a person.
    #[must_use]
    pub fn warn(mut self, warnings: &[String]) -> Self {
        for warning in warnings {
            self.headers.push(("Warning", format!("299 - {warning:?}")));
        }
        self
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        if refusal.plain {
            return Self::bytes(refusal.code, "text/plain; charset=utf-8", Bytes::from(String::from(refusal.message)));
        }
        Self::json(refusal.code, &refusal.status())
    }
}
