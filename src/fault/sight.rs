//! What a driver and the guard need to see of the cluster, as data. `io/sight` reads it; nothing is kept after the plan.

use std::collections::BTreeMap;

use super::observe::Observe;
use crate::cluster::{Kind, Manifest, ObjectRef};

/// The world around one intent. Only what its kind needs is filled.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sight {
    /// The touched namespaces by name.
    pub namespaces: BTreeMap<String, Manifest>,
    /// Services of the target's namespace.
    pub services: Vec<Manifest>,
    /// Pods of the target's namespace.
    pub pods: Vec<Manifest>,
    /// Deployments, StatefulSets, DaemonSets and ReplicaSets of the target's namespace.
    pub workloads: Vec<Manifest>,
    /// HorizontalPodAutoscalers (autoscaling/v2) of the target's namespace.
    pub autoscalers: Vec<Manifest>,
    /// PodDisruptionBudgets (policy/v1) of the target's namespace.
    pub budgets: Vec<Manifest>,
    /// HTTPRoutes of all readable namespaces.
    pub http_routes: Vec<Manifest>,
    /// Gateways (Gateway API) of all namespaces; `None` when they were not or could not be read.
    pub gateways: Option<Vec<Manifest>>,
    /// VirtualServices of all readable namespaces.
    pub virtual_services: Vec<Manifest>,
    /// ConfigMaps of the target's namespace, where the kind must see them.
    pub config_maps: Vec<Manifest>,
    /// Nodes, where the kind must see them.
    pub nodes: Vec<Manifest>,
    /// NetworkPolicies of the target's namespace, where the kind must see them.
    pub network_policies: Vec<Manifest>,
    /// DestinationRules of all readable namespaces, where the kind must see them.
    pub destination_rules: Vec<Manifest>,
    /// PeerAuthentications of all readable namespaces, where the kind must see them.
    pub peer_authentications: Vec<Manifest>,
    /// ServiceEntries of all readable namespaces, where the kind must see them.
    pub service_entries: Vec<Manifest>,
    /// Kinds served, as far as asked for: the preferred version of each.
    pub served: Vec<Kind>,
    /// API groups that could not be asked about.
    pub unasked: Vec<String>,
    /// For `manifest`: what each given object is on this cluster.
    pub given: Vec<Given>,
    /// Istio's control plane.
    pub istiod: Controller,
    /// Whether those are there who act on objects of engines, as far as they were looked for.
    pub engines: BTreeMap<Observe, Controller>,
    /// Objects of the target's namespace that only some kinds must see, of any kind.
    pub others: Vec<Manifest>,
    /// What goes with the given objects that are to be deleted, by ownerReferences.
    pub along: Vec<Manifest>,
    /// Istio's root namespace: a policy there holds for the whole mesh.
    pub root_namespace: String,
    /// What could not be read, in words; whatever depends on it counts as everything.
    pub unreadable: Vec<String>,
}

/// An object of the `manifest` kind, met with the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// The object's place.
    pub object: ObjectRef,
    /// What was given.
    pub wanted: Manifest,
    /// What is there now.
    pub live: Option<Manifest>,
}

/// Whether somebody is there to act on an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Controller {
    /// A replica is available.
    Alive,
    /// None was found, or none is available.
    Absent,
    /// It could not be looked for.
    #[default]
    Unknown,
}

impl Sight {
    /// The lists of mesh objects, by kind.
    pub fn mesh_list(&mut self, kind: &str) -> Option<&mut Vec<Manifest>> {
        match kind {
            "HTTPRoute" => Some(&mut self.http_routes),
            "VirtualService" => Some(&mut self.virtual_services),
            "DestinationRule" => Some(&mut self.destination_rules),
            "PeerAuthentication" => Some(&mut self.peer_authentications),
            "ServiceEntry" => Some(&mut self.service_entries),
            _ => None,
        }
    }

    /// Whether somebody is there to act on the objects of an engine.
    pub fn controller(&self, engine: Observe) -> Controller {
        self.engines.get(&engine).copied().unwrap_or_default()
    }

    /// What only some kinds must see, by its kind.
    pub fn others<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a Manifest> {
        self.others.iter().filter(move |one| one.kind() == kind)
    }

    /// A kind in the version the cluster serves; as it is known where it serves none.
    pub fn kind(&self, known: Kind) -> Kind {
        self.serves(&known.group, &known.kind).cloned().unwrap_or(known)
    }

    /// The served kind of a group, in the version to use.
    pub fn serves(&self, group: &str, kind: &str) -> Option<&Kind> {
        self.served.iter().find(|served| served.group == group && served.kind == kind)
    }
}
