//! From the answers of one round of questions to a [`Snapshot`].

use std::collections::BTreeMap;

use compact_str::CompactString;
use jiff::Timestamp;

use super::{
    Snapshot, Trends, WorkloadRow,
    fold::{self, Measured, Tally},
    quantile::Buckets,
    sample::{EdgeLabels, RouteLabels, ServiceLabels, WorkloadLabels},
};
use crate::base::sanitize;

/// The answers of one round. What was not asked or failed is empty, and said in `notes`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// The time they are for.
    pub at: Option<Timestamp>,
    /// Requests per second.
    pub edges: Vec<(EdgeLabels, f64)>,
    /// Latency buckets of workloads.
    pub workload_latency: Vec<(WorkloadLabels, f64)>,
    /// Latency buckets of services, from gateways and from the mesh.
    pub service_latency: Vec<(ServiceLabels, f64)>,
    /// Requests of routes that name themselves.
    pub labelled: Vec<(RouteLabels, f64)>,
    /// Their latency buckets.
    pub labelled_latency: Vec<(RouteLabels, f64)>,
    /// Warnings of the source, and what failed.
    pub notes: Vec<String>,
}

impl Snapshot {
    /// Figures from one round; trends and routes are filled in by others.
    pub fn of(answers: &Answers) -> Self {
        let edges = fold::edges(&answers.edges);
        let tallies = fold::workloads(&edges);
        let latencies = fold::workload_latency(&answers.workload_latency);
        let mut total = Tally::default();
        let mut all = Buckets::default();
        let mut workloads = Vec::with_capacity(tallies.len());
        for (named, tally) in tallies {
            let latency = latencies.get(&named);
            total.merge(tally);
            if let Some(latency) = latency {
                all.merge(latency);
            }
            workloads.push(WorkloadRow {
                golden: tally.golden(latency, 1.0),
                namespace: clean(&named.0),
                workload: clean(&named.1),
                trends: Trends::default(),
            });
        }
        let known = !workloads.is_empty();
        let mut notes: Vec<String> = answers.notes.iter().map(|note| sanitize::line(note).into_owned()).collect();
        if !known {
            notes.push("no istio_requests_total in the last minute: no proxy reports, or nothing is called".to_owned());
        }
        Self {
            at: answers.at,
            step_s: 0,
            total: if known { total.golden(Some(&all), 1.0) } else { super::Golden::default() },
            workloads,
            routes: Vec::new(),
            total_trends: Trends::default(),
            notes,
            measured: Measured {
                edges,
                service_latency: fold::service_latency(&answers.service_latency),
                labelled: fold::labelled(&answers.labelled, &answers.labelled_latency),
            },
            whence: super::Whence::default(),
        }
    }

    /// Requests per second by workload, `NS/NAME`, and the total: what a blast radius is measured against.
    pub fn rps_by_workload(&self) -> (Option<f64>, BTreeMap<String, f64>) {
        let named = |row: &WorkloadRow| Some((format!("{}/{}", row.namespace, row.workload), row.golden.rps?));
        (self.total.rps, self.workloads.iter().filter_map(named).collect())
    }
}

fn clean(text: &CompactString) -> CompactString {
    CompactString::from(sanitize::line(text))
}
