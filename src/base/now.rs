//! Time as a value. Pure rooms are told what time it is; only the doors read a clock.

use std::time::Duration;

use jiff::Timestamp;

/// The moment an event is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Now {
    /// Monotonic time since the process started. Used for pacing, time-outs and key sequences.
    pub mono: Duration,
    /// The API server's clock as best known (its `Date` header carried on by a clock that runs during sleep), or the
    /// local clock until the first answer. Used for ages and deadlines.
    pub server: Timestamp,
}

impl Now {
    /// Age of something created at `since`; zero when the clock of its creator ran ahead.
    pub fn age(&self, since: Timestamp) -> Duration {
        Duration::try_from(self.server.duration_since(since)).unwrap_or_default()
    }
}
