//! What ends a fault when the machine that made it is gone. Always on screen, in words.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A plan has the class of its weakest step, one-way steps aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Nothing to undo: evict, kill.
    OneWay,
    /// The cluster itself ends it: objects under a fuse, or an engine's own duration.
    SelfExpiring,
    /// Undone by cockpit, guardian or any later brink.
    Guarded,
}

impl Class {
    /// The word of the machine output.
    pub fn word(self) -> &'static str {
        match self {
            Self::OneWay => "one-way",
            Self::SelfExpiring => "self-expiring",
            Self::Guarded => "guarded",
        }
    }

    /// The class of that word.
    pub fn of(word: &str) -> Option<Self> {
        [Self::OneWay, Self::SelfExpiring, Self::Guarded].into_iter().find(|class| class.word() == word)
    }

    /// The promise, for people.
    pub fn promise(self) -> &'static str {
        match self {
            Self::OneWay => "happens once; there is nothing to undo",
            Self::SelfExpiring => "ends by itself, even if this machine dies",
            Self::Guarded => "undone by the cockpit, its guardian or any later brink",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
