//! Log lines, kept as facts and written out only when they are read.

use std::sync::Arc;

use jiff::Timestamp;

use super::{compile::Proxy, flags::Flags};
use crate::base::proxies;

/// A line of a pod's log.
#[derive(Debug, Clone)]
pub struct LogRecord {
    /// When, Unix milliseconds.
    pub at: f64,
    /// The pod's namespace.
    pub namespace: Arc<str>,
    /// The pod.
    pub pod: Arc<str>,
    /// What it says.
    pub line: Line,
}

/// What a line says.
#[derive(Debug, Clone)]
pub enum Line {
    /// Of the proxy: one request.
    Access(Access),
    /// Of the application.
    App(Box<str>),
}

/// One request in an access log. Large worlds keep a million of them, so each holds only what is its own.
#[derive(Debug, Clone)]
pub struct Access {
    /// What it has in common with others.
    pub shape: Arc<Shape>,
    /// Bytes of the answer.
    pub bytes: u32,
    /// Milliseconds.
    pub ms: f32,
}

/// What requests of one kind between the same two have in common.
#[derive(Debug, Clone)]
pub struct Shape {
    /// Method.
    pub method: String,
    /// Path.
    pub path: Arc<str>,
    /// Host.
    pub host: String,
    /// HTTP status; 0 without an answer.
    pub code: u16,
    /// Flags.
    pub flags: Flags,
    /// Why, in Envoy's words.
    pub details: String,
    /// `ADDRESS:PORT` of the pod called.
    pub upstream: Option<String>,
    /// `outbound|…` or `inbound|…`.
    pub cluster: String,
    /// Route.
    pub route: Option<Arc<str>>,
    /// Which proxy tells.
    pub by: Proxy,
    /// The Gateway it is of, `NAMESPACE/NAME`.
    pub gateway: Option<Arc<str>>,
}

impl LogRecord {
    /// The line, as `kubectl logs` shows it.
    pub fn text(&self) -> String {
        self.line.text(self.at)
    }
}

impl Line {
    /// The container that wrote it; `None`: the application's first.
    pub fn container(&self) -> Option<&'static str> {
        match self {
            Self::Access(access) => Some(match access.shape.by {
                Proxy::Envoy => proxies::ENVOY,
                Proxy::Agentgateway => proxies::AGENTGATEWAY,
                _ => proxies::ISTIO,
            }),
            Self::App(_) => None,
        }
    }

    /// The line, as `kubectl logs` shows it, written at a time.
    pub fn text(&self, at: f64) -> String {
        let access = match self {
            Self::App(text) => return text.to_string(),
            Self::Access(access) => access,
        };
        let shape = &access.shape;
        if shape.by == Proxy::Agentgateway {
            return agentgateway(access, at);
        }
        format!(
            "[{}] \"{} {} HTTP/1.1\" {} {} {} - \"-\" 0 {} {} - \"-\" \"-\" \"-\" \"{}\" \"{}\" {} - - - - {}",
            stamp(at),
            shape.method,
            shape.path,
            shape.code,
            shape.flags.text(),
            shape.details,
            access.bytes,
            access.ms.round(),
            shape.host,
            shape.upstream.as_deref().unwrap_or("-"),
            shape.cluster,
            shape.route.as_deref().unwrap_or("default"),
        )
    }
}

/// As agentgateway writes it: logfmt.
fn agentgateway(access: &Access, at: f64) -> String {
    let shape = &access.shape;
    let or = |text: &Option<Arc<str>>| text.as_deref().unwrap_or("unknown").to_owned();
    let mut line =
        format!("{} info request gateway={} listener=http route={}", stamp(at), or(&shape.gateway), or(&shape.route));
    if let Some(endpoint) = &shape.upstream {
        line.push_str(&format!(" endpoint={endpoint}"));
    }
    line.push_str(&format!(
        " http.method={} http.host={} http.path={} http.version=HTTP/1.1 http.status={}",
        shape.method, shape.host, shape.path, shape.code
    ));
    let reason = reason(shape.flags, shape.code, shape.upstream.is_some());
    let error = match reason {
        "RateLimit" => Some("rate limit exceeded"),
        "NotFound" => Some("route not found"),
        "NoHealthyBackend" => Some("no healthy backends"),
        "Timeout" => Some("request timeout"),
        _ => None,
    };
    if let Some(error) = error {
        line.push_str(&format!(" error=\"{error}\""));
    }
    line.push_str(&format!(" reason={reason} duration={}ms", access.ms.round()));
    line
}

/// Why a request was answered so, in agentgateway's words.
pub fn reason(flags: Flags, code: u16, reached: bool) -> &'static str {
    match flags {
        flags if flags.has(Flags::RL) => "RateLimit",
        flags if flags.has(Flags::FI) => "DirectResponse",
        flags if flags.has(Flags::NR) => "NotFound",
        flags if flags.has(Flags::UT) => "Timeout",
        flags if flags.has(Flags::UH) => "NoHealthyBackend",
        _ if code == 500 && !reached => "InvalidRequest",
        _ => "Upstream",
    }
}

/// RFC 3339 in UTC with milliseconds.
pub fn stamp(unix_ms: f64) -> String {
    let at = Timestamp::from_millisecond(unix_ms.max(0.0) as i64).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::stamp;

    #[test]
    fn days_are_named_right() {
        assert_eq!(stamp(0.0), "1970-01-01T00:00:00.000Z");
        assert_eq!(stamp(951_782_400_000.0), "2000-02-29T00:00:00.000Z");
        assert_eq!(stamp(1_795_698_245_678.0), "2026-11-26T13:04:05.678Z");
    }
}
