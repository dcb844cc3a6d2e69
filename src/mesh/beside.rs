//! Objects beside the figures, each as the little that figures need of it: how many pods a controller wants, what labels ask for.
//!
//! A namespace or a Service of no mesh still has a row, for labels come and go; of a Service only one that names a waypoint.

use compact_str::CompactString;

use super::{
    around::{Around, Enrolment, Waypoints},
    crew,
    health::{Replicas, Tolerances},
    signals::fold::Named,
};
use crate::{
    base::Uid,
    cluster::{Kind, Manifest, Row, namespaces::NamespaceRow, pods::PodRow},
};

/// The label by which a Service, a namespace or a pod names its waypoint (istio.io, "Configure waypoint proxies").
pub const USE_WAYPOINT: &str = "istio.io/use-waypoint";

/// One object.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// `metadata.uid`.
    pub uid: Uid,
    /// What it tells.
    pub told: Told,
}

/// What an object tells.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// How pods of a namespace join the mesh, and the label that names its waypoint as it is written.
    Namespace(CompactString, Enrolment, Option<CompactString>),
    /// The waypoint that a Service names; `none` keeps its namespace's away.
    Service(Named, CompactString),
    /// How many pods a controller wants, and how many serve.
    Controller(Named, Replicas),
}

impl Row for Beside {
    fn uid(&self) -> Uid {
        self.uid
    }
}

/// The kinds to look at, each with the label selector that leaves out what tells nothing.
pub fn kinds() -> [(Kind, &'static str); 5] {
    let apps = |kind: &str, plural: &str| (Kind::namespaced("apps", "v1", kind, plural), "");
    [
        (Kind::cluster_wide("", "v1", "Namespace", "namespaces"), ""),
        (Kind::namespaced("", "v1", "Service", "services"), USE_WAYPOINT),
        apps("Deployment", "deployments"),
        apps("StatefulSet", "statefulsets"),
        apps("DaemonSet", "daemonsets"),
    ]
}

impl Beside {
    /// An object of one of [`kinds`]; `None` for any other, and for what tells nothing.
    pub fn of(object: &Manifest) -> Option<Self> {
        let named = || -> Named { (object.namespace().unwrap_or("default").into(), object.name().into()) };
        let waypoint = || object.label(USE_WAYPOINT).map(CompactString::from);
        let told = match object.kind() {
            "Namespace" => {
                let row = NamespaceRow::of(object)?;
                Told::Namespace(row.name.clone(), Enrolment::of(&row), waypoint())
            }
            "Service" => Told::Service(named(), waypoint()?),
            "Deployment" | "StatefulSet" | "DaemonSet" => Told::Controller(named(), crew::replicas(object)),
            _ => return None,
        };
        Some(Self { uid: object.uid()?, told })
    }
}

impl Around {
    /// What stands around: pods, and what else is known beside them.
    pub fn of<'a>(
        pods: impl IntoIterator<Item = &'a PodRow>,
        beside: impl IntoIterator<Item = &'a Beside>,
        tolerances: Tolerances,
    ) -> Self {
        let mut around = Self { crews: crew::crews(pods), tolerances, ..Self::default() };
        let Waypoints { services, namespaces } = &mut around.waypoints;
        for one in beside {
            match &one.told {
                Told::Namespace(name, enrolment, waypoint) => {
                    around.namespaces.insert(name.clone(), enrolment.clone());
                    namespaces.extend(waypoint.clone().map(|waypoint| (name.clone(), waypoint)));
                }
                Told::Service(named, waypoint) => {
                    services.insert(named.clone(), waypoint.clone());
                }
                Told::Controller(named, replicas) => {
                    around.crews.entry(named.clone()).or_default().replicas = *replicas;
                }
            }
        }
        around
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Around, Beside, Replicas, Tolerances};
    use crate::{
        cluster::Manifest,
        mesh::{dataplane::Dataplane, signals::fold::Named},
    };

    fn named(name: &str) -> Named {
        ("shop".into(), name.into())
    }

    #[test]
    fn objects_of_every_kind_come_together() {
        let objects = [
            json!({"kind": "Namespace", "metadata": {"name": "shop", "uid": "1", "labels": {
                "istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "wp"}}}),
            json!({"kind": "Service", "metadata": {"name": "db", "namespace": "shop", "uid": "2",
                "labels": {"istio.io/use-waypoint": "none"}}}),
            json!({"kind": "Service", "metadata": {"name": "web", "namespace": "shop", "uid": "3"}}),
            json!({"kind": "Deployment", "metadata": {"name": "web", "namespace": "shop", "uid": "4"},
                "spec": {"replicas": 3}, "status": {"replicas": 4, "availableReplicas": 3}}),
            json!({"kind": "Pod", "metadata": {"name": "x", "namespace": "shop", "uid": "6"}}),
        ];
        let rows: Vec<Beside> = objects.into_iter().filter_map(|object| Beside::of(&Manifest(object))).collect();
        assert_eq!(rows.len(), 3, "{rows:?}");
        let around = Around::of([], &rows, Tolerances::default());
        assert_eq!(around.namespaces["shop"].dataplane, Dataplane::Ambient);
        assert_eq!(around.waypoints.namespaces["shop"], "wp");
        assert_eq!(around.waypoints.services[&named("db")], "none");
        // A rollout's surge is no pod that is wanted.
        assert_eq!(around.crews[&named("web")].replicas, Replicas { desired: 3, available: 3 });
    }
}
