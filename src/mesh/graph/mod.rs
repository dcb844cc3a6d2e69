//! The service graph: who calls whom, how much and how well, and where each stands on paper.
//!
//! Mental model: edges as measured become a [`Graph`] of nodes and calls ([`build`]), with what the cluster says of each workload
//! beside it ([`super::crew`]). A [`layout`] gives every node a layer and a slot and keeps them from look to look, so that nothing
//! jumps; a [`sheet`] turns that into character cells and wires. [`focus`] cuts the part out that one node takes part in;
//! [`output`] is the machine form.
//!
//! It asks nobody, draws nothing, and invents nothing: what no source told is `None`, and a graph without figures is none.

pub mod build;
pub mod edge;
pub mod focus;
pub mod layout;
pub mod node;
pub mod output;
pub mod sheet;
pub mod text;

use std::collections::BTreeMap;

pub use edge::Edge;
pub use layout::Layout;
pub use node::{Node, NodeId, NodeKind};
pub use sheet::Sheet;

/// Nodes and the calls between them. Sorted, so that the same facts give the same graph in whatever order they came.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

impl Graph {
    /// A graph of these nodes and calls. Of nodes of one id the last counts; calls of nobody are dropped, as is the second of two
    /// calls between the same nodes.
    pub fn new(nodes: impl IntoIterator<Item = Node>, edges: impl IntoIterator<Item = (NodeId, NodeId, Edge)>) -> Self {
        let nodes: BTreeMap<NodeId, Node> = nodes.into_iter().map(|node| (node.id.clone(), node)).collect();
        let nodes: Vec<Node> = nodes.into_values().collect();
        let at = |id: &NodeId| nodes.binary_search_by(|node| node.id.cmp(id)).ok();
        let mut edges: Vec<Edge> = edges
            .into_iter()
            .filter_map(|(from, to, edge)| Some(Edge { from: at(&from)?, to: at(&to)?, ..edge }))
            .collect();
        edges.sort_by_key(|edge| (edge.from, edge.to));
        edges.dedup_by_key(|edge| (edge.from, edge.to));
        Self { nodes, edges }
    }

    /// The nodes, by id.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The calls, by caller and called.
    pub fn edges(&self) -> &[Edge] {
        &self.edges
    }

    /// Where a node stands in [`Self::nodes`].
    pub fn at(&self, id: &NodeId) -> Option<usize> {
        self.nodes.binary_search_by(|node| node.id.cmp(id)).ok()
    }

    /// Calls that arrive at a node, its calls of itself left out.
    pub fn arriving(&self, at: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.to == at && edge.from != at)
    }

    /// Calls that leave a node, its calls of itself left out.
    pub fn leaving(&self, at: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == at && edge.to != at)
    }

    /// Whether a node calls itself.
    pub fn calls_itself(&self, at: usize) -> bool {
        self.edges.iter().any(|edge| edge.from == at && edge.to == at)
    }
}
