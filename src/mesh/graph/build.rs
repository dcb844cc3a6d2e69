//! From what was measured to a graph.
//!
//! Calls that reached no workload belong to the one that serves the called service, as in the table of workloads; where several
//! or none serve it, they end at the service itself, or at the host outside that it stands for.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;

use super::{Edge, Graph, Node, NodeId, edge::both, node::Part};
use crate::{
    base::sanitize,
    mesh::crew::{Crew, Crews},
    mesh::signals::{
        Snapshot,
        fold::{self, Named, Tally, unknown},
    },
};

/// Requests of each workload within each service.
type Serving<'a> = BTreeMap<&'a Named, BTreeMap<&'a Named, f64>>;

impl Graph {
    /// The graph of one look.
    pub fn of(snapshot: &Snapshot, crews: &Crews) -> Self {
        let measured = &snapshot.measured;
        let mut serving: Serving<'_> = BTreeMap::new();
        for edge in measured.edges.iter().filter(|edge| !unknown(&edge.to)) {
            *serving.entry(&edge.service).or_default().entry(&edge.to).or_default() += edge.tally.rps;
        }
        let mut calls: BTreeMap<(NodeId, NodeId), Edge> = BTreeMap::new();
        let mut callers: BTreeMap<Named, BTreeSet<NodeId>> = BTreeMap::new();
        for edge in &measured.edges {
            let Some(to) = receiver(edge, &serving) else { continue };
            let from = caller(edge);
            let service = clean_named(&edge.service);
            callers.entry(service.clone()).or_default().insert(from.clone());
            let call = calls.entry((from, to)).or_insert_with(|| Edge { mtls: edge.mtls, ..Edge::default() });
            call.tally.merge(edge.tally);
            call.mtls = both(call.mtls, edge.mtls);
            if let (false, Err(at)) = (unknown(&service), call.services.binary_search(&service)) {
                call.services.insert(at, service);
            }
        }
        let parts = Parts::of(&serving);
        for ((from, _), call) in &mut calls {
            call.latency_ms = latency(snapshot, from, call, &callers, &parts);
        }
        let mut nodes: BTreeMap<NodeId, Node> = BTreeMap::new();
        let mut received: BTreeMap<&NodeId, Tally> = BTreeMap::new();
        for ((from, to), call) in &calls {
            received.entry(to).or_default().merge(call.tally);
            for id in [from, to] {
                if !nodes.contains_key(id) {
                    nodes.insert(id.clone(), Node::new(id.clone()));
                }
            }
            if let Some(node) = nodes.get_mut(from) {
                *node.sent.get_or_insert(0.0) += call.tally.rps;
            }
        }
        for (id, tally) in received {
            if let Some(node) = nodes.get_mut(id) {
                node.golden = tally.golden(None, 1.0);
            }
        }
        for row in &snapshot.workloads {
            let id = match row.workload.strip_prefix("svc/") {
                Some(name) => outside(&row.namespace, name),
                None => NodeId::Workload((row.namespace.clone(), row.workload.clone())),
            };
            let node = nodes.entry(id.clone()).or_insert_with(|| Node::new(id));
            node.golden = row.golden;
        }
        for node in nodes.values_mut() {
            if let NodeId::Workload(named) = &node.id {
                node.dataplane = crews.get(named).and_then(Crew::plane);
                node.part = parts.of_workload.get(named).map(|(_, part)| part.clone());
            }
        }
        Self::new(nodes.into_values(), calls.into_iter().map(|((from, to), edge)| (from, to, edge)))
    }
}

fn clean(text: &str) -> CompactString {
    CompactString::from(sanitize::line(text))
}

fn clean_named(named: &Named) -> Named {
    (clean(&named.0), clean(&named.1))
}

fn caller(edge: &fold::Edge) -> NodeId {
    if unknown(&edge.from) { NodeId::Unknown } else { NodeId::Workload(clean_named(&edge.from)) }
}

fn receiver(edge: &fold::Edge, serving: &Serving<'_>) -> Option<NodeId> {
    if !unknown(&edge.to) {
        return Some(NodeId::Workload(clean_named(&edge.to)));
    }
    if unknown(&edge.service) {
        return None;
    }
    let only = serving.get(&edge.service).filter(|workloads| workloads.len() == 1);
    Some(match only.and_then(|workloads| workloads.keys().next()) {
        Some(workload) => NodeId::Workload(clean_named(workload)),
        None => outside(&edge.service.0, &edge.service.1),
    })
}

/// A service without a workload: a name of Kubernetes has no dots, a host has; and Istio has names for what it does not know.
fn outside(namespace: &str, name: &str) -> NodeId {
    if name.contains('.') || matches!(name, "PassthroughCluster" | "BlackHoleCluster") {
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

/// Latency is measured by caller and service: it is that of a call when the service has no second workload, and either the series
/// names this caller or there is no other one.
fn latency(
    snapshot: &Snapshot,
    from: &NodeId,
    call: &Edge,
    callers: &BTreeMap<Named, BTreeSet<NodeId>>,
    parts: &Parts,
) -> Option<(f64, f64)> {
    let [service] = call.services.as_slice() else { return None };
    if parts.serving.get(service).is_some_and(|workloads| *workloads > 1) {
        return None;
    }
    let of = |from: Named| snapshot.measured.service_latency.get(&(from, service.clone()));
    let own = match from {
        NodeId::Workload(named) => of(named.clone()),
        NodeId::Unknown | NodeId::Service(_) | NodeId::External(_) => None,
    };
    let only = || callers.get(service).is_some_and(|callers| callers.len() == 1);
    let buckets = own.or_else(|| of(Named::default()).filter(|_| only()))?;
    Some((buckets.quantile(0.5)?, buckets.quantile(0.99)?))
}
