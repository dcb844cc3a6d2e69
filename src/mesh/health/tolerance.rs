//! From which share of bad answers something counts as degraded or failing.

use super::State;

/// Two limits, in whole percent of the requests of a protocol. A share above zero that reaches a limit is beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Degraded from here; 0: from the first bad answer.
    pub degraded: u8,
    /// Failing from here.
    pub failing: u8,
}

impl Limits {
    /// What a share in percent amounts to.
    pub fn state(self, percent: f64) -> State {
        if percent <= 0.0 {
            State::Healthy
        } else if percent >= f64::from(self.failing) {
            State::Failing
        } else if percent >= f64::from(self.degraded) {
            State::Degraded
        } else {
            State::Healthy
        }
    }
}

/// Limits by class of answer; the default ones are Kiali's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerances {
    /// HTTP 4xx.
    pub client: Limits,
    /// HTTP 5xx, and requests without an answer.
    pub server: Limits,
    /// gRPC status other than OK.
    pub grpc: Limits,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self {
            client: Limits { degraded: 10, failing: 20 },
            server: Limits { degraded: 0, failing: 10 },
            grpc: Limits { degraded: 0, failing: 10 },
        }
    }
}
