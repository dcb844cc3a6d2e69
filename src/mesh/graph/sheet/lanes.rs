//! Lanes: the rows in which calls pass a column they have nothing to do with. All calls on their way to one node share one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Call, Kind};

/// See the module docs.
#[derive(Debug)]
pub struct Lanes {
    /// Rows of each column that are not free.
    taken: Vec<BTreeSet<i32>>,
    /// By direction, node and column.
    lanes: BTreeMap<(bool, usize, usize), i32>,
}

impl Lanes {
    /// Free columns.
    pub fn new(columns: usize) -> Self {
        Self { taken: vec![BTreeSet::new(); columns], lanes: BTreeMap::new() }
    }

    /// A node stands here.
    pub fn block(&mut self, column: usize, top: i32, height: i32) {
        if let Some(taken) = self.taken.get_mut(column) {
            taken.extend(top..top + height);
        }
    }

    /// Finds lanes for a call, from its right end leftwards, each as near to the one after as there is room.
    pub fn lead(&mut self, call: &Call) {
        if call.kind == Kind::Beside {
            return;
        }
        let back = call.kind == Kind::Backward;
        let mut row = call.rows.1;
        for column in (call.layers.0 + 1..call.layers.1).rev() {
            let Some(taken) = self.taken.get_mut(column) else { continue };
            row = *self.lanes.entry((back, call.right, column)).or_insert_with(|| {
                let near = (0..).flat_map(|step: i32| [row + step, row - step]);
                let free = near.into_iter().find(|row| *row >= 0 && !taken.contains(row)).unwrap_or(row);
                taken.insert(free);
                free
            });
        }
    }

    /// The lane of calls on their way to a node.
    pub fn row(&self, back: bool, node: usize, column: usize) -> Option<i32> {
        self.lanes.get(&(back, node, column)).copied()
    }
}
