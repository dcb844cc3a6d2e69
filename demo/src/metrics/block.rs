//! What one target tells at one scrape, kept together: the same labels, the same times, a few numbers a row.

use std::sync::Arc;

use super::{
    packed::Packed,
    tags::{self, Labels, Pair, Tags},
};

/// A series of a block.
#[derive(Debug, Clone)]
pub(super) struct Column {
    /// Name of the metric.
    pub(super) name: Arc<str>,
    /// A label that only it has: the upper bound, of a bucket.
    pub(super) own: Option<Pair>,
    /// The kept numbers from which to which, both included, whose sum it is.
    parts: (usize, usize),
}

/// How a number is kept.
#[derive(Debug, Clone, Copy)]
struct Kept {
    /// What makes it whole.
    scale: f64,
    /// Whether it is a counter, or part of one.
    counts: bool,
}

/// What the rows of a block mean.
#[derive(Debug, Clone, Default)]
pub(super) struct Layout {
    columns: Vec<Column>,
    kept: Vec<Kept>,
    scales: Vec<f64>,
}

impl Layout {
    /// Adds a series of its own; `scale` is what makes its numbers whole, as far as anything does.
    #[must_use]
    pub(super) fn with(mut self, name: &str, scale: f64, counts: bool) -> Self {
        let at = self.keep(scale, counts);
        self.columns.push(Column { name: name.into(), own: None, parts: (at, at) });
        self
    }

    /// Adds a counter for each value of a label, which the labels of a block do not have.
    #[must_use]
    pub(super) fn with_each(mut self, name: &str, label: &str, values: &[&str]) -> Self {
        let (name, label) = (Arc::<str>::from(name), Arc::<str>::from(label));
        for value in values {
            let at = self.keep(1.0, true);
            let own = Some((Arc::clone(&label), (*value).into()));
            self.columns.push(Column { name: Arc::clone(&name), own, parts: (at, at) });
        }
        self
    }

    /// Adds a histogram: its sum, and so many buckets, of which each row tells what lies between two bounds. How many there
    /// are in all follows from them.
    #[must_use]
    pub(super) fn with_histogram(mut self, name: &str, scale: f64, bounds: &[f64]) -> Self {
        let named = |end: &str| Arc::<str>::from(format!("{name}_{end}"));
        let sum = self.keep(scale, true);
        self.columns.push(Column { name: named("sum"), own: None, parts: (sum, sum) });
        let first = sum + 1;
        self.columns.push(Column { name: named("count"), own: None, parts: (first, sum + bounds.len()) });
        let (bucket, le) = (named("bucket"), Arc::<str>::from("le"));
        for bound in bounds {
            let at = self.keep(1.0, true);
            let bound = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
            let own = Some((Arc::clone(&le), bound.into()));
            self.columns.push(Column { name: Arc::clone(&bucket), own, parts: (first, at) });
        }
        self
    }

    fn keep(&mut self, scale: f64, counts: bool) -> usize {
        self.kept.push(Kept { scale, counts });
        self.scales.push(scale);
        self.kept.len() - 1
    }

    /// The series, in the order in which they were added.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Each series with its value in a row that is not kept, and whether it counts.
    pub(super) fn values<'a>(&'a self, row: &'a [f64]) -> impl Iterator<Item = (&'a Column, f64, bool)> {
        self.columns.iter().map(|column| {
            let (from, to) = column.parts;
            (column, row[from..=to].iter().sum(), self.kept[from].counts)
        })
    }

    /// The nearest number that is kept in few bytes.
    fn rounded(&self, at: usize, number: f64) -> f64 {
        let scale = self.kept[at].scale;
        if scale > 1.0 { (number * scale).round() / scale } else { number }
    }
}

/// Series of a target that are told together.
#[derive(Debug, Clone)]
pub struct Block {
    pub(super) layout: Arc<Layout>,
    pub(super) labels: Arc<[Pair]>,
    /// Of its scrapes within the interval, milliseconds.
    pub(super) offset: i64,
    rows: Packed,
    /// Added to every counter that is scraped: what the history made up beforehand has counted.
    base: Option<Box<[f64]>>,
}

/// Some rows of a block, read.
pub(super) struct Rows {
    first: i64,
    width: usize,
    told: Vec<bool>,
    numbers: Vec<f64>,
}

impl Rows {
    /// A series' value in the `k`th row; `None` where none is told.
    pub(super) fn value(&self, column: &Column, k: i64) -> Option<f64> {
        let at = usize::try_from(k - self.first).ok()?;
        if !*self.told.get(at)? {
            return None;
        }
        let row = &self.numbers[at * self.width..(at + 1) * self.width];
        let (from, to) = column.parts;
        Some(if from == to { row[from] } else { row[from..=to].iter().sum() })
    }

    /// All rows that are told, by number.
    pub(super) fn told(&self) -> impl Iterator<Item = i64> {
        (self.first..).zip(&self.told).filter(|(_, told)| **told).map(|(k, _)| k)
    }

    /// Numbers of the rows, told or not.
    pub(super) fn span(&self) -> std::ops::Range<i64> {
        self.first..self.first + self.told.len() as i64
    }
}

