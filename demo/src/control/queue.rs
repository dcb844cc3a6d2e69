//! The queue of what is to be looked at, and when.
//!
//! Reconciling is level-triggered, so one entry per controller and object is enough: an earlier wish replaces a later
//! one, and whoever is looked at earlier sets its later timers anew.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
};

use jiff::Timestamp;

use super::{Controller, key::Key};

/// One controller's look at one object.
pub type Work = (Controller, Key);

/// Entries in order of time, then of arrival.
#[derive(Debug, Clone, Default)]
pub struct Queue {
    heap: BinaryHeap<Reverse<(Timestamp, u64, Work)>>,
    due: HashMap<Work, Timestamp>,
    seq: u64,
}

impl Queue {
    /// Looks at an object at a time, unless that happens earlier anyway.
    pub fn push(&mut self, at: Timestamp, work: Work) {
        if self.due.get(&work).is_some_and(|due| *due <= at) {
            return;
        }
        self.due.insert(work.clone(), at);
        self.seq += 1;
        self.heap.push(Reverse((at, self.seq, work)));
    }

    /// Puts off what is due before `to`, in its order.
    pub fn delay(&mut self, to: Timestamp) {
        let mut early = Vec::new();
        while let Some((_, work)) = self.pop(to) {
            early.push(work);
        }
        for work in early {
            self.push(to, work);
        }
    }

    /// When the next entry is due.
    pub fn next_at(&mut self) -> Option<Timestamp> {
        while let Some(Reverse((at, _, work))) = self.heap.peek() {
            if self.due.get(work) == Some(at) {
                return Some(*at);
            }
            self.heap.pop();
        }
        None
    }

    /// The next entry due by `until`.
    pub fn pop(&mut self, until: Timestamp) -> Option<(Timestamp, Work)> {
        if self.next_at()? > until {
            return None;
        }
        let Reverse((at, _, work)) = self.heap.pop()?;
        self.due.remove(&work);
        Some((at, work))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::Queue;
    use crate::control::{Controller, key::Key, kinds};

    #[test]
    fn entries_come_in_order_of_time_then_arrival_and_once() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let work = |name: &str| (Controller::Job, Key::new(kinds::JOB, "ns", name));
        let mut queue = Queue::default();
        queue.push(at(5), work("late"));
        queue.push(at(2), work("b"));
        queue.push(at(2), work("a"));
        queue.push(at(1), work("late"));
        queue.push(at(9), work("a"));
        let mut seen = Vec::new();
        while let Some((time, (_, key))) = queue.pop(at(10)) {
            seen.push((time.as_second(), key.name));
        }
        assert_eq!(seen, [(1, "late".to_owned()), (2, "b".to_owned()), (2, "a".to_owned())]);
        assert_eq!(queue.next_at(), None);
    }
}
