//! Log lines, kept as facts and written out only when they are read.

use std::sync::Arc;

use jiff::Timestamp;

use super::flags::Flags;

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
    Access(Box<Access>),
    /// Of the application.
    App(String),
}

/// One request in an access log.
#[derive(Debug, Clone)]
pub struct Access {
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
    /// Bytes of the answer.
    pub bytes: u32,
    /// Milliseconds.
    pub ms: f64,
    /// `ADDRESS:PORT` of the pod called.
    pub upstream: Option<String>,
    /// `outbound|…` or `inbound|…`.
    pub cluster: String,
    /// Route.
    pub route: Option<Arc<str>>,
}

impl LogRecord {
    /// The container that wrote it; `None`: the application's first.
    pub fn container(&self) -> Option<&'static str> {
        match self.line {
            Line::Access(_) => Some("istio-proxy"),
            Line::App(_) => None,
        }
    }

    /// The line, as `kubectl logs` shows it.
    pub fn text(&self) -> String {
        let access = match &self.line {
            Line::App(text) => return text.clone(),
            Line::Access(access) => access,
        };
        format!(
            "[{}] \"{} {} HTTP/1.1\" {} {} {} - \"-\" 0 {} {} - \"-\" \"-\" \"-\" \"{}\" \"{}\" {} - - - - {}",
            stamp(self.at),
            access.method,
            access.path,
            access.code,
            access.flags.text(),
            access.details,
            access.bytes,
            access.ms.round(),
            access.host,
            access.upstream.as_deref().unwrap_or("-"),
            access.cluster,
            access.route.as_deref().unwrap_or("default"),
        )
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
