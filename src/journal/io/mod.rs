//! Makes the journal durable: files under the state directory, one per injection.
//!
//! ```text
//! STATE/open/CLUSTER/ID.jsonl   faults of which something may still be in the cluster
//! STATE/kept/CLUSTER/ID.jsonl   changes that are kept, with what their undo needs
//! STATE/done/CLUSTER/ID.jsonl   the same once over, without anybody's values
//! STATE/stop                    the latch of the emergency stop
//! ```
//!
//! A file is held by a `flock` of the process that works on it; a free lock on an open file is an orphan. Calls here block,
//! but for a [`Writer`]'s, which is how a living injection writes: its disk may hang without keeping an undo waiting.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "this is a door")]

pub mod disk;
pub mod file;
pub mod latch;
pub mod shelf;
mod writer;

pub use disk::{Disk, Plain};
pub use file::Journal;
pub use shelf::{Drawer, Shelf};
pub use writer::Writer;
