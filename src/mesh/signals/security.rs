//! Whether requests arrived by mutual TLS: `connection_security_policy` of Istio's standard metrics.
//!
//! Only who received a connection knows how it came: the called side, or the waypoint or ztunnel before it. A caller's proxy
//! writes `unknown`, so what it counts says nothing here, although it is believed about how many requests there were.

use std::collections::BTreeMap;

use super::{
    fold::{Pair, Reporter, pair},
    sample::EdgeLabels,
};

/// Rates of what came by mutual TLS and of what came in plain text.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Security {
    mutual: f64,
    plain: f64,
}

impl Security {
    /// Adds what a reporter saw; what it does not know is left out.
    pub(super) fn add(&mut self, policy: &str, rate: f64) {
        match policy {
            "mutual_tls" => self.mutual += rate,
            "none" => self.plain += rate,
            _ => {}
        }
    }

    /// Whether all of it came by mutual TLS.
    pub(super) fn mtls(self) -> Option<bool> {
        self.known().then_some(self.plain <= 0.0)
    }

    /// The share in plain text.
    pub(super) fn plaintext_share(self) -> Option<f64> {
        self.known().then(|| self.plain / (self.mutual + self.plain))
    }

    fn known(self) -> bool {
        self.mutual + self.plain > 0.0
    }
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
    // The order of belief about numbers is the other way round: the caller's side first.
    let knows = |reporters: BTreeMap<Reporter, Security>| reporters.into_values().rev().find(|told| told.known());
    all.into_iter().filter_map(|(edge, reporters)| Some((edge, knows(reporters)?))).collect()
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
        let [edge] = &fold::edges(samples)[..] else { panic!("one edge") };
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
    fn nothing_called_is_unknown() {
        assert_eq!(told(&[sample("destination", "none", 0.0)]), (0.0, None, None));
    }
}
