//! What a running script tells: the speaker's second terminal, and a line a step for machines.

use serde::{Deserialize, Serialize};

/// Where the script is, for the speaker's second terminal.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Told {
    /// Name of the script.
    pub script: String,
    /// Its title.
    pub title: String,
    /// The step, from 1.
    pub step: usize,
    /// How many there are.
    pub of: usize,
    /// What the audience reads.
    pub say: String,
    /// What only the speaker reads.
    pub note: String,
    /// The step after this one.
    pub next: String,
    /// Playing, held, failed, by hand, rewinding, over.
    pub standing: String,
    /// The world's time.
    pub clock: String,
    /// Virtual seconds since the script began.
    pub running_s: u64,
    /// Minutes it should take.
    pub minutes: u64,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The step, from 1.
    pub step: usize,
    /// What it is called.
    pub name: String,
    /// Whether what it waits for came.
    pub ok: bool,
    /// Virtual milliseconds from its beginning.
    pub waited_ms: u64,
    /// Why not; empty when it is well.
    pub message: String,
}
