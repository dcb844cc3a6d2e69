//! Calls by the sidecars of Dapr: a second loop of timeouts, tries and a breaker around whatever a mesh does.

use std::{collections::HashMap, sync::Arc};

use super::{
    compile::{CallSite, DaprPolicy, Sidecar},
    flags::Flags,
    walk::{Outcome, Walk},
};

/// A sidecar's own work on a call.
const OWN: f64 = 1.2;
/// What a store behind a component takes.
const STORE: f64 = 3.0;

/// What a sidecar counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Counted {
    /// The pod.
    pub pod: u32,
    /// What.
    pub what: What,
}

/// What is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum What {
    /// A call sent to an application.
    Sent(Arc<str>),
    /// An answer of an application, with its status.
    Answered(Arc<str>, u16),
    /// A policy acted: its Resiliency, its kind, the application.
    Acted(Arc<str>, &'static str, Arc<str>),
}

/// How calls of a pod to an application fare.
#[derive(Debug, Clone, Copy, Default)]
struct Breaker {
    failures: u32,
    open_until: f64,
}

/// All that sidecars remember.
#[derive(Debug, Clone, Default)]
pub(super) struct Sidecars {
    breakers: HashMap<(u32, Arc<str>), Breaker>,
    counts: HashMap<Counted, u64>,
}

impl Sidecars {
    fn count(&mut self, pod: u32, what: What) {
        *self.counts.entry(Counted { pod, what }).or_default() += 1;
    }

    /// What was counted.
    pub(super) fn counts(&self) -> impl Iterator<Item = (&Counted, u64)> {
        self.counts.iter().map(|(key, n)| (key, *n))
    }

    /// Forgets pods that are gone.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.breakers.retain(|(pod, _), _| keep(*pod));
        self.counts.retain(|key, _| keep(key.pod));
    }
}

impl Walk<'_> {
    /// A call through the sidecar of the caller's pod.
    pub(super) fn by_sidecar(&mut self, call: &CallSite, sidecar: &Sidecar, pod: u32, t: f64, depth: u32) -> Outcome {
        let policy = match sidecar {
            Sidecar::Absent => return Outcome::plain(0.3, 0, Flags::UF),
            Sidecar::Unknown => return Outcome::plain(OWN, 500, Flags::NONE),
            // ERR_STATE_STORE_NOT_FOUND, and its like of other building blocks.
            Sidecar::Component(false) => return Outcome::plain(OWN, 400, Flags::NONE),
            Sidecar::Component(true) => {
                let store = STORE * (0.4 * self.stream.normal()).exp();
                return Outcome::plain(OWN + store, 200, Flags::NONE);
            }
            Sidecar::Invokes(policy) => policy,
        };
        let mut outcome = self.invoke(call, policy, pod, t, depth);
        outcome.latency += OWN;
        if outcome.latency > call.timeout {
            outcome = Outcome::plain(call.timeout, 0, Flags::DC);
        }
        outcome
    }

    fn invoke(&mut self, call: &CallSite, policy: &DaprPolicy, pod: u32, t: f64, depth: u32) -> Outcome {
        let (bound, key) = (self.bound, (pod, Arc::clone(&policy.app)));
        let site = &bound.snapshot.sites[call.site as usize];
        let acted = |kind| What::Acted(Arc::clone(&policy.name), kind, Arc::clone(&policy.app));
        let (mut elapsed, mut tries) = (0.0, 0);
        loop {
            let breaker = self.state.sidecars.breakers.entry(key.clone()).or_default();
            if policy.breaker.is_some() && t + elapsed < breaker.open_until {
                self.state.sidecars.count(pod, acted("circuitbreaker"));
                return Outcome::plain(elapsed, 500, Flags::NONE);
            }
            let limit = policy.timeout.unwrap_or(f64::INFINITY).min((call.timeout - elapsed).max(0.0));
            self.state.sidecars.count(pod, What::Sent(Arc::clone(&policy.app)));
            let mut outcome = self.call(site, Some(pod), t + elapsed, limit, depth + 1);
            let timed_out = policy.timeout.is_some_and(|timeout| outcome.latency >= timeout);
            if timed_out {
                self.state.sidecars.count(pod, acted("timeout"));
                outcome = Outcome::plain(limit, 500, Flags::NONE);
            }
            elapsed += outcome.latency;
            self.state.sidecars.count(pod, What::Answered(Arc::clone(&policy.app), outcome.code));
            let failed = outcome.failed();
            if let Some((trips, open)) = policy.breaker {
                let breaker = self.state.sidecars.breakers.entry(key.clone()).or_default();
                breaker.failures = if failed { breaker.failures + 1 } else { 0 };
                if breaker.failures >= trips {
                    *breaker = Breaker { failures: 0, open_until: t + elapsed + open };
                    self.state.sidecars.count(pod, acted("circuitbreaker"));
                }
            }
            let again = failed && (policy.answers || outcome.code == 0) && tries < policy.retries.0;
            if !again || elapsed >= call.timeout {
                return Outcome { latency: elapsed, ..outcome };
            }
            tries += 1;
            self.state.sidecars.count(pod, acted("retry"));
            elapsed += policy.retries.1;
        }
    }
}
