//! In whose words a proxy tells what it counted: Istio's, Envoy's or agentgateway's.

use std::sync::Arc;

use super::{
    super::{block::Layout, tags::Pair},
    labels::{along, pair, place},
    latency::Counted,
    layouts::Layouts,
};
use crate::traffic::{Edge, Proxy, Traffic, reason};

/// Whose words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    /// Istio's standard metrics.
    Istio,
    /// Envoy's own, of each cluster it calls.
    Envoy,
    /// agentgateway's, of each route.
    Agentgateway,
}

impl Telling {
    /// Of a pod's proxy.
    pub(super) fn of(proxy: Proxy) -> Self {
        match proxy {
            Proxy::Envoy => Self::Envoy,
            Proxy::Agentgateway => Self::Agentgateway,
            _ => Self::Istio,
        }
    }

    /// Whether what was counted along an edge is told at all. Envoy tells of clusters, so not of what it answers itself.
    pub(super) fn tells(self, edge: &Edge, traffic: &Traffic) -> bool {
        self != Self::Envoy || traffic.service(edge.key.service).is_some()
    }

    /// The labels of an edge, those of its place among them.
    pub(super) fn labels(self, traffic: &Traffic, pod: u32, edge: &Edge) -> Vec<Pair> {
        let more = match self {
            Self::Istio => along(traffic, edge),
            Self::Envoy => {
                let (namespace, name) = traffic.service(edge.key.service).cloned().unwrap_or_default();
                vec![
                    pair("envoy_cluster_name", &format!("kube_{namespace}_{name}")),
                    pair("envoy_response_code", &edge.key.code.to_string()),
                ]
            }
            Self::Agentgateway => routed(traffic, edge),
        };
        [place(traffic, pod), more].concat()
    }

    /// The layouts of requests and of their latency.
    pub(super) fn layouts(self, all: &Layouts) -> (&Arc<Layout>, &Arc<Layout>) {
        match self {
            Self::Istio => (&all.requests, &all.latency),
            Self::Envoy => (&all.upstream, &all.upstream_time),
            Self::Agentgateway => (&all.routed, &all.routed_time),
        }
    }

    /// A latency as the row of its histogram.
    pub(super) fn row(self, counted: &Counted) -> Vec<f64> {
        match self {
            Self::Istio | Self::Envoy => counted.row().to_vec(),
            Self::Agentgateway => counted.in_seconds(),
        }
    }
}

fn routed(traffic: &Traffic, edge: &Edge) -> Vec<Pair> {
    let unknown: Arc<str> = "unknown".into();
    let (gateway, route) =
        traffic.route(edge.key.route).cloned().unwrap_or_else(|| (Arc::clone(&unknown), Arc::clone(&unknown)));
    let backend = traffic.service(edge.key.service).map(|(namespace, name)| format!("{namespace}/{name}"));
    let reached = traffic.workload(edge.key.destination).is_some();
    vec![
        ("gateway".into(), gateway),
        pair("listener", "http"),
        ("route".into(), route),
        pair("backend", backend.as_deref().unwrap_or("unknown")),
        pair("protocol", if edge.key.is_grpc { "grpc" } else { "http" }),
        pair("status", &edge.key.code.to_string()),
        pair("reason", reason(edge.key.flags, edge.key.code, reached)),
    ]
}
