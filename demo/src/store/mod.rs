//! The objects of the world: what kinds there are, what is stored, and what changed since when.
//!
//! It keeps what it is given. What may be written is decided before, by `api::write`.

mod facts;
pub mod kinds;
pub mod object;
mod packed;
pub mod pages;
mod slim;
#[expect(clippy::module_inception, reason = "the store itself is the idea of its room")]
pub mod store;

pub use kinds::{KindId, KindRow};
pub use object::Object;
pub use store::{Change, Event, Expired, Store};
