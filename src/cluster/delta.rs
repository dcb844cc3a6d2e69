//! What a watch says: rows that came, changed or went, and how the source stands.

use super::source::Source;
use crate::base::Uid;

pub use crate::base::index::Row;

/// One change of a set of rows. There is no "clear": a new list after a break arrives as upserts, followed by a remove for
/// each row the server no longer has, so that a screen never empties and a cursor never slides.
#[derive(Debug, Clone, PartialEq)]
pub enum Delta<R> {
    /// The row is new or has changed.
    Upsert(R),
    /// The object is gone.
    Remove(Uid),
}

/// Changes that arrived together, in order, and how the source stands after them.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<R> {
    /// The changes; may be empty when only the state changed.
    pub deltas: Vec<Delta<R>>,
    /// The state of the source after these changes.
    pub source: Source,
}

/// What a watch covers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// One namespace, or all with `None`. Of no meaning for cluster-scoped kinds.
    pub namespace: Option<String>,
    /// Label selector in kubectl's syntax; empty for all.
    pub labels: String,
    /// Field selector in kubectl's syntax; empty for all.
    pub fields: String,
}

impl Scope {
    /// One namespace.
    pub fn namespace(name: &str) -> Self {
        Self { namespace: Some(name.to_owned()), ..Self::default() }
    }

    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }
}
