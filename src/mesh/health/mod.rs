//! Health of workloads and services, as Kiali computes it: from what requests are answered with, and from how many of the
//! wanted pods serve. The worst of all counts, and the reason is always told in words.
//!
//! Kiali's rules (kiali.io, "Health" and `health_config`): each class of answers has two limits, in percent of the requests of
//! its protocol; a share above zero that reaches a limit is degraded or failing. A workload's requests are those it receives
//! and those it sends. Of its pods: none wanted is idle, none of the wanted serving is failing, some of them is degraded. What
//! is wanted is the controller's word, so that a rollout's surge is no pod that is missing. A namespace and an app are as well
//! as the worst of their workloads.
//!
//! It measures nothing and asks nobody: figures and pods are given to it. What is not known has no part in the verdict.

mod census;
mod control_plane;
mod tolerance;

use serde::Serialize;

pub use self::{
    census::Census,
    control_plane::control_plane,
    tolerance::{Limits, Tolerances},
};
use super::signals::{
    WorkloadRow,
    codes::{Class, Codes, Protocol, class},
    services::ServiceRow,
};

/// How well something is, the worst last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Nothing is known: no requests, no pods seen.
    #[default]
    Unknown,
    /// All is well.
    Healthy,
    /// No pods are wanted.
    Idle,
    /// Something is wrong.
    Degraded,
    /// It does not work.
    Failing,
}

impl State {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Healthy => "healthy",
            Self::Idle => "idle",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

/// One thing that speaks for a state worse than healthy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Reason {
    /// What it amounts to alone.
    pub state: State,
    /// In few words, for a table: `12% 5xx`.
    pub short: String,
    /// In words: `12 % of the requests it receives are answered 5xx (failing from 10 %)`.
    pub words: String,
}

/// How well, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Health {
    /// The worst of all.
    pub state: State,
    /// Why it is worse than healthy, the worst first; empty when it is healthy or unknown.
    pub reasons: Vec<Reason>,
}

impl Health {
    /// All reasons in words.
    pub fn why(&self) -> String {
        self.reasons.iter().map(|reason| reason.words.as_str()).collect::<Vec<_>>().join("; ")
    }
}

/// Pods of a workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Replicas {
    /// Wanted.
    pub desired: u32,
    /// Serving.
    pub available: u32,
}

/// A workload's health. `replicas` is `None` when its pods were not looked at.
pub fn workload(row: &WorkloadRow, replicas: Option<Replicas>, tolerances: &Tolerances) -> Health {
    let mut verdict = Verdict::default();
    verdict.answers(&row.codes, "requests it receives are", *tolerances);
    verdict.answers(&row.sent, "its own calls are", *tolerances);
    if let Some(replicas) = replicas {
        verdict.pods(replicas);
    }
    verdict.done()
}

/// A service's health: what its callers get.
pub fn service(row: &ServiceRow, tolerances: &Tolerances) -> Health {
    let mut verdict = Verdict::default();
    verdict.answers(&row.codes, "requests it receives are", *tolerances);
    verdict.done()
}

