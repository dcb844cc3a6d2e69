//! Series in rings.
//!
//! A target is scraped at a fixed offset within the interval, so the time of a sample is its number: a series is its tags,
//! the number of its first sample and a ring of values. A scrape that misses a series leaves a staleness marker.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::Arc,
};

/// A label pair.
pub type Pair = (Arc<str>, Arc<str>);

/// The name of a metric and its labels, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tags {
    /// Name; `None` after an operation.
    pub name: Option<Arc<str>>,
    /// Labels without the name; never empty values.
    pub labels: Arc<[Pair]>,
}

impl Tags {
    /// From pairs in any order.
    pub fn new(name: Option<&str>, pairs: impl IntoIterator<Item = Pair>) -> Self {
        let mut labels: Vec<Pair> = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        labels.sort();
        Self { name: name.map(Into::into), labels: labels.into() }
    }

    /// A label's value; empty when absent.
    pub fn get(&self, label: &str) -> &str {
        if label == "__name__" {
            return self.name.as_deref().unwrap_or_default();
        }
        let found = self.labels.binary_search_by(|(own, _)| (**own).cmp(label));
        found.ok().and_then(|at| self.labels.get(at)).map_or("", |(_, value)| value)
    }

    /// The same without a name.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self { name: None, labels: Arc::clone(&self.labels) }
    }

    /// The same with a label set, or taken away where the value is empty. `__name__` is the name.
    #[must_use]
    pub fn with(&self, label: &str, value: &str) -> Self {
        if label == "__name__" {
            return Self { name: (!value.is_empty()).then(|| value.into()), labels: Arc::clone(&self.labels) };
        }
        let others = self.labels.iter().filter(|(name, _)| **name != *label).cloned();
        Self::new(self.name.as_deref(), others.chain([(label.into(), value.into())]))
    }
}

/// As in a selector: `name{label="value", …}`.
impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_deref().unwrap_or_default())?;
        if self.labels.is_empty() && self.name.is_some() {
            return Ok(());
        }
        f.write_str("{")?;
        for (at, (name, value)) in self.labels.iter().enumerate() {
            let comma = if at > 0 { ", " } else { "" };
            write!(f, "{comma}{name}=\"{}\"", escaped(value))?;
        }
        f.write_str("}")
    }
}

/// A text inside quotes.
pub(super) fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The marker of a series that is not there any more. Any other NaN is a value.
pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether a value is the marker.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE.to_bits()
}

/// A series.
#[derive(Debug, Clone)]
pub struct Series {
    /// Its tags.
    pub tags: Tags,
    offset: i64,
    start: i64,
    ring: VecDeque<f64>,
    /// Added to every value that is scraped: what the history made up beforehand has counted.
    base: f64,
    counts: bool,
}

/// All series.
#[derive(Debug, Clone)]
pub struct Tsdb {
    interval: i64,
    kept: usize,
    series: Vec<Option<Series>>,
    by_name: HashMap<Arc<str>, Vec<u32>>,
    by_tags: HashMap<Tags, u32>,
}

impl Tsdb {
    /// An empty store: one sample every `interval_ms`, kept for `kept_ms`.
    pub fn new(interval_ms: u64, kept_ms: u64) -> Self {
        Self {
            interval: (interval_ms as i64).max(1),
            kept: (kept_ms / interval_ms.max(1)).max(2) as usize,
            series: Vec::new(),
            by_name: HashMap::new(),
            by_tags: HashMap::new(),
        }
    }

    /// Milliseconds between two samples.
    pub fn interval(&self) -> i64 {
        self.interval
    }

    /// The number of a series; it is made when it is not there. `counts`: it is a counter, or part of one.
    pub fn number(&mut self, tags: Tags, offset: i64, counts: bool) -> u32 {
        if let Some(known) = self.by_tags.get(&tags) {
            return *known;
        }
        let number = self.series.len() as u32;
        self.by_name.entry(tags.name.clone().unwrap_or_else(|| "".into())).or_default().push(number);
        self.by_tags.insert(tags.clone(), number);
        let ring = VecDeque::new();
        self.series.push(Some(Series { tags, offset, start: 0, ring, base: 0.0, counts }));
        number
    }

