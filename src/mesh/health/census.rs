//! How many things are how well, and how well they are together: a namespace and its workloads, an app and its versions.

use serde::Serialize;

use super::State;

/// Counts by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Census {
    /// Of which nothing is known.
    pub unknown: u32,
    /// All is well.
    pub healthy: u32,
    /// No pods are wanted.
    pub idle: u32,
    /// Something is wrong.
    pub degraded: u32,
    /// It does not work.
    pub failing: u32,
}

impl Census {
    /// Counts one more.
    pub fn add(&mut self, state: State) {
        let count = match state {
            State::Unknown => &mut self.unknown,
            State::Healthy => &mut self.healthy,
            State::Idle => &mut self.idle,
            State::Degraded => &mut self.degraded,
            State::Failing => &mut self.failing,
        };
        *count += 1;
    }

    /// The worst of all, as Kiali has it for a namespace and an app. Something idle beside something healthy is healthy.
    pub fn worst(self) -> State {
        let order = [
            (self.failing, State::Failing),
            (self.degraded, State::Degraded),
            (self.healthy, State::Healthy),
            (self.idle, State::Idle),
        ];
        order.into_iter().find(|(count, _)| *count > 0).map_or(State::Unknown, |(_, state)| state)
    }

    /// `1 failing, 2 degraded`; empty while all is well.
    pub fn unwell(self) -> String {
        let told = [(self.failing, State::Failing), (self.degraded, State::Degraded)];
        let words =
            told.into_iter().filter(|(count, _)| *count > 0).map(|(count, state)| format!("{count} {}", state.word()));
        words.collect::<Vec<_>>().join(", ")
    }
}

impl FromIterator<State> for Census {
    fn from_iter<T: IntoIterator<Item = State>>(states: T) -> Self {
        states.into_iter().fold(Self::default(), |mut census, state| {
            census.add(state);
            census
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Census, State};

    #[test]
    fn the_worst_is_how_they_are_together() {
        let of = |states: &[State]| states.iter().copied().collect::<Census>().worst();
        assert_eq!(of(&[]), State::Unknown);
        assert_eq!(of(&[State::Unknown, State::Idle]), State::Idle);
        assert_eq!(of(&[State::Idle, State::Healthy]), State::Healthy);
        assert_eq!(of(&[State::Healthy, State::Degraded, State::Idle]), State::Degraded);
        assert_eq!(of(&[State::Degraded, State::Failing]), State::Failing);
    }

    #[test]
    fn only_what_is_wrong_has_words() {
        let census: Census = [State::Degraded, State::Healthy, State::Failing, State::Degraded].into_iter().collect();
        assert_eq!(census.unwell(), "1 failing, 2 degraded");
        assert_eq!(Census::default().unwell(), "");
    }
}
