//! Virtual time: the wall clock at the start, then so many times as fast.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// A clock of one rate for the life of the process.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    began: Instant,
    at: Timestamp,
    rate: f64,
}

impl Clock {
    /// Begins at a moment.
    pub fn new(at: Timestamp, rate: f64) -> Self {
        Self { began: Instant::now(), at, rate }
    }

    /// The virtual time now.
    pub fn now(&self) -> Timestamp {
        let passed = self.began.elapsed().as_secs_f64() * self.rate;
        let passed = Duration::try_from_secs_f64(passed).unwrap_or_default();
        SignedDuration::try_from(passed).ok().and_then(|passed| self.at.checked_add(passed).ok()).unwrap_or(self.at)
    }

    /// Virtual seconds per second.
    pub fn rate(&self) -> f64 {
        self.rate
    }
}
