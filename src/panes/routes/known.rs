//! What the pane knows beyond the rows: who wins, and which conflicts concern a route.

use std::collections::{BTreeSet, HashMap};

use crate::{
    base::Uid,
    mesh::{
        conflicts::{Conflict, ObjectName, conflicts},
        resolve::World,
        routes::{RouteRef, RouteRow},
        wins::{Wins, wins},
    },
};

/// What was judged of a whole world.
#[derive(Debug, Default)]
pub struct Known {
    wins: HashMap<Uid, Wins>,
    /// All of them, in order.
    conflicts: Vec<Conflict>,
    /// Which of them concern a route, as places in the list: it loses by them, cannot serve its requests, or an object that its
    /// requests hang on is at fault.
    of: HashMap<Uid, Vec<usize>>,
}

impl Known {
    /// Judges a world.
    pub fn of(world: &World<'_>) -> Self {
        let named: HashMap<ObjectName, Uid> =
            world.routes.iter().map(|row| (row.route_ref().into(), row.uid)).collect();
        let conflicts = conflicts(world);
        let mut of: HashMap<Uid, Vec<usize>> = HashMap::new();
        for (at, one) in conflicts.iter().enumerate() {
            let concerned = one.routes.iter().cloned().map(ObjectName::from);
            let uids = std::iter::once(one.loser.object.clone()).chain(concerned);
            for uid in uids.filter_map(|name| named.get(&name)) {
                let known = of.entry(*uid).or_default();
                if known.last() != Some(&at) {
                    known.push(at);
                }
            }
        }
        Self { wins: world.routes.iter().map(|row| row.uid).zip(wins(world)).collect(), conflicts, of }
    }

    /// Whether a route gets its requests.
    pub fn wins(&self, uid: Uid) -> Option<&Wins> {
        self.wins.get(&uid)
    }

    /// The conflicts that concern a route.
    pub fn against(&self, row: &RouteRow) -> impl ExactSizeIterator<Item = &Conflict> {
        let places = self.of.get(&row.uid).map_or(&[][..], Vec::as_slice);
        places.iter().map(|at| &self.conflicts[*at])
    }

    /// How many conflicts concern these routes, each counted once.
    pub fn count<'a>(&self, rows: impl Iterator<Item = &'a RouteRow>) -> usize {
        rows.filter_map(|row| self.of.get(&row.uid)).flatten().collect::<BTreeSet<_>>().len()
    }

    /// The conflicts that a route has a part in, on whichever side.
    pub fn naming<'a>(&'a self, route: &'a RouteRef) -> impl Iterator<Item = &'a Conflict> {
        self.conflicts.iter().filter(|one| one.names(route))
    }
}