impl Block {
    pub(super) fn new(layout: Arc<Layout>, labels: Arc<[Pair]>, offset: i64) -> Self {
        let rows = Packed::new(layout.kept.len());
        Self { layout, labels, offset, rows, base: None }
    }

    /// The value of a label that all its series have; empty when absent.
    pub(super) fn label(&self, name: &str) -> &str {
        tags::find(&self.labels, name)
    }

    /// The tags of one of its series.
    pub(super) fn tags(&self, column: &Column) -> Tags {
        let shared = Arc::clone(&self.labels);
        let labels = match &column.own {
            Some(own) => Labels::and(shared, own.clone()),
            None => Labels::shared(shared),
        };
        Tags { name: Some(Arc::clone(&column.name)), labels }
    }

    /// Writes the `k`th row, `None`: nothing is told any more; numbers must rise. Of older ones so many are kept.
    pub(super) fn append(&mut self, k: i64, row: Option<&[f64]>, kept: i64) {
        let (_, end) = self.rows.span();
        if !self.rows.is_empty() && k < end {
            return;
        }
        if !self.rows.is_empty() && k - end >= kept {
            self.rows = Packed::new(self.layout.kept.len());
        }
        let base = |at: usize| self.base.as_ref().map(|base| base[at]).filter(|base| *base != 0.0);
        let raised =
            |(at, number): (usize, &f64)| self.layout.rounded(at, base(at).map_or(*number, |base| number + base));
        let row: Option<Vec<f64>> = row.map(|row| row.iter().enumerate().map(raised).collect());
        self.rows.push(k, row.as_deref(), &self.layout.scales);
        self.rows.forget(k + 1 - kept);
    }

    /// Numbers of the first row that is kept and of the one that comes next.
    pub(super) fn span(&self, kept: i64) -> (i64, i64) {
        let (start, end) = self.rows.span();
        (start.max(end - kept), end)
    }

    /// Whether it has rows and told nothing from the `k`th on.
    pub(super) fn is_over(&self, k: i64) -> bool {
        !self.rows.is_empty() && self.rows.told() < k
    }

    /// The rows from `first` to `last`.
    pub(super) fn rows(&self, first: i64, last: i64) -> Rows {
        let width = self.layout.kept.len();
        let mut rows = Rows { first, width, told: Vec::new(), numbers: Vec::new() };
        let silent = vec![0.0; width];
        self.rows.read(first, last, &self.layout.scales, |k, row| {
            if rows.told.is_empty() {
                rows.first = k;
            }
            rows.told.push(row.is_some());
            rows.numbers.extend(row.unwrap_or(&silent));
        });
        rows
    }

    /// Makes up `wanted` rows before the first one, of `kept` in all: what each counter gained is repeated backwards, a little
    /// disturbed; other numbers are repeated as they are.
    pub(super) fn tile_back(&mut self, wanted: i64, kept: i64, jitter: &impl Fn(i64) -> f64) {
        let (start, end) = self.span(kept);
        let room = wanted.min(kept - (end - start));
        let own = self.rows(start, end);
        let told: Vec<i64> = own.told().collect();
        let Some(first) = told.first().copied().filter(|_| room > 0) else { return };
        let row = |k: i64| {
            let at = (k - own.first) as usize * own.width;
            &own.numbers[at..at + own.width]
        };
        let gains = told.len() - 1;
        // How far each counter is below its first number, so many rows back.
        let mut below = vec![0.0; own.width];
        let mut earlier: Vec<f64> = Vec::with_capacity(room as usize * own.width);
        for back in 0..room {
            let factor = 0.9 + 0.2 * jitter(back);
            let at = back as usize;
            for (number, kept) in self.layout.kept.iter().enumerate() {
                if !kept.counts {
                    earlier.push(row(told[at % told.len()])[number]);
                    continue;
                }
                if gains > 0 {
                    let to = gains - at % gains;
                    let gain = row(told[to])[number] - row(told[to - 1])[number];
                    // Counters count whole requests and never fall.
                    below[number] += (gain * factor).max(0.0).round();
                }
                earlier.push(below[number]);
            }
        }
        let counts = |at: usize| self.layout.kept[at].counts;
        let begin = row(first);
        let mut rows = Packed::new(own.width);
        for (back, made) in earlier.chunks(own.width).enumerate().rev() {
            let number = |(at, made): (usize, &f64)| {
                let number = if counts(at) { begin[at] + below[at] - made } else { *made };
                self.layout.rounded(at, number)
            };
            let made: Vec<f64> = made.iter().enumerate().map(number).collect();
            rows.push(start - 1 - back as i64, Some(&made), &self.layout.scales);
        }
        for k in own.span() {
            let raised = own.told[(k - own.first) as usize].then(|| {
                let raise = |(at, number): (usize, &f64)| {
                    if counts(at) { self.layout.rounded(at, number + below[at]) } else { *number }
                };
                row(k).iter().enumerate().map(raise).collect::<Vec<f64>>()
            });
            rows.push(k, raised.as_deref(), &self.layout.scales);
        }
        self.rows = rows;
        let base = self.base.take().unwrap_or_else(|| vec![0.0; own.width].into());
        let raised =
            base.iter().zip(&below).enumerate().map(|(at, (base, below))| base + if counts(at) { *below } else { 0.0 });
        self.base = Some(raised.collect());
    }
}
