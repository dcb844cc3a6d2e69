//! A conversation as it is kept: one line of JSON for each thing that was said or found, in the order in which it was.
//!
//! A session holds what the model sent and what the tools answered, not what was made of it: whoever opens it runs it again
//! through the same conversation ([`crate::agent::io::rerun`]), so that what is resumed, replayed or exported is what was.
//! Secrets are taken out before a line is written. This room reads and writes lines; files are [`crate::agent::io::shelf`].

mod entry;
pub mod export;
mod offer;
mod reading;
mod undecided;
mod wish;

pub use entry::{Answer, Begin, Broke, Decision, Entry, FORM, Piece, Ran};
pub use offer::Offer;
pub use reading::{Damage, Reading, line, read};
pub use undecided::undecided;
pub use wish::{Granted, Listed, Opened, Wish};

use super::told::Told;

/// What a session tells when it is run again.
#[derive(Debug, Clone, PartialEq)]
pub enum Retold {
    /// A person asked.
    Asked(String),
    /// What the ask told.
    Told(Told),
    /// A person decided about a proposal of this title.
    Decided(String, Decision),
    /// The last exchange was taken back.
    Undone,
}
