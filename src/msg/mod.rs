//! What the rooms say to each other: events in, effects out, and the one table of commands.
//!
//! A key becomes a [`Command`] through the keymap; a pane answers with [`Effect`]s; the runtime carries them out and their
//! answers come back as [`Event`]s. Nothing here acts.

pub mod caption;
pub mod command;
pub mod cue;
pub mod effect;
pub mod errand;
pub mod event;
pub mod failure;
pub mod far;
pub mod key;
pub mod line;
mod logs_line;
pub mod mouse;
pub mod program;
pub mod saved;

pub use caption::Caption;
pub use command::{Command, Context};
pub use cue::Cue;
pub use effect::Effect;
pub use errand::{Brought, Errand};
pub use event::Event;
pub use failure::Failure;
pub use far::FarAsk;
pub use key::Key;
pub use mouse::{Mouse, MouseAct};
pub use program::Program;
