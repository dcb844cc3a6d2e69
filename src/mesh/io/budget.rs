//! Keeps the load on a source below two questions a second, whatever is open and however fast a person switches.

use std::time::Duration;

use tokio::time::Instant;

/// Questions a second in the long run.
const PER_SECOND: f64 = 2.0;
/// Questions that may come at once: the first look with its trends, and a second one after a change of mind.
const AT_ONCE: f64 = 20.0;

/// What may be asked now.
#[derive(Debug)]
pub struct Budget {
    left: f64,
    at: Instant,
    rate: f64,
}

impl Budget {
    /// A full one.
    pub fn new(now: Instant) -> Self {
        Self { left: AT_ONCE, at: now, rate: 1.0 }
    }

    /// Where the source's time runs so many times as fast as ours: a second is one of its seconds.
    pub fn runs(&mut self, rate: f64, now: Instant) {
        self.spend(0, now);
        self.rate = rate.max(1.0);
    }

    /// Questions were asked.
    pub fn spend(&mut self, questions: u32, now: Instant) {
        self.left = self.left_at(now) - f64::from(questions);
        self.at = now;
    }

    /// How long to wait before the next look. A look is begun whole: what it overdraws is waited for afterwards.
    pub fn wait(&self, now: Instant) -> Duration {
        let left = self.left_at(now);
        if left >= 0.0 { Duration::ZERO } else { Duration::from_secs_f64(-left / (PER_SECOND * self.rate)) }
    }

    fn left_at(&self, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        (self.left + passed * PER_SECOND * self.rate).min(AT_ONCE)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::Budget;

    proptest! {
        /// Looks of any size, asked for at any pace: in the long run two questions a second.
        #[test]
        fn no_habit_asks_more_than_two_a_second(looks in prop::collection::vec((1u32..30, 0u64..6000), 1..400)) {
            let start = Instant::now();
            let (mut now, mut asked) = (start, 0u32);
            let mut budget = Budget::new(start);
            let mut last = 0;
            for (questions, pause_ms) in looks {
                now += Duration::from_millis(pause_ms);
                now += budget.wait(now);
                budget.spend(questions, now);
                asked += questions;
                last = questions;
            }
            let seconds = (now - start).as_secs_f64();
            let before = f64::from(asked - last);
            prop_assert!(before <= 20.0 + 2.0 * seconds + 1e-6, "{before} in {seconds} s");
        }
    }

    #[test]
    fn a_calm_person_never_waits() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        for look in 0..100u64 {
            let now = start + Duration::from_secs(5 * look);
            assert_eq!(budget.wait(now), Duration::ZERO);
            budget.spend(10, now);
        }
    }
}
