//! Latencies of the pods of a workload, told as one.
//!
//! A histogram has twenty times the series of a counter, and nobody asks for that of one pod among thousands: in a large world
//! it is kept per workload, as Istio advises for large clusters. What each pod's proxy counted since its last scrape is added
//! up here, so a pod that goes takes nothing away.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::super::{block::Layout, tags::Pair, tsdb::Tsdb};
use crate::{
    base::keyed,
    traffic::{BOUNDS, Edge},
};

/// What is counted of latencies: their sum in milliseconds, and how many lie between two bounds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counted {
    sum: f64,
    buckets: [u64; BOUNDS.len()],
}

impl Counted {
    pub(super) fn of(edge: &Edge) -> Self {
        Self { sum: edge.sum, buckets: edge.buckets }
    }

    /// As the row of a histogram.
    pub(super) fn row(&self) -> [f64; BOUNDS.len() + 1] {
        let mut row = [self.sum; BOUNDS.len() + 1];
        row[1..].iter_mut().zip(self.buckets).for_each(|(into, n)| *into = n as f64);
        row
    }

    /// As the row of agentgateway's histogram, in seconds. It has fewer bounds; what lies between two of ours and beyond the
    /// minute counts as longer than its last.
    pub(super) fn in_seconds(&self) -> Vec<f64> {
        let many = |buckets: &[u64]| buckets.iter().sum::<u64>() as f64;
        let (short, rest) = self.buckets.split_at(2);
        let (middle, long) = rest.split_at(12);
        let mut row = vec![self.sum / 1000.0, many(short)];
        row.extend(middle.iter().map(|n| *n as f64));
        row.extend([many(&long[..1]), many(&long[1..])]);
        row
    }

    fn add(&mut self, from: &Self, to: &Self) {
        self.sum += to.sum - from.sum;
        for (into, (from, to)) in self.buckets.iter_mut().zip(from.buckets.iter().zip(to.buckets)) {
            *into += to.saturating_sub(*from);
        }
    }
}

/// What pods tell together.
#[derive(Debug, Clone)]
struct One {
    labels: Arc<[Pair]>,
    offset: i64,
    block: u32,
    counted: Counted,
    /// How many edges add to it; with none it is gone.
    edges: u32,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Together {
    all: Vec<One>,
    known: HashMap<Arc<[Pair]>, usize>,
    due: BTreeMap<i64, Vec<usize>>,
}

impl Together {
    /// One more edge adds to what has these labels. Answers with its number.
    pub(super) fn join(&mut self, tsdb: &mut Tsdb, layout: &Arc<Layout>, labels: &Arc<[Pair]>, seed: u64) -> usize {
        let at = self.known.get(labels).copied().unwrap_or_else(|| {
            let at = self.all.len();
            let offset = (keyed::unit(seed, "latency", at as u64) * tsdb.interval() as f64) as i64;
            self.all.push(One { labels: Arc::clone(labels), offset, block: 0, counted: Counted::default(), edges: 0 });
            self.known.insert(Arc::clone(labels), at);
            self.due.entry(offset).or_default().push(at);
            at
        });
        let one = &mut self.all[at];
        // Known to the store or not: without edges it may have been forgotten.
        one.block = tsdb.block(layout, &one.labels, one.offset);
        one.edges += 1;
        at
    }

    /// An edge counted so far what it counts now.
    pub(super) fn add(&mut self, at: usize, from: &Counted, to: &Counted) {
        self.all[at].counted.add(from, to);
    }

    /// An edge is gone.
    pub(super) fn leave(&mut self, tsdb: &mut Tsdb, at: usize, now: i64) {
        let one = &mut self.all[at];
        one.edges -= 1;
        if one.edges == 0 {
            tsdb.gone(one.block, now);
        }
    }

    /// Tells those of these offsets.
    pub(super) fn tell(&self, tsdb: &mut Tsdb, (after, to): (i64, i64), k: i64) {
        for at in super::between(&self.due, after, to) {
            let one = &self.all[*at];
            if one.edges > 0 {
                tsdb.write(one.block, k, Some(&one.counted.row()));
            }
        }
    }
}
