//! Destinations of VirtualServices that no ServiceEntry has (Kiali: KIA1101); Services among them are looked at with all other
//! backends. A Sidecar takes nothing away here: Istio adds the destinations of VirtualServices to what a sidecar reaches.

use super::{Conflict, ConflictKind, Ground, ground::key_of};
use crate::mesh::{
    conflicts::checks::conflict,
    routes::{ParentKind, RouteRow},
};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let mut all = Vec::new();
    for route in &ground.virtual_services {
        let viewers = viewers(route);
        for (at, rule) in route.rules.iter().enumerate() {
            for backend in rule.backends.iter().filter(|backend| !backend.is_service()) {
                let Some(why) = ground.absent(&key_of(backend), &viewers) else { continue };
                let found = conflict(ConflictKind::Dangling, route, Some(at), format!("{why}: requests get 503"));
                all.push(Conflict { kiali: Some("KIA1101"), ..found });
            }
        }
    }
    all
}

/// The namespaces of whoever sends by it: those of its Gateways, and its own for clients of the mesh.
fn viewers(route: &RouteRow) -> Vec<&str> {
    let of = |kind| route.parents.iter().filter(move |parent| parent.kind == kind);
    let mut all: Vec<&str> = of(ParentKind::IstioGateway).map(|parent| parent.namespace.as_str()).collect();
    if all.is_empty() || of(ParentKind::Mesh).next().is_some() {
        all.push(&route.namespace);
    }
    all.sort_unstable();
    all.dedup();
    all
}
