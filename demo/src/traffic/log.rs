//! Log lines, kept as facts and written out only when they are read.

use std::sync::Arc;

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
    let ms = unix_ms.max(0.0) as u64;
    let (days, rest) = (ms / 86_400_000, ms % 86_400_000);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1000 % 60,
        rest % 1000
    )
}

/// Year, month and day of a day since 1970 (Howard Hinnant's algorithm, for dates after it).
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
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
