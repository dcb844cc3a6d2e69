//! Each request once: proxies at both ends report it, and sometimes a waypoint between them.
//!
//! Per edge one reporter is believed: the caller's side first (it sees faults injected on the way and calls that reached
//! nobody), then the waypoint, then the called side (the only one when the caller has no proxy). That is Kiali's rule and
//! that of Istio's dashboards (`reporter=~"source|waypoint"`) for edges whose caller is in the mesh, and it keeps callers
//! from outside, which those dashboards lose.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::{
    Golden,
    attempts::Attempts,
    codes::Codes,
    edge_latency::EdgeLatency,
    flows::Flow,
    quantile::{Buckets, Quantiles},
    sample::{EdgeLabels, FlowLabels, RouteLabels, ServiceLabels, WorkloadLabels},
    security,
};

/// Namespace and name.
pub type Named = (CompactString, CompactString);

/// Requests per second, and how many of them failed.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tally {
    /// All.
    pub rps: f64,
    /// Failed: HTTP 5xx, no answer, gRPC status other than OK.
    pub failed: f64,
}

impl Tally {
    /// Adds requests with one answer.
    pub fn add(&mut self, rate: f64, failed: bool) {
        self.rps += rate;
        if failed {
            self.failed += rate;
        }
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: Self) {
        self.rps += other.rps;
        self.failed += other.failed;
    }

    /// As figures, with latencies in milliseconds when there are buckets (`unit_ms`: milliseconds per unit of the bounds).
    pub fn golden(self, latency: Option<&Buckets>, unit_ms: f64) -> Golden {
        let at = |quantile| latency.and_then(|buckets| buckets.quantile(quantile)).map(|value| value * unit_ms);
        Golden {
            rps: Some(self.rps),
            error_share: (self.rps > 0.0).then(|| self.failed / self.rps),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p99_ms: at(0.99),
        }
    }
}

/// Whether an answer counts as failed. `0` and `-`: no answer at all.
pub fn failed(response_code: &str, grpc_status: &str) -> bool {
    response_code.starts_with('5') || matches!(response_code, "0" | "-") || !matches!(grpc_status, "" | "0")
}

/// Who told of a request, in the order of belief.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reporter {
    Source,
    Waypoint,
    Destination,
}

impl Reporter {
    pub(super) fn of(text: &str) -> Option<Self> {
        match text {
            "source" => Some(Self::Source),
            "waypoint" => Some(Self::Waypoint),
            "destination" => Some(Self::Destination),
            _ => None,
        }
    }
}

/// Requests from one workload to one workload through one service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Edge {
    /// The caller; `unknown` outside the mesh.
    pub from: Named,
    /// The workload called; `unknown` when none was reached.
    pub to: Named,
    /// The service called.
    pub service: Named,
    /// The version called (`destination_version`); empty when not told.
    pub version: CompactString,
    /// How many.
    pub tally: Tally,
    /// What they were answered with, as the same side saw it.
    pub codes: Codes,
    /// How long they take; `None`: not told, or without requests.
    pub latency: Option<Quantiles>,
    /// A waypoint between them told of some.
    pub waypoint: bool,
    /// Requests against attempts; `None` unless both ends told.
    pub attempts: Option<Attempts>,
    /// Whether all of it came by mutual TLS; `None`: nobody told who knows.
    pub mtls: Option<bool>,
    /// The share of it that is known to have come in plain text, 0..=1; `None`: nobody told who knows.
    pub plaintext_share: Option<f64>,
    /// The share of which the called side does not know how it came; `None`: it told nothing at all.
    pub unsure_share: Option<f64>,
}

/// What was measured, each request once.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measured {
    /// All edges.
    pub edges: Vec<Edge>,
    /// Connections of TCP, those of ztunnels among them: a pair of workloads may have no edge and only these.
    pub flows: Vec<Flow>,
    /// Latency of requests to a workload, milliseconds.
    pub workload_latency: BTreeMap<Named, Buckets>,
    /// Latency of requests to a service (second) from one workload (first; empty names: from all of the mesh), milliseconds.
    pub service_latency: BTreeMap<(Named, Named), Buckets>,
    /// Routes the data plane names itself, by `NS/NAME`.
    pub labelled: BTreeMap<CompactString, Labelled>,
}

/// Requests of a route that the data plane names itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Labelled {
    /// How many.
    pub tally: Tally,
    /// What they are answered with.
    pub codes: Codes,
    /// How long they take, in seconds.
    pub latency: Buckets,
}

