//! Quantiles from classic histogram buckets, as PromQL's `histogram_quantile` computes them.

use std::collections::BTreeMap;

/// Cumulative rates by upper bound, of one subject.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Buckets(BTreeMap<Bound, f64>);

/// Latency in milliseconds of one subject.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantiles {
    /// 50th percentile.
    pub p50: f64,
    /// 90th.
    pub p90: f64,
    /// 99th.
    pub p99: f64,
}

/// The quantiles that are told, by the names they have in questions.
pub const TOLD: [(&str, f64); 3] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99)];

/// An upper bound; ordered as numbers, `+Inf` last.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bound(f64);

impl Eq for Bound {}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Buckets {
    /// Adds to the bucket that ends at `le`; a bound that is no number is ignored.
    pub fn add(&mut self, le: &str, rate: f64) {
        if let Ok(bound) = le.parse::<f64>()
            && !bound.is_nan()
        {
            *self.0.entry(Bound(bound)).or_default() += rate;
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: &Self) {
        for (bound, rate) in &other.0 {
            *self.0.entry(*bound).or_default() += rate;
        }
    }

    /// The rate of all requests: what the last bucket holds.
    pub fn total(&self) -> f64 {
        self.0.last_key_value().map_or(0.0, |(_, rate)| *rate)
    }

    /// The value below which the share `quantile` (0..=1) of the requests lies, in the unit of the bounds. `None` without
    /// requests, or without a bucket for all of them (`+Inf`).
    pub fn quantile(&self, quantile: f64) -> Option<f64> {
        let (last, total) = self.0.last_key_value()?;
        if !last.0.is_infinite() || self.0.len() < 2 || *total <= 0.0 {
            return None;
        }
        let rank = quantile * total;
        let (mut below, mut from) = (0.0f64, 0.0f64);
        for (bound, rate) in &self.0 {
            // Scrapes of several targets may lag: a bucket never holds less than the one before.
            let rate = rate.max(below);
            if rate >= rank {
                if bound.0.is_infinite() {
                    // Beyond the last real bound nothing is known: that bound.
                    return Some(from);
                }
                if bound.0 <= 0.0 || rate <= below {
                    return Some(bound.0);
                }
                return Some(from + (bound.0 - from) * ((rank - below) / (rate - below)));
            }
            (below, from) = (rate, bound.0);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Buckets;

    fn buckets(all: &[(&str, f64)]) -> Buckets {
        let mut buckets = Buckets::default();
        for (le, rate) in all {
            buckets.add(le, *rate);
        }
        buckets
    }

    #[test]
    fn as_promql_interpolates() {
        let all = buckets(&[("10", 50.0), ("20", 90.0), ("+Inf", 100.0)]);
        assert_eq!(all.quantile(0.5), Some(10.0));
        assert_eq!(all.quantile(0.7), Some(15.0));
        assert_eq!(all.quantile(0.25), Some(5.0));
        assert_eq!(all.quantile(0.99), Some(20.0), "beyond the last real bound");
    }

    #[test]
    fn without_requests_nothing_is_known() {
        assert_eq!(buckets(&[]).quantile(0.5), None);
        assert_eq!(buckets(&[("10", 0.0), ("+Inf", 0.0)]).quantile(0.5), None);
        assert_eq!(buckets(&[("10", 5.0)]).quantile(0.5), None, "no bucket for all");
        assert_eq!(buckets(&[("+Inf", 5.0)]).quantile(0.5), None);
        assert_eq!(buckets(&[("x", 5.0), ("NaN", 1.0)]).quantile(0.5), None);
    }

    #[test]
    fn lagging_buckets_do_not_run_backwards() {
        let all = buckets(&[("10", 60.0), ("20", 50.0), ("30", 100.0), ("+Inf", 100.0)]);
        assert_eq!(all.quantile(0.8), Some(25.0));
    }
}
