//! How figures moved: one sample a step, gaps where there was none, bounded.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    Golden, Series, Snapshot, Trends,
    fold::{Named, believed_trend},
    sample::{Matrix, WorkloadLabels},
};

/// Steps kept: with steps of 15 s an hour. A thousand workloads need 4 MiB, which snapshots share.
pub const STEPS: usize = 240;

/// What one step holds of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Mark {
    rps: Option<f32>,
    error_share: Option<f32>,
    p50_ms: Option<f32>,
    p99_ms: Option<f32>,
}

/// The last [`STEPS`] steps of everything.
#[derive(Debug, Clone, PartialEq)]
pub struct Trail {
    step_s: i64,
    /// Number of the newest step: its time divided by the step's length.
    newest: i64,
    /// The total stands under two empty names. The newest snapshot holds the same, not a copy.
    lines: BTreeMap<Named, Arc<Trends>>,
}

/// Trends of the past, as a range query answers: one matrix per figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Requests per second.
    pub rps: Matrix<WorkloadLabels>,
    /// Failed requests per second.
    pub failed: Matrix<WorkloadLabels>,
    /// Medians in milliseconds.
    pub p50: Matrix<WorkloadLabels>,
    /// 99th percentiles in milliseconds.
    pub p99: Matrix<WorkloadLabels>,
}

impl Trail {
    /// An empty one, with steps of `step_s` seconds (at least 1).
    pub fn new(step_s: u32) -> Self {
        Self { step_s: i64::from(step_s.max(1)), newest: i64::MIN, lines: BTreeMap::new() }
    }

    /// Seconds of a step.
    pub fn step_s(&self) -> u32 {
        u32::try_from(self.step_s).unwrap_or(1)
    }

    /// Takes the past in: how each workload moved before the first look.
    pub fn fill(&mut self, past: &Past) {
        let mut rps = by_subject(&past.rps);
        let mut failed = by_subject(&past.failed);
        let (mut p50, mut p99) = (by_subject(&past.p50), by_subject(&past.p99));
        let (all_p50, all_p99) = (self.of_all(past, &past.p50), self.of_all(past, &past.p99));
        let mut at: BTreeMap<i64, BTreeMap<Named, Mark>> = BTreeMap::new();
        let mut total: BTreeMap<i64, (f64, f64)> = BTreeMap::new();
        for (subject, reporters) in std::mem::take(&mut rps) {
            let Some((reporter, points)) = believed(reporters) else { continue };
            let of = |all: &mut BTreeMap<Named, Reporters>| -> BTreeMap<i64, f64> {
                let found = all.remove(&subject).unwrap_or_default();
                let points = found.into_iter().find(|(name, _)| *name == reporter).map(|(_, points)| points);
                points.unwrap_or_default().into_iter().map(|(at, value)| (self.slot(at), value)).collect()
            };
            let (failed, p50, p99) = (of(&mut failed), of(&mut p50), of(&mut p99));
            for (time, value) in points {
                let slot = self.slot(time);
                let bad = failed.get(&slot).copied().unwrap_or(0.0);
                let sum = total.entry(slot).or_default();
                *sum = (sum.0 + value, sum.1 + bad);
                let mark = Mark {
                    rps: narrow(Some(value)),
                    error_share: narrow((value > 0.0).then(|| bad / value)),
                    p50_ms: narrow(p50.get(&slot).copied()),
                    p99_ms: narrow(p99.get(&slot).copied()),
                };
                at.entry(slot).or_default().insert(subject.clone(), mark);
            }
        }
        for (slot, mut marks) in at {
            if let Some((rps, bad)) = total.get(&slot) {
                let mark = Mark {
                    rps: narrow(Some(*rps)),
                    error_share: narrow((*rps > 0.0).then(|| bad / rps)),
                    p50_ms: narrow(all_p50.get(&slot).copied()),
                    p99_ms: narrow(all_p99.get(&slot).copied()),
                };
                marks.insert(Named::default(), mark);
            }
            self.put(slot, marks);
        }
    }

    /// A figure of all workloads together, by step: as the reporter told it that saw most requests.
    fn of_all(&self, past: &Past, figure: &Matrix<WorkloadLabels>) -> BTreeMap<i64, f64> {
        let mut seen: BTreeMap<&str, f64> = BTreeMap::new();
        for (labels, points) in &past.rps.series {
            *seen.entry(&labels.reporter).or_default() += points.iter().map(|(_, rps)| rps).sum::<f64>();
        }
        let together = figure.series.iter().filter(|(labels, _)| {
            labels.destination_workload.is_empty() && labels.destination_workload_namespace.is_empty()
        });
        let told = together.filter_map(|(labels, points)| {
            Some((labels.reporter.clone(), seen.get(&*labels.reporter).copied()?, points))
        });
        let points = believed_trend(told.collect()).into_iter().flatten();
        points.map(|(at, value)| (self.slot(*at), *value)).collect()
    }

