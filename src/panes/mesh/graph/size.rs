//! How large nodes are drawn: boxes whose lines carry figures, boxes alone, two lines, or one.

use crate::{
    base::width,
    mesh::graph::{Graph, Node, NodeId, sheet::Scale},
};

/// Cells of a rate, so that a figure that grows moves nothing.
pub const RATE: usize = 6;

/// A size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Size {
    /// A box with name and figures; lines carry theirs.
    #[default]
    Full,
    /// A box with name and figures.
    Boxes,
    /// The name above the figures.
    Pairs,
    /// Name and rate in one line.
    Lines,
}

impl Size {
    /// From large to small.
    pub const ALL: [Self; 4] = [Self::Full, Self::Boxes, Self::Pairs, Self::Lines];

    /// The next smaller one, and from the smallest the largest.
    pub fn next(self) -> Self {
        match self {
            Self::Full => Self::Boxes,
            Self::Boxes => Self::Pairs,
            Self::Pairs => Self::Lines,
            Self::Lines => Self::Full,
        }
    }

    /// Whether nodes have borders.
    pub fn boxed(self) -> bool {
        match self {
            Self::Full | Self::Boxes => true,
            Self::Pairs | Self::Lines => false,
        }
    }

    /// Its measures.
    pub fn scale(self) -> Scale {
        match self {
            Self::Full => Scale { height: 4, gap: 1, port: 1, label: 16, even: true },
            Self::Boxes => Scale { height: 4, gap: 1, port: 1, label: 1, even: true },
            Self::Pairs => Scale { height: 2, gap: 1, port: 0, label: 0, even: false },
            Self::Lines => Scale { height: 1, gap: 0, port: 0, label: 0, even: true },
        }
    }
}

/// A node's name; with its namespace where that is not the one on screen, nothing else says it, and there is room (`spaces`).
pub fn name(node: &Node, size: Size, spaces: bool, namespace: Option<&str>) -> String {
    let name = match &node.id {
        NodeId::Service((_, name)) if !size.boxed() => format!("svc/{name}"),
        NodeId::Unknown | NodeId::Workload(_) | NodeId::Service(_) | NodeId::External(_) => node.id.name().to_owned(),
    };
    match node.id.namespace().filter(|own| spaces && !size.boxed() && namespace != Some(*own)) {
        Some(own) => format!("{own}/{name}"),
        None => name,
    }
}

/// How wide nodes may be, and whether namespaces stand before names: from much to little. What does not fit is cut in the middle
/// of the name, which the details tell whole.
pub const FITS: [(usize, bool); 3] = [(36, true), (28, true), (24, false)];

/// Cells each node would like to have, `most` at the most where it has no border.
pub fn widths(graph: &Graph, size: Size, (most, spaces): (usize, bool), namespace: Option<&str>) -> Vec<i32> {
    let of = |node: &Node| {
        // A mark of the dataplane and a mark of what is wrong stand behind the name.
        let name = width::width(&name(node, size, spaces, namespace)) + 3;
        // The second line of a pair also tells a version's share, where there is one.
        let least = if node.part.is_some() { 27 } else { 16 };
        let cells = match size {
            Size::Full | Size::Boxes => (name + 4).clamp(22, 30),
            Size::Pairs => (name + 2).clamp(least.min(most), most.min(30)),
            Size::Lines => (name + 2 + RATE).clamp(16, most),
        };
        i32::try_from(cells).unwrap_or(30)
    };
    graph.nodes().iter().map(of).collect()
}
