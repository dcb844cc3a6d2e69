//! Rules whose requests cannot be served: backends that are not there or not permitted, weights that are all zero, hostnames
//! that no listener serves.

use super::{Conflict, ConflictKind, Example, Side};
use crate::mesh::{
    host,
    places::Places,
    resolve::World,
    routes::{Backend, Parent, ParentKind, RouteKind, RouteRow, Rule},
};

pub(super) fn find(world: &World<'_>, places: &Places<'_>) -> Vec<Conflict> {
    let mut all = Vec::new();
    for route in world.routes.iter().copied() {
        for (at, rule) in route.rules.iter().enumerate() {
            all.extend(backends(world, route, at, rule));
        }
        if route.kind != RouteKind::VirtualService {
            all.extend(unheard(world, route, places));
        }
    }
    all
}

pub(super) fn conflict(kind: ConflictKind, route: &RouteRow, rule: Option<usize>, why: String) -> Conflict {
    let host = route.hosts.first().map_or("", |host| host.as_str());
    let found = rule.and_then(|rule| route.rules.get(rule)?.matches.first());
    let host = rule.and_then(|rule| route.rule_host(rule)).unwrap_or(host);
    // A connection is no request.
    let example = found.and_then(|found| Example::of(host, &[found])).filter(|_| !route.kind.is_stream());
    Conflict { kind, winner: None, loser: Side::of(route, rule), why, kiali: None, example, routes: Vec::new() }
}

fn backends(world: &World<'_>, route: &RouteRow, at: usize, rule: &Rule) -> Vec<Conflict> {
    let mut all = Vec::new();
    let fate = if route.kind.is_stream() { "connections are rejected" } else { "requests get 500" };
    for backend in &rule.backends {
        if let Some(why) = missing(world, route, backend) {
            let kiali = if route.kind == RouteKind::VirtualService { "KIA1101" } else { "KIA1402" };
            all.push(Conflict { kiali: Some(kiali), ..conflict(ConflictKind::Dangling, route, Some(at), why) });
        }
        // Inside the mesh routes may send anywhere (GEP-1294).
        let mesh = route.parents.iter().all(|parent| parent.kind == ParentKind::Service);
        let foreign = route.kind != RouteKind::VirtualService && !mesh && backend.namespace != route.namespace;
        if let Some(grants) = world.grants.as_ref().filter(|_| foreign)
            && !grants.iter().any(|grant| grant.allows(route, backend))
        {
            let why = format!(
                "no ReferenceGrant in {} lets {} routes of {} name {}: {fate}",
                backend.namespace,
                route.kind.name(),
                route.namespace,
                backend.label()
            );
            all.push(conflict(ConflictKind::NoGrant, route, Some(at), why));
        }
    }
    // Istio gives a single destination everything, whatever its weight.
    let single = route.kind == RouteKind::VirtualService && rule.backends.len() == 1;
    if !single && !rule.backends.is_empty() && rule.backends.iter().all(|backend| backend.weight == 0) {
        let why = format!("all weights are zero: {fate}");
        all.push(conflict(ConflictKind::ZeroWeight, route, Some(at), why));
    }
    all
}

/// Why a backend is not there, as far as Services are known.
fn missing(world: &World<'_>, route: &RouteRow, backend: &Backend) -> Option<String> {
    let services = world.services.as_ref().filter(|_| backend.is_service())?;
    let Some(ports) = services.get(&format!("{}/{}", backend.namespace, backend.name)) else {
        return Some(format!("Service {}/{} is not there", backend.namespace, backend.name));
    };
    match backend.port {
        Some(port) if !ports.contains(&port) => {
            Some(format!("Service {}/{} has no port {port}", backend.namespace, backend.name))
        }
        None if !matches!(route.kind, RouteKind::VirtualService | RouteKind::Ingress) => {
            Some(format!("the reference to Service {}/{} names no port", backend.namespace, backend.name))
        }
        _ => None,
    }
}

/// Parents that reach no listener, and hostnames that no listener they reach serves.
fn unheard(world: &World<'_>, route: &RouteRow, places: &Places<'_>) -> Vec<Conflict> {
    let mut all = Vec::new();
    let judged = |parent: &&Parent| match parent.kind {
        ParentKind::Gateway => world.gateways.seen.covers(&parent.namespace),
        // One that is not known may be of a kind that nobody read.
        ParentKind::ListenerSet => places.gateway(parent).is_some(),
        ParentKind::Service
        | ParentKind::IstioGateway
        | ParentKind::Mesh
        | ParentKind::IngressClass
        | ParentKind::Other => false,
    };
    for parent in route.parents.iter().filter(judged) {
        let kind = if parent.kind == ParentKind::ListenerSet { "ListenerSet" } else { "Gateway" };
        let name = format!("{}/{}", parent.namespace, parent.name);
        let Some(gateway) = places.gateway(parent) else {
            let found = conflict(ConflictKind::NoListener, route, None, format!("Gateway {name} is not there"));
            all.push(Conflict { kiali: Some("KIA1401"), ..found });
            continue;
        };
        let reached: Vec<Option<&str>> =
            places.listeners(route, parent, gateway).map(|listener| listener.hostname.as_deref()).collect();
        if reached.is_empty() {
            let section = parent.section.as_ref().map(|section| format!(" {section}")).unwrap_or_default();
            let meant = || gateway.listeners.iter().filter(move |listener| listener.is_named_by(parent));
            let why = if meant().next().is_none() {
                format!("{kind} {name} has no such listener{section}")
            } else if !meant().any(|listener| places.counts(listener)) {
                format!("its Gateway does not have the listeners of {kind} {name}: not allowed, not there, or taken")
            } else {
                format!(
                    "no listener{section} of {kind} {name} takes {} of namespace {}",
                    route.kind.name(),
                    route.namespace
                )
            };
            all.push(conflict(ConflictKind::NoListener, route, None, why));
            continue;
        }
        for pattern in &route.hosts {
            let served = |listener: Option<&str>| listener.is_none_or(|served| host::intersect(pattern, served));
            if !reached.iter().copied().any(served) {
                let why = format!("no listener of {kind} {name} serves {pattern}");
                all.push(conflict(ConflictKind::NoListener, route, None, why));
            }
        }
    }
    all
}
