//! VirtualServices: several for one host, rules behind others, and HTTPRoutes on the same Service.
//!
//! Rules are taken in order, the first that matches (networking.istio.io/v1 VirtualService, `http`). Of several VirtualServices
//! for one host a gateway merges the rules in no order to rely on, and sidecars take one of them.

use std::collections::BTreeMap;

use super::{Conflict, ConflictKind, Example, Side, covering::covers};
use crate::mesh::{
    resolve::World,
    routes::{ParentKind, RouteKind, RouteRow},
};

pub(super) fn find(world: &World<'_>) -> Vec<Conflict> {
    let services: Vec<&RouteRow> =
        world.routes.iter().copied().filter(|route| route.kind == RouteKind::VirtualService).collect();
    let mut all: Vec<Conflict> = services.iter().flat_map(|route| behind(route)).collect();
    all.extend(shared(&services));
    all.extend(mixed(&services, world));
    all
}

fn side(route: &RouteRow, rule: Option<usize>) -> Side {
    Side { route: route.route_ref(), rule }
}

/// Rules of which an earlier one takes every request.
fn behind(route: &RouteRow) -> Vec<Conflict> {
    let mut all = Vec::new();
    for (at, rule) in route.rules.iter().enumerate() {
        let earlier = route.rules[..at]
            .iter()
            .position(|earlier| rule.matches.iter().all(|one| earlier.matches.iter().any(|taken| covers(taken, one))));
        let Some(earlier) = earlier else { continue };
        let host = route.hosts.first().map_or("", |host| host.as_str());
        all.push(Conflict {
            kind: ConflictKind::Unreachable,
            winner: Some(side(route, Some(earlier))),
            loser: side(route, Some(at)),
            why: "an earlier rule takes every request that it could take".to_owned(),
            example: rule.matches.first().and_then(|one| Example::of(host, &[one])),
        });
    }
    all
}

/// A host as everybody means it: in the mesh a short name is a service of the VirtualService's own namespace.
fn meant(route: &RouteRow, host: &str) -> String {
    if host.contains('.') || host == "*" {
        host.to_owned()
    } else {
        format!("{host}.{}.svc.cluster.local", route.namespace)
    }
}

/// Several for one host at one gateway, or in the mesh.
fn shared(services: &[&RouteRow]) -> Vec<Conflict> {
    let mut by_host: BTreeMap<(bool, String, String), Vec<&RouteRow>> = BTreeMap::new();
    for route in services {
        for parent in &route.parents {
            for host in &route.hosts {
                let place = format!("{}/{}", parent.namespace, parent.name);
                let known = by_host.entry((parent.kind == ParentKind::Mesh, place, meant(route, host))).or_default();
                if !known.iter().any(|one| std::ptr::eq(*one, *route)) {
                    known.push(route);
                }
            }
        }
    }
    let mut all = Vec::new();
    for ((mesh, place, host), mut routes) in by_host.into_iter().filter(|(_, routes)| routes.len() > 1) {
        routes.sort_by_key(|route| (route.created.is_none(), route.created, route.route_ref()));
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
                loser: side(other, None),
                why,
                example: Example::of(&host, &[]).map(|example| Example { path: "/".to_owned(), ..example }),
            });
        }
    }
    all
}

/// A VirtualService of the mesh and a route on the same Service.
fn mixed(services: &[&RouteRow], world: &World<'_>) -> Vec<Conflict> {
    let mut all = Vec::new();
    let meshed = |route: &&&RouteRow| route.parents.iter().any(|parent| parent.kind == ParentKind::Mesh);
    for (service, host) in
        services.iter().filter(meshed).flat_map(|route| route.hosts.iter().map(move |host| (*route, host)))
    {
        let host = meant(service, host);
        let on = |route: &&&RouteRow| {
            route.parents.iter().any(|parent| {
                parent.kind == ParentKind::Service
                    && host
                        .strip_prefix(&format!("{}.{}", parent.name, parent.namespace))
                        .is_some_and(|rest| rest.is_empty() || rest == ".svc" || rest.starts_with(".svc."))
            })
        };
        for route in world.routes.iter().filter(on) {
            all.push(Conflict {
                kind: ConflictKind::MixedApi,
                winner: Some(side(service, None)),
                loser: side(route, None),
                why: format!("both steer {host}: Istio takes the VirtualService, which no specification promises"),
                example: Some(Example { host: host.clone(), path: "/".to_owned(), ..Example::default() }),
            });
        }
    }
    all
}
