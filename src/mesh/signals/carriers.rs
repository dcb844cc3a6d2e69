//! Who carries requests to the backends of routes: the workloads of the Gateways that the routes hang on, or everybody inside the
//! mesh.
//!
//! Figures name workloads, routes name Gateways. A Gateway's workload is named as the Gateway, or with its class after it; a
//! ListenerSet is carried by the Gateway it hangs on; an Ingress by the controller of its class, where that is one whose
//! workload is known by its name. Whoever was not seen to send anything carries nothing, and its routes stay unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::fold::{Measured, Named};
use crate::mesh::{
    resolve::World,
    routes::{Parent, ParentKind, RouteRow},
};

/// Workload names of Istio's own ingress gateway, by installer: `istioctl`, and its Helm chart.
const ISTIO_INGRESS: [&str; 2] = ["istio-ingressgateway", "istio-ingress"];

/// Workloads of Ingress controllers by the name that their own charts and manifests give to class and workload.
const INGRESS: [(&str, &[&str]); 5] = [
    ("istio", &ISTIO_INGRESS),
    ("nginx", &["ingress-nginx-controller", "nginx-ingress"]),
    ("traefik", &["traefik"]),
    ("haproxy", &["haproxy-ingress", "kubernetes-ingress"]),
    ("kong", &["kong"]),
];

/// Who carries requests to a route's backends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    /// One workload: a gateway.
    Workload(Named),
    /// Any workload that is no gateway.
    Mesh,
}

/// The carriers of a world, as far as they were seen to send requests.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Carriers {
    /// Which workloads carry a Gateway, by its namespace and name.
    gateways: BTreeMap<Named, Vec<Named>>,
    /// The Gateways that ListenerSets hang on.
    sets: BTreeMap<Named, Named>,
    /// Workloads of Ingress controllers, by class; Istio's under `istio`.
    ingress: BTreeMap<&'static str, Vec<Named>>,
    /// All of them.
    all: BTreeSet<Named>,
}

/// Names of the workloads that carry these routes in from outside, for [`super::promql::Interest::gateways`].
pub fn gateway_names(world: &World<'_>) -> Vec<String> {
    let sets = sets(world);
    let mut names = BTreeSet::new();
    for parent in world.routes.iter().flat_map(|route| &route.parents) {
        match parent.kind {
            ParentKind::Gateway => {
                names.insert(parent.name.to_string());
            }
            ParentKind::ListenerSet => names.extend(sets.get(&named(parent)).map(|(_, name)| name.to_string())),
            ParentKind::IstioGateway => names.extend(ISTIO_INGRESS.map(ToOwned::to_owned)),
            ParentKind::IngressClass => names.extend(controllers(&parent.name).iter().map(|name| (*name).to_owned())),
            ParentKind::Service | ParentKind::Mesh | ParentKind::Other => {}
        }
    }
    names.into_iter().collect()
}

impl Carriers {
    /// Of the routes of a world, among those that send requests.
    pub fn of(world: &World<'_>, measured: &Measured) -> Self {
        let sources: BTreeSet<&Named> = measured.edges.iter().map(|edge| &edge.from).collect();
        let sets = sets(world);
        let parents = world.routes.iter().flat_map(|route| &route.parents);
        let named_ones = parents.filter(|parent| parent.kind == ParentKind::Gateway).map(named);
        let known = world.gateways.rows.iter().filter(|row| row.hangs_on.is_none());
        let known = known.map(|row| (row.namespace.clone(), row.name.clone()));
        let parents: BTreeSet<Named> = named_ones.chain(known).chain(sets.values().cloned()).collect();
        let mut gateways: BTreeMap<Named, Vec<Named>> = BTreeMap::new();
        for source in &sources {
            // `gw-internal-istio` carries the Gateway `gw-internal` rather than `gw`: the longest name that fits.
            let fits = parents.iter().filter(|(namespace, name)| *namespace == source.0 && carries(&source.1, name));
            if let Some(gateway) = fits.max_by_key(|(_, name)| name.len()) {
                gateways.entry(gateway.clone()).or_default().push((*source).clone());
            }
        }
        let mut ingress: BTreeMap<&'static str, Vec<Named>> = BTreeMap::new();
        for (class, names) in INGRESS {
            let theirs = sources.iter().filter(|source| names.iter().any(|name| carries(&source.1, name)));
            ingress.insert(class, theirs.map(|source| (*source).clone()).collect());
        }
        // Istio's ingress is a gateway whoever names it; the others are where an Ingress says so.
        let classes = || world.routes.iter().flat_map(|route| &route.parents);
        let used = |class: &str| {
            class == "istio"
                || classes().any(|parent| parent.kind == ParentKind::IngressClass && parent.name.as_str() == class)
        };
        ingress.retain(|class, _| used(class));
        let all = gateways.values().chain(ingress.values()).flatten().cloned().collect();
        Self { gateways, sets, ingress, all }
    }

    /// Whoever carries a route.
    pub fn carry(&self, route: &RouteRow) -> BTreeSet<Carrier> {
        let mut carriers = BTreeSet::new();
        let mut add = |workloads: Option<&Vec<Named>>| {
            carriers.extend(workloads.into_iter().flatten().cloned().map(Carrier::Workload));
        };
        let mut mesh = false;
        for parent in &route.parents {
            match parent.kind {
                ParentKind::Gateway => add(self.gateways.get(&named(parent))),
                ParentKind::ListenerSet => {
                    add(self.sets.get(&named(parent)).and_then(|gateway| self.gateways.get(gateway)));
                }
                ParentKind::IstioGateway => add(self.ingress.get("istio")),
                ParentKind::IngressClass => add(self.ingress.get(parent.name.as_str())),
                ParentKind::Service | ParentKind::Mesh => mesh = true,
                ParentKind::Other => {}
            }
        }
        if mesh {
            carriers.insert(Carrier::Mesh);
        }
        carriers
    }

    /// Whether this workload is that carrier.
    pub fn is(&self, carrier: &Carrier, workload: &Named) -> bool {
        match carrier {
            Carrier::Workload(one) => one == workload,
            Carrier::Mesh => !self.all.contains(workload),
        }
    }

    /// Whether any gateway was seen.
    pub fn any(&self) -> bool {
        !self.all.is_empty()
    }
}

fn named(parent: &Parent) -> Named {
    (parent.namespace.clone(), parent.name.clone())
}

fn sets(world: &World<'_>) -> BTreeMap<Named, Named> {
    let rows = world.gateways.rows.iter();
    rows.filter_map(|row| Some(((row.namespace.clone(), row.name.clone()), row.hangs_on.clone()?))).collect()
}

fn controllers(class: &str) -> &'static [&'static str] {
    INGRESS.iter().find(|(known, _)| *known == class).map_or(&[], |(_, names)| *names)
}

/// Gateways' workloads are named as the Gateway (kgateway, agentgateway), or with its class after it (Istio).
fn carries(workload: &str, gateway: &str) -> bool {
    workload.strip_prefix(gateway).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
