//! Rows of any kind as the server's own printer writes them (`meta.k8s.io/v1` Table).

use std::sync::Arc;

use compact_str::CompactString;
use jiff::Timestamp;

use super::{
    delta::Row,
    pods::{Labels, Owner},
};
use crate::base::Uid;

/// A column of a Table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its heading, as the server writes it (`Name`, `Ready`, …).
    pub name: String,
    /// `integer`, `number`, `string`, `boolean`, `date`.
    pub kind: String,
    /// 0 is shown always, anything else only when asked for wide output.
    pub priority: i32,
}

/// One object of any kind, with the cells the server prints for it.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRow {
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.namespace`, empty for cluster-scoped kinds.
    pub namespace: Arc<str>,
    /// `metadata.name`.
    pub name: CompactString,
    /// The cells, sanitised, in the order of `columns`.
    pub cells: Vec<CompactString>,
    /// The headings; one shared list for all rows of a watch.
    pub columns: Arc<[Column]>,
    /// Labels, sorted by key.
    pub labels: Labels,
    /// The controlling owner.
    pub owner: Option<Arc<Owner>>,
    /// `metadata.creationTimestamp`. `Age` cells are text frozen at the time of the event: compute the age from this.
    pub created: Option<Timestamp>,
}

impl Row for TableRow {
    fn uid(&self) -> Uid {
        self.uid
    }
}

impl TableRow {
    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok()?;
        self.labels.get(at).map(|(_, value)| value.as_ref())
    }
}
