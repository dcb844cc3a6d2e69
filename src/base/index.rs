//! Rows by uid, in an order, behind a filter, with a cursor that is a uid.
//!
//! Rows may arrive, move and leave under the reader: the cursor stays on its object, never on a line number, so nothing can
//! slide under a key that acts on it. A delta is placed by binary search; only a change of the order sorts everything.
//! The index neither knows what a row means nor draws it: the pane says how rows compare and which are kept.

use std::{cmp::Ordering, collections::HashMap};

use super::Uid;

/// A row of any kind on screen: compact, made inside a watch from an object that is then dropped.
pub trait Row {
    /// The uid of the object the row was made from.
    fn uid(&self) -> Uid;
}

/// How rows compare. Ties are settled by uid, so the order is total and stable.
pub type Compare<'a, R> = &'a dyn Fn(&R, &R) -> Ordering;

/// Which rows are shown.
pub type Keep<'a, R> = &'a dyn Fn(&R) -> bool;

/// One place of the slab.
#[derive(Debug, Clone)]
struct Slot<R> {
    row: R,
    kept: bool,
}

/// One change of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change<R> {
    /// A row is new or different.
    Put(R),
    /// A row is gone.
    Drop(Uid),
}

/// The index.
#[derive(Debug, Clone)]
pub struct Index<R> {
    slots: Vec<Option<Slot<R>>>,
    free: Vec<u32>,
    by_uid: HashMap<Uid, u32>,
    order: Vec<u32>,
    shown: Vec<u32>,
    cursor: Option<Uid>,
    cursor_at: usize,
}

impl<R> Default for Index<R> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_uid: HashMap::new(),
            order: Vec::new(),
            shown: Vec::new(),
            cursor: None,
            cursor_at: 0,
        }
    }
}

/// Batches up to this size are placed one by one; larger ones are sorted and merged.
const ONE_BY_ONE: usize = 16;

impl<R: Row> Index<R> {
    /// Rows, shown or not.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no row at all.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Rows behind the filter.
    pub fn shown(&self) -> usize {
        self.shown.len()
    }

    /// The row at a place of the shown order.
    pub fn at(&self, place: usize) -> Option<&R> {
        self.row(*self.shown.get(place)?)
    }

    /// The shown rows of a window; only these are ever formatted.
    pub fn window(&self, from: usize, rows: usize) -> impl Iterator<Item = &R> {
        let end = from.saturating_add(rows).min(self.shown.len());
        self.shown.get(from.min(end)..end).unwrap_or_default().iter().filter_map(|slot| self.row(*slot))
    }

