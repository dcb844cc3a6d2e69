//! Texts that thousands of rows share are kept once.

use std::{collections::HashSet, hash::Hash, sync::Arc};

/// A set of shared values. Not shared itself: each watch has its own.
#[derive(Debug)]
pub struct Shared<T: ?Sized + Eq + Hash> {
    known: HashSet<Arc<T>>,
}

impl<T: ?Sized + Eq + Hash> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { known: self.known.clone() }
    }
}

impl<T: ?Sized + Eq + Hash> Default for Shared<T> {
    fn default() -> Self {
        Self { known: HashSet::new() }
    }
}

impl<T: ?Sized + Eq + Hash> Shared<T> {
    /// The shared value equal to `value`, made when there is none.
    pub fn get<'a>(&mut self, value: &'a T) -> Arc<T>
    where
        Arc<T>: From<&'a T>,
    {
        if let Some(known) = self.known.get(value) {
            return known.clone();
        }
        let fresh: Arc<T> = Arc::from(value);
        self.known.insert(fresh.clone());
        fresh
    }

    /// The shared value equal to `value`.
    pub fn of(&mut self, value: T) -> Arc<T>
    where
        T: Sized,
    {
        if let Some(known) = self.known.get(&value) {
            return known.clone();
        }
        let fresh = Arc::new(value);
        self.known.insert(fresh.clone());
        fresh
    }

    /// Forgets what no row holds any more.
    pub fn sweep(&mut self) {
        self.known.retain(|value| Arc::strong_count(value) > 1);
    }
}
