//! What the provider's door must know of a wire: where requests go, how they are signed and written, how answers are read. The
//! table of `agent/wire.rs` names the wires; here each has its functions, which stand in a file of its own.

use serde_json::Value;

use super::{
    a2a, analyze, anthropic, openai,
    provider::{Asked, Decoder},
};
use crate::agent::{model::Model, wire::Wire};

/// The functions of a wire.
#[derive(Clone, Copy)]
pub(super) struct Dialect {
    /// What is put behind the base address.
    pub path: &'static str,
    /// A header that tells the version of the wire.
    pub version: Option<(&'static str, &'static str)>,
    /// The header of the key, and what stands before the key in it.
    pub key: (&'static str, &'static str),
    /// The body of a request.
    pub body: fn(&Asked<'_>) -> Value,
    /// Who reads the answer.
    pub decoder: fn(&Model) -> Box<dyn Decoder>,
}

/// The functions of this wire.
pub(super) fn of(wire: Wire) -> Dialect {
    match wire {
        Wire::OpenAi => Dialect {
            path: "/chat/completions",
            version: None,
            key: ("authorization", "Bearer "),
            body: openai::body,
            decoder: |_| Box::<openai::Stream>::default(),
        },
        Wire::Anthropic => Dialect {
            path: "/v1/messages",
            version: Some(("anthropic-version", "2023-06-01")),
            key: ("x-api-key", ""),
            body: anthropic::body,
            decoder: |_| Box::<anthropic::Stream>::default(),
        },
        Wire::A2a => Dialect {
            path: "",
            version: None,
            key: ("authorization", "Bearer "),
            body: a2a::body,
            decoder: |_| Box::<a2a::Stream>::default(),
        },
        Wire::Analyze => Dialect {
            path: "/a2a/analyze",
            version: None,
            key: ("authorization", "Bearer "),
            body: analyze::body,
            decoder: |_| Box::<analyze::Answer>::default(),
        },
    }
}

/// The whole address of requests. The base is given with and without what is put behind it.
pub(super) fn address(wire: Wire, base: &str) -> String {
    let base = base.trim().trim_end_matches('/');
    let path = match wire {
        Wire::Anthropic if base.ends_with("/v1") => "/messages",
        wire => of(wire).path,
    };
    if base.ends_with(path) { base.to_owned() } else { format!("{base}{path}") }
}
