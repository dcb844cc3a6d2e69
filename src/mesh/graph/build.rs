//! From what was measured to a graph.
//!
//! Calls that reached no workload belong to the one that serves the called service, as in the table of workloads; where several
//! or none serve it, they end at the service itself, or at the host outside that it stands for.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::{Edge, Graph, Node, NodeId, edge::both, node::Part};
use crate::{
    base::sanitize,
    mesh::{
        around::Around,
        crew::Crew,
        dataplane::Dataplane,
        health,
        signals::{
            Snapshot, WorkloadRow,
            fold::{Measured, Named, Tally, unknown},
        },
        weights::Weights,
    },
};

/// Requests of each workload within each service.
type Serving<'a> = BTreeMap<&'a Named, BTreeMap<&'a Named, f64>>;

impl Graph {
    /// The graph of one look.
    pub fn of(snapshot: &Snapshot, around: &Around, weights: &Weights) -> Self {
        let measured = &snapshot.measured;
        let mut serving: Serving<'_> = BTreeMap::new();
        for edge in measured.edges.iter().filter(|edge| !unknown(&edge.to)) {
            *serving.entry(&edge.service).or_default().entry(&edge.to).or_default() += edge.tally.rps;
        }
        let mut calls: BTreeMap<(NodeId, NodeId), Edge> = BTreeMap::new();
        for edge in &measured.edges {
            let Some(to) = receiver(&edge.to, &edge.service, &serving) else { continue };
            let from = caller(&edge.from);
            let service = clean_named(&edge.service);
            let call = calls.entry((from, to)).or_insert_with(|| Edge { mtls: edge.mtls, ..Edge::default() });
            if edge.tally.rps > 0.0 {
                // Quantiles do not add up: of two services' requests together there is none.
                call.latency = edge.latency.filter(|_| call.tally.rps <= 0.0);
            }
            call.tally.merge(edge.tally);
            call.mtls = both(call.mtls, edge.mtls);
            call.waypoint |= edge.waypoint;
            call.goes_through(service);
        }
        let parts = Parts::of(&serving);
        for ((from, to), split) in weights.splits(measured, around) {
            if let Some(call) = calls.get_mut(&(caller(&from), NodeId::Workload(clean_named(&to)))) {
                call.split = Some(split);
            }
        }
        connections(&mut calls, measured, around, &serving);
        let mut nodes = nodes(&calls);
        let mut told: BTreeSet<NodeId> = BTreeSet::new();
        for row in &snapshot.workloads {
            let id = match row.workload.strip_prefix("svc/") {
                Some(name) => outside(&row.namespace, name),
                None => NodeId::Workload((row.namespace.clone(), row.workload.clone())),
            };
            let crew = around.crews.get(&(row.namespace.clone(), row.workload.clone()));
            told.insert(id.clone());
            let node = nodes.entry(id.clone()).or_insert_with(|| Node::new(id));
            node.golden = row.golden;
            node.health = health::workload(row, crew.map(|crew| crew.replicas), &around.tolerances);
        }
        let versions: BTreeMap<&Named, &CompactString> =
            measured.edges.iter().map(|edge| (&edge.to, &edge.version)).collect();
        let served = around.waypoints.served(measured);
        for node in nodes.values_mut() {
            let NodeId::Workload(named) = &node.id else { continue };
            let crew = around.crews.get(named);
            node.dataplane = crew.and_then(Crew::plane);
            node.waypoint = crew.and_then(|crew| served.before(named, crew));
            let measured_version = || versions.get(named).map(|version| version.as_str());
            let version = crew.and_then(Crew::version).or_else(measured_version);
            node.version = version.filter(|version| !matches!(*version, "" | "unknown")).map(clean);
            node.part = parts.of_workload.get(named).map(|(_, part)| part.clone());
            if !told.contains(&node.id) {
                // Whoever receives nothing still has pods.
                let row = WorkloadRow::default();
                node.health = health::workload(&row, crew.map(|crew| crew.replicas), &around.tolerances);
            }
        }
        Self::new(nodes.into_values(), calls.into_iter().map(|((from, to), edge)| (from, to, edge)))
    }
}

