//! What a proxy counts of a cluster it calls: tries, their answers, retries, what overflowed, who was ejected.
//!
//! One request may be several tries; the caller's counters of requests know nothing of it.

use std::{collections::HashMap, sync::Arc};

use super::health::Health;

/// Classes of answers, 1xx to 5xx.
pub const CLASSES: usize = 5;

/// Tries of a caller's proxies towards a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tries {
    /// All.
    pub attempts: u64,
    /// Their answers by class, 1xx to 5xx; what got none counts as the proxy's own 503 or 504.
    pub answers: [u64; CLASSES],
    /// Of these, second and later ones.
    pub retries: u64,
    /// Requests that a retry saved, as far as the proxy can tell: its answer asked for no further one.
    pub saved: u64,
    /// Requests that would have been tried once more, and had no try left.
    pub exhausted: u64,
    /// Tries that reached no pod.
    pub lost: u64,
    /// Retries that were not made, because too many were under way.
    pub overflows: u64,
    /// Requests that were not made, for the same reason.
    pub refused: u64,
    /// Requests for which no host was left.
    pub hostless: u64,
    /// Hosts ejected.
    pub ejections: u64,
}

impl Tries {
    /// A try ended with this status.
    pub(super) fn answered(&mut self, code: u16) {
        let class = usize::from(code / 100).clamp(1, CLASSES) - 1;
        self.attempts += 1;
        self.answers[class] += 1;
    }

    /// These came on top.
    pub(super) fn add(&mut self, more: &Self) {
        self.attempts += more.attempts;
        self.answers.iter_mut().zip(more.answers).for_each(|(own, more)| *own += more);
        self.retries += more.retries;
        self.saved += more.saved;
        self.exhausted += more.exhausted;
        self.lost += more.lost;
        self.overflows += more.overflows;
        self.refused += more.refused;
        self.hostless += more.hostless;
        self.ejections += more.ejections;
    }

    /// Whether anything was out of the ordinary.
    pub fn eventful(&self) -> bool {
        self.retries + self.exhausted + self.overflows + self.refused + self.hostless + self.ejections > 0
    }
}

/// Hosts that were ever ejected, by calling workload and cluster.
#[derive(Debug, Clone, Default)]
pub(super) struct Ejected(HashMap<(u32, Arc<str>), Vec<u32>>);

impl Ejected {
    /// A host was.
    pub(super) fn note(&mut self, caller: u32, cluster: &Arc<str>, pod: u32) {
        let hosts = self.0.entry((caller, Arc::clone(cluster))).or_default();
        if !hosts.contains(&pod) {
            hosts.push(pod);
        }
    }

    /// How many of a cluster are out now; hosts that are gone are no part of it.
    pub(super) fn now(&self, caller: u32, cluster: &Arc<str>, health: &HashMap<(u32, u32), Health>, at: f64) -> usize {
        let hosts = self.0.get(&(caller, Arc::clone(cluster)));
        let out = |pod: &&u32| health.get(&(caller, **pod)).is_some_and(|health| health.out(at));
        hosts.into_iter().flatten().filter(out).count()
    }
}

#[cfg(test)]
mod tests {
    use super::Tries;

    #[test]
    fn answers_are_counted_by_class() {
        let (mut all, mut one) = (Tries::default(), Tries::default());
        for code in [100, 200, 204, 302, 404, 503, 599, 0] {
            one.answered(code);
        }
        all.add(&one);
        assert_eq!((all.attempts, all.answers), (8, [2, 2, 1, 1, 2]));
        assert!(!all.eventful());
    }
}
