//! The life of an injection as a closed state machine.
//!
//! ```text
//! arming ─▶ applying ─▶ active ─▶ undoing ─▶ verifying ─▶ recovered | residue
//!    └──────────┴──────────┴────────▶ │ ◀────────┘ │
//!                                     └──▶ stuck ──┘
//! ```
//!
//! An undo cannot be aborted and never leads back to a fault; `stuck` is open: it blocks its objects until a person decides.

use serde::{Deserialize, Serialize};

/// Where an injection stands. The words are those of the machine output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Journal, record, fuse and guardian are being made ready; nothing touched yet.
    Arming,
    /// Steps are being written.
    Applying,
    /// All steps are in.
    Active,
    /// Steps are being taken back.
    Undoing,
    /// Everything touched is read back.
    Verifying,
    /// As before.
    Recovered,
    /// As before, but for what is listed.
    Residue,
    /// The undo needs a person.
    Stuck,
}

impl State {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Arming,
        Self::Applying,
        Self::Active,
        Self::Undoing,
        Self::Verifying,
        Self::Recovered,
        Self::Residue,
        Self::Stuck,
    ];

    /// The word of the machine output and of the record.
    pub fn word(self) -> &'static str {
        match self {
            Self::Arming => "arming",
            Self::Applying => "applying",
            Self::Active => "active",
            Self::Undoing => "undoing",
            Self::Verifying => "verifying",
            Self::Recovered => "recovered",
            Self::Residue => "residue",
            Self::Stuck => "stuck",
        }
    }

    /// Reads the word of a record.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }

    /// Over: nothing of it is left to do.
    pub fn ended(self) -> bool {
        matches!(self, Self::Recovered | Self::Residue)
    }

    /// Whether `next` may follow.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Arming => matches!(next, Self::Applying | Self::Undoing | Self::Recovered),
            Self::Applying => matches!(next, Self::Active | Self::Undoing),
            Self::Active => next == Self::Undoing,
            Self::Undoing => matches!(next, Self::Verifying | Self::Stuck),
            Self::Verifying => matches!(next, Self::Undoing | Self::Recovered | Self::Residue | Self::Stuck),
            Self::Stuck => matches!(next, Self::Undoing | Self::Verifying | Self::Recovered | Self::Residue),
            Self::Recovered | Self::Residue => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn every_word_is_read_back() {
        for state in State::ALL {
            assert_eq!(State::from_word(state.word()), Some(state));
        }
        assert_eq!(State::from_word("gone"), None);
    }

    #[test]
    fn an_undo_never_leads_back_to_a_fault_and_always_can_end() {
        let undoing = [State::Undoing, State::Verifying, State::Stuck];
        for from in undoing {
            for to in [State::Arming, State::Applying, State::Active] {
                assert!(!from.may_become(to), "{from:?} to {to:?}");
            }
        }
        for from in State::ALL.into_iter().filter(|state| !state.ended()) {
            let mut reached = vec![from];
            for _ in State::ALL {
                for state in State::ALL {
                    if reached.iter().any(|at| at.may_become(state)) && !reached.contains(&state) {
                        reached.push(state);
                    }
                }
            }
            assert!(reached.iter().any(|state| state.ended()), "{from:?} cannot end");
        }
    }
}
