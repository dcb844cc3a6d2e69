//! Requests between workloads of the mesh: which Service is meant, and who steers them without being resolved here.

use super::{BackendShare, Outcome, Request, Resolution, World, frontend};
use crate::mesh::{
    host,
    routes::{ParentKind, RouteKind, RouteRow},
};

/// VirtualServices that name the host, inside the mesh or at a gateway. Short names are services of their own namespace.
pub fn virtual_services<'a>(world: &World<'a>, asked: &str) -> impl Iterator<Item = &'a RouteRow> {
    world.routes.iter().copied().filter(move |route| {
        route.kind == RouteKind::VirtualService && route.hosts.iter().any(|name| names(route, name, asked))
    })
}

fn names(route: &RouteRow, name: &str, asked: &str) -> bool {
    let (short, namespace) = (name.split('.').next().unwrap_or(name), &route.namespace);
    if name == short && name != "*" {
        let rest = asked.strip_prefix(short).unwrap_or("?");
        let rest = rest.strip_prefix('.').map_or(rest, |rest| rest.strip_prefix(namespace.as_str()).unwrap_or("?"));
        return matches!(rest, "" | ".svc") || rest.starts_with(".svc.");
    }
    host::matches(name, asked)
}

/// A route on the Service that is meant, which counts only for clients of its own namespace.
pub(super) fn is_consumer(route: &RouteRow, request: &Request, asked: &str) -> bool {
    route.kind != RouteKind::VirtualService
        && route.parents.iter().any(|parent| {
            parent.kind == ParentKind::Service
                && parent.namespace != route.namespace
                && frontend::is_service_host(asked, &parent.namespace, &parent.name, request)
        })
}

/// A Service that no route steers gets the request itself.
pub(super) fn unsteered(world: &World<'_>, request: &Request, asked: &str) -> Option<Resolution> {
    request.from.as_ref()?;
    let services = world.services.as_ref()?;
    let (name, ports) = services.iter().find(|(name, _)| {
        let (namespace, name) = name.split_once('/').unwrap_or(("", name));
        frontend::is_service_host(asked, namespace, name, request)
    })?;
    let port = request.port.or_else(|| ports.first().copied());
    let valid = port.is_some_and(|port| ports.contains(&port));
    let r#ref = port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
    let outcome = if valid { Outcome::Forward } else { Outcome::NoBackend };
    let mut answer = Resolution::nothing(Some(format!("Service {name}")), None, Vec::new());
    answer.outcome = outcome;
    answer.backends = vec![BackendShare { r#ref, weight: 1, valid }];
    Some(answer)
}
