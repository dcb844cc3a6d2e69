//! Spans of time in the words people type and read: `90s`, `1m30s`, `1500ms`.

use std::time::Duration;

use thiserror::Error;

/// Why a text is not a span of time.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is not a span of time: write it like 500ms, 90s, 1m30s or 2h")]
pub struct NotASpan {
    /// What was given.
    pub text: String,
}

/// Reads a Go-style duration with units `ms`, `s`, `m`, `h` (fractions allowed: `1.5s`). A bare number is refused:
/// it hides its unit.
pub fn parse(text: &str) -> Result<Duration, NotASpan> {
    let wrong = || NotASpan { text: text.to_owned() };
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total = 0.0f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let unit_len = tail.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(unit_len);
        total += number
            * match unit {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return Err(wrong()),
            };
        rest = tail;
    }
    Duration::try_from_secs_f64(total).map_err(|_| wrong())
}

/// Writes a span the shortest exact way: `90s` is `1m30s`, `1500ms` is `1.5s`.
pub fn format(span: Duration) -> String {
    let millis = span.as_millis();
    if millis == 0 {
        return "0s".to_owned();
    }
    if millis < 1000 {
        return format!("{millis}ms");
    }
    let (seconds, rest) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let mut text = String::new();
    if hours > 0 {
        text.push_str(&format!("{hours}h"));
    }
    if minutes > 0 {
        text.push_str(&format!("{minutes}m"));
    }
    if rest > 0 {
        let fraction = format!("{rest:03}");
        text.push_str(&format!("{seconds}.{}s", fraction.trim_end_matches('0')));
    } else if seconds > 0 {
        text.push_str(&format!("{seconds}s"));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{format, parse};

    #[test]
    fn what_is_written_is_read_back() {
        for millis in [1, 999, 1000, 1500, 60_000, 90_000, 3_600_000, 5_025_007] {
            let span = Duration::from_millis(millis);
            assert_eq!(parse(&format(span)), Ok(span), "{millis}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_refused() {
        for text in ["", "5", "1m5", "s", "1x", "-1s", "1..5s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