    /// Writes the `k`th sample of a series (Unix time divided by the interval); numbers must rise.
    pub fn append(&mut self, series: u32, k: i64, value: f64) {
        let kept = self.kept;
        let Some(Some(series)) = self.series.get_mut(series as usize) else { return };
        if series.ring.is_empty() {
            series.start = k;
        }
        let end = series.start + series.ring.len() as i64;
        if k < end {
            return;
        }
        if k - end >= kept as i64 {
            (series.start, series.ring) = (k, VecDeque::new());
        } else {
            (end..k).for_each(|_| series.ring.push_back(STALE));
        }
        series.ring.push_back(if is_stale(value) { value } else { value + series.base });
        while series.ring.len() > kept {
            series.ring.pop_front();
            series.start += 1;
        }
    }

    /// Marks a series as gone, at the `k`th sample or right after its newest.
    pub fn gone(&mut self, series: u32, k: i64) {
        let Some(Some(own)) = self.series.get(series as usize) else { return };
        let end = own.start + own.ring.len() as i64;
        self.append(series, k.max(end), STALE);
    }

    /// Forgets series whose newest value is older than what is kept.
    pub fn forget(&mut self, k: i64) {
        for at in 0..self.series.len() {
            let old = self.series[at].as_ref().is_some_and(|series| {
                let newest = series.ring.iter().rposition(|value| !is_stale(*value));
                // An empty ring is of a series that is just about to get its first sample.
                !series.ring.is_empty()
                    && newest.is_none_or(|newest| series.start + (newest as i64) < k - self.kept as i64)
            });
            if old && let Some(series) = self.series[at].take() {
                self.by_tags.remove(&series.tags);
                if let Some(list) = series.tags.name.as_ref().and_then(|name| self.by_name.get_mut(name)) {
                    list.retain(|number| *number as usize != at);
                }
            }
        }
    }

    /// Makes up a history before the first samples: what each counter gained is repeated backwards, a little disturbed, for so
    /// many milliseconds; gauges keep their values. `jitter` (`0.0..1.0`) depends on the step alone: buckets of a histogram must
    /// be disturbed alike, or they would not rise from one to the next.
    pub fn tile_back(&mut self, ms: u64, jitter: impl Fn(i64) -> f64) {
        let wanted = (ms as i64 / self.interval).min(self.kept as i64);
        for series in self.series.iter_mut().flatten() {
            let values: Vec<f64> = series.ring.iter().copied().filter(|value| !is_stale(*value)).collect();
            let room = wanted.min(self.kept as i64 - series.ring.len() as i64);
            let (Some(first), true) = (values.first().copied(), room > 0) else { continue };
            let mut gains: Vec<f64> = values.windows(2).map(|pair| pair[1] - pair[0]).collect();
            if gains.is_empty() {
                gains.push(0.0);
            }
            let mut earlier = Vec::with_capacity(room as usize);
            let (mut back, mut sum) = (0i64, 0.0);
            while back < room {
                let at = back as usize % gains.len();
                let gain = gains[gains.len() - 1 - at];
                // Counters count whole requests and never fall.
                sum += if series.counts { (gain * (0.9 + 0.2 * jitter(back))).max(0.0).round() } else { 0.0 };
                earlier.push(sum);
                back += 1;
            }
            if series.counts {
                let base = sum;
                series.base += base;
                series.ring.iter_mut().filter(|value| !is_stale(**value)).for_each(|value| *value += base);
                for gone in earlier {
                    series.ring.push_front(first + base - gone);
                }
            } else {
                (0..room).for_each(|back| {
                    let at = back as usize % values.len();
                    series.ring.push_front(values[at]);
                });
            }
            series.start -= room;
        }
    }

    /// Series of a name, or all.
    pub fn named(&self, name: Option<&str>) -> impl Iterator<Item = &Series> {
        let list = name.map(|name| self.by_name.get(name).map_or(&[][..], Vec::as_slice));
        let some = list.into_iter().flatten().filter_map(|at| self.series[*at as usize].as_ref());
        let all = self.series.iter().filter(move |_| name.is_none()).filter_map(Option::as_ref);
        some.chain(all)
    }

