//! The lines of `brink mesh -o json` about several workloads together: namespaces, and apps with their versions.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::Serialize;

use super::{
    around::Around,
    crew::Crew,
    dataplane::Dataplane,
    health::{Census, State},
    mesh_lines::{MeshLine, TcpLine},
    signals::{
        Golden, Snapshot,
        codes::{Classes, Codes},
        flows::Tcp,
        fold::Tally,
        quantile::Buckets,
        usage::Usage,
    },
};

/// One namespace.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct SpaceLine {
    /// How new pods join the mesh, by its labels; `null` when the namespace may not be read.
    pub dataplane: Option<Dataplane>,
    /// The waypoint of its workloads.
    pub waypoint: Option<String>,
    /// The worst of its workloads.
    pub health: State,
    /// Its workloads by how well they are.
    pub workloads: Census,
    /// Its pods by what carries their traffic.
    pub pods: BTreeMap<Dataplane, u32>,
    /// `rps`, `error_share` and the latencies of all requests that its workloads receive.
    #[serde(flatten)]
    pub golden: Golden,
    /// Shares of these requests by answer.
    pub answers: Option<Classes>,
    /// Connections that its workloads receive; `null` when nobody tells.
    pub tcp: Option<TcpLine>,
    /// What its workloads use; shares are those of the one nearest to its limit.
    pub usage: Usage,
    /// Whether all calls of its workloads come by mutual TLS; `null` when of one nobody knows.
    pub mtls: Option<bool>,
}

/// One app: workloads with the same label `app`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct AppLine {
    /// Namespace.
    pub namespace: String,
    /// The label.
    pub app: String,
    /// The worst of its workloads.
    pub health: State,
    /// Its workloads by how well they are.
    pub workloads: Census,
    /// Versions of its workloads, by the label of their pods, sorted.
    pub versions: Vec<String>,
}

impl SpaceLine {
    /// The namespaces of these rows of a look, by name.
    pub fn all(rows: &[MeshLine], snapshot: &Snapshot, around: &Around) -> BTreeMap<CompactString, Self> {
        let mut all: BTreeMap<CompactString, Self> = BTreeMap::new();
        for row in rows {
            let line = all
                .entry(row.namespace.as_str().into())
                .or_insert_with(|| Self { mtls: Some(true), ..Self::default() });
            line.workloads.add(row.health.state);
            let called = row.golden.rps.is_some_and(|rps| rps > 0.0) || row.tcp.is_some();
            if called {
                line.mtls = match (line.mtls, row.mtls) {
                    (Some(false), _) | (_, Some(false)) => Some(false),
                    (told, Some(true)) => told,
                    (_, None) => None,
                };
            }
        }
        let (together, nothing) = (Together::all(snapshot), Together::default());
        for (name, line) in &mut all {
            line.tell(together.get(name).unwrap_or(&nothing));
            line.health = line.workloads.worst();
            let enrolment = around.namespaces.get(name);
            line.dataplane = enrolment.map(|told| told.dataplane);
            line.waypoint = enrolment.and_then(|told| told.waypoint.as_ref()).map(ToString::to_string);
            for (_, crew) in around.crews.iter().filter(|((namespace, _), _)| namespace == name) {
                for (plane, pods) in &crew.planes {
                    *line.pods.entry(*plane).or_default() += pods;
                }
            }
        }
        all
    }
}

/// The workloads of a namespace together.
#[derive(Default)]
struct Together {
    tally: Option<Tally>,
    codes: Codes,
    latency: Buckets,
    tcp: Tcp,
    usage: Usage,
}

impl Together {
    /// By namespace.
    fn all(snapshot: &Snapshot) -> BTreeMap<&CompactString, Self> {
        let mut all: BTreeMap<&CompactString, Self> = BTreeMap::new();
        for row in &snapshot.workloads {
            let together = all.entry(&row.namespace).or_default();
            if let Some(rps) = row.golden.rps {
                let failed = row.golden.error_share.unwrap_or_default() * rps;
                together.tally.get_or_insert_default().merge(Tally { rps, failed });
            }
            together.codes.merge(&row.codes);
            together.tcp.merge(row.tcp);
            together.usage.merge(row.usage);
        }
        for ((namespace, _), buckets) in &snapshot.measured.workload_latency {
            all.entry(namespace).or_default().latency.merge(buckets);
        }
        all
    }
}

impl SpaceLine {
    fn tell(&mut self, together: &Together) {
        self.golden = together.tally.map(|tally| tally.golden(Some(&together.latency), 1.0)).unwrap_or_default();
        self.answers = together.codes.classes();
        self.tcp = TcpLine::of(together.tcp);
        self.usage = together.usage;
    }
}

impl AppLine {
    /// The apps of these rows, by namespace and name. A workload whose pods were not looked at is of no app that is known.
    pub fn all(rows: &[MeshLine], around: &Around) -> Vec<Self> {
        let mut all: BTreeMap<(&str, &str), Self> = BTreeMap::new();
        for row in rows {
            let crew = around.crews.get(&(row.namespace.as_str().into(), row.workload.as_str().into()));
            let Some((crew, app)) = crew.and_then(|crew| Some((crew, crew.app()?))) else { continue };
            let line = all.entry((&row.namespace, app)).or_insert_with(|| Self {
                namespace: row.namespace.clone(),
                app: app.to_owned(),
                ..Self::default()
            });
            line.workloads.add(row.health.state);
            line.versions.extend(Crew::version(crew).map(str::to_owned));
        }
        all.into_values()
            .map(|mut line| {
                line.health = line.workloads.worst();
                line.versions.sort();
                line.versions.dedup();
                line
            })
            .collect()
    }
}
