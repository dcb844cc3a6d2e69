//! Requests between workloads of the mesh: which Service is meant, and who steers them without being resolved here.

use compact_str::CompactString;

use super::{BackendShare, Loser, LostAt, Outcome, Request, Resolution, World, frontend};
use crate::mesh::{
    host,
    routes::{Parent, ParentKind, RouteKind, RouteRow, Verdict},
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

/// Whether a reference to a Service means the port that was asked, by number and by name. Where that is not known it may.
pub(super) fn reaches(parent: &Parent, port: Option<u16>, world: &World<'_>) -> bool {
    if parent.port.is_some_and(|wanted| port.is_some_and(|port| port != wanted)) {
        return false;
    }
    let Some(section) = &parent.section else { return true };
    let row = world.service_rows.and_then(|all| all.get(&format!("{}/{}", parent.namespace, parent.name)));
    let Some(row) = row else { return true };
    row.port(section).is_some_and(|named| port.is_none_or(|port| port == named))
}

/// Whose routes count for the client at a Service, where any do (GEP-1294): those of the client's namespace alone where it has
/// some, else those beside the Service.
pub(super) fn steered_by(
    world: &World<'_>,
    request: &Request,
    namespace: &CompactString,
    name: &CompactString,
) -> Option<CompactString> {
    let client = request.from.as_ref().map(|(client, _)| client).filter(|client| *client != namespace);
    client.into_iter().chain([namespace]).find(|side| attached(world, request, namespace, name, side)).cloned()
}

/// Whether routes of a namespace are attached to a Service where the request goes.
fn attached(world: &World<'_>, request: &Request, namespace: &str, name: &str, side: &str) -> bool {
    let kinds = |kind: RouteKind| kind != RouteKind::VirtualService && kind.is_stream() == request.scheme.is_stream();
    let mut routes = world.routes.iter().filter(|route| route.namespace == side && kinds(route.kind));
    routes.any(|route| {
        route.parents.iter().any(|parent| {
            parent.kind == ParentKind::Service
                && parent.namespace == namespace
                && parent.name == name
                && !refused(parent)
                && reaches(parent, request.port, world)
        })
    })
}

fn refused(parent: &Parent) -> bool {
    parent.accepted.as_ref().is_some_and(|condition| condition.verdict == Verdict::False)
}

/// A Service that no route steers gets the request itself.
pub(super) fn unsteered(world: &World<'_>, request: &Request, asked: &str) -> Option<Resolution> {
    request.from.as_ref()?;
    let meant = |namespace: &str, name: &str| frontend::is_service_host(asked, namespace, name, request);
    let (name, ports) = match &world.services {
        Some(services) => {
            let found = services.iter().find(|(key, _)| key.split_once('/').is_some_and(|(ns, name)| meant(ns, name)));
            found.map(|(name, ports)| (name.clone(), Some(ports)))?
        }
        // Who is named by routes is taken as there.
        None => {
            let mut named: Vec<_> =
                frontend::parents(world, ParentKind::Service).filter(|(ns, name)| meant(ns, name)).collect();
            named.sort();
            let (namespace, name) = named.into_iter().next()?;
            (format!("{namespace}/{name}"), None)
        }
    };
    let port = request.port.or_else(|| ports?.first().copied());
    let valid = ports.is_none_or(|ports| port.is_some_and(|port| ports.contains(&port)));
    let r#ref = port.map_or_else(|| name.clone(), |port| format!("{name}:{port}"));
    let mut answer = Resolution::nothing(Some(format!("Service {name}")), None, Vec::new());
    answer.outcome = if valid { Outcome::Forward } else { Outcome::NoBackend };
    answer.backends = vec![BackendShare::whole(r#ref, valid)];
    let named = |parent: &&Parent| {
        parent.kind == ParentKind::Service && format!("{}/{}", parent.namespace, parent.name) == name
    };
    for route in world.routes.iter().filter(|route| route.kind != RouteKind::VirtualService) {
        let Some(parent) = route.parents.iter().find(named) else { continue };
        let other = route.namespace != parent.namespace
            && request.from.as_ref().is_some_and(|(client, _)| *client != route.namespace);
        let lost_at = if other {
            LostAt::Source
        } else if refused(parent) {
            LostAt::NotAccepted
        } else {
            LostAt::Listener
        };
        answer.losers.push(Loser { route: route.route_ref(), rule: 0, r#match: 0, lost_at, matched: false });
    }
    answer.losers.sort_by(|a, b| a.route.cmp(&b.route));
    Some(answer)
}