/// Answers of a protocol, which of them are bad, from which shares on, and what they are called.
type Rule = (Protocol, fn(&str) -> bool, Limits, &'static str);

#[derive(Default)]
struct Verdict {
    state: State,
    reasons: Vec<Reason>,
}

impl Verdict {
    fn hear(&mut self, state: State) {
        self.state = self.state.max(state);
    }

    fn blame(&mut self, state: State, short: String, words: String) {
        self.hear(state);
        self.reasons.push(Reason { state, short, words });
    }

    fn answers(&mut self, codes: &Codes, whose: &str, tolerances: Tolerances) {
        let classes: [Rule; 3] = [
            (Protocol::Http, |code| class(code) == Class::Server, tolerances.server, "5xx"),
            (Protocol::Http, |code| class(code) == Class::Client, tolerances.client, "4xx"),
            (Protocol::Grpc, |status| status != "0", tolerances.grpc, "gRPC errors"),
        ];
        for (protocol, such, limits, what) in classes {
            let Some(percent) = codes.share(protocol, such).map(|share| share * 100.0) else { continue };
            let state = limits.state(percent);
            self.hear(state);
            let limit = match state {
                State::Failing => format!("failing from {} %", limits.failing),
                State::Degraded if limits.degraded == 0 => "degraded from the first".to_owned(),
                State::Degraded => format!("degraded from {} %", limits.degraded),
                State::Unknown | State::Healthy | State::Idle => continue,
            };
            let much = if percent < 0.1 { "under 0.1".to_owned() } else { format!("{percent:.1}") };
            let answered = match protocol {
                Protocol::Http => format!("{much} % of the {whose} answered {what} ({limit})"),
                Protocol::Grpc => format!("{much} % of the gRPC {whose} answered with an error ({limit})"),
            };
            let brief = if percent < 0.1 { "<0.1".to_owned() } else { format!("{percent:.1}") };
            let of = if whose.starts_with("its own") { " sent" } else { "" };
            self.blame(state, format!("{brief}% {what}{of}"), answered.replace("the its own", "its own"));
        }
    }

    fn pods(&mut self, Replicas { desired, available }: Replicas) {
        if desired == 0 {
            self.blame(State::Idle, "0 pods".to_owned(), "no pods are wanted".to_owned());
        } else if available == 0 {
            self.blame(State::Failing, format!("0/{desired} ready"), format!("none of {desired} pods is ready"));
        } else if available < desired {
            let words = format!("{available} of {desired} pods are ready");
            self.blame(State::Degraded, format!("{available}/{desired} ready"), words);
        } else {
            self.hear(State::Healthy);
        }
    }

    fn done(mut self) -> Health {
        self.reasons.sort_by_key(|reason| std::cmp::Reverse(reason.state));
        Health { state: self.state, reasons: self.reasons }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Codes, Replicas, State, Tolerances, WorkloadRow, workload};

    fn codes(all: &[(&str, &str, f64)]) -> Codes {
        let mut codes = Codes::default();
        for (code, grpc, rate) in all {
            codes.add(code, grpc, *rate);
        }
        codes
    }

    fn judged(received: &[(&str, &str, f64)], replicas: Option<(u32, u32)>) -> (State, String) {
        let row = WorkloadRow { codes: codes(received), ..WorkloadRow::default() };
        let replicas = replicas.map(|(available, desired)| Replicas { desired, available });
        let health = workload(&row, replicas, &Tolerances::default());
        (health.state, health.why())
    }

    #[rstest]
    #[case(&[("200", "", 100.0)], State::Healthy, "")]
    #[case(&[("200", "", 99.0), ("500", "", 1.0)], State::Degraded,
        "1.0 % of the requests it receives are answered 5xx (degraded from the first)")]
    #[case(&[("200", "", 90.0), ("503", "", 9.0), ("0", "", 1.0)], State::Failing,
        "10.0 % of the requests it receives are answered 5xx (failing from 10 %)")]
    #[case(&[("200", "", 91.0), ("404", "", 9.0)], State::Healthy, "")]
    #[case(&[("200", "", 90.0), ("404", "", 10.0)], State::Degraded,
        "10.0 % of the requests it receives are answered 4xx (degraded from 10 %)")]
    #[case(&[("200", "", 80.0), ("429", "", 20.0)], State::Failing,
        "20.0 % of the requests it receives are answered 4xx (failing from 20 %)")]
    #[case(&[("200", "0", 95.0), ("200", "14", 5.0)], State::Degraded,
        "5.0 % of the gRPC requests it receives are answered with an error (degraded from the first)")]
    #[case(&[("200", "0", 9.0), ("200", "2", 1.0), ("200", "", 90.0)], State::Failing,
        "10.0 % of the gRPC requests it receives are answered with an error (failing from 10 %)")]
    #[case(&[], State::Unknown, "")]
    #[case(&[("200", "", 0.0)], State::Unknown, "")]
    fn answers_are_judged_by_class_and_protocol(
        #[case] received: &[(&str, &str, f64)],
        #[case] state: State,
        #[case] why: &str,
    ) {
        assert_eq!(judged(received, None), (state, why.to_owned()));
    }

    #[rstest]
    #[case(Some((3, 3)), State::Healthy, "")]
    #[case(Some((2, 3)), State::Degraded, "2 of 3 pods are ready")]
    #[case(Some((0, 3)), State::Failing, "none of 3 pods is ready")]
    #[case(Some((0, 0)), State::Idle, "no pods are wanted")]
    #[case(None, State::Unknown, "")]
    fn pods_are_judged_by_what_is_wanted(#[case] pods: Option<(u32, u32)>, #[case] state: State, #[case] why: &str) {
        assert_eq!(judged(&[], pods), (state, why.to_owned()));
    }

    #[test]
    fn the_worst_wins_and_stands_first() {
        let (state, why) = judged(&[("200", "", 85.0), ("404", "", 15.0)], Some((0, 2)));
        assert_eq!(state, State::Failing);
        assert!(why.starts_with("none of 2 pods is ready; 15.0 % of the requests"), "{why}");
    }

    #[test]
    fn what_it_sends_counts_too() {
        let row = WorkloadRow {
            codes: codes(&[("200", "", 10.0)]),
            sent: codes(&[("200", "", 4.0), ("503", "", 1.0)]),
            ..WorkloadRow::default()
        };
        let health = workload(&row, None, &Tolerances::default());
        assert_eq!(health.state, State::Failing);
        assert_eq!(health.reasons[0].short, "20.0% 5xx sent");
        assert_eq!(health.why(), "20.0 % of its own calls are answered 5xx (failing from 10 %)");
    }

    #[test]
    fn a_trace_of_failures_is_not_rounded_away() {
        let (state, why) = judged(&[("200", "", 100_000.0), ("500", "", 1.0)], None);
        assert_eq!(state, State::Degraded);
        assert!(why.starts_with("under 0.1 %"), "{why}");
    }
}
