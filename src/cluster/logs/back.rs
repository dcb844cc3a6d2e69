//! How far back a log is asked for.

use std::time::Duration;

use super::KEPT;

/// How far back a log is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Back {
    /// The last lines, however old: a screenful many times over.
    #[default]
    Tail,
    /// What is not older than so many minutes.
    Minutes(u32),
    /// All that is kept of it.
    All,
}

/// Lines of [`Back::Tail`].
const TAIL: u64 = 500;

impl Back {
    /// From the last lines to all, in the order in which a key goes through them.
    const ORDER: [Self; 7] = [
        Self::Tail,
        Self::Minutes(1),
        Self::Minutes(5),
        Self::Minutes(15),
        Self::Minutes(30),
        Self::Minutes(60),
        Self::All,
    ];

    /// Further back; from all of it to the last lines again.
    #[must_use]
    pub fn next(self) -> Self {
        let at = Self::ORDER.iter().position(|back| *back == self).unwrap_or_default();
        Self::ORDER.get(at + 1).copied().unwrap_or_default()
    }

    /// In a title.
    pub fn words(self) -> String {
        match self {
            Self::Tail => format!("last {TAIL} lines"),
            Self::Minutes(60) => "since 1h".to_owned(),
            Self::Minutes(minutes) => format!("since {minutes}m"),
            Self::All => "all of it".to_owned(),
        }
    }

    /// The age of the oldest line wanted.
    pub fn since(self) -> Option<Duration> {
        match self {
            Self::Minutes(minutes) => Some(Duration::from_secs(u64::from(minutes) * 60)),
            Self::Tail | Self::All => None,
        }
    }

    /// Lines asked for at most. More than are kept would only travel to be dropped.
    pub fn tail(self) -> u64 {
        match self {
            Self::Tail => TAIL,
            Self::Minutes(_) | Self::All => KEPT as u64,
        }
    }
}
