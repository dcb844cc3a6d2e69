//! Objects by kind, one counter of versions, and per kind the last changes.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{KindId, KindRow, Object, slim::Table};
use crate::base::value;

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It has another state.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change.
#[derive(Debug, Clone)]
pub struct Event {
    /// The version of the store it made.
    pub version: u64,
    /// What happened.
    pub change: Change,
    /// The state before.
    pub old: Option<Arc<Object>>,
    /// The state now, or the last one of an object that is gone.
    pub new: Arc<Object>,
}

/// The changes since that version are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expired {
    /// The oldest version from which changes are known.
    pub oldest: u64,
}

/// All objects of the world.
#[derive(Debug, Clone, Default)]
pub struct Store {
    kinds: Vec<KindRow>,
    /// By kind, the number of its table: kinds can be faces of one.
    places: Vec<usize>,
    tables: Vec<Table>,
    version: u64,
    /// Changes are forgotten at once.
    forgetful: bool,
}

impl Store {
    /// Adds a kind, or replaces the row of one that is there already.
    pub fn set_kind(&mut self, row: KindRow) -> KindId {
        let known = self.kinds.iter().position(|has| has.group == row.group && has.plural == row.plural);
        if let Some(at) = known {
            self.kinds[at] = row;
            return KindId(at);
        }
        self.kinds.push(row);
        self.places.push(self.tables.len());
        self.tables.push(Table::begun(self.version));
        KindId(self.kinds.len() - 1)
    }

    /// Adds a kind whose objects are those of another one.
    pub fn set_face(&mut self, row: KindRow, of: KindId) -> KindId {
        self.kinds.push(row);
        self.places.push(self.places[of.0]);
        KindId(self.kinds.len() - 1)
    }

    /// Stops serving a kind. Its objects must be gone by then.
    pub fn drop_kind(&mut self, id: KindId) {
        if let Some(row) = self.kinds.get_mut(id.0) {
            row.served = false;
        }
    }

    /// The row of a kind.
    pub fn kind(&self, id: KindId) -> &KindRow {
        &self.kinds[id.0]
    }

    /// All kinds that are served, in the order in which they came.
    pub fn kinds(&self) -> impl Iterator<Item = (KindId, &KindRow)> {
        self.kinds.iter().enumerate().filter(|(_, row)| row.served).map(|(at, row)| (KindId(at), row))
    }

    /// The kind of a path.
    pub fn find(&self, group: &str, plural: &str) -> Option<KindId> {
        self.kinds().find(|(_, row)| row.group == group && row.plural == plural).map(|(id, _)| id)
    }

    /// The kind of an object.
    pub fn find_kind(&self, group: &str, kind: &str) -> Option<KindId> {
        self.kinds().find(|(_, row)| row.group == group && row.kind == kind).map(|(id, _)| id)
    }

    /// The version of the newest change.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// One object.
    pub fn get(&self, kind: KindId, namespace: &str, name: &str) -> Option<&Arc<Object>> {
        self.tables[self.places[kind.0]].objects.get(&(namespace.to_owned(), name.to_owned()))
    }

    /// All objects of a kind, in one namespace or in all, by namespace and name.
    pub fn list(&self, kind: KindId, namespace: Option<&str>) -> impl Iterator<Item = &Arc<Object>> {
        let objects = &self.tables[self.places[kind.0]].objects;
        let from =
            namespace.map_or_else(|| (String::new(), String::new()), |namespace| (namespace.to_owned(), String::new()));
        let inside = move |key: &(String, String)| namespace.is_none_or(|namespace| key.0 == namespace);
        objects.range(from..).take_while(move |(key, _)| inside(key)).map(|(_, object)| object)
    }

    /// Stores a state of an object and gives it the next version.
    pub fn put(&mut self, kind: KindId, mut object: Value) -> Arc<Object> {
        self.version += 1;
        value::put(&mut object, &["metadata", "resourceVersion"], json!(self.version.to_string()));
        let new = Arc::new(Object::new(self.version, Arc::new(object)));
        let key = (new.namespace().to_owned(), new.name().to_owned());
        let table = &mut self.tables[self.places[kind.0]];
        let old = table.objects.insert(key, Arc::clone(&new));
        let change = if old.is_some() { Change::Modified } else { Change::Added };
        table.note(Event { version: self.version, change, old, new: Arc::clone(&new) }, self.forgetful);
        table.slim(&new);
        new
    }

    /// What is read of an object becomes other without a write: no version, no event.
    pub fn restate(&mut self, kind: KindId, object: &Object, state: Value) {
        let key = (object.namespace().to_owned(), object.name().to_owned());
        self.tables[self.places[kind.0]].objects.insert(key, Arc::new(Object::new(object.version, Arc::new(state))));
    }

