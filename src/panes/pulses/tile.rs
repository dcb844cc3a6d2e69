//! One tile: what it is about, how that stands, and how it went.

use std::{collections::HashSet, time::Duration};

use crate::{
    base::{Now, Ring, Ticket, Uid},
    cluster::{
        Batch, Kind, Scope, Source,
        discovery::Discovery,
        event_rows::is_event,
        resource_health::{HealthRow, State, Tally},
    },
    msg::Effect,
    panes::{Cx, World, state::Standing},
};

use super::Leads;

/// Samples of a trend that are kept: ten minutes.
pub(super) const KEPT: usize = 60;

/// What somebody else measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Live faults.
    Faults,
    /// Requests per second.
    Requests,
    /// Share of failed requests.
    Errors,
    /// 99th percentile of latency.
    P99,
    /// Cores in use, of those that nodes have to give.
    Cpu,
    /// Bytes in use, of those that nodes have to give.
    Memory,
}

/// What a tile is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// Objects of some kinds.
    Objects,
    /// Events that warn.
    Warnings,
    /// A figure.
    Figure(Figure),
}

/// The objects of one kind.
#[derive(Debug)]
struct Counted {
    kind: Kind,
    ticket: Ticket,
    standing: Standing,
    tally: Tally,
}

/// See the module docs.
#[derive(Debug)]
pub struct Tile {
    /// Its name.
    pub title: &'static str,
    /// What it is about.
    pub about: About,
    counted: Vec<Counted>,
    trend: Ring<Option<f32>>,
}

/// A row of the table of tiles: title, subject, and group and kind of what is counted.
type Row = (&'static str, About, &'static [(&'static str, &'static str)]);

const OBJECTS: About = About::Objects;
const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// The tiles, the most important in front.
const TILES: [Row; 21] = [
    ("faults", About::Figure(Figure::Faults), &[]),
    ("pods", OBJECTS, &[("", "Pod")]),
    ("nodes", OBJECTS, &[("", "Node")]),
    ("requests", About::Figure(Figure::Requests), &[]),
    ("errors", About::Figure(Figure::Errors), &[]),
    ("p99", About::Figure(Figure::P99), &[]),
    ("deployments", OBJECTS, &[("apps", "Deployment")]),
    ("warnings", About::Warnings, &[("", "Event")]),
    ("CPU of nodes", About::Figure(Figure::Cpu), &[]),
    ("memory of nodes", About::Figure(Figure::Memory), &[]),
    (
        "routes",
        OBJECTS,
        &[
            (GATEWAY_API, "HTTPRoute"),
            (GATEWAY_API, "GRPCRoute"),
            (GATEWAY_API, "TLSRoute"),
            (GATEWAY_API, "TCPRoute"),
            ("networking.istio.io", "VirtualService"),
            ("networking.k8s.io", "Ingress"),
        ],
    ),
    ("gateways", OBJECTS, &[(GATEWAY_API, "Gateway"), ("networking.istio.io", "Gateway")]),
    ("services", OBJECTS, &[("", "Service")]),
    ("statefulsets", OBJECTS, &[("apps", "StatefulSet")]),
    ("daemonsets", OBJECTS, &[("apps", "DaemonSet")]),
    ("jobs", OBJECTS, &[("batch", "Job")]),
    ("cronjobs", OBJECTS, &[("batch", "CronJob")]),
    ("autoscalers", OBJECTS, &[("autoscaling", "HorizontalPodAutoscaler")]),
    ("volume claims", OBJECTS, &[("", "PersistentVolumeClaim")]),
    ("volumes", OBJECTS, &[("", "PersistentVolume")]),
    ("replicasets", OBJECTS, &[("apps", "ReplicaSet")]),
];

/// The tiles, with a watch of each kind that the cluster serves. Requests have none where nobody measures them.
pub(super) fn all(
    namespace: Option<&str>,
    discovery: &Discovery,
    metrics: bool,
    effects: &mut Vec<Effect>,
    cx: &mut Cx<'_>,
) -> Vec<Tile> {
    let measured =
        |subject: About| metrics || !matches!(subject, About::Figure(Figure::Requests | Figure::Errors | Figure::P99));
    let mut tiles = Vec::new();
    for (title, subject, kinds) in TILES.into_iter().filter(|(_, subject, _)| measured(*subject)) {
        let mut counted = Vec::new();
        for served in kinds.iter().filter_map(|(group, kind)| discovery.served(group, kind)) {
            let kind = served.kind.clone();
            let fields = if is_event(&kind) { "type=Warning" } else { "" };
            let scope = Scope {
                namespace: namespace.filter(|_| kind.namespaced).map(str::to_owned),
                fields: fields.to_owned(),
                ..Scope::default()
            };
            let ticket = cx.tickets.take();
            effects.push(Effect::WatchHealth(ticket, kind.clone(), scope));
            counted.push(Counted { kind, ticket, standing: Standing::default(), tally: Tally::default() });
        }
        tiles.push(Tile { title, about: subject, counted, trend: Ring::new(KEPT) });
    }
    tiles
}