    /// All rows in order, shown or not.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.order.iter().filter_map(|slot| self.row(*slot))
    }

    /// A row by its uid.
    pub fn get(&self, uid: Uid) -> Option<&R> {
        self.row(*self.by_uid.get(&uid)?)
    }

    /// Whether the filter shows a row.
    pub fn shows(&self, uid: Uid) -> bool {
        let slot = self.by_uid.get(&uid).and_then(|slot| self.slots.get(*slot as usize)?.as_ref());
        slot.is_some_and(|slot| slot.kept)
    }

    /// The object under the cursor.
    pub fn cursor(&self) -> Option<&R> {
        self.at(self.cursor_at)
    }

    /// The cursor's place in the shown order.
    pub fn cursor_at(&self) -> usize {
        self.cursor_at
    }

    /// Puts the cursor on a place, or on the last row when there are fewer.
    pub fn move_to(&mut self, place: usize) {
        self.cursor_at = place.min(self.shown.len().saturating_sub(1));
        self.cursor = self.at(self.cursor_at).map(Row::uid);
    }

    /// Moves the cursor by some rows; it stops at the ends.
    pub fn move_by(&mut self, rows: isize) {
        self.move_to(self.cursor_at.saturating_add_signed(rows));
    }

    /// Puts the cursor on an object, when it is shown.
    pub fn select(&mut self, uid: Uid) -> bool {
        let found = self.shown.iter().position(|slot| self.row(*slot).is_some_and(|row| row.uid() == uid));
        if let Some(place) = found {
            self.move_to(place);
        }
        found.is_some()
    }

    /// Carries changes out. The cursor stays on its object; when that leaves, it stays on its line.
    pub fn apply(&mut self, changes: Vec<Change<R>>, compare: Compare<'_, R>, keep: Keep<'_, R>) {
        if changes.len() <= ONE_BY_ONE {
            for change in changes {
                self.place(change, compare, keep);
            }
        } else {
            self.merge(changes, compare, keep);
        }
        self.refresh(compare);
    }

    /// Sorts anew: the order of the rows changed.
    pub fn sort(&mut self, compare: Compare<'_, R>) {
        let mut order = std::mem::take(&mut self.order);
        order.sort_unstable_by(|a, b| self.compare_slots(*a, *b, compare));
        self.order = order;
        self.refresh(compare);
    }

    /// Filters anew: the filter changed.
    pub fn filter(&mut self, compare: Compare<'_, R>, keep: Keep<'_, R>) {
        for slot in self.slots.iter_mut().flatten() {
            slot.kept = keep(&slot.row);
        }
        self.refresh(compare);
    }

    /// Forgets every row; the cursor is remembered by its uid, so a list that comes again finds it.
    pub fn clear(&mut self) {
        let cursor = self.cursor;
        *self = Self { cursor, ..Self::default() };
    }

    /// Drops rows for which `stays` is false, such as those a new list no longer holds.
    pub fn retain(&mut self, compare: Compare<'_, R>, stays: Keep<'_, R>) {
        let gone: Vec<Uid> = self.iter().filter(|row| !stays(row)).map(Row::uid).collect();
        let changes = gone.into_iter().map(Change::Drop).collect();
        self.apply(changes, compare, &|_| true);
    }

    fn row(&self, slot: u32) -> Option<&R> {
        Some(&self.slots.get(slot as usize)?.as_ref()?.row)
    }

    fn compare_slots(&self, a: u32, b: u32, compare: Compare<'_, R>) -> Ordering {
        match (self.row(a), self.row(b)) {
            (Some(a), Some(b)) => total(a, b, compare),
            (a, b) => a.is_some().cmp(&b.is_some()),
        }
    }

    /// Where a row stands, or would stand, in `among`.
    fn find(&self, among: &[u32], row: &R, compare: Compare<'_, R>) -> Result<usize, usize> {
        among.binary_search_by(|slot| self.row(*slot).map_or(Ordering::Less, |other| total(other, row, compare)))
    }

    fn place(&mut self, change: Change<R>, compare: Compare<'_, R>, keep: Keep<'_, R>) {
        let uid = match &change {
            Change::Put(row) => row.uid(),
            Change::Drop(uid) => *uid,
        };
        if let Some(slot) = self.by_uid.get(&uid).copied() {
            let place = self.row(slot).map(|old| self.find(&self.order, old, compare));
            match place {
                Some(Ok(place)) if self.order.get(place) == Some(&slot) => {
                    self.order.remove(place);
                }
                // The order is not what `compare` says (its inputs moved): look the slot up instead.
                _ => self.order.retain(|other| *other != slot),
            }
        }
        if let Some(slot) = self.store(change, keep) {
            let place =
                self.row(slot).map_or(0, |row| self.find(&self.order, row, compare).unwrap_or_else(|place| place));
            self.order.insert(place, slot);
        }
    }

    fn merge(&mut self, changes: Vec<Change<R>>, compare: Compare<'_, R>, keep: Keep<'_, R>) {
        let mut touched = vec![false; self.slots.len() + changes.len()];
        let mut fresh: Vec<u32> = Vec::with_capacity(changes.len());
        for change in changes {
            let uid = match &change {
                Change::Put(row) => row.uid(),
                Change::Drop(uid) => *uid,
            };
            if let Some(slot) = self.by_uid.get(&uid)
                && let Some(mark) = touched.get_mut(*slot as usize)
            {
                *mark = true;
            }
            if let Some(slot) = self.store(change, keep) {
                if let Some(mark) = touched.get_mut(slot as usize) {
                    *mark = true;
                }
                fresh.push(slot);
            }
        }
        // A row put twice, or put and then dropped, stands in `fresh` more than once or without its row.
        fresh.sort_unstable();
        fresh.dedup();
        fresh.retain(|slot| self.row(*slot).is_some());
        fresh.sort_unstable_by(|a, b| self.compare_slots(*a, *b, compare));
        let mut order = std::mem::take(&mut self.order);
        order.retain(|slot| !touched.get(*slot as usize).copied().unwrap_or(false));
        let mut merged = Vec::with_capacity(order.len() + fresh.len());
        let (mut old, mut new) = (order.into_iter().peekable(), fresh.into_iter().peekable());
        loop {
            let take_old = match (old.peek(), new.peek()) {
                (Some(a), Some(b)) => self.compare_slots(*a, *b, compare).is_le(),
                (Some(_), None) => true,
                (None, Some(_)) => false,
                (None, None) => break,
            };
            merged.extend(if take_old { old.next() } else { new.next() });
        }
        self.order = merged;
    }

    /// Writes a change into the slab; gives the slot of a row that stays.
    fn store(&mut self, change: Change<R>, keep: Keep<'_, R>) -> Option<u32> {
        match change {
            Change::Drop(uid) => {
                let slot = self.by_uid.remove(&uid)?;
                if let Some(place) = self.slots.get_mut(slot as usize) {
                    *place = None;
                }
                self.free.push(slot);
                None
            }
            Change::Put(row) => {
                let uid = row.uid();
                let filled = Some(Slot { kept: keep(&row), row });
                let slot = if let Some(slot) = self.by_uid.get(&uid).copied().or_else(|| self.free.pop()) {
                    if let Some(place) = self.slots.get_mut(slot as usize) {
                        *place = filled;
                    }
                    slot
                } else {
                    let slot = u32::try_from(self.slots.len()).ok()?;
                    self.slots.push(filled);
                    slot
                };
                self.by_uid.insert(uid, slot);
                Some(slot)
            }
        }
    }

    /// Rebuilds the shown order and finds the cursor again.
    fn refresh(&mut self, compare: Compare<'_, R>) {
        let mut shown = std::mem::take(&mut self.shown);
        shown.clear();
        shown.extend(self.order.iter().filter(|slot| {
            self.slots.get(**slot as usize).is_some_and(|slot| slot.as_ref().is_some_and(|slot| slot.kept))
        }));
        self.shown = shown;
        let found = self.cursor.and_then(|uid| {
            let slot = *self.by_uid.get(&uid)?;
            let row = self.row(slot)?;
            self.find(&self.shown, row, compare).ok().filter(|place| self.shown.get(*place) == Some(&slot))
        });
        match found {
            Some(place) => self.cursor_at = place,
            // Before the first row there is nothing to stay on; a row hidden by the filter comes back under the cursor.
            None if self.shown.is_empty() => self.cursor_at = 0,
            None => self.move_to(self.cursor_at),
        }
    }
}

