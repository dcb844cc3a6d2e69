//! Checkpoints: all objects as they are, and the way back to them.
//!
//! The way back is written: every object that differs gets its old state with a new resourceVersion, what came since is
//! removed, what went comes back with its uid and its time of creation. To watchers these are ordinary events.

use std::{collections::BTreeSet, sync::Arc};

use super::Cluster;
use crate::store::{KindId, Object};

/// What tells of the moment and is not brought back.
const FLEETING: [&str; 2] = ["events", "leases"];

impl Cluster {
    /// Remembers all objects under a name.
    pub fn checkpoint(&mut self, name: &str) {
        let all = self.lasting();
        self.checkpoints.insert(name.to_owned(), all);
    }

    /// Writes the remembered objects back; false when there is no such checkpoint.
    pub fn restore(&mut self, name: &str) -> bool {
        let Some(wanted) = self.checkpoints.get(name).cloned() else { return false };
        let place = |kind: KindId, object: &Object| (kind, object.namespace().to_owned(), object.name().to_owned());
        let kept: BTreeSet<_> = wanted.iter().map(|(kind, object)| place(*kind, object)).collect();
        // Last in, first out: an object goes before the kind or the namespace it lives in.
        for (kind, object) in self.lasting().into_iter().rev() {
            if !kept.contains(&place(kind, &object))
                && let Some(gone) = self.store.remove(kind, object.namespace(), object.name())
            {
                self.after(kind, &gone, true);
            }
        }
        for (kind, object) in wanted {
            let now = self.store.get(kind, object.namespace(), object.name());
            if now.is_some_and(|now| now.is_as(&object)) {
                continue;
            }
            let back = self.store.put(kind, serde_json::Value::clone(&object.tree()));
            self.after(kind, &back, false);
        }
        true
    }

    fn lasting(&self) -> Vec<(KindId, Arc<Object>)> {
        let kinds = self.store.kinds().filter(|(_, row)| !FLEETING.contains(&row.plural.as_str()));
        kinds.flat_map(|(id, _)| self.store.list(id, None).map(move |object| (id, Arc::clone(object)))).collect()
    }
}
