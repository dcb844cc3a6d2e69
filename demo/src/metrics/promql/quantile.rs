//! Quantiles: of values, and of histograms with cumulated buckets.

/// What a quantile outside of 0 to 1 is, whatever it is taken of.
fn beyond(q: f64) -> Option<f64> {
    if q.is_nan() {
        Some(f64::NAN)
    } else if q < 0.0 {
        Some(f64::NEG_INFINITY)
    } else if q > 1.0 {
        Some(f64::INFINITY)
    } else {
        None
    }
}

/// The `q`-quantile of values, between two of them by linear interpolation. NaN counts as the smallest.
pub(super) fn of_values(q: f64, values: &mut [f64]) -> f64 {
    if values.is_empty() {
        return f64::NAN;
    }
    if let Some(value) = beyond(q) {
        return value;
    }
    values.sort_by(|a, b| b.is_nan().cmp(&a.is_nan()).then(a.total_cmp(b)));
    let rank = q * (values.len() - 1) as f64;
    let low = rank.floor() as usize;
    let high = (low + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[low] * (1.0 - weight) + values[high] * weight
}

/// The `q`-quantile of a histogram's buckets: upper bound and cumulated count (Prometheus, `BucketQuantile`).
pub(super) fn of_buckets(q: f64, buckets: &mut Vec<(f64, f64)>) -> f64 {
    if let Some(value) = beyond(q) {
        return value;
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    if buckets.last().is_none_or(|last| last.0 != f64::INFINITY) {
        return f64::NAN;
    }
    buckets.dedup_by(|next, kept| {
        let same = next.0.total_cmp(&kept.0).is_eq();
        if same {
            kept.1 += next.1;
        }
        same
    });
    rising(buckets);
    if buckets.len() < 2 {
        return f64::NAN;
    }
    let last = buckets.len() - 1;
    let observations = buckets[last].1;
    if observations == 0.0 {
        return f64::NAN;
    }
    let mut rank = q * observations;
    // By halves, as the order is not given where counts are no numbers.
    let (mut at, mut end) = (0, last);
    while at < end {
        let middle = usize::midpoint(at, end);
        if buckets[middle].1 >= rank { end = middle } else { at = middle + 1 }
    }
    if at == last {
        return buckets[last - 1].0;
    }
    let (end, mut count) = buckets[at];
    if at == 0 && end <= 0.0 {
        return end;
    }
    let mut start = 0.0;
    if at > 0 {
        start = buckets[at - 1].0;
        count -= buckets[at - 1].1;
        rank -= buckets[at - 1].1;
    }
    start + (end - start) * (rank / count)
}

/// Rates of several series need not rise from bucket to bucket; differences that rounding made are none.
fn rising(buckets: &mut [(f64, f64)]) {
    let mut before = f64::NEG_INFINITY;
    for (at, (_, count)) in buckets.iter_mut().enumerate() {
        if at > 0 && (*count < before || alike(before, *count)) {
            *count = before;
        } else {
            before = *count;
        }
    }
}

#[expect(clippy::float_cmp, reason = "exactly alike is alike")]
fn alike(a: f64, b: f64) -> bool {
    let sum = a.abs() + b.abs();
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return (a - b).abs() < 1e-12 * f64::MIN_POSITIVE;
    }
    (a - b).abs() / sum.min(f64::MAX) < 1e-12
}