/// What is summed up along an edge.
#[derive(Default)]
struct Sums<'a> {
    believed: Option<Reporter>,
    version: &'a str,
    waypoint: bool,
    tally: Tally,
    codes: Codes,
    /// As the called side saw them, where the caller's is believed.
    tried: Option<Tally>,
}

/// Caller and called, each with its namespace.
pub(super) type Pair<'a> = (&'a str, &'a str, &'a str, &'a str);

/// Edges from samples of requests, and of latency.
pub fn edges(samples: &[(EdgeLabels, f64)], latency: &[(FlowLabels, f64)]) -> Vec<Edge> {
    // First, who is believed for each pair of workloads; a reporter that saw nothing is not, if another saw something.
    let mut seen: BTreeMap<(Pair<'_>, Reporter), f64> = BTreeMap::new();
    for (labels, rate) in samples {
        if let Some(reporter) = Reporter::of(&labels.reporter) {
            *seen.entry((pair(labels), reporter)).or_default() += rate;
        }
    }
    let mut believed: BTreeMap<Pair<'_>, (Reporter, f64)> = BTreeMap::new();
    for ((pair, reporter), rate) in seen {
        let known = believed.entry(pair).or_insert((reporter, rate));
        if known.1 <= 0.0 && rate > 0.0 {
            *known = (reporter, rate);
        }
    }
    let mut edges: BTreeMap<(Pair<'_>, &str, &str), Sums<'_>> = BTreeMap::new();
    for (labels, rate) in samples {
        let pair = pair(labels);
        let Some(reporter) = Reporter::of(&labels.reporter) else { continue };
        let is_believed = believed.get(&pair).is_some_and(|(known, _)| *known == reporter);
        let service = (labels.destination_service_namespace.as_str(), labels.destination_service_name.as_str());
        let failed = failed(&labels.response_code, &labels.grpc_response_status);
        let key = (pair, service.0, service.1);
        if reporter == Reporter::Waypoint && *rate > 0.0 {
            edges.entry(key).or_default().waypoint = true;
        }
        if is_believed {
            let sums = edges.entry(key).or_default();
            sums.tally.add(*rate, failed);
            sums.codes.add(&labels.response_code, &labels.grpc_response_status, *rate);
            sums.version = &labels.destination_version;
            sums.believed = Some(reporter);
        } else if reporter == Reporter::Destination {
            edges.entry(key).or_default().tried.get_or_insert_default().add(*rate, failed);
        }
    }
    // A service that only the called side names has no requests of its own: Envoy names it by the caller's host.
    edges.retain(|_, sums| !sums.codes.is_empty());
    let named = |namespace: &str, name: &str| (CompactString::from(namespace), CompactString::from(name));
    let secured = security::by_edge(samples);
    let latency = EdgeLatency::of(latency);
    edges
        .into_iter()
        .map(|(key, sums)| {
            let (pair, service_namespace, service) = key;
            let security = secured.get(&key).copied().unwrap_or_default();
            Edge {
                from: named(pair.0, pair.1),
                to: named(pair.2, pair.3),
                service: named(service_namespace, service),
                version: sums.version.into(),
                waypoint: sums.waypoint,
                attempts: sums.tried.map(|tried| Attempts { asked: sums.tally, tried }),
                tally: sums.tally,
                latency: sums.believed.and_then(|reporter| latency.told(key, reporter)),
                codes: sums.codes,
                mtls: security.mtls(),
                plaintext_share: security.plaintext_share(),
                unsure_share: security.unsure_share(),
            }
        })
        .collect()
}

pub(super) fn pair(labels: &EdgeLabels) -> (&str, &str, &str, &str) {
    (
        &labels.source_workload_namespace,
        &labels.source_workload,
        &labels.destination_workload_namespace,
        &labels.destination_workload,
    )
}

/// Requests a workload receives.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Received {
    /// How many.
    pub tally: Tally,
    /// What they are answered with.
    pub codes: Codes,
}

/// Requests each workload receives. Calls that reached no workload go to the one that serves the called service, where that
/// is one; else to a row `svc/NAME` in the service's namespace.
pub fn workloads(edges: &[Edge]) -> BTreeMap<Named, Received> {
    let mut serves: BTreeMap<&Named, BTreeSet<&Named>> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| !unknown(&edge.to)) {
        serves.entry(&edge.service).or_default().insert(&edge.to);
    }
    let mut all: BTreeMap<Named, Received> = BTreeMap::new();
    for edge in edges {
        let to = if unknown(&edge.to) {
            if unknown(&edge.service) {
                continue;
            }
            match serves.get(&edge.service).map(|serving| (serving.len(), serving.first())) {
                Some((1, Some(only))) => (*only).clone(),
                _ => (edge.service.0.clone(), CompactString::from(format!("svc/{}", edge.service.1))),
            }
        } else {
            edge.to.clone()
        };
        let received = all.entry(to).or_default();
        received.tally.merge(edge.tally);
        received.codes.merge(&edge.codes);
    }
    all
}

