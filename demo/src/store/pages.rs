//! Lists that are read page by page keep the state they began with, for a while.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::Object;

/// How long a list that was begun can be read on.
const KEPT: SignedDuration = SignedDuration::from_mins(5);

/// A list as it was when its first page was read.
#[derive(Debug, Clone)]
struct Snapshot {
    version: u64,
    made: Timestamp,
    rest: Vec<Arc<Object>>,
}

/// Lists that are being read.
#[derive(Debug, Clone, Default)]
pub struct Pages {
    begun: BTreeMap<u64, Snapshot>,
    next: u64,
}

/// A page.
#[derive(Debug)]
pub struct Page {
    /// Its objects.
    pub items: Vec<Arc<Object>>,
    /// The version of the list.
    pub version: u64,
    /// Where the next page is, and how many objects are left.
    pub next: Option<(u64, usize)>,
}

impl Pages {
    /// The first page of a list.
    pub fn begin(&mut self, mut items: Vec<Arc<Object>>, limit: usize, version: u64, now: Timestamp) -> Page {
        self.begun.retain(|_, snapshot| now.duration_since(snapshot.made) < KEPT);
        let rest = if limit > 0 && items.len() > limit { items.split_off(limit) } else { Vec::new() };
        let next = self.keep(Snapshot { version, made: now, rest });
        Page { items, version, next }
    }

    /// The page behind a token, or `None` where the list is forgotten. A token can be used more than once.
    pub fn go_on(&mut self, token: u64, limit: usize, now: Timestamp) -> Option<Page> {
        self.begun.retain(|_, snapshot| now.duration_since(snapshot.made) < KEPT);
        let snapshot = self.begun.get(&token)?;
        let (version, made) = (snapshot.version, snapshot.made);
        let mut items = snapshot.rest.clone();
        let rest = if limit > 0 && items.len() > limit { items.split_off(limit) } else { Vec::new() };
        let next = self.keep(Snapshot { version, made, rest });
        Some(Page { items, version, next })
    }

    /// Forgets all lists, as a compaction does.
    pub fn forget(&mut self) {
        self.begun.clear();
    }

    fn keep(&mut self, snapshot: Snapshot) -> Option<(u64, usize)> {
        if snapshot.rest.is_empty() {
            return None;
        }
        let left = snapshot.rest.len();
        self.next += 1;
        self.begun.insert(self.next, snapshot);
        Some((self.next, left))
    }
}
