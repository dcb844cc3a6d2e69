//! What an ask tells while it runs, for whoever shows it.

use std::time::Duration;

use super::{
    budget::Budget,
    end::End,
    message::{Call, Message},
    proposal::Proposal,
    remote::Remote,
    session::Offer,
};

/// One thing told.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// More text of the model, as it came: not sanitised, it may end within a sequence.
    Text(String),
    /// The model is asked again after a wait, and why.
    Waiting {
        /// What happened.
        why: String,
        /// How long.
        wait: Duration,
    },
    /// A tool runs.
    Began {
        /// The call.
        id: String,
        /// Its name as the model wrote it, sanitised.
        name: String,
        /// Its arguments in a line, sanitised and redacted.
        about: String,
    },
    /// A tool is through.
    Ran {
        /// The call.
        id: String,
        /// Whether it gave what was asked for.
        ok: bool,
        /// How long it took.
        took: Duration,
        /// Bytes of its answer.
        size: usize,
        /// Why not, in a line; empty when it did.
        why: String,
    },
    /// brink has something to say of the conversation itself.
    Aside(String),
    /// Something to look at.
    Proposed(Box<Proposal>),
    /// The last proposal of this ask that could not be made to apply: what it was, and why not, in the words of whoever refuses.
    GaveUp {
        /// What the model gave last, sanitised and redacted.
        given: String,
        /// The words, in lines, sanitised and redacted.
        why: String,
        /// The call, to be corrected by hand.
        call: Call,
    },
    /// Where the conversation stands at an agent that keeps it.
    Remote(Remote),
    /// Something that was to look at when this conversation was held.
    Offered(Box<Offer>),
    /// A message became part of the conversation.
    Kept(Message),
    /// The messages that are left, since not all fitted.
    Fitted(Vec<Message>),
    /// How full the context is.
    Budget(Budget),
    /// It is over.
    Ended(End),
}
