//! What a running script shows and asks for: the caption strip of the cockpit.

use super::Command;

/// One caption.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caption {
    /// What is said, or why the script stands.
    pub text: String,
    /// What is done meanwhile, for those who wonder.
    pub aside: String,
    /// The step, from 1.
    pub step: usize,
    /// How many steps there are.
    pub of: usize,
    /// How it is meant.
    pub tone: Tone,
    /// The keys it offers, with their words.
    pub keys: Vec<(Command, &'static str)>,
}

/// How a caption is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The script plays.
    Plays,
    /// It waits for a person.
    Holds,
    /// A wait failed.
    Failed,
    /// A person goes on by hand; the script waits behind all other keys.
    ByHand,
}

impl Caption {
    /// Its keys are asked before those of the pane.
    pub fn asks_first(&self) -> bool {
        matches!(self.tone, Tone::Holds | Tone::Failed)
    }

    /// Its keys mean something, after all others.
    pub fn asks_last(&self) -> bool {
        self.tone == Tone::ByHand
    }
}
