//! Figures of services and of the versions behind them, from the edges.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::{
    Golden,
    attempts::Attempts,
    codes::Codes,
    fold::{Measured, Named, Tally, unknown},
    quantile::Buckets,
    upstreams::Upstream,
};

/// One service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceRow {
    /// Its namespace.
    pub namespace: CompactString,
    /// Its name.
    pub service: CompactString,
    /// The figures now, as callers see them.
    pub golden: Golden,
    /// What its requests are answered with.
    pub codes: Codes,
    /// Requests against attempts, of the callers for which both are told; `None`: of none.
    pub attempts: Option<Attempts>,
    /// Retries, ejections, full pools.
    pub upstream: Upstream,
    /// The workloads behind it, by name.
    pub versions: Vec<VersionRow>,
}

/// One workload behind a service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VersionRow {
    /// `destination_version`; empty when not told.
    pub version: CompactString,
    /// The workload.
    pub workload: Named,
    /// Its share of the service. Latency is told by workload: it is that of the version where the workload serves nothing else.
    pub golden: Golden,
    /// What these requests are answered with.
    pub codes: Codes,
}

/// One line per service that was called, by namespace and name.
pub fn services(measured: &Measured, upstreams: &BTreeMap<Named, Upstream>) -> Vec<ServiceRow> {
    #[derive(Default)]
    struct Sums<'a> {
        tally: Tally,
        codes: Codes,
        attempts: Option<Attempts>,
        /// Calls that reached no workload were asked for and never arrived, whoever else told of them.
        lost: Tally,
        latency: Buckets,
        versions: BTreeMap<&'a Named, (CompactString, Tally, Codes)>,
    }
    let mut all: BTreeMap<&Named, Sums<'_>> = BTreeMap::new();
    for edge in measured.edges.iter().filter(|edge| !unknown(&edge.service)) {
        let sums = all.entry(&edge.service).or_default();
        sums.tally.merge(edge.tally);
        sums.codes.merge(&edge.codes);
        if !unknown(&edge.to) {
            let (version, tally, codes) = sums.versions.entry(&edge.to).or_default();
            version.clone_from(&edge.version);
            tally.merge(edge.tally);
            codes.merge(&edge.codes);
        }
        match edge.attempts {
            Some(attempts) => sums.attempts.get_or_insert_default().merge(attempts),
            None if unknown(&edge.to) && !unknown(&edge.from) => sums.lost.merge(edge.tally),
            None => {}
        }
    }
    let mut serves: BTreeMap<&Named, usize> = BTreeMap::new();
    for workload in all.values().flat_map(|sums| sums.versions.keys()) {
        *serves.entry(workload).or_default() += 1;
    }
    for ((_, service), buckets) in &measured.service_latency {
        if let Some(sums) = all.get_mut(service) {
            sums.latency.merge(buckets);
        }
    }
    all.into_iter()
        .map(|(service, sums)| ServiceRow {
            namespace: service.0.clone(),
            service: service.1.clone(),
            golden: sums.tally.golden(Some(&sums.latency), 1.0),
            codes: sums.codes,
            attempts: sums.attempts.map(|mut attempts| {
                attempts.asked.merge(sums.lost);
                attempts
            }),
            upstream: upstreams.get(service).copied().unwrap_or_default(),
            versions: sums
                .versions
                .into_iter()
                .map(|(workload, (version, tally, codes))| VersionRow {
                    version,
                    workload: workload.clone(),
                    golden: tally.golden(
                        measured.workload_latency.get(workload).filter(|_| serves.get(workload) == Some(&1)),
                        1.0,
                    ),
                    codes,
                })
                .collect(),
        })
        .collect()
}
