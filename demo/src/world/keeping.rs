//! How much a world remembers of what it measures: the more pods, the less of each.

use crate::metrics::Detail;

/// What is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keeping {
    /// Between two scrapes, milliseconds.
    pub(super) scrape: u64,
    /// How long samples are kept, milliseconds.
    pub(super) samples: u64,
    /// Of what latencies are kept.
    pub(super) detail: Detail,
    /// Lines of the log of one container.
    pub(super) lines: usize,
}

/// Beyond so many pods latencies are kept of workloads alone, and beyond so many all is scraped more rarely.
const MANY: usize = 500;
const CROWD: usize = 2_000;
const HOUR: u64 = 60 * 60_000;
/// Lines of one container, and of all.
const LINES: (usize, usize) = (2_000, 640_000);

impl Keeping {
    /// Of a world with so many pods.
    pub(super) fn of(pods: usize) -> Self {
        let detail = if pods > MANY { Detail::Workloads } else { Detail::Pods };
        let (scrape, samples) = if pods > CROWD { (15_000, HOUR) } else { (5_000, 2 * HOUR) };
        Self { scrape, samples, detail, lines: (LINES.1 / pods.max(1)).min(LINES.0) }
    }
}
