//! Spans as Kubernetes, Istio and Gateway API write them: `1.5s`, `250ms`, `1m30s`.

use serde::{Deserialize, Deserializer, de::Error};

pub use crate::base::quantity::read as quantity;

/// Milliseconds of a span; `None` when it is not one. A bare `0` is allowed, as Go allows it.
pub fn millis(text: &str) -> Option<f64> {
    let text = text.trim();
    if text == "0" {
        return Some(0.0);
    }
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        sum += number
            * match &rest[..unit_end] {
                "ns" => 1e-6,
                "us" | "µs" => 1e-3,
                "ms" => 1.0,
                "s" => 1e3,
                "m" => 6e4,
                "h" => 3.6e6,
                _ => return None,
            };
        rest = &rest[unit_end..];
    }
    (!text.is_empty()).then_some(sum)
}

/// For world files: a span with its unit.
pub fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = String::deserialize(deserializer)?;
    millis(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not a span: write 250ms, 1.5s or 2m")))
}

/// The same where it may be absent.
pub fn read_some<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    read(deserializer).map(Some)
}

/// For world files: a quantity.
pub fn read_quantity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let text = String::deserialize(deserializer)?;
    quantity(&text).ok_or_else(|| D::Error::custom(format!("`{text}` is not a quantity: write 200Ki or 64Mi")))
}

#[cfg(test)]
mod tests {
    use super::{millis, quantity};

    #[test]
    fn spans_and_quantities_are_read_and_others_refused() {
        assert_eq!(millis("1m30s"), Some(90_000.0));
        assert_eq!(millis("0.25s"), Some(250.0));
        assert_eq!(millis("0"), Some(0.0));
        for odd in ["", "1", "s", "1x", "1.2.3s", "-1s"] {
            assert_eq!(millis(odd), None, "{odd}");
        }
        assert_eq!(quantity("500m"), Some(0.5));
        assert_eq!(quantity("1Ki"), Some(1024.0));
        assert_eq!(quantity("1Q"), None);
    }
}
