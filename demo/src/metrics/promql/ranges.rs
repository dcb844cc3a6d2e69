//! Functions of the samples in a range.

use std::cmp::Ordering;

use super::{
    eval::Shift,
    quantile::of_values,
    sums::{Sum, mean, variance},
};
use crate::metrics::tags::Tags;

/// Samples of a series over the whole query, from which each step takes its range.
pub(super) struct Range {
    pub(super) tags: Tags,
    pub(super) samples: Vec<(i64, f64)>,
    pub(super) span: i64,
    pub(super) moved: Shift,
}

/// One step's range.
pub(super) struct Window<'a> {
    pub(super) samples: &'a [(i64, f64)],
    pub(super) start: i64,
    pub(super) end: i64,
    /// The step itself, wherever `offset` and `@` moved the range.
    pub(super) now: i64,
}

impl Range {
    /// The samples of a step, in `(t - span, t]`.
    pub(super) fn at(&self, t: i64) -> &[(i64, f64)] {
        let end = self.moved.apply(t);
        let from = self.samples.partition_point(|(time, _)| *time <= end.saturating_sub(self.span));
        let to = self.samples.partition_point(|(time, _)| *time <= end);
        &self.samples[from..to.max(from)]
    }

    /// The same with its bounds.
    pub(super) fn window(&self, t: i64) -> Window<'_> {
        let end = self.moved.apply(t);
        Window { samples: self.at(t), start: end.saturating_sub(self.span), end, now: t }
    }
}

/// `rate`, `increase`, `delta`: the change between first and last sample, carried on to the bounds of the range where they are
/// near (Prometheus, `extrapolatedRate`).
pub(super) fn extrapolated(window: &Window<'_>, counter: bool, per_second: bool) -> Option<f64> {
    let (first, last) = (*window.samples.first()?, *window.samples.last()?);
    let gaps = window.samples.len().checked_sub(1).filter(|gaps| *gaps > 0)? as f64;
    let mut change = last.1 - first.1;
    if counter {
        // One by one: sums of very great and very small numbers depend on their order.
        let resets = window.samples.windows(2).filter(|pair| pair[1].1 < pair[0].1);
        change = resets.fold(change, |sum, pair| sum + pair[0].1);
    }
    let seconds = |ms: i64| ms as f64 / 1000.0;
    let mut to_start = seconds(first.0 - window.start);
    let mut to_end = seconds(window.end - last.0);
    let sampled = seconds(last.0 - first.0);
    let average = sampled / gaps;
    let near = average * 1.1;
    if to_start >= near {
        to_start = average / 2.0;
    }
    if counter && change > 0.0 && first.1 >= 0.0 {
        // A counter was not below zero.
        to_start = to_start.min(sampled * (first.1 / change));
    }
    if to_end >= near {
        to_end = average / 2.0;
    }
    let factor = (sampled + to_start + to_end) / sampled;
    let span = if per_second { seconds(window.end - window.start) } else { 1.0 };
    Some(change * factor / span)
}

/// `irate`, `idelta`: the last two samples.
pub(super) fn instant_change(samples: &[(i64, f64)], per_second: bool) -> Option<f64> {
    let [.., (before, from), (at, to)] = samples else { return None };
    if at <= before {
        return None;
    }
    if !per_second {
        return Some(to - from);
    }
    let change = if to < from { *to } else { to - from };
    Some(change / ((at - before) as f64 / 1000.0))
}

/// Slope per second and value at `at`, by least squares.
#[expect(clippy::float_cmp, reason = "a line that never moves is exactly level")]
pub(super) fn regression(samples: &[(i64, f64)], at: i64) -> Option<(f64, f64)> {
    if samples.len() < 2 {
        return None;
    }
    let first = samples[0].1;
    if samples.iter().all(|(_, value)| *value == first) {
        return Some(if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) });
    }
    let n = samples.len() as f64;
    let x = |time: i64| (time - at) as f64 / 1000.0;
    let over = |read: fn(f64, f64) -> f64| Sum::of(samples.iter().map(|(t, value)| read(x(*t), *value)));
    let (sum_x, sum_y, sum_xy, sum_xx) = (over(|x, _| x), over(|_, y| y), over(|x, y| x * y), over(|x, _| x * x));
    let slope = (sum_xy - sum_x * sum_y / n) / (sum_xx - sum_x * sum_x / n);
    Some((slope, sum_y / n - slope * sum_x / n))
}

/// `*_over_time` and the like; no value where there are too few samples, or for a name that is none of them.
pub(super) fn over_time(name: &str, window: &Window<'_>, parameter: f64) -> Option<f64> {
    let samples = window.samples;
    let values = || samples.iter().map(|(_, value)| *value);
    let n = samples.len() as f64;
    let some = !samples.is_empty();
    let list = || values().collect::<Vec<f64>>();
    let number = match name {
        "rate" => return extrapolated(window, true, true),
        "increase" => return extrapolated(window, true, false),
        "delta" => return extrapolated(window, false, false),
        "irate" => return instant_change(samples, true),
        "idelta" => return instant_change(samples, false),
        "deriv" => {
            return regression(samples, samples.first().map_or(0, |first| first.0)).map(|(slope, _)| slope);
        }
        "predict_linear" => {
            return regression(samples, window.now).map(|(slope, now)| now + slope * parameter);
        }
        "resets" => samples.windows(2).filter(|pair| pair[1].1 < pair[0].1).count() as f64,
        "changes" => {
            let moved = |pair: &&[(i64, f64)]| {
                pair[1].1.partial_cmp(&pair[0].1).is_none_or(Ordering::is_ne)
                    && !(pair[1].1.is_nan() && pair[0].1.is_nan())
            };
            samples.windows(2).filter(moved).count() as f64
        }
        "sum_over_time" => Sum::of(values()),
        "avg_over_time" => mean(&list()),
        "min_over_time" => values().fold(f64::NAN, f64::min),
        "max_over_time" => values().fold(f64::NAN, f64::max),
        "count_over_time" => n,
        "last_over_time" => return values().next_back(),
        "present_over_time" => 1.0,
        "stdvar_over_time" => variance(&list()),
        "stddev_over_time" => variance(&list()).sqrt(),
        "quantile_over_time" => of_values(parameter, &mut list()),
        _ => return None,
    };
    some.then_some(number)
}
