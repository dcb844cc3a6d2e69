//! What all panes share: who and where we are, the metrics, the injections.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::{
    base::Now,
    cluster::Scope,
    fault::{injection::State, traffic::Traffic, view::InjectionView},
    mesh::{
        around::Around,
        crew::Crew,
        health::{self, Health},
        routes::RouteRef,
        signals::{Freshness, MetricSource, RouteGolden, Snapshot, WorkloadRow, resource_use::Usage},
        weights::Weights,
    },
    msg::event::Names,
    panes::Forwarded,
};

/// How the link to the cluster stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LinkState {
    /// Being made.
    #[default]
    Connecting,
    /// Up.
    Up,
    /// There is none; the failure says why.
    Down(crate::msg::Failure),
}

/// When an injection was seen to have its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultSpan {
    /// Fault kind.
    pub kind: String,
    /// Server time at which it was active first; `None` when it was seen only later.
    pub from: Option<Timestamp>,
    /// Server time at which it was over; `None` until then.
    pub to: Option<Timestamp>,
    /// It is not over.
    pub live: bool,
}

/// The shared facts.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// Who and where.
    pub names: Names,
    /// How the link stands.
    pub link: LinkState,
    /// The namespace shown, the first where several are; `None`: all. It is where one must do: for a form, a copy, the agent.
    pub namespace: Option<String>,
    /// Further namespaces shown beside that one.
    pub beside: Vec<String>,
    /// Only looking.
    pub readonly: bool,
    /// The metric source.
    pub metric_source: MetricSource,
    /// Its last good look.
    pub metrics: Option<Box<Snapshot>>,
    /// What pods use by the word of a metrics server, while they are looked at; `None`: nobody measures it.
    pub usage: Option<Box<Usage>>,
    /// The same of nodes.
    pub node_usage: Option<Box<Usage>>,
    /// What stands around the figures, as it stood when they came: pods while they are watched, controllers, waypoints.
    pub around: Around,
    /// Which shares the rules of routes ask for.
    pub weights: Weights,
    /// Ports of this machine that lead into pods.
    pub forwards: Vec<Forwarded>,
    /// Who set the emergency stop's latch, while it is on: nothing can be applied.
    pub latched: Option<String>,
    /// Injections of this cluster, by id.
    pub injections: BTreeMap<String, InjectionView>,
    /// When injections were seen to begin and to end, by id.
    pub fault_spans: BTreeMap<String, FaultSpan>,
    /// The injection of which the last proof was waved away.
    pub seen_proof: Option<String>,
    /// Pods hit by open injections, `NS/NAME`, by injection id.
    pub hit_pods: BTreeMap<String, BTreeSet<String>>,
    /// Routes hit, `KIND NS/NAME`, by injection id.
    pub hit_routes: BTreeMap<String, BTreeSet<String>>,
}

impl World {
    /// What is shown as a scope.
    pub fn scope(&self) -> Scope {
        Scope { namespace: self.namespace.clone(), beside: self.beside.clone(), ..Scope::default() }
    }

    /// The namespaces shown; none: all.
    pub fn spaces(&self) -> Vec<&str> {
        let beside = self.beside.iter().filter(|_| self.namespace.is_some());
        self.namespace.iter().chain(beside).map(String::as_str).collect()
    }

    /// The namespace that everything shown is of; `None` where rows may be of several.
    pub fn only_namespace(&self) -> Option<&str> {
        self.namespace.as_deref().filter(|_| self.beside.is_empty())
    }

    /// Takes news of an injection over.
    pub fn saw(&mut self, view: InjectionView) {
        let span = self.fault_spans.entry(view.injection.clone()).or_insert_with(|| FaultSpan {
            kind: view.kind.clone(),
            from: None,
            to: None,
            live: true,
        });
        match view.state {
            State::Active => span.from = span.from.or(Some(view.since)),
            State::Recovered | State::Residue => span.to = span.to.or(Some(view.since)),
            State::Arming | State::Applying | State::Undoing | State::Verifying | State::Stuck => {}
        }
        span.live = !view.state.ended() && view.state != State::Arming;
        self.injections.insert(view.injection.clone(), view);
    }

    /// Open injections, the one that ends first in front.
    pub fn live(&self) -> Vec<&InjectionView> {
        let mut live: Vec<&InjectionView> = self.injections.values().filter(|view| view.open()).collect();
        live.sort_by_key(|view| (view.ends.or(view.deadline), view.injection.clone()));
        live
    }

    /// Whether an injection is open.
    pub fn any_live(&self) -> bool {
        self.injections.values().any(InjectionView::open)
    }

    /// Whether an open injection hits a pod.
    pub fn hits_pod(&self, namespace: &str, name: &str) -> bool {
        self.hits(&self.hit_pods, &format!("{namespace}/{name}"))
    }

    /// Whether an open injection hits a pod of a workload, by the names that controllers give: `WORKLOAD-HASH-xxxxx`,
    /// `WORKLOAD-0`.
    pub fn hits_workload(&self, namespace: &str, workload: &str) -> bool {
        let of = |pod: &String| {
            let rest = pod.strip_prefix(namespace).and_then(|rest| rest.strip_prefix('/'));
            let Some(rest) = rest.and_then(|rest| rest.strip_prefix(workload)?.strip_prefix('-')) else { return false };
            match rest.split_once('-') {
                Some((hash, end)) => !hash.is_empty() && end.len() == 5 && !end.contains('-'),
                None => rest.parse::<u32>().is_ok() || rest.len() == 5,
            }
        };
        let open = |id: &String| self.injections.get(id).is_some_and(|view| !view.ended());
        self.hit_pods.iter().any(|(id, pods)| open(id) && pods.iter().any(of))
    }

    /// Whether an open injection hits a route (`KIND NS/NAME`).
    pub fn hits_route(&self, route: &str) -> bool {
        self.hits(&self.hit_routes, route)
    }

    fn hits(&self, by: &BTreeMap<String, BTreeSet<String>>, name: &str) -> bool {
        by.iter().any(|(id, hit)| hit.contains(name) && self.injections.get(id).is_some_and(InjectionView::open))
    }

    /// A workload's figures.
    pub fn workload(&self, namespace: &str, name: &str) -> Option<&WorkloadRow> {
        self.metrics.as_ref()?.workload(namespace, name)
    }

    /// A workload's pods; `None` when none were seen.
    pub fn crew(&self, row: &WorkloadRow) -> Option<&Crew> {
        self.around.crews.get(&(row.namespace.clone(), row.workload.clone()))
    }

    /// How well a workload is, and why.
    pub fn health(&self, row: &WorkloadRow) -> Health {
        health::workload(row, self.crew(row).map(|crew| crew.replicas), &self.around.tolerances)
    }

    /// A route's figures.
    pub fn route(&self, route: &RouteRef) -> Option<&RouteGolden> {
        self.metrics.as_ref()?.route(route)
    }

    /// How old the metrics are; `None` without any.
    pub fn freshness(&self, now: Now) -> Option<Freshness> {
        let at = self.metrics.as_ref()?.at?;
        Some(Freshness::of(now.age(at)))
    }

    /// Who gets how many requests, for the blast radius. Old figures are no figures: unknown counts as everything.
    pub fn traffic(&self, now: Now) -> Traffic {
        let Some(metrics) =
            self.metrics.as_ref().filter(|_| self.freshness(now).is_some_and(|fresh| fresh < Freshness::Stale))
        else {
            return Traffic::default();
        };
        Traffic::of(metrics)
    }
}
