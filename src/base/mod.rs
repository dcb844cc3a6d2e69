//! Ground under every room: ids, time as a value, bounded buffers, sanitising.
//!
//! Nothing here knows what a cluster is, and nothing here does I/O.

pub mod age;
pub mod glob;
pub mod ground;
pub mod index;
pub mod innermost;
pub mod jq;
pub mod loopback;
pub mod now;
pub mod path;
pub mod redact;
pub mod ring;
pub mod sanitize;
pub mod span;
pub mod suggest;
pub mod ticket;
pub mod uid;
pub mod width;

pub use ground::Ground;
pub use index::Index;
pub use innermost::innermost;
pub use loopback::is_loopback;
pub use now::Now;
pub use ring::Ring;
pub use ticket::{Ticket, Tickets};
pub use uid::Uid;