/// Adds connections of TCP to the calls: of a database, say, or all there is in ambient mode without a waypoint. What passes
/// through a waypoint is told by the calls of its two ends.
fn connections(
    calls: &mut BTreeMap<(NodeId, NodeId), Edge>,
    measured: &Measured,
    around: &Around,
    serving: &Serving<'_>,
) {
    let is_waypoint = |named: &Named| around.crews.get(named).and_then(Crew::plane) == Some(Dataplane::Waypoint);
    for flow in measured.flows.iter().filter(|flow| !is_waypoint(&flow.from) && !is_waypoint(&flow.to)) {
        let Some(to) = receiver(&flow.to, &flow.service, serving) else { continue };
        let from = caller(&flow.from);
        let call = calls.entry((from, to)).or_insert_with(|| Edge { mtls: flow.mtls, ..Edge::default() });
        call.tcp.merge(flow.tcp);
        call.mtls = match (call.mtls, flow.mtls) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (told @ Some(true), _) | (None, told) => told,
        };
        call.goes_through(clean_named(&flow.service));
    }
}

/// The ends of calls, with what arrives at them and leaves them.
fn nodes(calls: &BTreeMap<(NodeId, NodeId), Edge>) -> BTreeMap<NodeId, Node> {
    let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
    let mut received: BTreeMap<&NodeId, Tally> = BTreeMap::new();
    for ((from, to), call) in calls {
        for id in [from, to] {
            if !nodes.contains_key(id) {
                nodes.insert(id.clone(), Node::new(id.clone()));
            }
        }
        if let Some(node) = nodes.get_mut(to) {
            node.tcp.merge(call.tcp);
        }
        if call.only_tcp() {
            if let (Some(node), Some(opened)) = (nodes.get_mut(from), call.tcp.opened) {
                *node.opens.get_or_insert(0.0) += opened;
            }
            continue;
        }
        received.entry(to).or_default().merge(call.tally);
        if let Some(node) = nodes.get_mut(from) {
            *node.sent.get_or_insert(0.0) += call.tally.rps;
        }
    }
    for (id, tally) in received {
        if let Some(node) = nodes.get_mut(id) {
            node.golden = tally.golden(None, 1.0);
        }
    }
    nodes
}

fn clean(text: &str) -> CompactString {
    CompactString::from(sanitize::line(text))
}

impl Edge {
    fn goes_through(&mut self, service: Named) {
        if let (false, Err(at)) = (unknown(&service), self.services.binary_search(&service)) {
            self.services.insert(at, service);
        }
    }
}

fn clean_named(named: &Named) -> Named {
    (clean(&named.0), clean(&named.1))
}

fn caller(from: &Named) -> NodeId {
    if unknown(from) { NodeId::Unknown } else { NodeId::Workload(clean_named(from)) }
}

fn receiver(to: &Named, service: &Named, serving: &Serving<'_>) -> Option<NodeId> {
    if !unknown(to) {
        return Some(NodeId::Workload(clean_named(to)));
    }
    if unknown(service) {
        return None;
    }
    let only = serving.get(service).filter(|workloads| workloads.len() == 1);
    Some(match only.and_then(|workloads| workloads.keys().next()) {
        Some(workload) => NodeId::Workload(clean_named(workload)),
        None => outside(&service.0, &service.1),
    })
}

/// A service without a workload: a name of Kubernetes has no dots, a host has; and Istio has names for what it does not know.
fn outside(namespace: &str, name: &str) -> NodeId {
    let istios =
        matches!(name, "PassthroughCluster" | "BlackHoleCluster") || name.starts_with("InboundPassthroughCluster");
    if istios || name.contains('.') {
        NodeId::External(clean(name))
    } else {
        NodeId::Service((clean(namespace), clean(name)))
    }
}

/// Who serves what beside whom.
struct Parts {
    /// How many workloads serve a service.
    serving: BTreeMap<Named, usize>,
    /// Of each workload the service of which it serves the most, among those that others serve as well; with that much.
    of_workload: BTreeMap<Named, (f64, Part)>,
}

impl Parts {
    fn of(serving: &Serving<'_>) -> Self {
        let mut parts = Self { serving: BTreeMap::new(), of_workload: BTreeMap::new() };
        for (service, workloads) in serving.iter().filter(|(service, _)| !unknown(service)) {
            let service = clean_named(service);
            parts.serving.insert(service.clone(), workloads.len());
            if workloads.len() < 2 {
                continue;
            }
            let all: f64 = workloads.values().sum();
            for (workload, mine) in workloads {
                let part = Part { service: service.clone(), share: (all > 0.0).then(|| mine / all) };
                let known = parts.of_workload.entry(clean_named(workload)).or_insert_with(|| (*mine, part.clone()));
                if *mine > known.0 {
                    *known = (*mine, part);
                }
            }
        }
        parts
    }
}