    /// Takes a look in and writes the trends into it. A second look within a step replaces the first.
    pub fn push(&mut self, snapshot: &mut Snapshot) {
        let Some(at) = snapshot.at else { return };
        let mut marks: BTreeMap<Named, Mark> = snapshot
            .workloads
            .iter()
            .map(|row| ((row.namespace.clone(), row.workload.clone()), Mark::of(row.golden)))
            .collect();
        marks.insert(Named::default(), Mark::of(snapshot.total));
        self.put(self.slot_of(at), marks);
        snapshot.step_s = self.step_s();
        for row in &mut snapshot.workloads {
            row.trends = self.trends(&(row.namespace.clone(), row.workload.clone()));
        }
        snapshot.total_trends = self.trends(&Named::default());
    }

    fn slot_of(&self, at: Timestamp) -> i64 {
        at.as_second().div_euclid(self.step_s)
    }

    fn slot(&self, unix_s: f64) -> i64 {
        jiff::SignedDuration::try_from_secs_f64(unix_s).map_or(0, |at| at.as_secs()).div_euclid(self.step_s)
    }

    /// Writes one step; steps skipped since the newest become gaps, an older step is dropped (a clock went back).
    fn put(&mut self, slot: i64, marks: BTreeMap<Named, Mark>) {
        let skipped = slot.saturating_sub(self.newest);
        if self.newest == i64::MIN {
            self.lines.clear();
        } else if skipped < 0 {
            return;
        } else {
            let gaps = usize::try_from(skipped).unwrap_or(STEPS).min(STEPS);
            for line in self.lines.values_mut().filter(|_| gaps > 0) {
                let line = Arc::make_mut(line);
                for _ in 0..gaps {
                    line.push(Mark::default());
                }
            }
        }
        self.newest = slot;
        for (subject, mark) in marks {
            let line = Arc::make_mut(self.lines.entry(subject).or_default());
            line.set_last(mark);
        }
        // What was not seen for all of it is gone.
        self.lines.retain(|_, line| line.known());
    }

    fn trends(&self, subject: &Named) -> Arc<Trends> {
        self.lines.get(subject).cloned().unwrap_or_default()
    }
}

impl Trends {
    fn each(&mut self, mark: Mark) -> [(&mut Series, Option<f32>); 4] {
        [
            (&mut self.rps, mark.rps),
            (&mut self.error_share, mark.error_share),
            (&mut self.p50_ms, mark.p50_ms),
            (&mut self.p99_ms, mark.p99_ms),
        ]
    }

    /// One step more; the oldest goes when there are too many.
    fn push(&mut self, mark: Mark) {
        for (series, value) in self.each(mark) {
            series.push(value, STEPS);
        }
    }

    /// Writes the newest step anew.
    fn set_last(&mut self, mark: Mark) {
        if self.rps.is_empty() {
            return self.push(mark);
        }
        for (series, value) in self.each(mark) {
            series.set_last(value);
        }
    }

    fn known(&self) -> bool {
        [&self.rps, &self.error_share, &self.p50_ms, &self.p99_ms]
            .iter()
            .any(|series| series.iter().any(|sample| sample.is_some()))
    }
}

impl Mark {
    fn of(golden: Golden) -> Self {
        Self {
            rps: narrow(golden.rps),
            error_share: narrow(golden.error_share),
            p50_ms: narrow(golden.p50_ms),
            p99_ms: narrow(golden.p99_ms),
        }
    }
}

/// Seven digits are more than a sparkline shows.
#[expect(clippy::cast_possible_truncation, reason = "a sparkline needs no double")]
fn narrow(value: Option<f64>) -> Option<f32> {
    value.map(|value| value as f32)
}

type Points = Vec<(f64, f64)>;
type Reporters = Vec<(compact_str::CompactString, Points)>;

fn by_subject(matrix: &Matrix<WorkloadLabels>) -> BTreeMap<Named, Reporters> {
    let mut all: BTreeMap<Named, Reporters> = BTreeMap::new();
    for (labels, points) in &matrix.series {
        let subject = (labels.destination_workload_namespace.clone(), labels.destination_workload.clone());
        // Calls that reached nobody have no trend of their own: which row they belong to changes with time.
        if !matches!(subject.1.as_str(), "" | "unknown") {
            all.entry(subject).or_default().push((labels.reporter.clone(), points.clone()));
        }
    }
    all
}

fn believed(reporters: Reporters) -> Option<(compact_str::CompactString, Points)> {
    let summed = reporters.into_iter().map(|(reporter, points)| {
        let sum = points.iter().map(|(_, value)| value).sum();
        (reporter.clone(), sum, (reporter, points))
    });
    believed_trend(summed.collect())
}
