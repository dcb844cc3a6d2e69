//! A binding, and where it was written.

use std::{fmt, sync::Arc};

use crate::msg::{Command, Key};

/// What keys mean in a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    /// The commands, in order; none of them unbinds.
    pub commands: Vec<Command>,
    /// Who says so.
    pub place: Place,
}

/// A line of a keymap file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The file, as a person knows it.
    pub file: Arc<str>,
    /// From 1; 0 for what no line says.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// Keys as a keymap writes them.
pub fn written(keys: &[Key]) -> String {
    keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Keys as a keymap writes them, read.
pub fn sequence(text: &str) -> Result<Vec<Key>, String> {
    let keys: Result<Vec<Key>, _> = text.split_whitespace().map(str::parse).collect();
    match keys {
        Ok(keys) if keys.is_empty() => Err("a binding needs a key".to_owned()),
        Ok(keys) => Ok(keys),
        Err(error) => Err(error.to_string()),
    }
}
