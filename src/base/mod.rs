//! Ground under every room: ids, time as a value, bounded buffers, sanitising.
//!
//! Nothing here knows what a cluster is, and nothing here does I/O.

pub mod now;
pub mod span;
pub mod suggest;
pub mod ticket;
pub mod uid;

pub use now::Now;
pub use ticket::{Ticket, Tickets};
pub use uid::Uid;