fn total<R: Row>(a: &R, b: &R, compare: Compare<'_, R>) -> Ordering {
    compare(a, b).then_with(|| a.uid().0.cmp(&b.uid().0))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Change, Index, Row};
    use crate::base::Uid;

    #[derive(Debug, Clone, PartialEq, Eq)]
    struct Thing {
        id: u128,
        rank: u8,
    }

    impl Row for Thing {
        fn uid(&self) -> Uid {
            Uid(self.id)
        }
    }

    fn by_rank(a: &Thing, b: &Thing) -> std::cmp::Ordering {
        a.rank.cmp(&b.rank)
    }

    fn ids(index: &Index<Thing>) -> Vec<u128> {
        index.window(0, usize::MAX).map(|thing| thing.id).collect()
    }

    fn put(id: u128, rank: u8) -> Change<Thing> {
        Change::Put(Thing { id, rank })
    }

    #[test]
    fn the_cursor_stays_on_its_object_while_rows_move() {
        let mut index = Index::default();
        index.apply(vec![put(1, 10), put(2, 20), put(3, 30)], &by_rank, &|_| true);
        index.move_to(1);
        index.apply(vec![put(4, 5), put(2, 40)], &by_rank, &|_| true);
        assert_eq!(index.cursor().map(|thing| thing.id), Some(2));
        assert_eq!(index.cursor_at(), 3);
        index.apply(vec![Change::Drop(Uid(2))], &by_rank, &|_| true);
        assert_eq!(index.cursor().map(|thing| thing.id), Some(3));
    }

    #[test]
    fn a_list_that_comes_again_finds_the_cursor() {
        let mut index = Index::default();
        index.apply(vec![put(1, 10), put(2, 20)], &by_rank, &|_| true);
        index.move_to(1);
        index.clear();
        assert!(index.cursor().is_none());
        index.apply((0..40).map(|id| put(id, 9)).collect(), &by_rank, &|_| true);
        assert_eq!(index.cursor().map(|thing| thing.id), Some(2));
    }

    fn change() -> impl Strategy<Value = Change<Thing>> {
        prop_oneof![
            3 => (0u128..40, 0u8..6).prop_map(|(id, rank)| put(id, rank)),
            1 => (0u128..40).prop_map(|id| Change::Drop(Uid(id))),
        ]
    }

    proptest! {
        #[test]
        fn the_order_is_the_sorted_filtered_world(batches in prop::collection::vec(prop::collection::vec(change(), 0..60), 0..8)) {
            let mut world: BTreeMap<u128, u8> = BTreeMap::new();
            let mut index = Index::default();
            let keep = |thing: &Thing| thing.rank != 3;
            for batch in batches {
                for change in &batch {
                    match change {
                        Change::Put(thing) => { world.insert(thing.id, thing.rank); }
                        Change::Drop(uid) => { world.remove(&uid.0); }
                    }
                }
                index.apply(batch, &by_rank, &keep);
                let mut expected: Vec<(u8, u128)> = world.iter().map(|(id, rank)| (*rank, *id)).collect();
                expected.sort_unstable();
                prop_assert_eq!(index.len(), expected.len());
                let shown: Vec<u128> = expected.iter().filter(|(rank, _)| *rank != 3).map(|(_, id)| *id).collect();
                prop_assert_eq!(ids(&index), shown);
                prop_assert_eq!(index.cursor().is_some(), index.shown() > 0);
            }
        }
    }
}
