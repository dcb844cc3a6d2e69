//! The API server's time, as best known without asking it (rule R9).
//!
//! Every answer's `Date` header sets it; between answers a clock that also runs while the machine sleeps carries it on. The
//! local wall clock decides nothing: it is shown only until the first answer.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

/// A server clock; clones share it.
#[derive(Debug, Clone)]
pub struct Clock {
    rate: f64,
    heard: Arc<Mutex<Option<Heard>>>,
}

/// The server's time at one moment of the carrying clock.
#[derive(Debug, Clone, Copy)]
struct Heard {
    server: Timestamp,
    at: Duration,
}

impl Clock {
    /// A clock that runs `rate` times as fast as this machine's (1 but for simulated clusters on loopback).
    pub fn new(rate: f64) -> Self {
        Self { rate, heard: Arc::default() }
    }

    /// How many seconds pass on the server per second here.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Takes over the time of an answer. `Date` has whole seconds, so a reading within the second already known does not
    /// move the clock: it would otherwise jump back and forth with every answer.
    pub fn hear(&self, server: Timestamp) {
        self.hear_at(server, boot());
    }

    fn hear_at(&self, server: Timestamp, at: Duration) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let known = heard.map(|heard| carried(heard, at, self.rate));
        let slack = SignedDuration::from_secs_f64(1.0f64.max(self.rate));
        let agrees = known.is_some_and(|known| {
            let ahead = known.duration_since(server);
            ahead >= SignedDuration::ZERO && ahead < slack
        });
        if !agrees {
            *heard = Some(Heard { server, at });
        }
    }

    /// The server's time now; the local clock before the first answer.
    pub fn now(&self) -> Timestamp {
        self.at(boot()).unwrap_or_else(Timestamp::now)
    }

    /// Whether the server has been heard.
    pub fn is_set(&self) -> bool {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn at(&self, moment: Duration) -> Option<Timestamp> {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.map(|heard| carried(heard, moment, self.rate))
    }

    /// Waits until `span` has passed on the server, also across a sleep of this machine.
    pub async fn sleep(&self, span: Duration) {
        let local = span.div_f64(self.rate.max(f64::MIN_POSITIVE));
        let end = boot() + local;
        loop {
            let left = end.saturating_sub(boot());
            if left.is_zero() {
                return;
            }
            // The timer of the runtime stands still while the machine sleeps; short naps bound how late that makes us.
            tokio::time::sleep(left.min(Duration::from_secs(1))).await;
        }
    }
}

fn carried(heard: Heard, moment: Duration, rate: f64) -> Timestamp {
    let passed = moment.saturating_sub(heard.at).mul_f64(rate);
    SignedDuration::try_from(passed)
        .ok()
        .and_then(|passed| heard.server.checked_add(passed).ok())
        .unwrap_or(heard.server)
}

/// Time since boot, sleep included.
pub fn boot() -> Duration {
    #[cfg(target_os = "linux")]
    let id = rustix::time::ClockId::Boottime;
    // Elsewhere (macOS documents it so) the monotonic clock goes on while the machine sleeps.
    #[cfg(not(target_os = "linux"))]
    let id = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(id);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), u32::try_from(now.tv_nsec).unwrap_or_default())
}

/// Reads an HTTP date (RFC 9110 §5.6.7, the preferred form).
pub fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::{SignedDuration, Timestamp};

    use super::{Clock, http_date};

    const AT: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn it_is_carried_on_at_its_rate() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (rate, passed) in [(1.0, 10), (20.0, 200)] {
            let clock = Clock::new(rate);
            assert_eq!(clock.at(AT(5)), None);
            clock.hear_at(start, AT(100));
            assert_eq!(clock.at(AT(110)), Some(start + SignedDuration::from_secs(passed)));
        }
    }

    #[test]
    fn it_does_not_jump_within_the_second_of_a_date() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let clock = Clock::new(1.0);
        clock.hear_at(start, Duration::from_secs(1));
        clock.hear_at(start, Duration::from_millis(1900));
        assert_eq!(clock.at(Duration::from_millis(1900)), Some(start + SignedDuration::from_millis(900)));
        // An hour's change of the server's clock is taken over, in both directions.
        for change in [3600, -3600] {
            let changed = start + SignedDuration::from_secs(change);
            clock.hear_at(changed, AT(3));
            assert_eq!(clock.at(AT(3)), Some(changed));
        }
    }

    #[test]
    fn dates_of_servers_are_read() {
        assert_eq!(http_date("Sun, 22 Nov 2026 14:10:00 GMT"), "2026-11-22T14:10:00Z".parse().ok());
        assert_eq!(http_date("yesterday"), None);
    }
}