    /// Takes an object away; its last state carries the version of its end.
    pub fn remove(&mut self, kind: KindId, namespace: &str, name: &str) -> Option<Arc<Object>> {
        let old = self.tables[self.places[kind.0]].objects.remove(&(namespace.to_owned(), name.to_owned()))?;
        self.version += 1;
        let mut last = Value::clone(&old.tree());
        value::put(&mut last, &["metadata", "resourceVersion"], json!(self.version.to_string()));
        let new = Arc::new(Object::new(self.version, Arc::new(last)));
        let event = Event { version: self.version, change: Change::Deleted, old: Some(old), new: Arc::clone(&new) };
        self.tables[self.places[kind.0]].note(event, self.forgetful);
        Some(new)
    }

    /// The changes of a kind after a version, oldest first.
    pub fn since(&self, kind: KindId, version: u64) -> Result<impl Iterator<Item = &Event>, Expired> {
        let table = &self.tables[self.places[kind.0]];
        if version < table.forgotten {
            return Err(Expired { oldest: table.forgotten });
        }
        let from = table.ring.partition_point(|event| event.version <= version);
        Ok(table.ring.range(from..))
    }

    /// The objects of a kind as they were at a version.
    pub fn at(&self, kind: KindId, namespace: Option<&str>, version: u64) -> Result<Vec<Arc<Object>>, Expired> {
        let mut objects: BTreeMap<(String, String), Arc<Object>> = self.tables[self.places[kind.0]].objects.clone();
        let later: Vec<&Event> = self.since(kind, version)?.collect();
        for event in later.into_iter().rev() {
            let key = (event.new.namespace().to_owned(), event.new.name().to_owned());
            match &event.old {
                Some(old) => objects.insert(key, Arc::clone(old)),
                None => objects.remove(&key),
            };
        }
        let inside = |object: &Arc<Object>| namespace.is_none_or(|namespace| object.namespace() == namespace);
        Ok(objects.into_values().filter(inside).collect())
    }

    /// Whether changes are forgotten at once, because nobody can watch.
    pub fn set_forgetful(&mut self, forgetful: bool) {
        self.forgetful = forgetful;
    }

    /// Puts away what was read of kinds with many objects.
    pub fn tidy(&mut self) {
        self.tables.iter_mut().for_each(Table::tidy);
    }

    /// Forgets all changes, as a compaction of the real store does.
    pub fn compact(&mut self) {
        for table in &mut self.tables {
            table.ring.clear();
            table.forgotten = self.version;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Change, Store};
    use crate::store::KindRow;

    fn store() -> (Store, crate::store::KindId) {
        let mut store = Store::default();
        let row = json!({"resource": "pods", "scope": "Namespaced", "responseKind": {"kind": "Pod"}});
        let pods = store.set_kind(KindRow::of_discovery("", "v1", &row));
        (store, pods)
    }

    fn pod(namespace: &str, name: &str) -> serde_json::Value {
        json!({"kind": "Pod", "metadata": {"namespace": namespace, "name": name}})
    }

    #[test]
    fn a_list_holds_one_namespace_or_all() {
        let (mut store, pods) = store();
        for (namespace, name) in [("b", "x"), ("a", "y"), ("a", "x"), ("ab", "z")] {
            store.put(pods, pod(namespace, name));
        }
        let names = |namespace| store.list(pods, namespace).map(|object| object.name().to_owned()).collect::<Vec<_>>();
        assert_eq!(names(Some("a")), ["x", "y"]);
        assert_eq!(names(None), ["x", "y", "z", "x"]);
    }

    #[test]
    fn the_past_is_there_until_it_is_forgotten() {
        let (mut store, pods) = store();
        let first = store.put(pods, pod("a", "x")).version;
        store.put(pods, pod("a", "y"));
        store.remove(pods, "a", "x");
        let names = |store: &Store, version| {
            store
                .at(pods, Some("a"), version)
                .map(|all| all.iter().map(|one| one.name().to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(names(&store, first).unwrap(), ["x"]);
        assert_eq!(names(&store, store.version()).unwrap(), ["y"]);
        store.compact();
        assert!(names(&store, first).is_err());
    }

    #[test]
    fn changes_are_told_from_any_version_that_is_not_forgotten() {
        let (mut store, pods) = store();
        let first = store.put(pods, pod("a", "x")).version;
        store.put(pods, pod("a", "x"));
        store.remove(pods, "a", "x");
        let seen: Vec<Change> = store.since(pods, first).unwrap().map(|event| event.change).collect();
        assert_eq!(seen, [Change::Modified, Change::Deleted]);
        store.compact();
        assert_eq!(store.since(pods, first).err().map(|expired| expired.oldest), Some(store.version()));
        assert_eq!(store.since(pods, store.version()).unwrap().count(), 0);
    }
}
