//! What the cluster says of workloads, as the graph needs it: what carries their traffic.
//!
//! Source: istio.io, "Ambient mode / Configure waypoint proxies" and "Gateways"; labels `gateway.istio.io/managed`,
//! `gateway.networking.k8s.io/gateway-name`, `istio`.

use std::collections::BTreeMap;

use crate::{
    cluster::pods::{MeshMode, PodRow},
    mesh::signals::fold::Named,
};

/// What carries a workload's traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dataplane {
    /// A proxy in every pod.
    Sidecar,
    /// The node's ztunnel.
    Ambient,
    /// It is a waypoint itself.
    Waypoint,
    /// It is a gateway itself.
    Gateway,
    /// Nothing: it is outside the mesh.
    Absent,
}

impl Dataplane {
    /// Its word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Ambient => "ambient",
            Self::Waypoint => "waypoint",
            Self::Gateway => "gateway",
            Self::Absent => "no proxy",
        }
    }

    /// As one pod tells it.
    fn of(pod: &PodRow) -> Self {
        let ingress = || matches!(pod.label("istio"), Some("ingressgateway" | "egressgateway"));
        match pod.label("gateway.istio.io/managed") {
            Some("istio.io-mesh-controller") => Self::Waypoint,
            _ if pod.label("gateway.networking.k8s.io/gateway-name").is_some() || ingress() => Self::Gateway,
            _ => match pod.mesh {
                MeshMode::Sidecar => Self::Sidecar,
                MeshMode::Ambient => Self::Ambient,
                MeshMode::None => Self::Absent,
            },
        }
    }
}

/// What is known of workloads, by namespace and name. A workload that is not in here is not known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// What carries their traffic.
    pub dataplanes: BTreeMap<Named, Dataplane>,
}

impl Facts {
    /// As pods tell it. While the pods of one workload differ, as during a rollout, nothing is said of it.
    pub fn of<'a>(pods: impl IntoIterator<Item = &'a PodRow>) -> Self {
        let mut told: BTreeMap<Named, Option<Dataplane>> = BTreeMap::new();
        for pod in pods {
            let Some(name) = workload(pod) else { continue };
            let one = Dataplane::of(pod);
            told.entry(((&*pod.namespace).into(), name.into()))
                .and_modify(|known| *known = known.filter(|known| *known == one))
                .or_insert(Some(one));
        }
        Self { dataplanes: told.into_iter().filter_map(|(named, told)| Some((named, told?))).collect() }
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.dataplanes.is_empty()
    }
}

/// What meshes call the workload of a pod: a ReplicaSet is named after its Deployment, plus the hash of its template.
pub fn workload(pod: &PodRow) -> Option<&str> {
    let owner = pod.owner.as_ref()?;
    Some(match &*owner.kind {
        "ReplicaSet" => owner.name.rsplit_once('-').map_or(&*owner.name, |(name, _)| name),
        _ => &*owner.name,
    })
}
