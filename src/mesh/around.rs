//! What of the cluster belongs to the figures of the mesh: pods, waypoints, and how bad is bad.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::Serialize;

use super::{
    crew::{Crew, Crews},
    dataplane::Dataplane,
    health::Tolerances,
    signals::fold::{Measured, Named},
};
use crate::cluster::{namespaces::NamespaceRow, pods::MeshMode};

/// Everything around. What was not looked at is empty, and unknown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Around {
    /// Pods by workload.
    pub crews: Crews,
    /// What namespaces ask for by their labels: how new pods join the mesh.
    pub namespaces: BTreeMap<CompactString, Enrolment>,
    /// Which waypoints are asked for.
    pub waypoints: Waypoints,
    /// From which share of bad answers something is unwell.
    pub tolerances: Tolerances,
}

/// What the labels of a namespace ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Enrolment {
    /// Sidecars, a ztunnel, or nothing.
    pub dataplane: Dataplane,
    /// The waypoint of its workloads.
    pub waypoint: Option<CompactString>,
}

impl Enrolment {
    /// A namespace's.
    pub fn of(namespace: &NamespaceRow) -> Self {
        let dataplane = match namespace.mesh {
            MeshMode::Sidecar => Dataplane::Sidecar,
            MeshMode::Ambient => Dataplane::Ambient,
            MeshMode::None => Dataplane::Absent,
        };
        let waypoint =
            namespace.labels.get("istio.io/use-waypoint").filter(|name| !matches!(name.as_str(), "" | "none"));
        Self { dataplane, waypoint: waypoint.map(CompactString::from) }
    }
}

/// Waypoints asked for by the label `istio.io/use-waypoint`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waypoints {
    /// By services; `none` keeps a namespace's waypoint away.
    pub services: BTreeMap<Named, CompactString>,
    /// By namespaces.
    pub namespaces: BTreeMap<CompactString, CompactString>,
}

/// Which workloads are called by services that ask for a waypoint: found once for all of them.
#[derive(Debug)]
pub struct Served<'a> {
    waypoints: &'a Waypoints,
    of_service: BTreeMap<&'a Named, &'a CompactString>,
}

impl Waypoints {
    /// With who calls whom.
    pub fn served<'a>(&'a self, measured: &'a Measured) -> Served<'a> {
        let mut of_service = BTreeMap::new();
        if !self.services.is_empty() {
            let edges = measured.edges.iter().map(|edge| (&edge.to, &edge.service));
            let flows = measured.flows.iter().map(|flow| (&flow.to, &flow.service));
            for (to, service) in edges.chain(flows) {
                if let Some(name) = self.services.get(service) {
                    of_service.entry(to).or_insert(name);
                }
            }
        }
        Served { waypoints: self, of_service }
    }
}

impl Served<'_> {
    /// The waypoint before an ambient workload: its pods' own, that of a service it is called by, or its namespace's.
    pub fn before(&self, workload: &Named, crew: &Crew) -> Option<CompactString> {
        if crew.plane() != Some(Dataplane::Ambient) {
            return None;
        }
        let of_service = self.of_service.get(workload).copied();
        let asked = crew.waypoint.as_ref().or(of_service).or_else(|| self.waypoints.namespaces.get(&workload.0));
        asked.filter(|name| !matches!(name.as_str(), "" | "none")).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::{Crew, Dataplane, Enrolment, Measured, Named, NamespaceRow, Waypoints};
    use crate::{cluster::Manifest, mesh::signals::fold::Edge};

    #[test]
    fn labels_of_a_namespace_say_how_pods_join() {
        let of = |labels: serde_json::Value| {
            let object = serde_json::json!({"metadata": {"name": "shop", "uid": "u", "labels": labels}});
            let all = Enrolment::of(&NamespaceRow::of(&Manifest(object)).unwrap());
            (all.dataplane, all.waypoint.map(|name| name.to_string()))
        };
        assert_eq!(of(serde_json::json!({})), (Dataplane::Absent, None));
        assert_eq!(of(serde_json::json!({"istio-injection": "enabled"})), (Dataplane::Sidecar, None));
        let ambient = serde_json::json!({"istio.io/dataplane-mode": "ambient", "istio.io/use-waypoint": "wp"});
        assert_eq!(of(ambient), (Dataplane::Ambient, Some("wp".to_owned())));
    }

    #[test]
    fn the_nearest_label_names_the_waypoint() {
        let named = |name: &str| -> Named { ("shop".into(), name.into()) };
        let mut waypoints = Waypoints::default();
        let crew = Crew { planes: [(Dataplane::Ambient, 2)].into(), ..Crew::default() };
        let edge = |to: &str| Edge { to: named(to), service: named(to), ..Edge::default() };
        let measured = Measured { edges: vec![edge("web"), edge("db")], ..Measured::default() };
        let before =
            |waypoints: &Waypoints, name: &str, crew: &Crew| waypoints.served(&measured).before(&named(name), crew);
        assert_eq!(before(&waypoints, "web", &crew), None);
        waypoints.namespaces.insert("shop".into(), "all".into());
        waypoints.services.insert(named("db"), "none".into());
        assert_eq!(before(&waypoints, "web", &crew).as_deref(), Some("all"));
        assert_eq!(before(&waypoints, "db", &crew), None, "it keeps it away");
        let own = Crew { waypoint: Some("own".into()), ..crew };
        assert_eq!(before(&waypoints, "db", &own).as_deref(), Some("own"));
        let sidecar = Crew { planes: [(Dataplane::Sidecar, 1)].into(), ..own };
        assert_eq!(before(&waypoints, "web", &sidecar), None);
    }
}
