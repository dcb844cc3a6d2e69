//! The machine output of `graph`: stable JSON.

use serde::Serialize;

use super::{Graph, NodeKind};
use crate::mesh::{dataplane::Dataplane, health::Health, mesh_lines::TcpLine, signals::Golden, weights::Split};

/// `brink graph -o json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct GraphOutput {
    /// One per node, by id.
    pub nodes: Vec<NodeLine>,
    /// One per call, by caller and called.
    pub edges: Vec<EdgeLine>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeLine {
    /// `NS/NAME`, `NS/svc/NAME`, `external/HOST` or `unknown`.
    pub id: String,
    /// What kind of node.
    pub kind: NodeKind,
    /// `rps`, `error_share` and the latencies of what it receives.
    #[serde(flatten)]
    pub golden: Golden,
    /// Connections it receives; `null` when nobody tells.
    pub tcp: Option<TcpLine>,
    /// How well it is, and why.
    pub health: Health,
    /// What carries its traffic; `null` when its pods were not looked at.
    pub dataplane: Option<Dataplane>,
    /// The waypoint before it.
    pub waypoint: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The service it serves beside other workloads, `NS/NAME`.
    pub service: Option<String>,
    /// Its share of that service's requests.
    pub service_share: Option<f64>,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeLine {
    /// The caller's id.
    pub from: String,
    /// The called one's id.
    pub to: String,
    /// Requests per second; `null` where only connections are told of.
    pub rps: Option<f64>,
    /// Share of failed requests.
    pub error_share: Option<f64>,
    /// Median latency in milliseconds, where it is of this call alone.
    pub p50_ms: Option<f64>,
    /// 90th percentile in milliseconds, as above.
    pub p90_ms: Option<f64>,
    /// 99th percentile in milliseconds, as above.
    pub p99_ms: Option<f64>,
    /// Encrypted on both ends' behalf; null: not known.
    pub mtls: Option<bool>,
    /// A waypoint between the two told of some.
    pub waypoint: bool,
    /// Connections; `null` when nobody tells.
    pub tcp: Option<TcpLine>,
    /// What a route's rule asks for, beside what is measured; `null` without a rule that splits, or when several disagree.
    pub split: Option<SplitLine>,
}

/// A share of the caller's requests.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SplitLine {
    /// `KIND NS/NAME` of the route.
    pub route: String,
    /// The share it asks for, 0..=1.
    pub weight: f64,
    /// The share measured; `null` without requests.
    pub share: Option<f64>,
}

impl SplitLine {
    fn of(split: &Split) -> Self {
        Self { route: split.route.to_string(), weight: split.weight, share: split.share }
    }
}

impl GraphOutput {
    /// The whole graph.
    pub fn new(graph: &Graph) -> Self {
        let id = |at: usize| graph.nodes().get(at).map(|node| node.id.to_string()).unwrap_or_default();
        let nodes = graph.nodes().iter().map(|node| NodeLine {
            id: node.id.to_string(),
            kind: node.kind(),
            golden: node.golden,
            tcp: TcpLine::of(node.tcp),
            health: node.health.clone(),
            dataplane: node.dataplane,
            waypoint: node.waypoint.as_ref().map(ToString::to_string),
            version: node.version.as_ref().map(ToString::to_string),
            service: node.part.as_ref().map(|part| format!("{}/{}", part.service.0, part.service.1)),
            service_share: node.part.as_ref().and_then(|part| part.share),
        });
        let edges = graph.edges().iter().map(|edge| {
            let golden = edge.golden();
            EdgeLine {
                from: id(edge.from),
                to: id(edge.to),
                rps: golden.rps,
                error_share: golden.error_share,
                p50_ms: golden.p50_ms,
                p90_ms: golden.p90_ms,
                p99_ms: golden.p99_ms,
                mtls: edge.mtls,
                waypoint: edge.waypoint,
                tcp: TcpLine::of(edge.tcp),
                split: edge.split.as_ref().map(SplitLine::of),
            }
        });
        Self { nodes: nodes.collect(), edges: edges.collect() }
    }
}
