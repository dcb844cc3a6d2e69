//! A rule of a route, the same for every kind of route.

use std::sync::Arc;

use serde_json::Value;

use crate::traffic::{json, request::Text, span};

use super::attached::Model;

/// A rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// `NAMESPACE/NAME` of its route, for logs.
    pub route: Arc<str>,
    /// What it does.
    pub action: Action,
    /// Path sent on.
    pub rewrite: Option<Rewrite>,
    /// Timeout of the whole request, milliseconds; `None`: none.
    pub timeout: Option<f64>,
    /// Timeout of one try.
    pub per_try: Option<f64>,
    /// Retries; `None`: the mesh's default.
    pub retries: Option<Retries>,
    /// Fault injected by it.
    pub fault: Option<Fault>,
    /// What becomes of its share for a backend that is not there.
    pub missing: Missing,
}

/// What a proxy answers where a backend is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// 500, as Gateway API lays it down (`HTTPRouteRule.backendRefs`).
    Error,
    /// 503: Envoy's own answer where a VirtualService names a cluster that is not there.
    NoCluster,
}

/// What a rule does with a request.
#[derive(Debug, Clone)]
pub enum Action {
    /// Sends it on.
    Forward(Vec<Target>),
    /// Answers itself.
    Answer(u16),
}

/// Where it sends to.
#[derive(Debug, Clone)]
pub struct Target {
    /// The Service; `None` when the reference is not valid.
    pub service: Option<u32>,
    /// The model, where it is one.
    pub model: Option<Model>,
    /// Its port; `None`: the first.
    pub port: Option<u16>,
    /// Subset of a DestinationRule.
    pub subset: Option<String>,
    /// Weight.
    pub weight: u32,
}

/// Another path.
#[derive(Debug, Clone)]
pub enum Rewrite {
    /// The whole.
    Full(String),
    /// The matched prefix (first) by another (second).
    Prefix(String, String),
}

impl Rewrite {
    /// The path sent on.
    pub fn apply(&self, path: &str) -> String {
        match self {
            Self::Full(full) => full.clone(),
            Self::Prefix(prefix, by) => {
                let rest = path.strip_prefix(prefix.trim_end_matches('/')).unwrap_or(path);
                let joined = format!("{}/{}", by.trim_end_matches('/'), rest.trim_start_matches('/'));
                if rest.is_empty() { by.clone() } else { joined }
            }
        }
    }
}

/// How often and after what a request is tried again.
#[derive(Debug, Clone, PartialEq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "the words of retryOn, any of which may stand together")]
pub struct Retries {
    /// How many more tries.
    pub attempts: u32,
    /// After a failed connection.
    pub connect: bool,
    /// After a reset.
    pub reset: bool,
    /// After any 5xx.
    pub five: bool,
    /// After 502, 503, 504.
    pub gateway: bool,
    /// After these codes.
    pub codes: Vec<u16>,
    /// After these gRPC codes.
    pub grpc: Vec<u8>,
}

impl Retries {
    /// None at all.
    pub const NEVER: Self = Self {
        attempts: 0,
        connect: false,
        reset: false,
        five: false,
        gateway: false,
        codes: Vec::new(),
        grpc: Vec::new(),
    };

    /// What a sidecar does when nothing is said: two more tries after a failed connection (Istio 1.24 and later leave 503 of
    /// an application alone).
    pub fn mesh_default() -> Self {
        Self { attempts: 2, connect: true, grpc: vec![1, 14], ..Self::NEVER }
    }

    /// `retryOn` of a VirtualService; absent: the default's conditions.
    pub fn istio(value: &Value) -> Self {
        let attempts = json::at(value, &["attempts"]).and_then(Value::as_u64).unwrap_or(2) as u32;
        let Some(on) = json::text(value, &["retryOn"]) else { return Self { attempts, ..Self::mesh_default() } };
        let mut retries = Self { attempts, ..Self::NEVER };
        for word in on.split(',').map(str::trim) {
            match word {
                "connect-failure" | "refused-stream" => retries.connect = true,
                "reset" => (retries.reset, retries.connect) = (true, true),
                "reset-before-request" => retries.reset = true,
                "5xx" => (retries.five, retries.reset, retries.connect) = (true, true, true),
                "gateway-error" => retries.gateway = true,
                "cancelled" => retries.grpc.push(1),
                "deadline-exceeded" => retries.grpc.push(4),
                "resource-exhausted" => retries.grpc.push(8),
                "internal" => retries.grpc.push(13),
                "unavailable" => retries.grpc.push(14),
                "retriable-4xx" => retries.codes.push(409),
                code => retries.codes.extend(code.parse::<u16>()),
            }
        }
        retries
    }
}

/// A fault as Envoy's filter injects it.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    /// Share of requests and milliseconds.
    pub delay: Option<(f64, f64)>,
    /// Share of requests and answer.
    pub abort: Option<(f64, Reply)>,
    /// Only requests whose headers match.
    pub headers: Vec<(String, Text)>,
}

/// An answer made up by a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// An HTTP status.
    Http(u16),
    /// A gRPC status in an HTTP 200.
    Grpc(u8),
}

impl Fault {
    /// `fault` of a VirtualService rule. Without a percentage nothing is hit.
    pub fn istio(value: &Value) -> Self {
        let share = |part: &Value| {
            let percentage = json::at(part, &["percentage", "value"]).or_else(|| json::at(part, &["percent"]));
            percentage.and_then(json::number).unwrap_or(0.0) / 100.0
        };
        let delay = value
            .get("delay")
            .and_then(|delay| Some((share(delay), span::millis(json::text(delay, &["fixedDelay"])?)?)));
        let abort = value.get("abort").and_then(|abort| {
            let http = json::port(abort, &["httpStatus"]).map(Reply::Http);
            Some((share(abort), http.or_else(|| json::text(abort, &["grpcStatus"]).and_then(grpc_named))?))
        });
        Self { delay, abort, headers: Vec::new() }
    }
}

/// A gRPC status by name or number.
fn grpc_named(text: &str) -> Option<Reply> {
    const NAMES: [&str; 17] = [
        "OK",
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    ];
    let by_name = NAMES.iter().position(|name| name.eq_ignore_ascii_case(text)).map(|at| at as u8);
    by_name.or_else(|| text.parse().ok()).map(Reply::Grpc)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Fault, Reply, Retries, Rewrite};

    #[test]
    fn a_fault_without_a_percentage_hits_nothing() {
        let fault = Fault::istio(
            &json!({"abort": {"httpStatus": 503}, "delay": {"fixedDelay": "2s", "percentage": {"value": 25}}}),
        );
        assert_eq!(fault.abort, Some((0.0, Reply::Http(503))));
        assert_eq!(fault.delay, Some((0.25, 2000.0)));
    }

    #[test]
    fn retry_words_are_read() {
        let retries = Retries::istio(&json!({"attempts": 3, "retryOn": "5xx,429"}));
        assert_eq!((retries.attempts, retries.five, retries.codes), (3, true, vec![429]));
        assert!(!Retries::istio(&json!({"attempts": 3})).five);
    }

    #[test]
    fn prefixes_are_replaced_at_segments() {
        let rewrite = Rewrite::Prefix("/api".to_owned(), "/".to_owned());
        assert_eq!(rewrite.apply("/api/x"), "/x");
        assert_eq!(rewrite.apply("/api"), "/");
    }
}
