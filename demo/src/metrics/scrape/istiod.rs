//! What istiod tells: its clients, its pushes, how long proxies take to follow them and how many refuse them, and of how much it
//! makes configuration.

use std::sync::Arc;

use super::{
    super::{block::Layout, tsdb::Tsdb},
    NODE_OFFSET,
};
use crate::traffic::{Plane, Traffic};

/// What makes whole numbers of seconds that were measured: microseconds.
const OF_SECONDS: f64 = 1e6;

/// Upper bounds of `pilot_proxy_convergence_time` in seconds, as istiod exports them.
const BOUNDS: [f64; 9] = [0.1, 0.5, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0, f64::INFINITY];

/// Kinds of configuration; each push sends all of them.
const TYPES: [&str; 4] = ["cds", "eds", "lds", "rds"];

/// istiod as a target.
#[derive(Debug, Clone)]
pub(super) struct Istiod {
    layout: Arc<Layout>,
    block: Option<u32>,
    /// How long proxies took to follow changes: by bucket, and the sum in seconds.
    followed: ([u64; BOUNDS.len()], f64),
}

impl Default for Istiod {
    fn default() -> Self {
        let layout = Layout::default()
            .with_histogram("pilot_proxy_convergence_time", OF_SECONDS, &BOUNDS)
            .with_each("pilot_xds_pushes", "type", &TYPES)
            .with("pilot_total_xds_rejects", 1.0, true)
            .with("pilot_xds", 1.0, false)
            .with("pilot_services", 1.0, false)
            .with("pilot_virt_services", 1.0, false);
        Self { layout: Arc::new(layout), block: None, followed: ([0; BOUNDS.len()], 0.0) }
    }
}

impl Istiod {
    /// The proxies followed changes after so many milliseconds each.
    pub(super) fn converged(&mut self, after: &[f64]) {
        for seconds in after.iter().map(|ms| ms / 1000.0) {
            let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len() - 1);
            self.followed.0[bucket] += 1;
            self.followed.1 += seconds;
        }
    }

    /// Its `k`th scrape; while none runs, nothing is told.
    pub(super) fn scrape(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, k: i64) {
        let Some(plane) = traffic.plane() else {
            if let Some(block) = self.block.take() {
                tsdb.gone(block, k);
            }
            return;
        };
        let block = *self.block.get_or_insert_with(|| {
            let labels = tsdb.labels(&[("job", "istiod"), ("namespace", "istio-system"), ("app", "istiod")]);
            tsdb.block(&self.layout, &labels, NODE_OFFSET)
        });
        tsdb.write(block, k, Some(&self.row(traffic, &plane)));
    }

    /// What it would tell now; `None` while none runs.
    pub(super) fn now(&self, traffic: &Traffic) -> Option<(&Arc<Layout>, Vec<f64>)> {
        Some((&self.layout, self.row(traffic, &traffic.plane()?)))
    }

    fn row(&self, traffic: &Traffic, plane: &Plane) -> Vec<f64> {
        let (buckets, sum) = self.followed;
        let counts = buckets.into_iter().chain([traffic.pushes(); TYPES.len()]).chain([traffic.rejects()]);
        let gauges = [plane.clients, plane.services, plane.virtual_services];
        [sum].into_iter().chain(counts.chain(gauges).map(|n| n as f64)).collect()
    }
}
