//! A failure as a person reads it: what failed on what and why, and what to do.

/// One failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What failed, on what, why.
    pub what: String,
    /// What to do; empty when there is nothing to be done.
    pub fix: String,
}

impl Failure {
    /// A failure with its remedy.
    pub fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into() }
    }
}
