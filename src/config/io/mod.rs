//! Finds and opens the files of this room.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

pub mod k9s;
pub mod load;
pub mod look;
pub mod overlays;
pub mod pinned;
pub mod saved;
