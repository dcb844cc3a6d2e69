//! The facts of an injection, written before the deed.
//!
//! A journal is a file of lines, one injection each; the cluster record is the same facts in a `ConfigMap`. Entries are plain
//! data: the fault room maps its types to them, so that a later version can still read what an earlier one wrote. This room
//! does not decide what a fact means for the undo; it only says what is written and what is still open.

pub mod digest;
pub mod entry;
pub mod io;
pub mod line;
pub mod path;
