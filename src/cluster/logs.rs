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
