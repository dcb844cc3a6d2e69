//! Closed flows: so many workers, each of which sends its next request when it has its answer and its turn has come. Where
//! answers are slow, fewer requests are sent.

use std::collections::BTreeMap;

use super::{behaviour::Flow, walk::Outcome};

/// What a load generator wants.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Where to and from whom; its rate is not looked at, its timeout is.
    pub flow: Flow,
    /// How many workers.
    pub workers: u32,
    /// Requests per second of all of them.
    pub qps: f64,
    /// How long, milliseconds.
    pub lasts: f64,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ended {
    /// How long it lasted, milliseconds.
    pub lasted: f64,
    /// Answers by status code; 0: none came.
    pub codes: BTreeMap<u16, u64>,
    /// Latencies, milliseconds, in the order of the requests.
    pub took: Vec<f64>,
}

/// One that flows.
#[derive(Debug, Clone)]
pub(super) struct Closed {
    wanted: Wanted,
    /// When the proxies knew of it; until then it has not begun.
    begun: Option<f64>,
    /// Per worker: its next moment, and how many requests it sent.
    workers: Vec<(f64, u64)>,
    ended: Ended,
}

impl Closed {
    pub(super) fn new(wanted: Wanted) -> Self {
        let workers = vec![(0.0, 0); wanted.workers.max(1) as usize];
        Self { wanted, begun: None, workers, ended: Ended::default() }
    }

    pub(super) fn flow(&self) -> &Flow {
        &self.wanted.flow
    }

    /// Begins, once.
    pub(super) fn begin(&mut self, now: f64) {
        if self.begun.is_none() {
            self.begun = Some(now);
            for worker in 0..self.workers.len() {
                self.workers[worker].0 = self.turn(worker, now);
            }
        }
    }

    /// Workers with their next moments before one; none before it began or behind its end.
    pub(super) fn due(&self, before: f64) -> impl Iterator<Item = (f64, usize)> {
        let until = self.until().min(before);
        self.workers
            .iter()
            .enumerate()
            .map(|(worker, (next, _))| (*next, worker))
            .filter(move |(next, _)| *next < until)
    }

    /// A worker has its answer to what it sent at a moment. When it sends again.
    pub(super) fn answered(&mut self, worker: usize, at: f64, outcome: Outcome) -> f64 {
        *self.ended.codes.entry(outcome.code).or_default() += 1;
        self.ended.took.push(outcome.latency);
        self.workers[worker].1 += 1;
        let next = self.turn(worker, self.begun.unwrap_or(at)).max(at + outcome.latency.max(0.01));
        self.workers[worker].0 = next;
        next
    }

    /// Whether it is over at a moment.
    pub(super) fn over(&self, now: f64) -> bool {
        self.begun.is_some() && self.until() <= now
    }

    pub(super) fn into_ended(self) -> Ended {
        Ended { lasted: self.wanted.lasts, ..self.ended }
    }

    pub(super) fn until(&self) -> f64 {
        self.begun.map_or(0.0, |begun| begun + self.wanted.lasts)
    }

    /// When a worker's turn is: they share the rate, each a little behind the one before it.
    fn turn(&self, worker: usize, begun: f64) -> f64 {
        let workers = self.workers.len() as f64;
        let every = 1000.0 * workers / self.wanted.qps.max(0.001);
        begun + every * (self.workers[worker].1 as f64 + worker as f64 / workers)
    }
}
