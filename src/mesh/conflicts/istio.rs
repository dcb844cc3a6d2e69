//! VirtualServices: several for one host, rules behind others, and HTTPRoutes on the same Service.
//!
//! Rules are taken in order, the first that matches (networking.istio.io/v1 VirtualService, `http`). Of several VirtualServices
//! for one host a gateway merges the rules in no order to rely on, and sidecars take one of them.

use std::collections::{BTreeMap, HashMap};

use super::{Conflict, ConflictKind, Example, Side, covering::covers};
use crate::mesh::{
    host,
    resolve::{World, rank},
    routes::{ParentKind, RouteKind, RouteRow, Rule},
};

pub(super) fn find(world: &World<'_>) -> Vec<Conflict> {
    let services: Vec<&RouteRow> =
        world.routes.iter().copied().filter(|route| route.kind == RouteKind::VirtualService).collect();
    let mut all: Vec<Conflict> = services.iter().flat_map(|route| behind(route)).collect();
    all.extend(shared(&services));
    all.extend(mixed(&services, world));
    all
}

/// Rules of which an earlier one takes every request. One that delegates takes what its delegate does.
fn behind(route: &RouteRow) -> Vec<Conflict> {
    let mut all = Vec::new();
    for (at, rule) in route.rules.iter().enumerate() {
        let takes = |earlier: &Rule| {
            earlier.delegate.is_none()
                && rule.matches.iter().all(|one| earlier.matches.iter().any(|taken| covers(taken, one)))
        };
        let earlier = route.rules[..at].iter().position(takes);
        let Some(earlier) = earlier else { continue };
        let host = route.hosts.first().map_or("", |host| host.as_str());
        all.push(Conflict {
            kind: ConflictKind::Unreachable,
            winner: Some(Side::of(route, Some(earlier))),
            loser: Side::of(route, Some(at)),
            why: "an earlier rule takes every request that it could take".to_owned(),
            kiali: None,
            example: rule.matches.first().and_then(|one| Example::of(host, &[one])),
            routes: Vec::new(),
        });
    }
    all
}

/// Several for one host at one gateway, or in the mesh.
fn shared(services: &[&RouteRow]) -> Vec<Conflict> {
    let mut by_host: BTreeMap<(bool, String, String), Vec<&RouteRow>> = BTreeMap::new();
    for route in services {
        for parent in &route.parents {
            for host in &route.hosts {
                let place = format!("{}/{}", parent.namespace, parent.name);
                let known = by_host.entry((parent.kind == ParentKind::Mesh, place, route.meant(host))).or_default();
                // Hosts and parents of one route come one after the other.
                if !known.last().is_some_and(|one| std::ptr::eq(*one, *route)) {
                    known.push(route);
                }
            }
        }
    }
    let mut all = Vec::new();
    for ((mesh, place, host), mut routes) in by_host.into_iter().filter(|(_, routes)| routes.len() > 1) {
        routes.sort_by(|a, b| rank::seniority(a, b));
        let first = routes[0].route_ref();
        for other in &routes[1..] {
            let why = if mesh {
                format!("{first} is for {host} as well: sidecars take one of them and ignore the other")
            } else {
                format!(
                    "{first} is for {host} at gateway {place} as well: their rules are merged in no order to rely on"
                )
            };
            all.push(Conflict {
                kind: ConflictKind::Duplicate,
                winner: None,
                loser: Side::of(other, None),
                why,
                kiali: Some("KIA1106"),
                example: Example::of(&host, &[]),
                routes: Vec::new(),
            });
        }
    }
    all
}

/// A VirtualService of the mesh and a route on the same Service.
fn mixed(services: &[&RouteRow], world: &World<'_>) -> Vec<Conflict> {
    let mut on: HashMap<(&str, &str), Vec<&RouteRow>> = HashMap::new();
    for route in world.routes.iter().copied() {
        for parent in route.parents.iter().filter(|parent| parent.kind == ParentKind::Service) {
            on.entry((&parent.namespace, &parent.name)).or_default().push(route);
        }
    }
    let mut all = Vec::new();
    let meshed = |route: &&&RouteRow| route.parents.iter().any(|parent| parent.kind == ParentKind::Mesh);
    for (service, host) in
        services.iter().filter(meshed).flat_map(|route| route.hosts.iter().map(move |host| (*route, host)))
    {
        let host = service.meant(host);
        for route in host::service_of(&host).and_then(|named| on.get(&named)).into_iter().flatten() {
            all.push(Conflict {
                kind: ConflictKind::MixedApi,
                winner: Some(Side::of(service, None)),
                loser: Side::of(route, None),
                why: format!("both steer {host}: Istio takes the VirtualService, which no specification promises"),
                kiali: None,
                example: Example::of(&host, &[]),
                routes: Vec::new(),
            });
        }
    }
    all
}
