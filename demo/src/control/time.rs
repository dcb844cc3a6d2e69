//! Virtual time as objects write it, and the durations of world files and Gateway API.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

pub use crate::base::when::seconds as stamp;

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

/// A duration such as `1.5s`, `300ms`, `3h20m` or `40d`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = match rest.get(..letters)? {
            "us" | "µs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            _ => return None,
        };
        rest = rest.get(letters..)?;
        sum += number * unit;
    }
    (!text.trim().is_empty()).then(|| Duration::try_from_secs_f64(sum).ok()).flatten()
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

    use super::{duration, words};

    #[test]
    fn durations_are_read_and_nonsense_is_not() {
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1_500)));
        assert_eq!(duration("3h20m"), Some(Duration::from_mins(200)));
        assert_eq!(duration("40d"), Some(Duration::from_hours(960)));
        for wrong in ["", "5", "s", "5 parsecs", "-3s", "1.2.3s", "3é"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn durations_read_as_go_prints_them() {
        assert_eq!(words(Duration::from_millis(1_500)), "1.5s");
        assert_eq!(words(Duration::from_mins(5)), "5m0s");
        assert_eq!(words(Duration::from_secs(10)), "10s");
    }
}
