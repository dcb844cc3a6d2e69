//! What the metric source says around a fault: who gets how many requests, for the blast radius, and which alerts fire.

use std::collections::BTreeMap;

use super::{preview::TrafficSource, upstream::Call};
use crate::mesh::{
    alerts::Alerts,
    mtls::plain::{self, Plain},
    signals::{
        Origin, Snapshot,
        fold::{Edge, Named, unknown},
    },
};

/// Requests per second, and alerts. Empty = nobody measures, and unknown counts as everything (rule R5).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Traffic {
    /// All requests in the mesh; `None` when unknown.
    pub total: Option<f64>,
    /// Requests to a workload, `NS/NAME`.
    pub workloads: BTreeMap<String, f64>,
    /// Requests of a route, `KIND NS/NAME`, with the origin of the number.
    pub routes: BTreeMap<String, (f64, TrafficSource)>,
    /// Who calls whom, where both are known.
    pub calls: Vec<Call>,
    /// Who calls in plain text; `None` when nobody told how calls come.
    pub plain: Option<Vec<Plain>>,
    /// Which alerts fire; asked anew for every check.
    pub alerts: Alerts,
    /// There is a metric source to ask, whatever it answers.
    pub source: bool,
}

impl Traffic {
    /// What one look at the whole mesh says. A look that never happened measures nothing.
    pub fn of(snapshot: &Snapshot) -> Self {
        if snapshot.at.is_none() {
            return Self::default();
        }
        let workloads = snapshot
            .workloads
            .iter()
            .filter_map(|row| Some((format!("{}/{}", row.namespace, row.workload), row.golden.rps?)));
        let routes = snapshot.routes.iter().filter_map(|row| {
            let source = match row.origin {
                Origin::Measured => TrafficSource::Measured,
                Origin::Shared => TrafficSource::Shared,
                Origin::Unknown => return None,
            };
            Some((row.route.to_string(), (row.golden.rps?, source)))
        });
        Self {
            total: snapshot.total.rps,
            workloads: workloads.collect(),
            routes: routes.collect(),
            calls: calls(&snapshot.measured.edges),
            plain: plain::told(&snapshot.measured).then(|| plain::plain(&snapshot.measured)),
            alerts: Alerts::Unasked,
            source: true,
        }
    }
}

fn calls(edges: &[Edge]) -> Vec<Call> {
    let known = edges.iter().filter(|edge| ![&edge.from, &edge.to, &edge.service].into_iter().any(unknown));
    let name = |named: &Named| format!("{}/{}", named.0, named.1);
    known.map(|edge| Call { from: name(&edge.from), to: name(&edge.to), service: name(&edge.service) }).collect()
}
