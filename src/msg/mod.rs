//! What the rooms say to each other: events in, effects out, and the one table of commands.
//!
//! A key becomes a [`Command`] through the keymap; a pane answers with [`Effect`]s; the runtime carries them out and their
//! answers come back as [`Event`]s. Nothing here acts.

pub mod command;
pub mod effect;
pub mod event;
pub mod failure;
pub mod key;
pub mod line;

pub use command::{Command, Context};
pub use effect::Effect;
pub use event::Event;
pub use failure::Failure;
pub use key::Key;
