//! Which logs to read, and their lines as they arrive. What reads them is a door; how they look is the screen's business.

mod back;
mod bounded;
mod of;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

pub use back::Back;
pub use bounded::{BYTES, Bounded, KEPT};
pub use of::{Containers, LogWish, Of};

use super::source::Source;

/// Which log of one container, from where (`pods/log`, core/v1).
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
}

/// Who wrote a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Writer {
    /// The pod.
    pub pod: String,
    /// Its container; empty where the server chose it.
    pub container: String,
}

/// One line, sanitised and of bounded length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When the runtime took it.
    pub time: Option<Timestamp>,
    /// Who wrote it.
    pub writer: Arc<Writer>,
    /// What stands there.
    pub text: Box<str>,
    /// It is brink's own word about the stream and no line of a log.
    pub note: bool,
}

impl LogLine {
    /// The bytes it holds, for the bound.
    pub fn weight(&self) -> usize {
        self.text.len() + size_of::<Self>()
    }

    /// The time as `kubectl logs --timestamps` puts it before a line.
    pub fn stamped(&self) -> String {
        match self.time {
            Some(time) if self.text.is_empty() => time.to_string(),
            Some(time) => format!("{time} {}", self.text),
            None => self.text.to_string(),
        }
    }
}

/// Lines that arrived together.
#[derive(Debug, Clone, PartialEq)]
pub struct LogBatch {
    /// Lines lost before these, because they came faster than they were taken.
    pub dropped: u64,
    /// The lines, oldest first.
    pub lines: Vec<LogLine>,
    /// Live while following; Broken with the cause; Idle when the log ended.
    pub source: Source,
}
