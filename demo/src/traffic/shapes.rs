//! What log lines have in common, made once: the texts of a line cost more than its request.

use std::{collections::HashMap, hash::BuildHasherDefault, sync::Arc};

use super::{edge::Fold, flags::Flags, log::Shape};

/// Who called how, what was called, and which pod; the answer; its flags. The first two are parts of the snapshot the proxies
/// go by, told apart by where they lie.
type Key = ((usize, usize, Option<u32>), u16, Flags);

/// Where a part of a snapshot lies.
pub(super) fn address<T>(part: &T) -> usize {
    std::ptr::from_ref(part).addr()
}

/// Shapes of the lines of one snapshot.
#[derive(Debug, Clone, Default)]
pub(super) struct Shapes(HashMap<Key, Arc<Shape>, BuildHasherDefault<Fold>>);

impl Shapes {
    /// The shape of a key.
    pub(super) fn of(&mut self, key: Key, make: impl FnOnce() -> Shape) -> Arc<Shape> {
        Arc::clone(self.0.entry(key).or_insert_with(|| Arc::new(make())))
    }

    /// Another snapshot has its parts elsewhere, or others in the same place.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}
