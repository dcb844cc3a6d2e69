//! What retries do: requests as callers sent them against attempts as the called side saw them.
//!
//! A proxy that retries counts one request, with the last answer; the called side counts every attempt that reached it. So
//! attempts ÷ requests is the amplification, and the two error shares are those before and after retries. Attempts that
//! reached nobody (refused connections, ejected endpoints) are in neither: the first is then too good, never too bad.

use serde::Serialize;

use super::fold::Tally;

/// Requests and attempts of the same calls.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Attempts {
    /// As callers saw them: one for each request, after retries.
    pub asked: Tally,
    /// As the called side saw them: one for each attempt.
    pub tried: Tally,
}

/// The same as figures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Retrying {
    /// Attempts for each request: 1 without retries, below 1 where requests are answered on the way.
    pub amplification: f64,
    /// The share of attempts that succeeded; `None` when none arrived.
    pub success_before: Option<f64>,
    /// The share of requests that succeeded in the end.
    pub success_after: f64,
}

impl Attempts {
    /// Adds all of another.
    pub fn merge(&mut self, other: Self) {
        self.asked.merge(other.asked);
        self.tried.merge(other.tried);
    }

    /// As figures; `None` when nobody asked.
    pub fn figures(self) -> Option<Retrying> {
        let good = |tally: Tally| (tally.rps > 0.0).then(|| 1.0 - (tally.failed / tally.rps).min(1.0));
        Some(Retrying {
            success_after: good(self.asked)?,
            success_before: good(self.tried),
            amplification: self.tried.rps / self.asked.rps,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::fold::Tally, Attempts};

    #[test]
    fn retries_hide_failures_and_multiply_requests() {
        let attempts = Attempts { asked: Tally { rps: 100.0, failed: 1.0 }, tried: Tally { rps: 111.0, failed: 11.1 } };
        let figures = attempts.figures().unwrap();
        assert!((figures.amplification - 1.11).abs() < 1e-9);
        assert!((figures.success_after - 0.99).abs() < 1e-9);
        assert!((figures.success_before.unwrap() - 0.9).abs() < 1e-9);
        assert_eq!(Attempts::default().figures(), None);
    }

    #[test]
    fn what_never_arrived_has_no_share() {
        let refused = Attempts { asked: Tally { rps: 4.0, failed: 4.0 }, ..Attempts::default() };
        let figures = refused.figures().unwrap();
        assert_eq!((figures.success_before, figures.success_after), (None, 0.0));
    }
}
