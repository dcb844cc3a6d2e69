//! Warrants: the right to write, as a value (rule R1, one write door).
//!
//! No write leaves [`crate::cluster::api`] without one. Only the guard of the fault room issues them, after read-only mode
//! and the guardrails were checked; the layering test keeps it so.

use super::ClusterId;

/// What a write is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A step of a leased fault, or the record and fuse around it.
    Fault,
    /// A kept change: previewed, journaled, no lease.
    Change,
    /// Undoing an injection. Nothing but the API server may stop it.
    Undo,
}

/// The right to write to one cluster for one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warrant {
    purpose: Purpose,
    injection: String,
    cluster: ClusterId,
}

impl Warrant {
    /// Issues a warrant. To be called by `fault::guard` alone.
    pub(crate) fn issue(purpose: Purpose, injection: &str, cluster: ClusterId) -> Self {
        Self { purpose, injection: injection.to_owned(), cluster }
    }

    /// What the write is for.
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The injection or change it belongs to.
    pub fn injection(&self) -> &str {
        &self.injection
    }

    /// The cluster it holds in; a write to any other is refused.
    pub fn cluster(&self) -> &ClusterId {
        &self.cluster
    }
}
