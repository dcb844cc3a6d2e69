//! TCP along the mesh: connections and bytes, from proxies and ztunnels (`istio_tcp_*`).
//!
//! In ambient mode without a waypoint this is all there is: a ztunnel reads no requests. It does know how a connection was
//! secured, at both of its ends: mutual TLS is HBONE there.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::{
    fold::{Named, Reporter},
    sample::FlowLabels,
    security::{self, Security},
};

/// Rates of connections and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Tcp {
    /// Connections opened per second; `None`: not told.
    pub opened: Option<f64>,
    /// Bytes per second that the called side sent back.
    pub sent: Option<f64>,
    /// Bytes per second that the called side received.
    pub received: Option<f64>,
}

/// Connections from one workload to one workload through one service.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Flow {
    /// The caller; `unknown` outside the mesh.
    pub from: Named,
    /// The workload called.
    pub to: Named,
    /// The service called; `unknown` for addresses of pods.
    pub service: Named,
    /// How much.
    pub tcp: Tcp,
    /// Whether all connections came by mutual TLS (HBONE in ambient mode); `None`: nobody told who knows.
    pub mtls: Option<bool>,
    /// The share of connections known to come in plain text, 0..=1.
    pub plaintext_share: Option<f64>,
    /// The share of which the called side does not know how they came; `None`: it told nothing at all.
    pub unsure_share: Option<f64>,
}

impl Tcp {
    fn add(&mut self, signal: &str, rate: f64) {
        let sum = match signal {
            "opened" => &mut self.opened,
            "sent" => &mut self.sent,
            "received" => &mut self.received,
            _ => return,
        };
        *sum = Some(sum.unwrap_or_default() + rate);
    }

    /// Adds all of another.
    pub fn merge(&mut self, other: Self) {
        for (mine, theirs) in
            [(&mut self.opened, other.opened), (&mut self.sent, other.sent), (&mut self.received, other.received)]
        {
            if let Some(rate) = theirs {
                *mine = Some(mine.unwrap_or_default() + rate);
            }
        }
    }

    /// Whether nothing was told.
    pub fn unknown(&self) -> bool {
        *self == Self::default()
    }

    /// Whether nothing goes through, or nobody told.
    pub fn idle(&self) -> bool {
        !self.busy()
    }

    /// Whether anything goes through.
    pub fn busy(&self) -> bool {
        [self.opened, self.sent, self.received].into_iter().flatten().any(|rate| rate > 0.0)
    }
}

/// What each reporter told of one flow.
type Told = BTreeMap<Reporter, (Tcp, Security)>;

/// Each connection once: the caller's side is believed, else the called side. How it was secured is told by the called side
/// first.
pub fn flows(samples: &[(FlowLabels, f64)]) -> Vec<Flow> {
    let mut all: BTreeMap<(Named, Named, Named), Told> = BTreeMap::new();
    for (labels, rate) in samples {
        let Some(reporter) = Reporter::of(&labels.reporter) else { continue };
        let (tcp, security) = all.entry(labels.along()).or_default().entry(reporter).or_default();
        tcp.add(&labels.signal, *rate);
        if labels.signal == "opened" {
            security.add(&labels.connection_security_policy, *rate);
        }
    }
    all.into_iter()
        .filter_map(|((from, to, service), reporters)| {
            let security = reporters.iter().map(|(reporter, (_, told))| (*reporter, *told)).collect();
            let security = security::of_reporters(security).unwrap_or_default();
            let believed = reporters.values().find(|(tcp, _)| tcp.busy()).or_else(|| reporters.values().next())?;
            let (mtls, plaintext_share, unsure_share) =
                (security.mtls(), security.plaintext_share(), security.unsure_share());
            Some(Flow { from, to, service, tcp: believed.0, mtls, plaintext_share, unsure_share })
        })
        .collect()
}

/// What each workload is called by.
pub fn by_workload(flows: &[Flow]) -> BTreeMap<Named, Tcp> {
    let mut all: BTreeMap<Named, Tcp> = BTreeMap::new();
    for flow in flows.iter().filter(|flow| !super::fold::unknown(&flow.to)) {
        all.entry(flow.to.clone()).or_default().merge(flow.tcp);
    }
    all
}

impl FlowLabels {
    fn along(&self) -> (Named, Named, Named) {
        let named = |namespace: &CompactString, name: &CompactString| (namespace.clone(), name.clone());
        (
            named(&self.source_workload_namespace, &self.source_workload),
            named(&self.destination_workload_namespace, &self.destination_workload),
            named(&self.destination_service_namespace, &self.destination_service_name),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::{super::sample::FlowLabels, Tcp, by_workload, flows};

    fn sample(reporter: &str, signal: &str, policy: &str, rate: f64) -> (FlowLabels, f64) {
        let labels = FlowLabels {
            reporter: reporter.into(),
            signal: signal.into(),
            source_workload: "web".into(),
            destination_workload: "db".into(),
            destination_service_name: "db".into(),
            connection_security_policy: policy.into(),
            ..FlowLabels::default()
        };
        (labels, rate)
    }

    #[test]
    fn both_ends_tell_of_one_connection() {
        let told = [
            sample("source", "opened", "mutual_tls", 4.0),
            sample("destination", "opened", "mutual_tls", 4.0),
            sample("source", "sent", "mutual_tls", 900.0),
        ];
        let [flow] = &flows(&told)[..] else { panic!("one flow") };
        assert_eq!(flow.tcp, Tcp { opened: Some(4.0), sent: Some(900.0), received: None });
        assert_eq!((flow.mtls, flow.plaintext_share), (Some(true), Some(0.0)));
        assert_eq!(by_workload(&flows(&told)).into_values().collect::<Vec<_>>(), [flow.tcp]);
    }

    #[test]
    fn the_called_side_knows_who_comes_in_plain_text() {
        let told = [
            sample("source", "opened", "unknown", 4.0),
            sample("destination", "opened", "mutual_tls", 3.0),
            sample("destination", "opened", "none", 1.0),
        ];
        let [flow] = &flows(&told)[..] else { panic!("one flow") };
        assert_eq!((flow.mtls, flow.plaintext_share), (Some(false), Some(0.25)));
    }

    #[test]
    fn what_was_not_told_stays_unknown() {
        let [flow] = &flows(&[sample("destination", "opened", "unknown", 0.0)])[..] else { panic!("one flow") };
        assert_eq!((flow.tcp.opened, flow.tcp.sent, flow.mtls), (Some(0.0), None, None));
    }
}
