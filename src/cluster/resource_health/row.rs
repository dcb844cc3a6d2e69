//! How well each object of a kind is, as a watch tells it, and how many are how.

use std::collections::HashMap;

use compact_str::CompactString;

use super::{State, of};
use crate::{
    base::{Uid, sanitize},
    cluster::{Delta, Manifest, Row},
};

/// One object, as a count of them needs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HealthRow {
    /// `metadata.uid`.
    pub uid: Uid,
    /// Namespace and name.
    pub place: (CompactString, CompactString),
    /// How well it is.
    pub state: State,
}

impl Row for HealthRow {
    fn uid(&self) -> Uid {
        self.uid
    }
}

impl HealthRow {
    /// Judges an object.
    pub fn read(object: &Manifest) -> Self {
        let text = |text: &str| CompactString::from(sanitize::line(text));
        Self {
            uid: object.uid().unwrap_or(Uid::parse("")),
            place: (text(object.namespace().unwrap_or_default()), text(object.name())),
            state: of(object).state,
        }
    }
}

/// How many are how, counted as they change.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    states: HashMap<Uid, State>,
    counts: [usize; 4],
}

impl Tally {
    /// Takes changes over; says whether a count or who is unwell changed.
    pub fn apply(&mut self, deltas: &[Delta<HealthRow>]) -> bool {
        let mut moved = false;
        for delta in deltas {
            let (uid, state) = match delta {
                Delta::Upsert(row) => (row.uid, Some(row.state)),
                Delta::Remove(uid) => (*uid, None),
            };
            let before = match state {
                Some(state) => self.states.insert(uid, state),
                None => self.states.remove(&uid),
            };
            if before == state {
                continue;
            }
            if let Some(before) = before {
                self.counts[before as usize] -= 1;
            }
            if let Some(state) = state {
                self.counts[state as usize] += 1;
            }
            moved = true;
        }
        moved
    }

    /// All of them.
    pub fn all(&self) -> usize {
        self.states.len()
    }

    /// Those of one state.
    pub fn of(&self, state: State) -> usize {
        self.counts[state as usize]
    }

    /// Those a person should look at.
    pub fn unwell(&self) -> usize {
        self.of(State::Degraded) + self.of(State::Failing)
    }

    /// Which they are.
    pub fn who(&self) -> impl Iterator<Item = Uid> {
        self.states.iter().filter(|(_, state)| state.unwell()).map(|(uid, _)| *uid)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{HealthRow, State, Tally};
    use crate::{base::Uid, cluster::Delta};

    fn delta(uid: u128, state: Option<State>) -> Delta<HealthRow> {
        match state {
            Some(state) => Delta::Upsert(HealthRow { uid: Uid(uid), place: ("shop".into(), "a".into()), state }),
            None => Delta::Remove(Uid(uid)),
        }
    }

    proptest! {
        #[test]
        fn counts_are_those_of_the_rows_that_are_left(moves in prop::collection::vec((0u128..12, 0usize..5), 0..80)) {
            let states = [Some(State::Unknown), Some(State::Healthy), Some(State::Degraded), Some(State::Failing), None];
            let mut tally = Tally::default();
            let mut rows = std::collections::HashMap::new();
            for (uid, at) in moves {
                let moved = tally.apply(&[delta(uid, states[at])]);
                let before = match states[at] {
                    Some(state) => rows.insert(uid, state),
                    None => rows.remove(&uid),
                };
                prop_assert_eq!(moved, before != states[at]);
            }
            let count = |state| rows.values().filter(|one| **one == state).count();
            for state in states.into_iter().flatten() {
                prop_assert_eq!(tally.of(state), count(state));
            }
            prop_assert_eq!(tally.all(), rows.len());
            prop_assert_eq!(tally.unwell(), tally.who().count());
        }
    }
}
