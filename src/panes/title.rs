//! What stands in the border above a pane: name, count, filter, sort; and at the right where one is, or what is wrong.

use crate::config::Role;

/// A title.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Title {
    /// Words after the name, each in a role: `128`, `/api`, `▲cpu`.
    pub words: Vec<(String, Role)>,
    /// At the right end: `37/128`.
    pub right: Option<(String, Role)>,
}
