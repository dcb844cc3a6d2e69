//! A binding, and where it was written.

use crate::{
    config::place::Place,
    msg::{Command, Key},
};

/// What keys mean in a context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    /// The commands, in order; none of them unbinds.
    pub commands: Vec<Command>,
    /// Who says so.
    pub place: Place,
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
