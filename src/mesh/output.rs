//! The machine output of `routes`, `routes resolve` (which is [`super::resolve::Resolution`] itself) and `mesh`: stable JSON.

use std::collections::BTreeMap;

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Serialize;

use super::{
    around::Around,
    health::{self, Health},
    mesh_lines::{EdgeLine, MeshLine, ServiceLine},
    routes::{RouteRef, RouteRow},
    signals::{
        Golden, MetricKind, MetricSource, Origin, RouteGolden, Snapshot, codes::Classes, control_plane::ControlPlane,
        usage::UsageFrom,
    },
    space_lines::{AppLine, SpaceLine},
    wins::Wins,
};

/// `brink routes -o json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RoutesOutput {
    /// One per route.
    pub routes: Vec<RouteLine>,
}

/// One route.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RouteLine {
    /// `KIND NS/NAME`.
    pub route: RouteRef,
    /// Hostnames; empty: whatever its parents serve.
    pub hosts: Vec<String>,
    /// Accepted by a parent; `None` when no controller spoke.
    pub accepted: Option<bool>,
    /// Whether it gets its requests; `None` when no rule decides.
    pub wins: Option<bool>,
    /// To whom it loses them.
    pub loses_to: Option<RouteRef>,
    /// Backends with weights.
    pub backends: Vec<BackendLine>,
    /// `rps`, `error_share` and the latencies.
    #[serde(flatten)]
    pub golden: Golden,
    /// Shares of its requests by answer; `null` when nothing was measured.
    pub answers: Option<Classes>,
    /// Where the figures come from.
    pub source: Origin,
}

/// One backend of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackendLine {
    /// `NS/NAME:PORT`.
    pub r#ref: String,
    /// Its weight.
    pub weight: u32,
    /// Index of the rule.
    pub rule: usize,
}

/// `brink mesh -o json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeshOutput {
    /// The time the samples speak of.
    pub at: Option<Timestamp>,
    /// What answered.
    pub source: MetricKind,
    /// Which: an address, `svc NS/NAME:PORT`, or how many proxies; empty when nothing did.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// One per workload.
    pub rows: Vec<MeshLine>,
    /// The namespaces of these rows.
    pub namespaces: BTreeMap<CompactString, SpaceLine>,
    /// Workloads that are versions of each other, by the label `app` of their pods.
    pub apps: Vec<AppLine>,
    /// One per service that is called.
    pub services: Vec<ServiceLine>,
    /// Who calls whom.
    pub edges: Vec<EdgeLine>,
    /// How the control plane does; `null` when nobody tells.
    pub control_plane: Option<ControlLine>,
    /// Who told of CPU and memory: `cadvisor`, `metrics-server`; `null` when nobody did.
    pub usage_source: Option<UsageFrom>,
}

/// The control plane, and how well it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ControlLine {
    /// Its figures.
    #[serde(flatten)]
    pub told: ControlPlane,
    /// How well it is, and why.
    pub health: Health,
}

impl ControlLine {
    fn new(told: ControlPlane) -> Self {
        Self { health: health::control_plane(&told), told }
    }
}

impl RoutesOutput {
    /// One line per route, sorted by namespace, name and kind. `wins` and `golden` are for the same routes in the same order;
    /// `golden` may be empty when nothing was measured.
    pub fn new(routes: &[RouteRow], wins: &[Wins], golden: &[RouteGolden]) -> Self {
        let mut lines: Vec<RouteLine> =
            routes.iter().enumerate().map(|(at, route)| RouteLine::new(route, wins.get(at), golden.get(at))).collect();
        lines.sort_by(|a, b| {
            let key = |line: &RouteLine| (line.route.namespace.clone(), line.route.name.clone(), line.route.kind);
            key(a).cmp(&key(b))
        });
        Self { routes: lines }
    }
}

impl RouteLine {
    fn new(route: &RouteRow, wins: Option<&Wins>, golden: Option<&RouteGolden>) -> Self {
        let backends = route.rules.iter().enumerate().flat_map(|(rule, body)| {
            body.backends.iter().map(move |backend| BackendLine {
                r#ref: backend.label(),
                weight: backend.weight,
                rule,
            })
        });
        Self {
            route: route.route_ref(),
            hosts: route.hosts.iter().map(ToString::to_string).collect(),
            accepted: route.accepted(),
            wins: wins.and_then(Wins::known),
            loses_to: wins.and_then(Wins::loses_to).cloned(),
            backends: backends.collect(),
            golden: golden.map(|row| row.golden).unwrap_or_default(),
            answers: golden.and_then(|row| row.codes.classes()),
            source: golden.map_or(Origin::Unknown, |row| row.origin),
        }
    }
}

impl MeshOutput {
    /// Rows as a look found them; empty with source `none` when nothing is configured. Only rows of `namespace`, if given, and
    /// calls to its workloads.
    pub fn new(source: &MetricSource, snapshot: Option<&Snapshot>, namespace: Option<&str>, around: &Around) -> Self {
        let whence = snapshot.map(|snapshot| snapshot.whence.clone()).unwrap_or_default();
        let source = match (source, whence.kind) {
            (MetricSource::None, _) => MetricKind::None,
            (MetricSource::Asking | MetricSource::Good | MetricSource::Broken { .. }, MetricKind::Scrape) => {
                MetricKind::Scrape
            }
            (MetricSource::Asking | MetricSource::Good | MetricSource::Broken { .. }, _) => MetricKind::Prometheus,
        };
        let place = whence.place;
        let here = |one: &str| namespace.is_none_or(|namespace| one == namespace);
        let Some(snapshot) = snapshot else {
            return Self {
                at: None,
                source,
                place,
                rows: Vec::new(),
                namespaces: BTreeMap::new(),
                apps: Vec::new(),
                services: Vec::new(),
                edges: Vec::new(),
                control_plane: None,
                usage_source: None,
            };
        };
        let rows = snapshot.workloads.iter().filter(|row| here(&row.namespace));
        let services = snapshot.services.iter().filter(|row| here(&row.namespace));
        let edges = snapshot.measured.edges.iter().filter(|edge| here(&edge.to.0) || here(&edge.service.0));
        let served = around.waypoints.served(&snapshot.measured);
        let rows: Vec<MeshLine> = rows.map(|row| MeshLine::new(row, around, &served)).collect();
        Self {
            at: snapshot.at,
            source,
            place,
            namespaces: SpaceLine::all(&rows, snapshot, around),
            apps: AppLine::all(&rows, around),
            rows,
            services: services.map(|row| ServiceLine::new(row, around)).collect(),
            edges: edges.map(EdgeLine::new).collect(),
            control_plane: snapshot.control_plane.map(ControlLine::new),
            usage_source: snapshot.usage_from,
        }
    }
}
