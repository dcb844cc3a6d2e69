//! How long to wait before the next try.

use std::time::Duration;

use crate::cluster::io::clock::boot;

/// The first wait.
const FIRST: Duration = Duration::from_millis(400);

/// The longest.
const LONGEST: Duration = Duration::from_secs(30);

/// Waits that double, spread by a quarter so that many watches do not return in step.
#[derive(Debug, Default)]
pub(in crate::cluster::io) struct Backoff {
    tries: u32,
}

impl Backoff {
    /// The next wait.
    pub fn next(&mut self) -> Duration {
        let wait = FIRST.saturating_mul(1 << self.tries.min(10)).min(LONGEST);
        self.tries = self.tries.saturating_add(1);
        wait.mul_f64(0.75 + f64::from(chance(500)) / 1000.0)
    }

    /// All is well again.
    pub fn reset(&mut self) {
        self.tries = 0;
    }
}

/// A number below `bound` that differs from call to call; it only spreads load, so the low digits of a clock do.
pub(super) fn chance(bound: u32) -> u32 {
    (boot().subsec_nanos() / 7).wrapping_mul(2_654_435_761) % bound.max(1)
}
