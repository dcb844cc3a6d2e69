//! Samples of all targets.
//!
//! A target is scraped at a fixed offset within the interval, so the time of a sample is its number. Series that are told
//! together lie in one block. A scrape that misses a block leaves a staleness marker.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    block::{Block, Column, Layout, Rows},
    tags::{Pair, Tags},
};

/// The marker of a series that is not there any more. Any other NaN is a value.
pub const STALE: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

/// Whether a value is the marker.
pub fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE.to_bits()
}

/// What tells a block from all others: what its rows mean, and its labels.
type Identity = (usize, Arc<[Pair]>);

/// All series.
#[derive(Debug, Clone)]
pub struct Tsdb {
    interval: i64,
    kept: i64,
    blocks: Vec<Option<Block>>,
    by_name: HashMap<Arc<str>, Vec<u32>>,
    known: HashMap<Identity, u32>,
    /// Layouts of series that are told alone, by name and whether they count.
    alone: HashMap<(Arc<str>, bool), Arc<Layout>>,
    /// Names and values of labels, each once.
    words: HashSet<Arc<str>>,
}

impl Tsdb {
    /// An empty store: one sample every `interval_ms`, kept for `kept_ms`.
    pub fn new(interval_ms: u64, kept_ms: u64) -> Self {
        Self {
            interval: (interval_ms as i64).max(1),
            kept: (kept_ms / interval_ms.max(1)).max(2) as i64,
            blocks: Vec::new(),
            by_name: HashMap::new(),
            known: HashMap::new(),
            alone: HashMap::new(),
            words: HashSet::new(),
        }
    }

    /// Milliseconds between two samples.
    pub fn interval(&self) -> i64 {
        self.interval
    }

    /// Labels from pairs in any order; those without a value are left out.
    pub(super) fn labels<N: AsRef<str>, V: AsRef<str>>(&mut self, pairs: &[(N, V)]) -> Arc<[Pair]> {
        let some = pairs.iter().filter(|(_, value)| !value.as_ref().is_empty());
        let mut labels: Vec<Pair> = Vec::with_capacity(pairs.len());
        labels.extend(some.map(|(name, value)| (self.word(name.as_ref()), self.word(value.as_ref()))));
        labels.sort();
        labels.into()
    }

    fn word(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.words.get(text) {
            return Arc::clone(known);
        }
        let word: Arc<str> = text.into();
        self.words.insert(Arc::clone(&word));
        word
    }

    /// The number of a block; it is made when it is not there.
    pub(super) fn block(&mut self, layout: &Arc<Layout>, labels: &Arc<[Pair]>, offset: i64) -> u32 {
        let identity = (Arc::as_ptr(layout).addr(), Arc::clone(labels));
        if let Some(known) = self.known.get(&identity) {
            return *known;
        }
        let number = self.blocks.len() as u32;
        for column in layout.columns() {
            let list = self.by_name.entry(Arc::clone(&column.name)).or_default();
            // Buckets of a histogram share a name.
            if list.last() != Some(&number) {
                list.push(number);
            }
        }
        self.known.insert(identity, number);
        self.blocks.push(Some(Block::new(Arc::clone(layout), Arc::clone(labels), offset)));
        number
    }

    /// The number of a block of one series; it is made when it is not there. `counts`: it is a counter, or part of one.
    pub fn number(&mut self, tags: Tags, offset: i64, counts: bool) -> u32 {
        let name = tags.name.unwrap_or_else(|| "".into());
        let layout = self.alone.entry((Arc::clone(&name), counts));
        let layout = Arc::clone(layout.or_insert_with(|| Arc::new(Layout::default().with(&name, 1.0, counts))));
        let pairs: Vec<&Pair> = tags.labels.iter().collect();
        let pairs: Vec<(&str, &str)> = pairs.into_iter().map(|(name, value)| (&**name, &**value)).collect();
        let labels = self.labels(&pairs);
        self.block(&layout, &labels, offset)
    }

    /// Writes the `k`th sample of a block of one series (Unix time divided by the interval); numbers must rise.
    pub fn append(&mut self, block: u32, k: i64, value: f64) {
        let row = [value];
        self.write(block, k, (!is_stale(value)).then_some(&row[..]));
    }

