//! Which kinds of routes take part, and HTTPRoutes and GRPCRoutes on one listener.
//!
//! Of two routes of different kinds whose hostnames meet, a listener takes exactly one: the older, then the first by `ns/name`
//! (gateway.networking.k8s.io/v1, comment on GRPCRoute's `hostnames`). Where a controller has said that it accepts a route, its
//! word counts.

use super::{Request, Scheme, at::Attached, frontend::Frontend, rank};
use crate::mesh::{
    host,
    routes::{RouteKind, RouteRef, RouteRow, Verdict},
};

/// What a frontend decides by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// Requests.
    Http,
    /// Connections, by the name in their handshake.
    Tls,
    /// Connections, by where they come in.
    Tcp,
    /// Datagrams, by where they come in.
    Udp,
}

impl Layer {
    /// What this frontend decides by. One that is not known has what the request was asked with.
    pub fn of(frontend: &Frontend<'_>, request: &Request) -> Self {
        let protocol = match frontend {
            Frontend::Listener { listener, .. } => listener.protocol.as_str(),
            Frontend::Ingress { .. } => "HTTP",
            Frontend::Implied { .. } | Frontend::Service { .. } => match request.scheme {
                Scheme::Http | Scheme::Https => "HTTP",
                Scheme::Tls => "TLS",
                Scheme::Tcp => "TCP",
                Scheme::Udp => "UDP",
            },
        };
        match protocol {
            "TLS" => Self::Tls,
            "TCP" => Self::Tcp,
            "UDP" => Self::Udp,
            _ => Self::Http,
        }
    }
}

/// Whether routes of this kind can take the request at all: a gRPC call is an HTTP request too.
pub(super) fn takes(route: &RouteRow, request: &Request, layer: Layer) -> bool {
    match route.kind {
        RouteKind::Http | RouteKind::Ingress => layer == Layer::Http,
        RouteKind::Grpc => layer == Layer::Http && request.grpc.is_some(),
        RouteKind::Tls => layer == Layer::Tls,
        RouteKind::Tcp => matches!(layer, Layer::Tls | Layer::Tcp),
        RouteKind::Udp => layer == Layer::Udp,
        RouteKind::VirtualService => false,
    }
}

/// Takes those out that the listener does not accept beside an older one; with that one.
pub(super) fn refuse<'a>(attached: &mut Vec<Attached<'a>>) -> Vec<(&'a RouteRow, RouteRef)> {
    let mixed = |kind| attached.iter().any(|one| one.route.kind == kind);
    if !mixed(RouteKind::Http) || !mixed(RouteKind::Grpc) {
        return Vec::new();
    }
    attached.sort_by(|a, b| rank::seniority(a.route, b.route));
    let mut refused = Vec::new();
    let mut accepted: Vec<Attached<'a>> = Vec::new();
    for one in attached.drain(..) {
        let spoken_for = one.parent.accepted.as_ref().is_some_and(|condition| condition.verdict == Verdict::True);
        let rival = accepted.iter().find(|other| other.route.kind != one.route.kind && meet(&other.hosts, &one.hosts));
        match rival.filter(|_| !spoken_for) {
            Some(older) => refused.push((one.route, older.route.route_ref())),
            None => accepted.push(one),
        }
    }
    *attached = accepted;
    refused
}

/// Takes those out that a Service does not accept beside a kind that says more: GRPCRoutes, then HTTPRoutes, TLSRoutes, TCPRoutes
/// (GEP-1294). With the kind that it has.
pub(super) fn most_exact<'a>(attached: &mut Vec<Attached<'a>>) -> Vec<(&'a RouteRow, RouteKind)> {
    let order = [RouteKind::Grpc, RouteKind::Http, RouteKind::Tls, RouteKind::Tcp, RouteKind::Udp];
    let Some(first) = order.into_iter().find(|kind| attached.iter().any(|one| one.route.kind == *kind)) else {
        return Vec::new();
    };
    let (kept, refused): (Vec<_>, Vec<_>) = attached.drain(..).partition(|one| one.route.kind == first);
    *attached = kept;
    refused.into_iter().map(|one| (one.route, first)).collect()
}

/// Whether two lists of hostnames have a host in common; an empty one has all.
fn meet(a: &[&str], b: &[&str]) -> bool {
    a.is_empty() || b.is_empty() || a.iter().any(|a| b.iter().any(|b| host::intersect(a, b)))
}
