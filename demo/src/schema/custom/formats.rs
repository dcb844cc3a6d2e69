//! Formats of texts that a schema may ask for.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::LazyLock,
};

use base64::Engine as _;
use regex::Regex;

/// The formats that are looked at; all others are as if they were not there.
const KNOWN: [&str; 25] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "ipv4",
    "ipv6",
    "cidr",
    "mac",
    "uuid",
    "uuid3",
    "uuid4",
    "uuid5",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
    "byte",
    "password",
    "date",
    "duration",
    "datetime",
    "k8sshortname",
];

/// Whether the server looks at a format.
pub fn is_known(format: &str) -> bool {
    let plain = format.replace('-', "");
    KNOWN.contains(&plain.as_str()) || plain == "k8slongname"
}

macro_rules! pattern {
    ($text:literal) => {{
        static PATTERN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new($text).ok());
        PATTERN.as_ref()
    }};
}

/// Whether a text has a format. A format nobody knows fits everything.
pub fn fits(format: &str, text: &str) -> bool {
    let matches = |pattern: Option<&Regex>| pattern.is_none_or(|pattern| pattern.is_match(text));
    let digits = || text.chars().filter(char::is_ascii_digit).collect::<String>();
    match format.replace('-', "").as_str() {
        "bsonobjectid" => matches(pattern!("^[0-9a-fA-F]{24}$")),
        "uri" => is_uri(text),
        "email" => matches(pattern!(r"^([^<>]*<)?[^@\s<>()\[\]:;,]+@[^@\s<>()\[\]:;,]+>?$")),
        "hostname" => {
            text.len() <= 255
                && text.split('.').all(|part| part.len() <= 63)
                && matches(pattern!(
                    r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$"
                ))
        }
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        "cidr" => is_cidr(text),
        "mac" => matches(pattern!(
            r"^(?i)([0-9a-f]{2}([:-][0-9a-f]{2}){5}|[0-9a-f]{2}([:-][0-9a-f]{2}){7}|[0-9a-f]{4}(\.[0-9a-f]{4}){2,3})$"
        )),
        "uuid" => matches(pattern!("(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$")),
        "uuid3" => matches(pattern!("(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$")),
        "uuid4" => matches(pattern!("(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$")),
        "uuid5" => matches(pattern!("(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$")),
        "isbn" => is_isbn(text, 10) || is_isbn(text, 13),
        "isbn10" => is_isbn(text, 10),
        "isbn13" => is_isbn(text, 13),
        "creditcard" => (13..=19).contains(&digits().len()) && luhn(&digits()),
        "ssn" => matches(pattern!(r"^\d{3}[- ]?\d{2}[- ]?\d{4}$")),
        "hexcolor" => matches(pattern!("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")),
        "rgbcolor" => matches(pattern!(
            r"^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$"
        )),
        "byte" => base64::engine::general_purpose::STANDARD.decode(text).is_ok(),
        "date" => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
        "duration" => is_duration(text),
        "datetime" => is_moment(text),
        "k8sshortname" => text.len() <= 63 && matches(pattern!("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")),
        "k8slongname" => {
            text.len() <= 253 && matches(pattern!(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"))
        }
        _ => true,
    }
}

/// An address with a scheme, or an absolute path.
fn is_uri(text: &str) -> bool {
    let fine = text.chars().all(|c| !c.is_control() && c != ' ');
    let scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
            && !rest.is_empty()
            && rest.starts_with('/')
    });
    fine && (scheme || text.starts_with('/'))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let Ok(bits) = bits.parse::<u8>() else { return false };
    (address.parse::<Ipv4Addr>().is_ok() && bits <= 32) || (address.parse::<Ipv6Addr>().is_ok() && bits <= 128)
}

fn is_isbn(text: &str, length: usize) -> bool {
    let signs: Vec<char> = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
    let value = |c: &char| if *c == 'X' { Some(10) } else { c.to_digit(10) };
    let Some(values) = signs.iter().map(value).collect::<Option<Vec<u32>>>() else { return false };
    if values.len() != length {
        return false;
    }
    let sum: u32 = match length {
        10 => values.iter().zip((1..=10).rev()).map(|(value, weight)| value * weight).sum(),
        _ => values.iter().enumerate().map(|(at, value)| value * if at % 2 == 0 { 1 } else { 3 }).sum(),
    };
    sum.is_multiple_of(if length == 10 { 11 } else { 10 })
}

fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .chars()
        .rev()
        .filter_map(|c| c.to_digit(10))
        .enumerate()
        .map(|(at, digit)| match (at % 2, digit * 2) {
            (1, double) if double > 9 => double - 9,
            (1, double) => double,
            _ => digit,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// `1h30m`, and the longer words of other languages.
fn is_duration(text: &str) -> bool {
    let go = pattern!(r"^[-+]?(0|((\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h))+)$");
    let words = pattern!(
        r"^\s*\d+\s*(ns|nanos?|nanoseconds?|us|µs|micros?|microseconds?|ms|millis?|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)(\s*\d+\s*[a-zµ]+)*$"
    );
    [go, words].into_iter().flatten().any(|pattern| pattern.is_match(text))
}

fn is_moment(text: &str) -> bool {
    let shape = pattern!(
        r"^(\d{4})-(0[1-9]|1[012])-(0[1-9]|[12][0-9]|3[01])[Tt ]?([01][0-9]|2[0-3]):([0-5][0-9]):([0-5][0-9]|60)(\.\d+)?(Z|z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
    );
    shape.is_none_or(|shape| shape.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::{fits, is_known};

    #[test]
    fn texts_fit_their_formats_or_not() {
        for (format, good, bad) in [
            ("date-time", "2026-01-02T03:04:05Z", "yesterday"),
            ("date", "2026-01-02", "2026-13-02"),
            ("duration", "1h30m", "soon"),
            ("ipv4", "10.0.0.1", "10.0.0.256"),
            ("ipv6", "::1", "10.0.0.1"),
            ("cidr", "10.0.0.0/8", "10.0.0.0/33"),
            ("uuid", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "6ba7"),
            ("byte", "aGVsbG8=", "#"),
            ("hostname", "a.example.com", "a_b"),
            ("uri", "https://example.com/a", "example"),
            ("email", "a@example.com", "a.example.com"),
            ("isbn", "978-0321751041", "978-0321751042"),
            ("mac", "01:02:03:04:05:ab", "01:02"),
            ("k8s-short-name", "a-b", "A"),
            ("k8s-long-name", "a.b", "a..b"),
        ] {
            assert!(fits(format, good), "{format} {good}");
            assert!(!fits(format, bad), "{format} {bad}");
        }
        assert!(!is_known("int32") && is_known("date-time"));
    }
}
