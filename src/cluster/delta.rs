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
    /// Further namespaces beside that one. Whoever knows nothing of several sees the one, and never more than was asked for.
    pub beside: Vec<String>,
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

    /// Several namespaces; none are all.
    pub fn namespaces(names: &[String]) -> Self {
        let (first, beside) = names.split_first().map_or((None, &[][..]), |(first, beside)| (Some(first), beside));
        Self { namespace: first.cloned(), beside: beside.to_vec(), ..Self::default() }
    }

    /// Everything.
    pub fn all() -> Self {
        Self::default()
    }

    /// The namespaces it covers; none: all.
    pub fn names(&self) -> Vec<&str> {
        self.namespace
            .iter()
            .chain(self.beside.iter().filter(|_| self.namespace.is_some()))
            .map(String::as_str)
            .collect()
    }

    /// Whether it covers more than one namespace.
    pub fn is_wide(&self) -> bool {
        self.names().len() != 1
    }

    /// Whether something of this namespace is within.
    pub fn covers(&self, namespace: &str) -> bool {
        let names = self.names();
        names.is_empty() || names.contains(&namespace)
    }

    /// A scope for each of its namespaces.
    pub fn each(&self) -> Vec<Self> {
        let one = |name: &str| Self { namespace: Some(name.to_owned()), beside: Vec::new(), ..self.clone() };
        let names = self.names();
        if names.len() < 2 { vec![self.clone()] } else { names.into_iter().map(one).collect() }
    }
}
