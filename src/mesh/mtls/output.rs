//! `brink mesh mtls -o json`: what workloads demand, how they are called, and who breaks under STRICT.

use std::collections::{BTreeMap, BTreeSet};

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    effective,
    peer_authentication::{Mode, PeerAuthenticationRow},
    plain::{self, Plain, Security},
};
use crate::mesh::{
    mesh_lines::slashed,
    signals::{
        MetricKind, Snapshot,
        fold::{Named, unknown},
    },
};

/// Labels of the pods of workloads.
pub type PodLabels = BTreeMap<Named, BTreeMap<CompactString, CompactString>>;

/// The answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MtlsOutput {
    /// The time the samples speak of.
    pub at: Option<Timestamp>,
    /// What answered.
    pub source: MetricKind,
    /// One per workload that is there or was called.
    pub workloads: Vec<MtlsLine>,
    /// Callers known to call in plain text, the most first; `null` when nobody told how calls come.
    pub breaks: Option<Vec<PlainLine>>,
    /// Callers of whom nobody knows how they call, the most first: they may break or not.
    pub unknown: Vec<PlainLine>,
}

/// One workload.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MtlsLine {
    /// Namespace.
    pub namespace: String,
    /// Workload.
    pub workload: String,
    /// What it takes; `null` when its pods or the policies were not looked at.
    pub mode: Option<Mode>,
    /// The policy that says so, `NS/NAME`; `null`: Istio's default.
    pub from: Option<String>,
    /// Ports of the workload with another mode.
    pub ports: BTreeMap<u16, Mode>,
    /// Whether all its calls come by mutual TLS.
    pub mtls: Option<bool>,
    /// The share in plain text.
    pub plaintext_share: Option<f64>,
}

/// Calls from one workload to another: in plain text, which break once the called one takes mutual TLS alone, or unknown.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlainLine {
    /// `NS/NAME` of the caller; `unknown/unknown` for one outside the mesh.
    pub from: String,
    /// `NS/NAME` of the workload called.
    pub to: String,
    /// `NS/NAME` of the service it is called by.
    pub service: String,
    /// Requests per second that come so.
    pub rps: Option<f64>,
    /// Connections per second that come so.
    pub connections_per_s: Option<f64>,
}

/// What is known: policies and pods of the cluster, figures of a source.
#[derive(Debug, Clone, Copy, Default)]
pub struct Known<'a> {
    /// All policies; `None` when they could not be read.
    pub policies: Option<&'a [PeerAuthenticationRow]>,
    /// The mesh's root namespace.
    pub root: &'a str,
    /// Labels of pods.
    pub labels: Option<&'a PodLabels>,
    /// The figures.
    pub snapshot: Option<&'a Snapshot>,
}

impl MtlsOutput {
    /// Everything about workloads of `namespace`, or of all.
    pub fn new(source: MetricKind, known: Known<'_>, namespace: Option<&str>) -> Self {
        let here = |named: &Named| namespace.is_none_or(|namespace| named.0 == namespace);
        let there = known.labels.into_iter().flat_map(|labels| labels.keys());
        let called = known.snapshot.into_iter().flat_map(|snapshot| {
            let edges = snapshot.measured.edges.iter().map(|edge| &edge.to);
            edges.chain(snapshot.measured.flows.iter().map(|flow| &flow.to))
        });
        let all: BTreeSet<&Named> = there.chain(called).filter(|named| here(named) && !unknown(named)).collect();
        let called = known.snapshot.map(|snapshot| plain::by_workload(&snapshot.measured)).unwrap_or_default();
        let workloads =
            all.into_iter().map(|named| line(named, known, called.get(named).copied().unwrap_or_default())).collect();
        let lines = |all: Vec<Plain>| -> Vec<PlainLine> {
            all.into_iter().filter(|one| here(&one.to)).map(|one| PlainLine::new(&one)).collect()
        };
        let unknown = known.snapshot.map(|snapshot| lines(plain::unsure(&snapshot.measured))).unwrap_or_default();
        let breaks = known
            .snapshot
            .filter(|snapshot| plain::told(&snapshot.measured))
            .map(|snapshot| lines(plain::plain(&snapshot.measured)));
        Self { at: known.snapshot.and_then(|snapshot| snapshot.at), source, workloads, breaks, unknown }
    }
}

fn line(named: &Named, known: Known<'_>, security: Security) -> MtlsLine {
    let labels = known.labels.and_then(|labels| labels.get(named));
    let held = known.policies.zip(labels).map(|(policies, labels)| {
        effective(policies, known.root, &named.0, |key| labels.get(key).map(CompactString::as_str))
    });
    MtlsLine {
        namespace: named.0.to_string(),
        workload: named.1.to_string(),
        mode: held.as_ref().map(|held| held.mode),
        from: held.as_ref().and_then(|held| held.from.as_ref()).map(ToString::to_string),
        ports: held.map(|held| held.ports).unwrap_or_default(),
        mtls: security.mtls,
        plaintext_share: security.plaintext_share,
    }
}

impl PlainLine {
    fn new(one: &Plain) -> Self {
        Self {
            from: slashed(&one.from),
            to: slashed(&one.to),
            service: slashed(&one.service),
            rps: one.rps,
            connections_per_s: one.connections,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Known, MetricKind, Mode, MtlsOutput, PeerAuthenticationRow, PodLabels, Snapshot};
    use crate::{
        cluster::Manifest,
        mesh::signals::fold::{Edge, Measured, Tally},
    };

    #[test]
    fn policies_pods_and_figures_come_together() {
        let policy = PeerAuthenticationRow::decode(&Manifest(serde_json::json!({
            "metadata": {"name": "all", "namespace": "shop"}, "spec": {"mtls": {"mode": "PERMISSIVE"}},
        })));
        let named = |name: &str| ("shop".into(), name.into());
        let labels: PodLabels = [(named("db"), [("app".into(), "db".into())].into())].into();
        let edge = |plaintext_share: Option<f64>| Edge {
            from: named("legacy"),
            to: named("db"),
            service: named("db"),
            tally: Tally { rps: 4.0, failed: 0.0 },
            mtls: plaintext_share.map(|share| share <= 0.0),
            plaintext_share,
            ..Edge::default()
        };
        let look = |edge: Edge| Snapshot {
            measured: Measured { edges: vec![edge], ..Measured::default() },
            ..Snapshot::default()
        };
        let (plain, silent) = (look(edge(Some(1.0))), look(edge(None)));
        let known = Known {
            policies: Some(std::slice::from_ref(&policy)),
            root: "istio-system",
            labels: Some(&labels),
            snapshot: Some(&plain),
        };
        let told = MtlsOutput::new(MetricKind::Prometheus, known, Some("shop"));
        assert_eq!(told.workloads[0].mode, Some(Mode::Permissive));
        assert_eq!(told.workloads[0].from.as_deref(), Some("shop/all"));
        assert_eq!(told.breaks.as_ref().unwrap()[0].from, "shop/legacy");
        assert!(MtlsOutput::new(MetricKind::Prometheus, known, Some("other")).workloads.is_empty());
        // Nobody knows how calls come: then nobody knows who breaks.
        let told = MtlsOutput::new(MetricKind::Prometheus, Known { snapshot: Some(&silent), ..known }, None);
        assert_eq!((told.breaks, told.workloads[0].mtls), (None, None));
        // Without policies the mode is unknown, not the default.
        let told = MtlsOutput::new(MetricKind::None, Known { policies: None, snapshot: None, ..known }, None);
        assert_eq!(told.workloads[0].mode, None);
    }
}
