//! Who answers a request: the precedence of HTTPRoute as a pure function.
//!
//! Mental model: the request picks one listener of one Gateway (the most specific hostname on its port); routes attached to
//! that listener put their rules forward; every match that holds competes, step by step as the specification of HTTPRoute
//! (gateway.networking.k8s.io/v1, comments on `hostnames` and `rules[].matches`, bundle v1.4) lists the steps; the first
//! difference decides, and it is what [`Loser::lost_at`] names.
//!
//! What the specification leaves to implementations is decided here one way and said in [`Resolution::notes`]: regular
//! expressions rank below any prefix (as Istio ranks them), and a host that a more specific route claims still falls through
//! to less specific routes when no rule of the former holds.
//!
//! A call of a gRPC method is resolved by the precedence of GRPCRoute, and may be taken by an HTTPRoute too. From a workload
//! inside the mesh it goes to a Service; routes on it steer the call.
//!
//! A listener of TLS, TCP or UDP has TLSRoutes, TCPRoutes and UDPRoutes instead: the name in the handshake decides, then age and name. Ingresses
//! of one class are a frontend of their own (networking.k8s.io/v1: exact hosts first, then the longest path, then exact ones).
//!
//! VirtualServices are resolved by Istio's rules instead, in a folder of their own. It does not know what a data plane really did.

mod asked;
mod at;
mod frontend;
pub mod inside;
mod istio;
mod kinds;
pub(super) mod matching;
pub mod rank;
pub mod request;
mod resolution;
mod rewrite;
pub mod tell;
mod verdict;

use std::collections::BTreeMap;

pub use request::{GrpcCall, Request, Scheme};
pub use resolution::{BackendShare, FilterStep, Loser, LostAt, MirrorTo, Outcome, RedirectTo, Resolution, Sent};

use super::{
    backend_tls::BackendTlsRow,
    gateways::{Gateways, Seen},
    host,
    ingress_class::IngressClassRow,
    istio as rows,
    routes::{ParentKind, RouteKind, RouteRow},
    service::ServiceRow,
};

/// What the resolver knows of the world. Absent knowledge is `None`, not empty.
#[derive(Debug, Clone, Default)]
pub struct World<'a> {
    /// All routes.
    pub routes: Vec<&'a RouteRow>,
    /// The Gateways. One that is unknown and that a route names is taken as one listener for all hostnames.
    pub gateways: Gateways<'a>,
    /// Services as `NS/NAME` with their ports; `None`: unknown, so the parents' `ResolvedRefs` decides.
    pub services: Option<BTreeMap<String, Vec<u16>>>,
    /// The same Services with all that routing hangs on.
    pub service_rows: Option<&'a BTreeMap<String, ServiceRow>>,
    /// IngressClasses; `None`: unknown.
    pub classes: Option<&'a [IngressClassRow]>,
    /// BackendTLSPolicies; `None`: unknown.
    pub tls_policies: Option<&'a [BackendTlsRow]>,
    /// What ReferenceGrants permit; `None`: unknown.
    pub grants: Option<Vec<Grant>>,
    /// Kinds of routes that may not be read: what they take is not known.
    pub unread: Vec<RouteKind>,
    /// Labels of namespaces; `None`: unknown.
    pub namespaces: Option<&'a BTreeMap<String, BTreeMap<String, String>>>,
    /// Istio's own objects.
    pub istio: rows::Known<'a>,
}

/// One permission of a ReferenceGrant (gateway.networking.k8s.io/v1beta1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Kind of the referring object, with its group: `(group, kind)`.
    pub from: (String, String),
    /// Its namespace.
    pub from_namespace: String,
    /// Kind of the object referred to: `(group, kind)`.
    pub to: (String, String),
    /// Its namespace: the grant's own.
    pub to_namespace: String,
    /// Only this name; `None`: all.
    pub to_name: Option<String>,
}

