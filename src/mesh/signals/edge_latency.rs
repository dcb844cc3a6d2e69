//! How long requests along each edge take. Buckets of every edge would be megabytes at each look: the source computes the
//! quantiles where it can, so that they come as three figures an edge.

use std::collections::BTreeMap;

use super::{
    fold::{Pair, Reporter},
    quantile::Quantiles,
    sample::FlowLabels,
};

/// A pair of workloads, and the service called (namespace, name).
pub(super) type Key<'a> = (Pair<'a>, &'a str, &'a str);

/// Latency by edge and by who told it.
pub(super) struct EdgeLatency<'a>(BTreeMap<Key<'a>, BTreeMap<Reporter, Parts>>);

/// 50th, 90th and 99th percentile, as far as they came.
type Parts = [Option<f64>; 3];

impl<'a> EdgeLatency<'a> {
    pub(super) fn of(samples: &'a [(FlowLabels, f64)]) -> Self {
        let mut all: BTreeMap<Key<'a>, BTreeMap<Reporter, Parts>> = BTreeMap::new();
        for (labels, value) in samples {
            let at = match labels.signal.as_str() {
                "p50" => 0,
                "p90" => 1,
                "p99" => 2,
                _ => continue,
            };
            let Some(reporter) = Reporter::of(&labels.reporter) else { continue };
            let key = (labels.pair(), &*labels.destination_service_namespace, &*labels.destination_service_name);
            all.entry(key).or_default().entry(reporter).or_default()[at] = Some(*value);
        }
        Self(all)
    }

    /// As the reporter told it whose requests are counted, else as another did: requests that only one end timed.
    pub(super) fn told(&self, key: Key<'_>, believed: Reporter) -> Option<Quantiles> {
        let told = self.0.get(&key)?;
        let [p50, p90, p99] = told.get(&believed).or_else(|| told.values().next())?;
        Some(Quantiles { p50: (*p50)?, p90: (*p90)?, p99: (*p99)? })
    }
}
