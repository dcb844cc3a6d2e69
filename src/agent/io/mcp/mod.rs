//! Speaks the Model Context Protocol, as a server and as a client.
//!
//! [`served`] offers brink's own tools to other agents; what they propose goes to the inbox. `link` is the connection to one
//! server of others, `child` its process, [`hub`] all of them with what a person allowed (`store`). A server of others is
//! never trusted: its lists and answers are bounded, its answers fenced, and its tools run after a person's yes alone.

mod child;
pub mod hub;
mod link;
pub mod served;
mod store;

use std::error::Error;

use crate::base::{innermost, redact, sanitize};

pub use hub::{Gate, Hub, Standing};
pub use served::Served;

/// What is wrong with a server, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// What failed, on what, why.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl Trouble {
    fn new(what: impl AsRef<str>, fix: impl Into<String>) -> Self {
        Self { what: short(what.as_ref()), fix: fix.into() }
    }
}

/// Words from outside, in one line without secrets that is not too long.
fn short(text: &str) -> String {
    const MOST: usize = 300;
    let line = sanitize::line(text);
    let line = redact::text(&line);
    if line.chars().count() > MOST {
        format!("{}…", line.chars().take(MOST).collect::<String>())
    } else {
        line.into_owned()
    }
}

/// The first cause of an error, or its own words without the names of types in them.
fn cause<E: Error + 'static>(error: &E) -> String {
    let words = if error.source().is_some() { innermost(error) } else { error.to_string() };
    words.rsplit_once("] error: ").map_or(words.clone(), |(_, why)| why.to_owned())
}
