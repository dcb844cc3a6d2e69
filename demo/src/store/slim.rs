//! The objects of one kind and its last changes, in little memory when there are many.
//!
//! The tree of an object is ten times its JSON. Of a few hundred objects that is nothing, and controllers read them all the
//! time; of ten thousand pods it would be most of what the world holds, and hardly one of them is read. So where a kind has
//! many, those written a while ago are kept as packed JSON alone.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use super::{Event, Object, object::Neighbour};

/// How many changes of a kind a watch can go back.
const RING: usize = 10_000;
/// So many objects of a kind are many, and so many of the newest keep their trees even then.
const MANY: usize = 600;
const NEWEST: usize = 300;

/// Objects by namespace and name, and changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Table {
    pub(super) objects: BTreeMap<(String, String), Arc<Object>>,
    pub(super) ring: VecDeque<Event>,
    /// Changes up to this version may be forgotten.
    pub(super) forgotten: u64,
    /// What was written last, where there are many.
    newest: VecDeque<Arc<Object>>,
    /// What lost its tree last.
    last: Neighbour,
}

impl Table {
    /// An empty one; changes up to a version are not known.
    pub(super) fn begun(version: u64) -> Self {
        Self { forgotten: version, ..Self::default() }
    }

    /// Takes note of a change, or forgets it at once.
    pub(super) fn note(&mut self, event: Event, forget: bool) {
        if forget {
            self.forgotten = event.version;
            return;
        }
        if self.ring.len() == RING
            && let Some(gone) = self.ring.pop_front()
        {
            self.forgotten = gone.version;
        }
        self.ring.push_back(event);
    }

    /// Something was written: of many objects the one that was written long ago loses its tree.
    pub(super) fn slim(&mut self, new: &Arc<Object>) {
        if self.objects.len() < MANY {
            return;
        }
        self.newest.push_back(Arc::clone(new));
        let Some(old) = (self.newest.len() > NEWEST).then(|| self.newest.pop_front()).flatten() else { return };
        let held = self.objects.get_mut(&(old.namespace().to_owned(), old.name().to_owned()));
        if let Some(slot) = held.filter(|slot| Arc::ptr_eq(slot, &old)) {
            flatten(slot, &mut self.last);
        }
        let at = self.ring.partition_point(|event| event.version < old.version);
        if let Some(event) = self.ring.get_mut(at).filter(|event| event.version == old.version) {
            let Event { old, new, .. } = event;
            old.iter_mut().chain([new]).for_each(|one| flatten(one, &mut self.last));
        }
    }

    /// The same for all of them, also those that were read meanwhile, or written before there were many.
    pub(super) fn tidy(&mut self) {
        if self.objects.len() < MANY {
            return;
        }
        self.newest.clear();
        let changes = self.ring.iter_mut().flat_map(|Event { old, new, .. }| old.iter_mut().chain([new]));
        self.objects.values_mut().chain(changes).for_each(|one| flatten(one, &mut self.last));
    }
}

fn flatten(slot: &mut Arc<Object>, last: &mut Neighbour) {
    if let Some(flat) = slot.flat(last) {
        *slot = Arc::new(flat);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::{MANY, NEWEST};
    use crate::store::{KindId, KindRow, Store};

    fn pods(many: usize) -> (Store, KindId) {
        let mut store = Store::default();
        let row = json!({"resource": "pods", "scope": "Namespaced", "responseKind": {"kind": "Pod"}});
        let pods = store.set_kind(KindRow::of_discovery("", "v1", &row));
        for at in 0..many {
            store.put(pods, json!({"kind": "Pod", "metadata": {"namespace": "a", "name": format!("p{at:04}")}}));
        }
        (store, pods)
    }

    /// How many objects have their trees at hand.
    fn trees(store: &Store, kind: KindId) -> usize {
        store.list(kind, None).filter(|object| Arc::ptr_eq(&object.tree(), &object.tree())).count()
    }

    #[test]
    fn of_a_few_objects_all_trees_are_at_hand() {
        let (mut store, kind) = pods(MANY - 1);
        store.tidy();
        assert_eq!(trees(&store, kind), MANY - 1);
    }

    #[test]
    fn of_many_objects_those_written_last_have_their_trees_and_those_read_until_all_is_tidy() {
        let (mut store, kind) = pods(2 * MANY);
        assert_eq!(trees(&store, kind), MANY - 1 + NEWEST);
        store.tidy();
        assert_eq!(trees(&store, kind), 0);
        let first = store.list(kind, None).next().unwrap();
        let read = Arc::clone(first.value());
        assert_eq!(read["metadata"]["name"], "p0000");
        assert_eq!(trees(&store, kind), 1);
        store.tidy();
        assert_eq!(trees(&store, kind), 0);
        let seen: Vec<u64> = store.since(kind, 0).unwrap().map(|event| event.version).collect();
        assert_eq!(seen.len(), 2 * MANY, "no change is lost");
    }
}
