//! Moments as the API writes them, ages as kubectl prints them, and the durations of world files and Gateway API.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

/// `2026-01-02T03:04:05Z`, as in `creationTimestamp`.
pub fn seconds(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-01-02T03:04:05.000006Z`, as in Leases and Events.
pub fn micros(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// `Fri, 02 Jan 2026 03:04:05 GMT`, as in the `Date` header.
pub fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// The moment an object holds as text.
pub fn read(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
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

/// The time from one moment to another, as short as kubectl says it: `5s`, `3m20s`, `7h5m`, `4d`.
pub fn age(from: Timestamp, to: Timestamp) -> String {
    let all = to.as_second() - from.as_second();
    if all < -1 {
        return "<invalid>".to_owned();
    }
    let all = all.max(0);
    let (minutes, hours, days) = (all / 60, all / 3600, all / 86_400);
    let two = |large: i64, unit: &str, small: i64, rest: &str| {
        if small == 0 { format!("{large}{unit}") } else { format!("{large}{unit}{small}{rest}") }
    };
    match () {
        () if all < 120 => format!("{all}s"),
        () if minutes < 10 => two(minutes, "m", all % 60, "s"),
        () if minutes < 180 => format!("{minutes}m"),
        () if hours < 8 => two(hours, "h", minutes % 60, "m"),
        () if hours < 48 => format!("{hours}h"),
        () if days < 8 => two(days, "d", hours % 24, "h"),
        () if days < 730 => format!("{days}d"),
        () if days < 8 * 365 => two(days / 365, "y", days % 365, "d"),
        () => format!("{}y", days / 365),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{age, duration, http_date, micros, seconds};

    #[test]
    fn a_moment_has_three_spellings() {
        let at: jiff::Timestamp = "2026-01-02T03:04:05.000006Z".parse().unwrap();
        assert_eq!(seconds(at), "2026-01-02T03:04:05Z");
        assert_eq!(micros(at), "2026-01-02T03:04:05.000006Z");
        assert_eq!(http_date(at), "Fri, 02 Jan 2026 03:04:05 GMT");
    }

    #[test]
    fn ages_read_as_in_kubectl() {
        let from = jiff::Timestamp::UNIX_EPOCH;
        let said = |s: i64| age(from, jiff::Timestamp::from_second(s).unwrap());
        assert_eq!(said(119), "119s");
        assert_eq!(said(200), "3m20s");
        assert_eq!(said(600), "10m");
        assert_eq!(said(7 * 3600 + 300), "7h5m");
        assert_eq!(said(4 * 86_400), "4d");
        assert_eq!(said(100 * 86_400), "100d");
    }

    #[test]
    fn durations_are_read_and_nonsense_is_not() {
        assert_eq!(duration("1.5s"), Some(Duration::from_millis(1_500)));
        assert_eq!(duration("3h20m"), Some(Duration::from_mins(200)));
        assert_eq!(duration("40d"), Some(Duration::from_hours(960)));
        for wrong in ["", "5", "s", "5 parsecs", "-3s", "1.2.3s", "3é"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }
}
