//! Which log to read, and its lines as they arrive.

use std::time::Duration;

use super::source::Source;

/// Lines kept of a log, on the way to the screen and on it. The newest count: a log that is written faster than it can be
/// shown is no reason to show what was true minutes ago.
pub const KEPT: usize = 10_000;

/// Which log, from where (`pods/log`, core/v1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRequest {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub pod: String,
    /// The container; `None` for the only (or default) one.
    pub container: Option<String>,
    /// Go on as lines are written, also across a cut connection.
    pub follow: bool,
    /// The log of the container before its last restart.
    pub previous: bool,
    /// Only the last so many lines.
    pub tail: Option<u64>,
    /// Only lines not older than this.
    pub since: Option<Duration>,
    /// Put the time before each line.
    pub timestamps: bool,
}

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

/// Lines that arrived together, sanitised, each a single line of bounded length.
#[derive(Debug, Clone, PartialEq)]
pub struct LogBatch {
    /// Lines lost before these, because they came faster than they were taken.
    pub dropped: u64,
    /// The lines, oldest first.
    pub lines: Vec<String>,
    /// Live while following; Broken with the cause; Idle when the log ended.
    pub source: Source,
}
