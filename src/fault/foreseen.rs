//! What an undo would write now, as a person reads it before saying yes: when a decision is to overwrite what somebody else
//! wrote, and when somebody else's fault is past its deadline.

use super::{diff, undo::Decision};

/// The undo of an injection, rehearsed.
#[derive(Debug, Clone, PartialEq)]
pub struct Foreseen {
    /// The injection.
    pub injection: String,
    /// Its deed in words.
    pub title: String,
    /// The user as the cluster knows it.
    pub owner: String,
    /// It is this very person's.
    pub mine: bool,
    /// It is a change that was to stay.
    pub kept: bool,
    /// What is to be decided about what is entangled; `None` for the undo as it goes by itself.
    pub decision: Option<Decision>,
    /// Steps, in the order they are taken back.
    pub steps: Vec<ForeseenStep>,
}

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeseenStep {
    /// `create`, `patch`, `delete`, or `nothing`.
    pub op: &'static str,
    /// `GROUP/VERSION/KIND NS/NAME`.
    pub object: String,
    /// Why, or who is in the way; empty when there is nothing to say.
    pub note: String,
    /// The server's words when it would refuse the write.
    pub refused: Option<String>,
    /// A person would have to decide about it: the undo leaves it as it is.
    pub blocked: bool,
    /// Unified diff of the live object against what the server would store; empty where nothing is written.
    pub diff: String,
}

impl Foreseen {
    /// Whether the same would be written: what was read may be carried out.
    pub fn same(&self, other: &Self) -> bool {
        let step = |a: &ForeseenStep, b: &ForeseenStep| {
            a.op == b.op && a.object == b.object && a.blocked == b.blocked && diff::same(&a.diff, &b.diff)
        };
        self.injection == other.injection
            && self.decision == other.decision
            && self.steps.len() == other.steps.len()
            && self.steps.iter().zip(&other.steps).all(|(a, b)| step(a, b))
    }

    /// Whether anything would be written at all.
    pub fn writes(&self) -> bool {
        self.steps.iter().any(|step| step.op != "nothing" && step.refused.is_none())
    }
}
