//! Virtual time as objects write it.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use crate::base::when::{duration, seconds as stamp};

/// Reads what `stamp` wrote; `None` for anything else.
pub fn read(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Later by a span; time ends at the calendar's end instead of overflowing.
pub fn later(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// Earlier by a span.
pub fn earlier(at: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_sub(by).ok()).unwrap_or(Timestamp::MIN)
}

/// How long after `since` it is; zero when `since` is ahead.
pub fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

/// A duration as Go prints it, for messages: `1.5s`, `5m0s`.
pub fn words(span: Duration) -> String {
    let seconds = span.as_secs();
    if seconds < 60 {
        let text = format!("{:.3}", span.as_secs_f64());
        return format!("{}s", text.trim_end_matches('0').trim_end_matches('.'));
    }
    match seconds / 3_600 {
        0 => format!("{}m{}s", seconds / 60, seconds % 60),
        hours => format!("{hours}h{}m{}s", seconds / 60 % 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::words;

    #[test]
    fn durations_read_as_go_prints_them() {
        assert_eq!(words(Duration::from_millis(1_500)), "1.5s");
        assert_eq!(words(Duration::from_mins(5)), "5m0s");
        assert_eq!(words(Duration::from_secs(10)), "10s");
    }
}
