//! How a machine keeps up with its clock: in short slices while there is time, and what is too much is not lived at all.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::{clock::Clock, machine::Machine};

/// Virtual time in one slice: after each it is asked whether there is time for another.
const SLICE: SignedDuration = SignedDuration::from_millis(200);
/// A request waits no longer than about so much for time to pass.
const PATIENCE: Duration = Duration::from_millis(25);
/// A process that stood still for more than so much by the wall was asleep: the machine jumps to the present, so that its
/// deadlines have passed, and decides itself how much of the night it lives through.
const ASLEEP: f64 = 10.0;

/// A machine and how far it has lived.
pub(super) struct Paced<M> {
    pub machine: M,
    reached: Timestamp,
}

impl<M: Machine> Paced<M> {
    /// A machine that stands at a moment.
    pub fn new(machine: M, at: Timestamp) -> Self {
        Self { machine, reached: at }
    }

    /// Lives up to the present; what cannot be lived within the patience of a request is given up, so that a busy computer has a
    /// slow world and never one with holes in its traffic.
    pub fn catch_up(&mut self, clock: &Clock) {
        let began = Instant::now();
        let left = self.live(clock.now(), clock.rate(), || began.elapsed() < PATIENCE);
        if left.is_positive() {
            clock.fall_behind(left);
        }
    }

    /// Lives up to a moment while there is time; what is left.
    fn live(&mut self, to: Timestamp, rate: f64, more: impl Fn() -> bool) -> SignedDuration {
        let asleep = to.duration_since(self.reached).as_secs_f64() > ASLEEP * rate.max(1.0);
        while self.reached < to {
            let slice = to.duration_since(self.reached);
            self.reached += if asleep { slice } else { slice.min(SLICE) };
            self.machine.advance(self.reached);
            if !more() {
                break;
            }
        }
        to.duration_since(self.reached).max(SignedDuration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::api::Cluster;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_000_000_000 + millis).unwrap()
    }

    fn paced() -> Paced<Cluster> {
        Paced::new(Cluster::new(1, at(0)), at(0))
    }

    #[test]
    fn a_busy_machine_falls_behind_and_skips_nothing() {
        let mut paced = paced();
        let slices = Cell::new(0);
        let left = paced.live(at(2_000), 20.0, || slices.replace(slices.get() + 1) < 2);
        assert_eq!(paced.machine.now(), at(600));
        assert_eq!(left, SignedDuration::from_millis(1_400));
    }

    #[test]
    fn with_time_enough_it_is_in_the_present() {
        let mut paced = paced();
        assert_eq!(paced.live(at(2_050), 1.0, || true), SignedDuration::ZERO);
        assert_eq!(paced.machine.now(), at(2_050));
        // Nothing goes back, whatever a clock shows.
        assert_eq!(paced.live(at(1_000), 1.0, || true), SignedDuration::ZERO);
        assert_eq!(paced.machine.now(), at(2_050));
    }

    #[test]
    fn one_that_slept_wakes_up_in_the_present() {
        let mut paced = paced();
        assert_eq!(paced.live(at(3_600_000), 1.0, || false), SignedDuration::ZERO);
        assert_eq!(paced.machine.now(), at(3_600_000));
    }
}
