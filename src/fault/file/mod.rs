//! Fault files: YAML or JSON from outside becomes an intent, and an intent becomes a file again.
//!
//! Reading is strict: an unknown field is an error with its line and the nearest known name, never ignored, because a
//! misspelt `percnt: 5` would otherwise hit every request. Any YAML that is not a Fault of brink is the `manifest` kind.
//! Whether the values fit the kind is the catalogue's business.

mod located;
mod read;
mod write;

pub use located::{Located, Node, documents, place};
pub use read::{Defaults, read};
pub use write::{value, yaml};

use std::fmt;

use thiserror::Error;

/// `apiVersion` of brink's files.
pub const API_VERSION: &str = "brink.dev/v1alpha1";

/// Why a file is not an intent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{place}: {why}; {fix}")]
pub struct FileError {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub why: String,
    /// What to do.
    pub fix: String,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file's name, or `stdin`.
    pub file: String,
    /// Line from 1; 0 = unknown.
    pub line: u64,
    /// Column from 1; 0 = unknown.
    pub column: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 { f.write_str(&self.file) } else { write!(f, "{}:{}:{}", self.file, self.line, self.column) }
    }
}