    /// Writes the `k`th row of a block, or that it told nothing.
    pub(super) fn write(&mut self, block: u32, k: i64, row: Option<&[f64]>) {
        let kept = self.kept;
        if let Some(Some(block)) = self.blocks.get_mut(block as usize) {
            block.append(k, row, kept);
        }
    }

    /// Marks the series of a block as gone, at the `k`th sample or right after their newest.
    pub(super) fn gone(&mut self, block: u32, k: i64) {
        let Some(Some(own)) = self.blocks.get(block as usize) else { return };
        let (_, end) = own.span(self.kept);
        self.write(block, k.max(end), None);
    }

    /// Forgets blocks whose newest value is older than what is kept.
    pub fn forget(&mut self, k: i64) {
        let mut gone = HashSet::new();
        for (number, slot) in (0u32..).zip(&mut self.blocks) {
            // A block without rows is just about to get its first.
            if let Some(block) = slot.take_if(|block| block.is_over(k - self.kept)) {
                self.known.remove(&(Arc::as_ptr(&block.layout).addr(), block.labels));
                gone.insert(number);
            }
        }
        if !gone.is_empty() {
            self.by_name.values_mut().for_each(|list| list.retain(|number| !gone.contains(number)));
            self.words.retain(|word| Arc::strong_count(word) > 1);
        }
    }

    /// Makes up a history before the first samples: what each counter gained is repeated backwards, a little disturbed, for so
    /// many milliseconds; gauges keep their values. `jitter` (`0.0..1.0`) depends on the step alone: what the parts of a
    /// histogram count must be disturbed alike.
    pub fn tile_back(&mut self, ms: u64, jitter: impl Fn(i64) -> f64) {
        let wanted = (ms as i64 / self.interval).min(self.kept);
        for block in self.blocks.iter_mut().flatten() {
            block.tile_back(wanted, self.kept, &jitter);
        }
    }

    /// Blocks that have a series of a name, or all.
    pub(super) fn blocks(&self, name: Option<&str>) -> impl Iterator<Item = &Block> {
        let list = name.map(|name| self.by_name.get(name).map_or(&[][..], Vec::as_slice));
        let some = list.into_iter().flatten().filter_map(|at| self.blocks[*at as usize].as_ref());
        let all = self.blocks.iter().filter(move |_| name.is_none()).filter_map(Option::as_ref);
        some.chain(all)
    }

    /// All series with all their samples, staleness markers among them.
    pub fn raw(&self) -> impl Iterator<Item = (Tags, Vec<(i64, f64)>)> {
        self.blocks(None).flat_map(|block| {
            let rows = self.within(block, 0, i64::MAX);
            let sample = |column: &Column, k: i64| (self.time(block, k), rows.value(column, k).unwrap_or(STALE));
            let series = |column: &Column| (block.tags(column), rows.span().map(|k| sample(column, k)).collect());
            block.layout.columns().iter().map(series).collect::<Vec<_>>()
        })
    }

    /// Rows of a block whose times lie in `(after, to]`.
    pub(super) fn within(&self, block: &Block, after: i64, to: i64) -> Rows {
        let (start, _) = block.span(self.kept);
        block.rows(start.max(self.row(block, after) + 1), self.row(block, to))
    }

    /// The number of the row a block told last at a time.
    fn row(&self, block: &Block, at: i64) -> i64 {
        at.saturating_sub(block.offset).div_euclid(self.interval)
    }

    /// The time of a row, Unix milliseconds.
    pub(super) fn time(&self, block: &Block, k: i64) -> i64 {
        block.offset + k * self.interval
    }

    /// The rows in which the newest samples of the times from `first` to `last` are.
    pub(super) fn newest(&self, block: &Block, first: i64, last: i64) -> Rows {
        let (start, end) = block.span(self.kept);
        block.rows(self.row(block, first).min(end - 1).max(start), self.row(block, last))
    }

