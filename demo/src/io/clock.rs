//! Virtual time: the wall clock at the start, then so many times as fast, less what a busy machine could not live through.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};

/// A clock of one rate for the life of the process.
#[derive(Debug)]
pub struct Clock {
    began: Instant,
    at: Timestamp,
    rate: f64,
    /// Microseconds of virtual time that were given up.
    behind: AtomicU64,
}

impl Clock {
    /// Begins at a moment.
    pub fn new(at: Timestamp, rate: f64) -> Self {
        Self { began: Instant::now(), at, rate, behind: AtomicU64::new(0) }
    }

    /// The virtual time now.
    pub fn now(&self) -> Timestamp {
        self.after(self.began.elapsed())
    }

    /// The virtual time when so much has passed on the wall.
    fn after(&self, wall: Duration) -> Timestamp {
        let passed = Duration::try_from_secs_f64(wall.as_secs_f64() * self.rate).unwrap_or_default();
        let passed = passed.saturating_sub(Duration::from_micros(self.behind.load(Ordering::Relaxed)));
        SignedDuration::try_from(passed).ok().and_then(|passed| self.at.checked_add(passed).ok()).unwrap_or(self.at)
    }

    /// From now on it shows so much less.
    pub fn fall_behind(&self, by: SignedDuration) {
        self.behind.fetch_add(u64::try_from(by.as_micros()).unwrap_or_default(), Ordering::Relaxed);
    }

    /// Virtual seconds per second.
    pub fn rate(&self) -> f64 {
        self.rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_at_its_rate_and_what_was_given_up_never_comes_back() {
        let at = Timestamp::from_second(1_000_000).unwrap();
        let clock = Clock::new(at, 20.0);
        let seconds = |wall| clock.after(Duration::from_secs(wall)).duration_since(at).as_secs();
        assert_eq!(seconds(3), 60);
        clock.fall_behind(SignedDuration::from_secs(15));
        assert_eq!(seconds(3), 45);
        assert_eq!(seconds(4), 65);
    }
}
