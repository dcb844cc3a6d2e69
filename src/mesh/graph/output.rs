//! The machine output of `graph`: stable JSON.

use serde::Serialize;

use super::{Graph, NodeKind};

/// `brink graph -o json`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct GraphOutput {
    /// One per node, by id.
    pub nodes: Vec<NodeLine>,
    /// One per call, by caller and called.
    pub edges: Vec<EdgeLine>,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NodeLine {
    /// `NS/NAME`, `NS/svc/NAME`, `external/HOST` or `unknown`.
    pub id: String,
    /// What kind of node.
    pub kind: NodeKind,
}

/// One call.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EdgeLine {
    /// The caller's id.
    pub from: String,
    /// The called one's id.
    pub to: String,
    /// Requests per second.
    pub rps: Option<f64>,
    /// Share of failed requests.
    pub error_share: Option<f64>,
    /// Encrypted on both ends' behalf; null: not known.
    pub mtls: Option<bool>,
}

impl GraphOutput {
    /// The whole graph.
    pub fn new(graph: &Graph) -> Self {
        let id = |at: usize| graph.nodes().get(at).map(|node| node.id.to_string()).unwrap_or_default();
        let nodes = graph.nodes().iter().map(|node| NodeLine { id: node.id.to_string(), kind: node.kind() });
        let edges = graph.edges().iter().map(|edge| {
            let golden = edge.golden();
            EdgeLine {
                from: id(edge.from),
                to: id(edge.to),
                rps: golden.rps,
                error_share: golden.error_share,
                mtls: edge.mtls,
            }
        });
        Self { nodes: nodes.collect(), edges: edges.collect() }
    }
}
