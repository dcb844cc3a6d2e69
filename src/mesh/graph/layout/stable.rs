//! From look to look: who stays keeps the place, who comes stands near its neighbours, who returns finds the old place.

use std::collections::BTreeSet;

use super::{Layout, Place};
use crate::mesh::graph::{Graph, NodeId};

/// Nodes that are gone are remembered up to so many.
const REMEMBERED: usize = 512;
/// Fewer changes than this since all was laid out are never a reason to do it again.
const FEW: usize = 8;

/// What became of the places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Followed {
    /// Nobody came or went.
    Same,
    /// Some came or went; nobody else moved.
    Kept,
    /// So much had changed that all was laid out anew.
    Anew,
}

impl Layout {
    /// Takes the next graph over.
    pub fn follow(&mut self, graph: &Graph) -> Followed {
        if self.places.is_empty() {
            *self = Self::fresh(graph);
            return if graph.nodes().is_empty() { Followed::Same } else { Followed::Anew };
        }
        let there: BTreeSet<&NodeId> = graph.nodes().iter().map(|node| &node.id).collect();
        let left: Vec<NodeId> = self.places.keys().filter(|id| !there.contains(id)).cloned().collect();
        let mut new: Vec<usize> = Vec::new();
        for (at, node) in graph.nodes().iter().enumerate() {
            if !self.places.contains_key(&node.id) {
                new.push(at);
            }
        }
        if left.is_empty() && new.is_empty() {
            return if self.bad(graph) { self.anew(graph) } else { Followed::Same };
        }
        if self.gone.len() + left.len() > REMEMBERED {
            self.gone.clear();
        }
        for id in left {
            if let Some(place) = self.places.remove(&id) {
                self.late.remove(&id);
                self.gone.insert(id, place);
            }
        }
        self.put_in(graph, new);
        if self.bad(graph) { self.anew(graph) } else { Followed::Kept }
    }

    fn anew(&mut self, graph: &Graph) -> Followed {
        *self = Self::fresh(graph);
        Followed::Anew
    }

    /// Places who is new: first who is known from before, then outwards from whoever has a place.
    fn put_in(&mut self, graph: &Graph, mut new: Vec<usize>) {
        let mut taken: BTreeSet<Place> = self.places.values().copied().collect();
        let near = neighbours(graph);
        let services = super::services(graph);
        new.retain(|at| {
            let Some(node) = graph.nodes().get(*at) else { return false };
            match self.gone.remove(&node.id) {
                Some(place) if taken.insert(place) => {
                    self.places.insert(node.id.clone(), place);
                    false
                }
                _ => true,
            }
        });
        while !new.is_empty() {
            let before = new.len();
            new.retain(|at| match self.beside(graph, *at, &near, &services) {
                Some(place) => {
                    self.seat(graph, *at, place, &mut taken);
                    false
                }
                None => true,
            });
            if new.len() == before {
                // Nobody left is joined to anybody with a place: a part of its own begins below all others.
                let at = new.remove(0);
                let layer = self.places.values().map(|place| place.layer).min().unwrap_or_default();
                let slot = self.places.values().map(|place| place.slot).max().map_or(0, |slot| slot + 1);
                self.seat(graph, at, Place { layer, slot }, &mut taken);
            }
        }
    }

    fn seat(&mut self, graph: &Graph, at: usize, wanted: Place, taken: &mut BTreeSet<Place>) {
        let free = (0..).flat_map(|step: i32| [wanted.slot + step, wanted.slot - step]).find_map(|slot| {
            let place = Place { slot, ..wanted };
            (slot >= 0 && !taken.contains(&place)).then_some(place)
        });
        if let (Some(place), Some(node)) = (free, graph.nodes().get(at)) {
            taken.insert(place);
            self.late.insert(node.id.clone());
            self.places.insert(node.id.clone(), place);
        }
    }

    /// Where a node would like to stand, if any neighbour has a place: right of its callers, else left of whom it calls; in the
    /// middle of them, or beside the other workloads of its service.
    fn beside(&self, graph: &Graph, at: usize, near: &[Near], services: &[Option<usize>]) -> Option<Place> {
        let place = |node: &usize| self.place(&graph.nodes().get(*node)?.id);
        let near = near.get(at)?;
        let callers: Vec<Place> = near.callers.iter().filter_map(place).collect();
        let called: Vec<Place> = near.called.iter().filter_map(place).collect();
        let after = callers.iter().map(|place| place.layer + 1).max();
        let layer = after.or_else(|| called.iter().map(|place| place.layer - 1).min())?;
        let own = services.get(at).copied().flatten();
        let siblings = (0..services.len())
            .filter(|other| own.is_some() && *other != at && services.get(*other).copied().flatten() == own);
        let mut beside: Vec<i32> = siblings
            .filter_map(|other| place(&other))
            .filter(|place| place.layer == layer)
            .map(|place| place.slot)
            .collect();
        if beside.is_empty() {
            beside = callers.iter().chain(&called).map(|place| place.slot).collect();
        }
        beside.sort_unstable();
        Some(Place { layer, slot: beside.get(beside.len() / 2).copied()? })
    }

    /// Whether so much has changed that keeping everybody's place has made a bad picture: most nodes or calls are new, or gone; or
    /// a fifth of the calls leads against the direction that did not do so at first.
    fn bad(&self, graph: &Graph) -> bool {
        let many = |count: usize, of: usize| count >= FEW && count * 2 > of;
        let gone = self.nodes.saturating_sub(graph.nodes().len() - self.late.len());
        let (mut new, mut against) = (0, 0);
        for (from, to) in super::ends(graph).filter(|call| !self.calls.contains(&(call.0.clone(), call.1.clone()))) {
            new += 1;
            let old = !self.late.contains(from) && !self.late.contains(to);
            let layer = |id: &NodeId| self.place(id).map(|place| place.layer);
            against += usize::from(old && from != to && layer(from) >= layer(to));
        }
        many(self.late.len(), graph.nodes().len())
            || many(gone, self.nodes)
            || many(new, graph.edges().len())
            || against > 1 && against * 5 > graph.edges().len()
    }
}

/// Who calls a node, and whom it calls.
#[derive(Debug, Clone, Default)]
struct Near {
    callers: Vec<usize>,
    called: Vec<usize>,
}

fn neighbours(graph: &Graph) -> Vec<Near> {
    let mut near = vec![Near::default(); graph.nodes().len()];
    for edge in graph.edges().iter().filter(|edge| edge.from != edge.to) {
        if let Some(from) = near.get_mut(edge.from) {
            from.called.push(edge.to);
        }
        if let Some(to) = near.get_mut(edge.to) {
            to.callers.push(edge.from);
        }
    }
    near
}
