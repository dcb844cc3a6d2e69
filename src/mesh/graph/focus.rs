//! The part of a graph that one node takes part in: whom it calls, all the way down, and who calls it, all the way up.

use super::{Graph, NodeId};

impl Graph {
    /// That part; empty when the node is not there.
    #[must_use]
    pub fn focus(&self, id: &NodeId) -> Self {
        let Some(center) = self.at(id) else { return Self::default() };
        let down = self.reach(center, |edge| (edge.from, edge.to));
        let up = self.reach(center, |edge| (edge.to, edge.from));
        let kept = |at: usize| down.get(at) == Some(&true) || up.get(at) == Some(&true);
        // A call between a caller of the node and a callee of it is on no way through the node.
        let along =
            |of: &[bool], edge: &super::Edge| of.get(edge.from) == Some(&true) && of.get(edge.to) == Some(&true);
        let nodes = self.nodes.iter().enumerate().filter(|(at, _)| kept(*at)).map(|(_, node)| node.clone());
        let edges = self.edges.iter().filter(|edge| along(&down, edge) || along(&up, edge)).filter_map(|edge| {
            Some((self.nodes.get(edge.from)?.id.clone(), self.nodes.get(edge.to)?.id.clone(), edge.clone()))
        });
        Self::new(nodes, edges)
    }

    /// The nodes reached from one along edges as `way` reads them.
    fn reach(&self, from: usize, way: fn(&super::Edge) -> (usize, usize)) -> Vec<bool> {
        let mut next: Vec<Vec<usize>> = vec![Vec::new(); self.nodes.len()];
        for edge in &self.edges {
            let (a, b) = way(edge);
            if let Some(list) = next.get_mut(a) {
                list.push(b);
            }
        }
        let mut reached = vec![false; self.nodes.len()];
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if let Some(seen) = reached.get_mut(at).filter(|seen| !**seen) {
                *seen = true;
                open.extend(next.get(at).into_iter().flatten());
            }
        }
        reached
    }
}
