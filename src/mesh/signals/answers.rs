//! From the answers of one round of questions to a [`Snapshot`].

use std::{collections::BTreeMap, sync::Arc};

use compact_str::CompactString;
use jiff::Timestamp;

use super::{
    Snapshot, WorkloadRow,
    attempts::Attempts,
    control_plane::ControlPlane,
    flows,
    fold::{self, Measured, Named, Received, Tally},
    quantile::Buckets,
    sample::{
        ClusterLabels, ControlLabels, EdgeLabels, FlowLabels, RouteLabels, ServiceLabels, UsageLabels, WorkloadLabels,
    },
    services, upstreams, usage,
};
use crate::{base::sanitize, mesh::mtls::plain};

/// The answers of one round. What was not asked or failed is empty, and said in `notes`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// The time they are for.
    pub at: Option<Timestamp>,
    /// Requests per second.
    pub edges: Vec<(EdgeLabels, f64)>,
    /// Latency of edges, as quantiles.
    pub edge_latency: Vec<(FlowLabels, f64)>,
    /// Latency buckets of workloads.
    pub workload_latency: Vec<(WorkloadLabels, f64)>,
    /// Latency buckets of services, from gateways and from the mesh.
    pub service_latency: Vec<(ServiceLabels, f64)>,
    /// Requests of routes that name themselves.
    pub labelled: Vec<(RouteLabels, f64)>,
    /// Their latency buckets.
    pub labelled_latency: Vec<(RouteLabels, f64)>,
    /// Connections and bytes of TCP.
    pub flows: Vec<(FlowLabels, f64)>,
    /// Retries, ejections and full pools of callers' proxies.
    pub clusters: Vec<(ClusterLabels, f64)>,
    /// CPU and memory of workloads.
    pub usage: Vec<(UsageLabels, f64)>,
    /// Who told of those.
    pub usage_from: Option<usage::UsageFrom>,
    /// Figures of istiod and ztunnels.
    pub control: Vec<(ControlLabels, f64)>,
    /// Warnings of the source, and what failed.
    pub notes: Vec<String>,
}

impl Snapshot {
    /// Figures from one round; trends and routes are filled in by others.
    pub fn of(answers: &Answers) -> Self {
        let measured = Measured {
            edges: fold::edges(&answers.edges, &answers.edge_latency),
            flows: flows::flows(&answers.flows),
            workload_latency: fold::workload_latency(&answers.workload_latency),
            service_latency: fold::service_latency(&answers.service_latency),
            labelled: fold::labelled(&answers.labelled, &answers.labelled_latency),
        };
        let received = fold::workloads(&measured.edges);
        let mut sent = fold::sent(&measured.edges);
        let mut tcp = flows::by_workload(&measured.flows);
        let usage = usage::by_workload(&answers.usage);
        let security = plain::by_workload(&measured);
        let mut attempts = attempts(&measured);
        let mut total = Tally::default();
        let mut all = Buckets::default();
        let known = !received.is_empty();
        // Who is only called by connections has no requests to tell of, and still takes part.
        let only_tcp: Vec<Named> = tcp.keys().filter(|named| !received.contains_key(*named)).cloned().collect();
        let rows = received.into_iter().map(|(named, told)| (named, Some(told)));
        let mut workloads: Vec<WorkloadRow> = rows
            .chain(only_tcp.into_iter().map(|named| (named, None)))
            .map(|(named, told): (Named, Option<Received>)| {
                let latency = measured.workload_latency.get(&named);
                if let Some(told) = &told {
                    total.merge(told.tally);
                    if let Some(latency) = latency {
                        all.merge(latency);
                    }
                }
                WorkloadRow {
                    golden: told.as_ref().map(|told| told.tally.golden(latency, 1.0)).unwrap_or_default(),
                    codes: told.map(|told| told.codes).unwrap_or_default(),
                    sent: sent.remove(&named).unwrap_or_default(),
                    tcp: tcp.remove(&named).unwrap_or_default(),
                    security: security.get(&named).copied().unwrap_or_default(),
                    attempts: attempts.remove(&named),
                    usage: usage.get(&named).copied().unwrap_or_default(),
                    namespace: clean(&named.0),
                    workload: clean(&named.1),
                    trends: Arc::default(),
                }
            })
            .collect();
        workloads.sort_by(|a, b| (&a.namespace, &a.workload).cmp(&(&b.namespace, &b.workload)));
        let mut notes: Vec<String> = answers.notes.iter().map(|note| sanitize::line(note).into_owned()).collect();
        if !known {
            notes.push("no istio_requests_total in the last minute: no proxy reports, or nothing is called".to_owned());
        }
        Self {
            at: answers.at,
            step_s: 0,
            total: if known { total.golden(Some(&all), 1.0) } else { super::Golden::default() },
            workloads,
            services: services::services(&measured, &upstreams::by_service(&answers.clusters)),
            control_plane: ControlPlane::of(&answers.control),
            routes: Vec::new(),
            total_trends: Arc::default(),
            notes,
            measured,
            whence: super::Whence::default(),
            usage_from: answers.usage_from.filter(|_| !answers.usage.is_empty()),
        }
    }

    /// Requests per second by workload, `NS/NAME`, and the total: what a blast radius is measured against.
    pub fn rps_by_workload(&self) -> (Option<f64>, BTreeMap<String, f64>) {
        let named = |row: &WorkloadRow| Some((format!("{}/{}", row.namespace, row.workload), row.golden.rps?));
        (self.total.rps, self.workloads.iter().filter_map(named).collect())
    }
}

/// Requests against attempts by the workload called.
fn attempts(measured: &Measured) -> BTreeMap<Named, Attempts> {
    let mut all: BTreeMap<Named, Attempts> = BTreeMap::new();
    for edge in &measured.edges {
        if let Some(attempts) = edge.attempts {
            all.entry(edge.to.clone()).or_default().merge(attempts);
        }
    }
    all
}

fn clean(text: &CompactString) -> CompactString {
    CompactString::from(sanitize::line(text))
}