/// Who answers `request` in `world`. Total and deterministic: the order of the rows does not matter.
pub fn resolve(world: &World<'_>, request: &Request) -> Resolution {
    let host = host::normal(&request.host);
    let (request, path) = request.split();
    let mut notes = Vec::new();
    match &world.gateways.seen {
        // Who is inside the mesh reaches Services, not Gateways.
        Seen::Nowhere | Seen::Namespace(_) | Seen::Namespaces(_) if request.from.is_some() => {}
        Seen::Everywhere => {}
        Seen::Nowhere => notes.push(
            "no Gateway is known: every Gateway that routes name is taken as one listener for all hosts".to_owned(),
        ),
        Seen::Namespace(namespace) => notes.push(format!(
            "only the Gateways of {namespace} are known: any other that routes name is taken as one listener for all hosts"
        )),
        Seen::Namespaces(names) => notes.push(format!(
            "only the Gateways of {} are known: any other that routes name is taken as one listener for all hosts",
            names.join(", ")
        )),
    }
    notes.extend(
        world
            .unread
            .iter()
            .map(|kind| format!("{} may not be read: what they would take is not known", kind.kind().plural)),
    );
    if let Some(mut answer) = istio::inside(world, &request, &host, &path) {
        let steered = frontend::all(world, &request, &host).into_iter().map(|frontend| frontend.label());
        answer
            .notes
            .extend(steered.map(|label| format!("routes on {label} are not asked: Istio takes the VirtualService")));
        answer.notes.splice(0..0, notes);
        return answer;
    }
    let frontends = frontend::all(world, &request, &host);
    let mut answers: Vec<_> =
        frontends.iter().map(|frontend| at::at(frontend, world, &request, &host, &path)).collect();
    answers.extend(istio::at_gateways(world, &request, &host, &path));
    let serving: Vec<usize> = (0..answers.len()).filter(|at| answers[*at].route.is_some()).collect();
    let chosen = serving.first().copied().unwrap_or(0);
    for other in serving.iter().skip(1).filter_map(|at| answers[*at].listener.as_deref()) {
        notes.push(format!("{other} answers this request too: name a Gateway to choose"));
    }
    notes.extend(unasked(world, &request, &host));
    notes.extend(frontend::conflicted(world, &request, &host));
    if chosen >= answers.len() {
        if let Some(answer) = inside::unsteered(world, &request, &host) {
            notes.extend(answer.notes);
            return Resolution { notes, ..answer };
        }
        if let Some(answer) = istio::beyond(world, &request, &host) {
            notes.extend(answer.notes);
            return Resolution { notes, ..answer };
        }
        notes.push(nobody(world, &request, &host));
        return Resolution::nothing(None, None, notes);
    }
    let mut answer = answers.swap_remove(chosen);
    answer.notes.splice(0..0, notes);
    answer
}

/// Who has a say that is not heard here.
fn unasked(world: &World<'_>, request: &Request, host: &str) -> Vec<String> {
    let mut notes: Vec<String> = inside::virtual_services(world, host)
        .filter(|route| !route.parents.iter().any(|parent| parent.kind == ParentKind::IstioGateway))
        .filter(|_| request.from.is_none())
        .map(|route| {
            format!("{} names {host} too, for clients inside the mesh: say who sends the request", route.route_ref())
        })
        .collect();
    if request.from.is_none() {
        let consumers = world.routes.iter().filter(|route| inside::is_consumer(route, request, host));
        notes.extend(consumers.map(|route| {
            format!(
                "{} steers clients in namespace {} only: say who sends the request to count it",
                route.route_ref(),
                route.namespace
            )
        }));
    }
    notes.sort();
    notes
}

/// Why no frontend takes the request.
fn nobody(world: &World<'_>, request: &Request, host: &str) -> String {
    let (scheme, port) = (request.scheme.protocol(), request.port);
    let host = if host.is_empty() && !request.scheme.has_name() { "connections" } else { host };
    let port = port.map(|port| format!(" on port {port}")).unwrap_or_default();
    if let Some((namespace, name)) = &request.from {
        return format!("no route steers {host} for {namespace}/{name}, and no Service of that name is known");
    }
    let Gateways { rows, seen } = &world.gateways;
    match &request.gateway {
        Some((namespace, name))
            if rows.iter().any(|row| row.hangs_on.is_none() && row.namespace == *namespace && row.name == *name) =>
        {
            format!("Gateway {namespace}/{name} has no {scheme} listener{port} for {host}")
        }
        Some((namespace, name)) if seen.covers(namespace) => format!("there is no Gateway {namespace}/{name}"),
        Some((namespace, name)) => format!("no route names Gateway {namespace}/{name}, which is not known itself"),
        None => format!("no Gateway has a {scheme} listener{port} for {host}"),
    }
}
