//! Where a conversation stands at an agent that keeps it itself: what ties the next question to what was said before.

use serde::{Deserialize, Serialize};

/// The place, in the agent's own ids.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Remote {
    /// A2A's `contextId`; empty before the agent gave one. It is never made up here.
    pub context: String,
    /// The last task that is not over.
    pub task: Option<String>,
    /// It waits for the person: what is said next goes to it.
    pub waits: bool,
    /// It waits for a yes or no: nothing but a clear yes is sent as one.
    pub confirms: bool,
}

/// The words that count as a yes. Everything else is a no, with the words as its reason.
pub const YES: &str = "approve";

/// Whether a person's words approve what an agent wants to do.
pub fn approves(words: &str) -> bool {
    words.trim().eq_ignore_ascii_case(YES)
}

#[cfg(test)]
mod tests {
    use super::approves;

    #[test]
    fn only_a_clear_yes_is_one() {
        assert!(approves(" Approve\n"));
        for no in ["", "yes", "approve?", "do not approve", "reject"] {
            assert!(!approves(no), "{no}");
        }
    }
}
