//! Whether requests arrived by mutual TLS: `connection_security_policy` of Istio's standard metrics.
//!
//! Only who received a connection knows how it came: the called side, or the waypoint or ztunnel before it. A caller's proxy
//! writes `unknown`, so what it counts says nothing here, although it is believed about how many requests there were. Where the
//! called side writes `unknown` too (a ztunnel does for what came without an identity), that part is unknown: neither safe
//! nor plain text.

use std::collections::BTreeMap;

use super::{
    fold::{Pair, Reporter, pair},
    sample::EdgeLabels,
};

/// Rates of what came by mutual TLS, of what came in plain text, and of what nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Security {
    mutual: f64,
    plain: f64,
    unsure: f64,
}

impl Security {
    /// Adds what a reporter saw.
    pub(super) fn add(&mut self, policy: &str, rate: f64) {
        match policy {
            "mutual_tls" => self.mutual += rate,
            "none" => self.plain += rate,
            _ => self.unsure += rate,
        }
    }

    /// Whether all of it came by mutual TLS; `None` while some of it may have come either way.
    pub(super) fn mtls(self) -> Option<bool> {
        match (self.plain > 0.0, self.unsure > 0.0) {
            (true, _) => Some(false),
            (false, true) => None,
            (false, false) => self.known().then_some(true),
        }
    }

    /// The share known to be in plain text.
    pub(super) fn plaintext_share(self) -> Option<f64> {
        self.known().then(|| self.plain / (self.mutual + self.plain + self.unsure))
    }

    /// The share of which nobody knows; `None` when the called side told nothing at all.
    pub(super) fn unsure_share(self) -> Option<f64> {
        let all = self.mutual + self.plain + self.unsure;
        (all > 0.0).then(|| self.unsure / all)
    }

    fn known(self) -> bool {
        self.mutual + self.plain > 0.0
    }
}

/// Of one edge or flow: who knows is believed, the called side first; else what the called side is unsure of. The order of
/// belief about numbers is the other way round.
pub(super) fn of_reporters(reporters: BTreeMap<Reporter, Security>) -> Option<Security> {
    let known = reporters.values().rev().find(|told| told.known()).copied();
    let unsure =
        || reporters.into_iter().rev().find(|(reporter, _)| *reporter != Reporter::Source).map(|(_, told)| told);
    known.or_else(unsure)
}

/// By pair of workloads and service (namespace, name): what the called side told, else the waypoint, else whoever knew.
pub(super) fn by_edge(samples: &[(EdgeLabels, f64)]) -> BTreeMap<(Pair<'_>, &str, &str), Security> {
    let mut all: BTreeMap<(Pair<'_>, &str, &str), BTreeMap<Reporter, Security>> = BTreeMap::new();
    for (labels, rate) in samples {
        if let Some(reporter) = Reporter::of(&labels.reporter) {
            let service = (labels.destination_service_namespace.as_str(), labels.destination_service_name.as_str());
            let reporters = all.entry((pair(labels), service.0, service.1)).or_default();
            reporters.entry(reporter).or_default().add(&labels.connection_security_policy, *rate);
        }
    }
    all.into_iter().filter_map(|(edge, reporters)| Some((edge, of_reporters(reporters)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::{super::fold, EdgeLabels};

    fn sample(reporter: &str, policy: &str, rate: f64) -> (EdgeLabels, f64) {
        let labels = EdgeLabels {
            reporter: reporter.into(),
            source_workload: "web".into(),
            destination_workload: "reviews".into(),
            connection_security_policy: policy.into(),
            ..EdgeLabels::default()
        };
        (labels, rate)
    }

    fn told(samples: &[(EdgeLabels, f64)]) -> (f64, Option<bool>, Option<f64>) {
        let [edge] = &fold::edges(samples, &[])[..] else { panic!("one edge") };
        (edge.tally.rps, edge.mtls, edge.plaintext_share)
    }

    #[test]
    fn only_who_received_it_knows() {
        assert_eq!(told(&[sample("source", "unknown", 8.0)]), (8.0, None, None));
        let both = [sample("source", "unknown", 8.0), sample("destination", "mutual_tls", 7.5)];
        assert_eq!(told(&both), (8.0, Some(true), Some(0.0)), "counted by the caller, secured by the called");
        let waypoint = [sample("waypoint", "mutual_tls", 8.0), sample("destination", "unknown", 8.0)];
        assert_eq!(told(&waypoint), (8.0, Some(true), Some(0.0)));
    }

    #[test]
    fn some_in_plain_text_is_no_mutual_tls() {
        let mixed = [sample("destination", "mutual_tls", 6.0), sample("destination", "none", 2.0)];
        assert_eq!(told(&mixed), (8.0, Some(false), Some(0.25)));
    }

    #[test]
    fn what_the_called_side_does_not_know_is_neither_safe_nor_plain() {
        let unsure = [sample("source", "unknown", 8.0), sample("destination", "unknown", 8.0)];
        assert_eq!(told(&unsure), (8.0, None, None));
        let some = [sample("destination", "mutual_tls", 6.0), sample("destination", "unknown", 2.0)];
        assert_eq!(told(&some), (8.0, None, Some(0.0)), "not all of it is known to be safe");
        let worse = [sample("destination", "none", 2.0), sample("destination", "unknown", 2.0)];
        assert_eq!(told(&worse), (4.0, Some(false), Some(0.5)), "half of it at least");
        let [edge] = &fold::edges(&worse, &[])[..] else { panic!("one edge") };
        assert_eq!(edge.unsure_share, Some(0.5));
    }

    #[test]
    fn nothing_called_is_unknown() {
        assert_eq!(told(&[sample("destination", "none", 0.0)]), (0.0, None, None));
    }
}
