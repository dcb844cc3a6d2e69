//! Takes secrets out of what leaves this machine: records in the cluster, previews, and whatever a model is told.
//!
//! Mental model: a secret is known by its **place** (the data of a Secret, a field or variable whose name says so), by its
//! **form** (a token, a private key, an address with a password), or because it was found elsewhere in the same value. What is
//! known only by looking random is left alone: hashes, uids and image digests look random too, and a preview that masks them
//! tells nothing.
//!
//! It decides nothing about what is done with a value that holds secrets, and it is no proof that a text holds none.

mod form;
mod name;
mod walk;

use std::borrow::Cow;

use serde_json::Value;

use walk::Sweep;

/// What stands in place of a secret. Where several are looked at together, `(masked-1)`, `(masked-2)`: equal numbers stand
/// for equal secrets.
pub const MASK: &str = "(masked)";

/// A value without its secrets.
#[derive(Debug, Clone, PartialEq)]
pub struct Redacted {
    /// The value.
    pub value: Value,
    /// Where something was taken out: JSON pointers (RFC 6901) of the texts, in the order of the value.
    pub masked: Vec<String>,
}

/// Takes the secrets out of a value. Redacting twice is redacting once.
pub fn value(value: &Value) -> Redacted {
    let mut sweep = Sweep::default();
    sweep.look(value);
    sweep.value(value)
}

/// Takes the secrets out of two states of one thing, so that it can still be seen where they differ.
pub fn pair(a: Option<&Value>, b: Option<&Value>) -> (Option<Value>, Option<Value>) {
    let mut sweep = Sweep::default();
    for value in [a, b].into_iter().flatten() {
        sweep.look(value);
    }
    sweep.number();
    (a.map(|a| sweep.value(a).value), b.map(|b| sweep.value(b).value))
}

/// Takes the secrets out of text: a log, a description, the words of a server.
pub fn text(text: &str) -> Cow<'_, str> {
    let mut sweep = Sweep::default();
    sweep.look_text(text);
    sweep.text(text).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// The secrets of a text, as they stand in it.
pub fn found(text: &str) -> Vec<String> {
    let mut sweep = Sweep::default();
    sweep.look_text(text);
    sweep.into_secrets()
}

/// Whether a text looks made up, so that it stands for nothing else wherever it is met again.
pub fn made_up(text: &str) -> bool {
    name::made_up(text)
}

/// Whether a value holds the mask itself: it was redacted before, and writing it would write the mask.
pub fn holds_mask(value: &Value) -> bool {
    match value {
        Value::String(text) => {
            text.match_indices(OPENING).any(|(at, _)| text.get(at..).is_some_and(|here| after_mask(here).is_some()))
        }
        Value::Array(list) => list.iter().any(holds_mask),
        Value::Object(map) => map.values().any(holds_mask),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// How every mask begins.
const OPENING: &str = "(masked";

/// What follows a mask at the beginning of a text; `None` when there is none.
fn after_mask(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(OPENING)?;
    let rest = rest.strip_prefix('-').map_or(rest, |number| number.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.strip_prefix(')')
}

/// Whether a text is a mask, up to the punctuation of a sentence: what was taken out is not taken out again.
fn is_mask(text: &str) -> bool {
    after_mask(text).is_some_and(|rest| rest.chars().all(|c| c.is_ascii_punctuation()))
}