impl Tile {
    /// Whether it counts objects.
    pub fn counts_objects(&self) -> bool {
        self.about == About::Objects
    }

    /// Objects in all, those that need a look, and those of them that are broken.
    pub fn counts(&self) -> (usize, usize, usize) {
        let sum = |of: fn(&Tally) -> usize| self.counted.iter().map(|one| of(&one.tally)).sum();
        (sum(Tally::all), sum(Tally::unwell), sum(|tally| tally.of(State::Failing)))
    }

    /// Whether one of its kinds is served.
    pub fn served(&self) -> bool {
        !self.counted.is_empty()
    }

    /// The source that stands worst, if one is in trouble or not there yet.
    pub fn trouble(&self) -> Option<&Standing> {
        let bad = |one: &&Counted| one.standing.troubled() && !matches!(one.standing.source(), Source::Absent { .. });
        let waits = |one: &&Counted| !one.standing.settled();
        let found = self.counted.iter().find(bad).or_else(|| self.counted.iter().find(waits));
        found.map(|one| &one.standing)
    }

    pub(super) fn asked(&self, ticket: Ticket) -> bool {
        self.counted.iter().any(|one| one.ticket == ticket)
    }

    pub(super) fn hear(&mut self, ticket: Ticket, batch: &Batch<HealthRow>, now: Now) -> bool {
        let Some(one) = self.counted.iter_mut().find(|one| one.ticket == ticket) else { return false };
        one.standing.hear(batch.source.clone(), now);
        one.tally.apply(&batch.deltas)
    }

    pub(super) fn unwell(&self, kind: &Kind) -> HashSet<Uid> {
        self.counted.iter().filter(|one| one.kind == *kind).flat_map(|one| one.tally.who()).collect()
    }

    pub(super) fn close(&mut self) -> Vec<Effect> {
        self.counted.drain(..).map(|one| Effect::Stop(one.ticket)).collect()
    }

    pub(super) fn wakes(&self, now: Now) -> Option<Duration> {
        self.counted.iter().filter_map(|one| one.standing.wakes(now)).min()
    }

    /// Takes a sample; one that comes too late is a gap.
    pub(super) fn sample(&mut self, world: &World, late: bool) {
        let now = if late { None } else { self.now(world) };
        self.trend.push(now);
    }

    /// What its trend is of, now: how many need a look, or the share in use. Requests have a trend of their own.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a height on a screen")]
    fn now(&self, world: &World) -> Option<f32> {
        match self.about {
            About::Objects | About::Warnings => {
                let whole = self.served() && self.trouble().is_none();
                whole.then(|| self.counts().1 as f32)
            }
            About::Figure(Figure::Faults) => Some(world.live().len() as f32),
            About::Figure(Figure::Cpu) => used(world).0.map(|share| share as f32),
            About::Figure(Figure::Memory) => used(world).1.map(|share| share as f32),
            About::Figure(Figure::Requests | Figure::Errors | Figure::P99) => None,
        }
    }

    /// How it went, the newest last; with what it is now.
    pub fn trend(&self, world: &World) -> Vec<Option<f32>> {
        let series = world.metrics.as_ref().map(|metrics| &metrics.total_trends);
        let newest = |pick: fn(&crate::mesh::signals::Trends) -> &crate::mesh::signals::Series| {
            series.map(|trends| pick(trends).iter().collect()).unwrap_or_default()
        };
        match self.about {
            About::Figure(Figure::Requests) => newest(|trends| &trends.rps),
            About::Figure(Figure::Errors) => newest(|trends| &trends.error_share),
            About::Figure(Figure::P99) => newest(|trends| &trends.p99_ms),
            _ => self.trend.iter().copied().chain([self.now(world)]).collect(),
        }
    }

    /// Where `enter` leads. Of several kinds to the one with most to look at.
    pub(super) fn leads(&self) -> Option<Leads> {
        let most = || self.counted.iter().max_by_key(|one| (one.tally.unwell(), one.tally.all()));
        Some(match self.about {
            About::Warnings => Leads::All(self.counted.first()?.kind.clone(), "type:Warning"),
            About::Objects => {
                let one = most()?;
                if one.tally.unwell() == 0 { Leads::All(one.kind.clone(), "") } else { Leads::Unwell(one.kind.clone()) }
            }
            About::Figure(Figure::Faults) => Leads::Faults,
            About::Figure(Figure::Requests | Figure::Errors | Figure::P99) => Leads::Mesh,
            About::Figure(Figure::Cpu | Figure::Memory) => {
                Leads::All(Kind::cluster_wide("", "v1", "Node", "nodes"), "")
            }
        })
    }
}

/// The shares of cores and bytes that all nodes together use.
fn used(world: &World) -> (Option<f64>, Option<f64>) {
    let total = world.node_usage.as_ref().map(|usage| usage.total());
    (total.and_then(|total| total.cpu.of_limit()), total.and_then(|total| total.memory.of_limit()))
}