    /// A series' newest sample in `(to - lookback, to]`; none when the series went stale. `rows` came from [`Tsdb::newest`].
    pub(super) fn latest(
        &self,
        (block, rows): (&Block, &Rows),
        column: &Column,
        to: i64,
        lookback: i64,
    ) -> Option<(i64, f64)> {
        let k = self.row(block, to).min(rows.span().end - 1);
        let (value, time) = (rows.value(column, k)?, self.time(block, k));
        (time > to.saturating_sub(lookback)).then_some((time, value))
    }

    /// Samples of a series in rows that were read.
    pub(super) fn samples(&self, block: &Block, rows: &Rows, column: &Column) -> Vec<(i64, f64)> {
        rows.told().filter_map(|k| Some((self.time(block, k), rows.value(column, k)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{STALE, Tags, Tsdb};

    fn tags(name: &str) -> Tags {
        Tags::new(Some(name), [(Arc::from("a"), Arc::from("1"))])
    }

    /// The samples of the only series in `(after, to]`.
    fn window(tsdb: &Tsdb, after: i64, to: i64) -> Vec<(i64, f64)> {
        let block = tsdb.blocks(Some("x")).next().unwrap();
        tsdb.samples(block, &tsdb.within(block, after, to), &block.layout.columns()[0])
    }

    fn latest(tsdb: &Tsdb, to: i64) -> Option<(i64, f64)> {
        let block = tsdb.blocks(Some("x")).next().unwrap();
        let rows = tsdb.newest(block, to, to);
        tsdb.latest((block, &rows), &block.layout.columns()[0], to, 300_000)
    }

    #[test]
    fn samples_have_their_times_and_gaps_are_stale() {
        let mut tsdb = Tsdb::new(5000, 60_000);
        let series = tsdb.number(tags("x"), 1200, true);
        for (k, value) in [(10, 1.0), (11, 2.0), (13, 4.0)] {
            tsdb.append(series, k, value);
        }
        assert_eq!(window(&tsdb, 0, 1_000_000), [(51_200, 1.0), (56_200, 2.0), (66_200, 4.0)]);
        assert_eq!(window(&tsdb, 51_200, 56_200).len(), 1, "open on the left, closed on the right");
        assert_eq!(latest(&tsdb, 63_000), None, "the marker at 61 200 hides what was before");
        assert_eq!(latest(&tsdb, 60_000), Some((56_200, 2.0)));
        assert_eq!(latest(&tsdb, 366_200), None);
        assert_eq!(latest(&tsdb, 0), None);
    }

    #[test]
    fn old_samples_and_old_series_go() {
        let mut tsdb = Tsdb::new(5000, 50_000);
        let series = tsdb.number(tags("x"), 0, true);
        assert_eq!((latest(&tsdb, 9), window(&tsdb, 0, 9).len()), (None, 0), "nothing was written yet");
        (0..30).for_each(|k| tsdb.append(series, k, k as f64));
        assert_eq!(window(&tsdb, 0, i64::MAX / 2).len(), 10);
        tsdb.append(series, 30, STALE);
        tsdb.forget(39);
        assert_eq!(tsdb.blocks(Some("x")).count(), 1);
        tsdb.forget(41);
        assert_eq!(tsdb.blocks(Some("x")).count(), 0);
        assert_eq!(tsdb.blocks(None).count(), 0);
        assert_ne!(tsdb.number(tags("x"), 0, true), series, "it begins anew");
    }

    #[test]
    fn a_made_up_history_rises_evenly_and_goes_on_without_a_reset() {
        let mut tsdb = Tsdb::new(5000, 600_000);
        let series = tsdb.number(tags("x"), 0, true);
        (100..112).for_each(|k| tsdb.append(series, k, (k - 100) as f64 * 10.0));
        tsdb.tile_back(300_000, |_| 0.5);
        tsdb.append(series, 112, 120.0);
        let values: Vec<f64> = window(&tsdb, 0, i64::MAX / 2).into_iter().map(|(_, value)| value).collect();
        assert_eq!(values.len(), 60 + 13);
        assert!(values.windows(2).all(|pair| (pair[1] - pair[0] - 10.0).abs() < 1e-9), "{values:?}");
        assert!(values[0] >= 0.0);
    }
}
