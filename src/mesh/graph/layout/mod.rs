//! Where nodes stand: each has a layer, from callers to called, and a slot within it.
//!
//! [`Layout::fresh`] is a layered layout after Sugiyama: calls that close a cycle are turned round (`cycles`), layers follow the
//! longest way (`layers`), the order within layers comes from barycentres in bounded passes (`order`), and slots pull nodes
//! towards their neighbours (`slots`). [`Layout::follow`] (`stable`) takes the next graph over without moving anybody: what
//! is new is put beside its neighbours, what is gone leaves a gap. Only when that has gone bad all is laid out anew.
//!
//! It knows nothing of cells: [`super::sheet`] does. It is a function of the graph alone, whatever order its facts came in.

mod cycles;
mod layers;
mod order;
mod slots;
mod stable;

use std::collections::{BTreeMap, BTreeSet};

pub use stable::Followed;

use super::{Graph, NodeId};

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// From callers to called; below 0 for callers that were seen later.
    pub layer: i32,
    /// From top to bottom.
    pub slot: i32,
}

/// A place for every node.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Layout {
    places: BTreeMap<NodeId, Place>,
    /// Where nodes stood that are not there at the moment.
    gone: BTreeMap<NodeId, Place>,
    /// Nodes put in since all was laid out.
    late: BTreeSet<NodeId>,
    /// How many nodes there were then.
    nodes: usize,
    /// The calls there were then.
    calls: BTreeSet<(NodeId, NodeId)>,
}

impl Layout {
    /// Lays everything out.
    pub fn fresh(graph: &Graph) -> Self {
        let calls: Vec<(usize, usize)> =
            graph.edges().iter().filter(|edge| edge.from != edge.to).map(|edge| (edge.from, edge.to)).collect();
        let mut placed: Vec<Option<Place>> = vec![None; graph.nodes().len()];
        let (parts, single) = parts(graph.nodes().len(), &calls);
        let services = services(graph);
        let (mut top, mut widest) = (0, 0);
        for part in parts {
            let here: Vec<(usize, usize)> =
                calls.iter().filter(|(from, _)| part.binary_search(from).is_ok()).copied().collect();
            let (height, layers) = lay(&part, &here, &services, top, &mut placed);
            top += height;
            widest = widest.max(layers);
        }
        // Who neither calls nor is called stands below, in rows as wide as the rest.
        let across = i32::try_from(widest.max(4)).unwrap_or(4);
        for (at, node) in (0..).zip(single) {
            if let Some(place) = placed.get_mut(node) {
                *place = Some(Place { layer: at % across, slot: top + at / across });
            }
        }
        let places: BTreeMap<NodeId, Place> =
            graph.nodes().iter().zip(placed).filter_map(|(node, place)| Some((node.id.clone(), place?))).collect();
        Self {
            places,
            nodes: graph.nodes().len(),
            calls: ends(graph).map(|(a, b)| (a.clone(), b.clone())).collect(),
            ..Self::default()
        }
    }

    /// Where a node stands.
    pub fn place(&self, id: &NodeId) -> Option<Place> {
        self.places.get(id).copied()
    }

    /// All places.
    pub fn places(&self) -> &BTreeMap<NodeId, Place> {
        &self.places
    }
}

/// Caller and called of every call.
fn ends(graph: &Graph) -> impl Iterator<Item = (&NodeId, &NodeId)> {
    let id = |at: usize| graph.nodes().get(at).map(|node| &node.id);
    graph.edges().iter().filter_map(move |edge| Some((id(edge.from)?, id(edge.to)?)))
}

/// Which service a node belongs to beside others, as a number.
fn services(graph: &Graph) -> Vec<Option<usize>> {
    let named = |node: &super::Node| node.part.as_ref().map(|part| part.service.clone());
    let known: BTreeSet<_> = graph.nodes().iter().filter_map(named).collect();
    let number: BTreeMap<_, usize> = known.into_iter().zip(0..).collect();
    graph.nodes().iter().map(|node| number.get(&named(node)?).copied()).collect()
}

/// The connected parts, largest first, each sorted; and the nodes that are alone.
fn parts(nodes: usize, calls: &[(usize, usize)]) -> (Vec<Vec<usize>>, Vec<usize>) {
    let mut beside: Vec<Vec<usize>> = vec![Vec::new(); nodes];
    for (from, to) in calls {
        for (a, b) in [(*from, *to), (*to, *from)] {
            if let Some(list) = beside.get_mut(a) {
                list.push(b);
            }
        }
    }
    let (mut found, mut single, mut seen) = (Vec::new(), Vec::new(), vec![false; nodes]);
    for start in 0..nodes {
        let (mut part, mut open) = (Vec::new(), vec![start]);
        while let Some(at) = open.pop() {
            if let Some(seen) = seen.get_mut(at).filter(|seen| !**seen) {
                *seen = true;
                part.push(at);
                open.extend(beside.get(at).into_iter().flatten());
            }
        }
        match part.len() {
            0 => {}
            1 => single.push(start),
            _ => {
                part.sort_unstable();
                found.push(part);
            }
        }
    }
    found.sort_by_key(|part: &Vec<usize>| std::cmp::Reverse(part.len()));
    (found, single)
}

/// Lays one connected part out below `top`; gives its slots and its layers.
fn lay(
    part: &[usize],
    calls: &[(usize, usize)],
    services: &[Option<usize>],
    top: i32,
    placed: &mut [Option<Place>],
) -> (i32, usize) {
    let at = |node: &usize| part.binary_search(node).unwrap_or(0);
    let local: Vec<(usize, usize)> = calls.iter().map(|(from, to)| (at(from), at(to))).collect();
    let forward = cycles::turned(part.len(), &local);
    let layer = layers::longest(part.len(), &forward);
    let group: Vec<Option<usize>> = part.iter().map(|node| services.get(*node).copied().flatten()).collect();
    let order = order::ordered(&layer, &forward, &group);
    let slots = slots::slots(&order, part.len(), &forward);
    let mut height = 0;
    for (local, node) in part.iter().enumerate() {
        let (Some(layer), Some(slot)) = (layer.get(local), slots.get(local)) else { continue };
        height = height.max(slot + 1);
        if let Some(place) = placed.get_mut(*node) {
            *place = Some(Place { layer: i32::try_from(*layer).unwrap_or(i32::MAX), slot: top + slot });
        }
    }
    (height, order.len())
}
