//! What a running script has the cockpit do. It says nothing a person could not do with keys, and approves nothing unless it
//! may.

use super::{Caption, Command};
use crate::fault::intent::Fault;

/// One cue.
#[derive(Debug, Clone, PartialEq)]
pub enum Cue {
    /// Run a command, as if its key had been pressed. Only one that `approves` counts as a key that came alone.
    Do {
        /// Which.
        command: Command,
        /// Whether it may approve: in brink's own world alone.
        approves: bool,
    },
    /// Type text into the field that is open.
    Type(String),
    /// Open the fault form with this filled in.
    Open(Box<Fault>),
    /// Close everything above the panes.
    Home,
    /// Show this caption, or none.
    Caption(Option<Box<Caption>>),
}
