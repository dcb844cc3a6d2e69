//! Actions: what a person does to objects by name, to one or to all that are marked: scale, restart, roll back, delete, drain and the like.
//!
//! An action becomes an intent of objects ([`Action::intent`]) with the action's word among its parameters, so it goes the way
//! of every kept change: compiled, dry-run, previewed, judged, journaled, undone. What the object is, which revisions it has and
//! what hangs on it is read by `io/acting`; nothing here asks anybody.

pub mod drain;
pub mod intent;
pub mod keeps;
pub mod kind;
pub mod owned;
pub mod pairs;
pub mod revisions;
pub mod seen;

pub use intent::{Action, CannotAct};
pub use kind::ActionKind;
pub use revisions::Revision;
pub use seen::Seen;