/// What the requests that each workload sends are answered with.
pub fn sent(edges: &[Edge]) -> BTreeMap<Named, Codes> {
    let mut all: BTreeMap<Named, Codes> = BTreeMap::new();
    for edge in edges.iter().filter(|edge| !unknown(&edge.from)) {
        all.entry(edge.from.clone()).or_default().merge(&edge.codes);
    }
    all
}

/// Istio writes `unknown` where it does not know.
/// Whether nobody knows who it is.
pub fn unknown(named: &Named) -> bool {
    matches!(named.1.as_str(), "" | "unknown")
}

/// Latency by subject: of each subject's reporters the one that saw most requests, the caller's side on a tie.
fn latency<K: Ord>(samples: impl Iterator<Item = (K, Option<Reporter>, CompactString, f64)>) -> BTreeMap<K, Buckets> {
    let mut by: BTreeMap<K, BTreeMap<Reporter, Buckets>> = BTreeMap::new();
    for (key, reporter, le, rate) in samples {
        if let Some(reporter) = reporter {
            by.entry(key).or_default().entry(reporter).or_default().add(&le, rate);
        }
    }
    by.into_iter()
        .filter_map(|(key, reporters)| {
            let most = reporters.values().map(Buckets::total).fold(0.0, f64::max);
            // Two ends never count quite alike within one window: a twentieth is a tie.
            let (_, buckets) = reporters.into_iter().find(|(_, buckets)| buckets.total() >= most * 0.95)?;
            Some((key, buckets))
        })
        .collect()
}

/// Latency of each workload, in milliseconds.
pub fn workload_latency(samples: &[(WorkloadLabels, f64)]) -> BTreeMap<Named, Buckets> {
    latency(samples.iter().map(|(labels, rate)| {
        let key = (labels.destination_workload_namespace.clone(), labels.destination_workload.clone());
        (key, Reporter::of(&labels.reporter), labels.le.clone(), *rate)
    }))
}

/// Latency by caller and service, in milliseconds.
pub fn service_latency(samples: &[(ServiceLabels, f64)]) -> BTreeMap<(Named, Named), Buckets> {
    latency(samples.iter().map(|(labels, rate)| {
        let from = (labels.source_workload_namespace.clone(), labels.source_workload.clone());
        let service = (labels.destination_service_namespace.clone(), labels.destination_service_name.clone());
        ((from, service), Reporter::of(&labels.reporter), labels.le.clone(), *rate)
    }))
}

/// Of several reporters' trends of one subject, the one that believed latencies are taken from: most, the caller's on a tie.
pub(super) fn believed_trend<T>(mut trends: Vec<(CompactString, f64, T)>) -> Option<T> {
    trends.retain(|(reporter, ..)| Reporter::of(reporter).is_some());
    trends.sort_by_key(|(reporter, ..)| Reporter::of(reporter));
    let most = trends.iter().map(|(_, sum, _)| *sum).fold(0.0, f64::max);
    trends.into_iter().find(|(_, sum, _)| *sum >= most * 0.95).map(|(_, _, trend)| trend)
}

/// Requests and latency of routes the data plane names itself.
pub fn labelled(requests: &[(RouteLabels, f64)], buckets: &[(RouteLabels, f64)]) -> BTreeMap<CompactString, Labelled> {
    let mut all: BTreeMap<CompactString, Labelled> = BTreeMap::new();
    for (labels, rate) in requests {
        let route = all.entry(labels.route.clone()).or_default();
        route.tally.add(*rate, failed(&labels.status, ""));
        route.codes.add(&labels.status, "", *rate);
    }
    for (labels, rate) in buckets {
        if let Some(route) = all.get_mut(&labels.route) {
            route.latency.add(&labels.le, *rate);
        }
    }
    all
}