    /// Samples of a series in `(after, to]`, stale ones left out, as `(time, value)`.
    pub fn window<'a>(
        &self,
        series: &'a Series,
        after: i64,
        to: i64,
    ) -> impl DoubleEndedIterator<Item = (i64, f64)> + 'a {
        let (interval, offset, start) = (self.interval, series.offset, series.start);
        let first = after.saturating_sub(offset).div_euclid(interval) + 1 - start;
        let last = to.saturating_sub(offset).div_euclid(interval) - start;
        let len = series.ring.len() as i64;
        let (first, end) = (first.clamp(0, len), (last + 1).clamp(0, len));
        (first..end.max(first)).filter_map(move |at| {
            let value = *series.ring.get(at as usize)?;
            (!is_stale(value)).then_some((offset + (start + at) * interval, value))
        })
    }

    /// All samples of a series with their times, staleness markers among them.
    pub fn raw<'a>(&self, series: &'a Series) -> impl Iterator<Item = (i64, f64)> + 'a {
        let (interval, offset, start) = (self.interval, series.offset, series.start);
        (start..).zip(&series.ring).map(move |(k, value)| (offset + k * interval, *value))
    }

    /// The newest sample in `(to - lookback, to]`; none when the series went stale.
    pub fn latest(&self, series: &Series, to: i64, lookback: i64) -> Option<(i64, f64)> {
        let last = to.saturating_sub(series.offset).div_euclid(self.interval) - series.start;
        let at = last.min(series.ring.len() as i64 - 1);
        let value = *series.ring.get(usize::try_from(at).ok()?)?;
        let time = series.offset + (series.start + at) * self.interval;
        (!is_stale(value) && time > to.saturating_sub(lookback)).then_some((time, value))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{STALE, Tags, Tsdb};

    fn tags(name: &str) -> Tags {
        Tags::new(Some(name), [(Arc::from("a"), Arc::from("1"))])
    }

    #[test]
    fn samples_have_their_times_and_gaps_are_stale() {
        let mut tsdb = Tsdb::new(5000, 60_000);
        let series = tsdb.number(tags("x"), 1200, true);
        for (k, value) in [(10, 1.0), (11, 2.0), (13, 4.0)] {
            tsdb.append(series, k, value);
        }
        let series = tsdb.named(Some("x")).next().unwrap();
        let all: Vec<_> = tsdb.window(series, 0, 1_000_000).collect();
        assert_eq!(all, [(51_200, 1.0), (56_200, 2.0), (66_200, 4.0)]);
        assert_eq!(tsdb.window(series, 51_200, 56_200).count(), 1, "open on the left, closed on the right");
        assert_eq!(tsdb.latest(series, 63_000, 300_000), None, "the marker at 61 200 hides what was before");
        assert_eq!(tsdb.latest(series, 60_000, 300_000), Some((56_200, 2.0)));
        assert_eq!(tsdb.latest(series, 366_200, 300_000), None);
    }

    #[test]
    fn old_samples_and_old_series_go() {
        let mut tsdb = Tsdb::new(5000, 50_000);
        let series = tsdb.number(tags("x"), 0, true);
        (0..30).for_each(|k| tsdb.append(series, k, k as f64));
        let one = tsdb.named(Some("x")).next().unwrap();
        assert_eq!(tsdb.window(one, 0, i64::MAX / 2).count(), 10);
        tsdb.append(series, 30, STALE);
        tsdb.forget(41);
        assert_eq!(tsdb.named(Some("x")).count(), 0);
        assert_eq!(tsdb.named(None).count(), 0);
    }

    #[test]
    fn a_made_up_history_rises_evenly_and_goes_on_without_a_reset() {
        let mut tsdb = Tsdb::new(5000, 600_000);
        let series = tsdb.number(tags("x"), 0, true);
        (100..112).for_each(|k| tsdb.append(series, k, (k - 100) as f64 * 10.0));
        tsdb.tile_back(300_000, |_| 0.5);
        tsdb.append(series, 112, 120.0);
        let one = tsdb.named(Some("x")).next().unwrap();
        let values: Vec<f64> = tsdb.window(one, 0, i64::MAX / 2).map(|(_, value)| value).collect();
        assert_eq!(values.len(), 60 + 13);
        assert!(values.windows(2).all(|pair| (pair[1] - pair[0] - 10.0).abs() < 1e-9), "{values:?}");
        assert!(values[0] >= 0.0);
    }
}
