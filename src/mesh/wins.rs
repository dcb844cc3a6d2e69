//! The WINS column: which routes get their requests, and which lose them all to another.
//!
//! A route loses when every (listener, hostname, match) it claims is claimed identically by another route that comes first:
//! by a more specific hostname, then the older one, then the first by `ns/name` (HTTPRoute's precedence). No condition of
//! Gateway API says so; brink computes it. Partial overlaps are not judged here: the resolver does, request by request.

use std::{
    cmp::{Ordering, Reverse},
    collections::HashMap,
    fmt,
};

use compact_str::CompactString;

use super::{
    gateways::{GatewayRow, Listener},
    host,
    resolve::{World, rank},
    routes::{Match, Parent, ParentKind, RouteKind, RouteRef, RouteRow, Verdict},
};

/// Whether a route gets the requests it claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wins {
    /// At least one of its claims is its own.
    Yes,
    /// Every claim is taken.
    No {
        /// By whom (the one that takes most).
        to: RouteRef,
        /// Why the other comes first.
        why: Why,
    },
    /// No parent accepts it: it is not in play.
    NotAccepted,
    /// No listener of the Gateways it names takes it.
    NotAttached,
    /// No rule of a specification decides (two VirtualServices for one host).
    Unknown,
}

/// Why another route comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It names the host more specifically.
    Host,
    /// It is older.
    Older,
    /// Equally old, its `ns/name` comes first.
    Name,
}

impl Wins {
    /// `wins` of the machine output.
    pub fn known(&self) -> Option<bool> {
        match self {
            Self::Yes => Some(true),
            Self::No { .. } | Self::NotAccepted | Self::NotAttached => Some(false),
            Self::Unknown => None,
        }
    }

    /// `loses_to` of the machine output.
    pub fn loses_to(&self) -> Option<&RouteRef> {
        match self {
            Self::No { to, .. } => Some(to),
            Self::Yes | Self::NotAccepted | Self::NotAttached | Self::Unknown => None,
        }
    }
}

/// The cell: `yes`, `no: older my-route`, `no: first by name my-route`, `no: more specific my-route`, `no: not accepted`,
/// `no: no listener`, `–`.
impl fmt::Display for Wins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Yes => f.write_str("yes"),
            Self::No { to, why: Why::Older } => write!(f, "no: older {}", to.name),
            Self::No { to, why: Why::Name } => write!(f, "no: first by name {}", to.name),
            Self::No { to, why: Why::Host } => write!(f, "no: more specific {}", to.name),
            Self::NotAccepted => f.write_str("no: not accepted"),
            Self::NotAttached => f.write_str("no: no listener"),
            Self::Unknown => f.write_str("–"),
        }
    }
}

/// Where a claim holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Claimed<'a> {
    parent: (ParentKind, &'a str, &'a str),
    host: &'a str,
    test: &'a Match,
}

/// One place that takes requests: a parent, and which of its listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place<'a> {
    parent: (ParentKind, &'a str, &'a str),
    scope: Scope<'a>,
}

/// Where routes claim requests.
pub(super) struct Claims<'a> {
    gateways: Known<'a>,
    world: &'a World<'a>,
}

impl<'a> Claims<'a> {
    pub(super) fn of(world: &'a World<'a>) -> Self {
        let gateways = world.gateways.rows.iter().map(|row| ((row.namespace.as_str(), row.name.as_str()), *row));
        Self { gateways: gateways.collect(), world }
    }

    /// The places a route is attached to, each with a host it claims there; an empty one is any.
    pub(super) fn places(&self, route: &'a RouteRow) -> Vec<(Place<'a>, &'a str)> {
        let mut all = Vec::new();
        if route.kind == RouteKind::VirtualService {
            return all;
        }
        for parent in route.parents.iter().filter(|parent| !refused(parent)) {
            let at = (parent.kind, parent.namespace.as_str(), parent.name.as_str());
            for (scope, hosts) in scopes(route, parent, &self.gateways, self.world) {
                all.extend(hosts.into_iter().map(|(host, _)| (Place { parent: at, scope }, host)));
            }
        }
        all
    }

    /// The hostnames of the listeners that a parent reference reaches; `None`: all hosts.
    pub(super) fn listeners(&self, route: &RouteRow, parent: &Parent) -> Vec<Option<&'a str>> {
        let Some(gateway) = self.gateways.get(&(parent.namespace.as_str(), parent.name.as_str())) else {
            return Vec::new();
        };
        let taking = reached(route, parent, gateway, self.world);
        taking.map(|listener| listener.hostname.as_deref()).collect()
    }
}

/// Which listeners of the parent: one by name, one port, or all. With the Gateway known always one by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Scope<'a> {
    section: Option<&'a str>,
    port: Option<u16>,
}

impl Scope<'_> {
    fn covers(&self, other: &Scope<'_>) -> bool {
        (self.section.is_none() || self.section == other.section) && (self.port.is_none() || self.port == other.port)
    }
}

/// The best claim to a place within one scope.
#[derive(Debug, Clone, Copy)]
struct Held<'a> {
    scope: Scope<'a>,
    host_rank: (usize, usize),
    /// Whose: index of the route.
    by: usize,
}

/// Who holds which place.
type Holders<'a> = HashMap<&'a Claimed<'a>, Vec<Held<'a>>>;

struct Claim<'a> {
    place: Claimed<'a>,
    scope: Scope<'a>,
    host_rank: (usize, usize),
}

/// One answer per route, in the order of the world's routes. Parents that are not known themselves are compared by name
/// alone.
pub fn wins(world: &World<'_>) -> Vec<Wins> {
    let routes = world.routes.as_slice();
    let gateways: Known<'_> =
        world.gateways.rows.iter().map(|row| ((row.namespace.as_str(), row.name.as_str()), *row)).collect();
    let claims: Vec<Vec<Claim<'_>>> = routes.iter().map(|route| claims(route, &gateways, world)).collect();
    let mut holders: Holders<'_> = HashMap::new();
    for (at, claims) in claims.iter().enumerate() {
        for claim in claims {
            let known = holders.entry(&claim.place).or_default();
            match known.iter_mut().find(|held| held.scope == claim.scope) {
                Some(held) => {
                    if order(routes, (claim.host_rank, at), (held.host_rank, held.by)).0.is_lt() {
                        (held.host_rank, held.by) = (claim.host_rank, at);
                    }
                }
                None => known.push(Held { scope: claim.scope, host_rank: claim.host_rank, by: at }),
            }
        }
    }
    let duplicates = shared_hosts(routes);
    routes
        .iter()
        .enumerate()
        .map(|(at, route)| match route.kind {
            RouteKind::VirtualService if duplicates[at] => Wins::Unknown,
            RouteKind::VirtualService => Wins::Yes,
            RouteKind::Http | RouteKind::Grpc => judge(routes, at, &claims[at], &holders),
        })
        .collect()
}

fn judge(routes: &[&RouteRow], at: usize, claims: &[Claim<'_>], holders: &Holders<'_>) -> Wins {
    if routes[at].accepted() == Some(false) {
        return Wins::NotAccepted;
    }
    if claims.is_empty() {
        let claims_something = routes[at].rules.iter().any(|rule| !rule.matches.is_empty());
        return if claims_something { Wins::NotAttached } else { Wins::Unknown };
    }
    let mut takers: Vec<(usize, usize, Why)> = Vec::new();
    for claim in claims {
        let held = holders.get(&claim.place).into_iter().flatten().filter(|held| held.scope.covers(&claim.scope));
        let best = held
            .map(|held| (held.by, order(routes, (held.host_rank, held.by), (claim.host_rank, at))))
            .filter(|(other, (order, _))| *other != at && order.is_lt())
            .min_by(|(a, _), (b, _)| rank_of(routes[*a]).cmp(&rank_of(routes[*b])));
        let Some((other, (_, why))) = best else { return Wins::Yes };
        match takers.iter_mut().find(|(taker, ..)| *taker == other) {
            Some((_, times, _)) => *times += 1,
            None => takers.push((other, 1, why)),
        }
    }
    let most = takers.into_iter().max_by_key(|(other, times, _)| (*times, Reverse(rank_of(routes[*other]))));
    most.map_or(Wins::Yes, |(other, _, why)| Wins::No { to: routes[other].route_ref(), why })
}

/// Which of two claims to one place comes first, and why.
fn order(routes: &[&RouteRow], a: ((usize, usize), usize), b: ((usize, usize), usize)) -> (Ordering, Why) {
    let by_host = b.0.cmp(&a.0);
    if by_host.is_ne() {
        return (by_host, Why::Host);
    }
    let (a, b) = (routes[a.1], routes[b.1]);
    let by_age = rank::age(a).cmp(&rank::age(b));
    if by_age.is_ne() { (by_age, Why::Older) } else { (rank::full_name(a).cmp(rank::full_name(b)), Why::Name) }
}

fn rank_of(route: &RouteRow) -> ((bool, Option<jiff::Timestamp>), String) {
    (rank::age(route), format!("{}/{}", route.namespace, route.name))
}

/// Gateways by namespace and name.
type Known<'a> = HashMap<(&'a str, &'a str), &'a GatewayRow>;

fn claims<'a>(route: &'a RouteRow, gateways: &Known<'a>, world: &World<'_>) -> Vec<Claim<'a>> {
    let mut all = Vec::new();
    if route.kind == RouteKind::VirtualService {
        return all;
    }
    for parent in route.parents.iter().filter(|parent| !refused(parent)) {
        for (scope, hosts) in scopes(route, parent, gateways, world) {
            for (host, host_rank) in hosts {
                for test in route.rules.iter().flat_map(|rule| &rule.matches) {
                    let parent = (parent.kind, parent.namespace.as_str(), parent.name.as_str());
                    all.push(Claim { place: Claimed { parent, host, test }, scope, host_rank });
                }
            }
        }
    }
    all
}

fn refused(parent: &Parent) -> bool {
    parent.accepted.as_ref().is_some_and(|condition| condition.verdict == Verdict::False)
}

/// The listeners of a Gateway that a parent reference reaches and that take the route.
fn reached<'g>(
    route: &RouteRow,
    parent: &Parent,
    gateway: &'g GatewayRow,
    world: &World<'_>,
) -> impl Iterator<Item = &'g Listener> {
    let labels = world.namespaces.and_then(|all| all.get(route.namespace.as_str()));
    gateway.listeners.iter().filter(move |listener| {
        parent.section.as_ref().is_none_or(|section| *section == listener.name)
            && parent.port.is_none_or(|port| port == listener.port)
            && listener.takes_kind(route.kind)
            && listener.takes_namespace(&gateway.namespace, &route.namespace, labels)
    })
}

type Hosts<'a> = Vec<(&'a str, (usize, usize))>;

/// The listeners a parent reference reaches, with the hosts the route serves there.
fn scopes<'a>(
    route: &'a RouteRow,
    parent: &'a Parent,
    gateways: &Known<'a>,
    world: &World<'_>,
) -> Vec<(Scope<'a>, Hosts<'a>)> {
    let as_written = Scope { section: parent.section.as_deref(), port: parent.port };
    let gateway = match parent.kind {
        ParentKind::Gateway => gateways.get(&(parent.namespace.as_str(), parent.name.as_str())),
        ParentKind::Service => return vec![(as_written, vec![("", (0, 0))])],
        ParentKind::ListenerSet | ParentKind::IstioGateway | ParentKind::Mesh | ParentKind::Other => None,
    };
    let Some(gateway) = gateway else {
        // One that would have been seen is not there; of any other kind, or out of sight, nothing is known.
        let absent = parent.kind == ParentKind::Gateway && world.gateways.seen.covers(&parent.namespace);
        return if absent { Vec::new() } else { vec![(as_written, hosts(route, None))] };
    };
    reached(route, parent, gateway, world)
        .map(|listener| {
            let scope = Scope { section: Some(listener.name.as_str()), port: None };
            (scope, hosts(route, listener.hostname.as_deref()))
        })
        .collect()
}

/// The hosts a route serves on a listener: where pattern and listener meet the narrower of the two, ranked by the pattern.
fn hosts<'a>(route: &'a RouteRow, served: Option<&'a str>) -> Hosts<'a> {
    if route.hosts.is_empty() {
        return vec![(served.unwrap_or(""), (0, 0))];
    }
    let meet = route
        .hosts
        .iter()
        .map(CompactString::as_str)
        .filter(|pattern| served.is_none_or(|served| host::intersect(pattern, served)));
    meet.map(|pattern| {
        let chars = pattern.chars().count();
        let rank = (if host::is_wildcard(pattern) { 0 } else { chars }, chars);
        let narrower = match served {
            Some(served)
                if host::is_wildcard(pattern) && (!host::is_wildcard(served) || served.len() > pattern.len()) =>
            {
                served
            }
            _ => pattern,
        };
        (narrower, rank)
    })
    .collect()
}

/// VirtualServices that share a gateway and a host with another: how Istio merges them is no rule to rely on.
fn shared_hosts(routes: &[&RouteRow]) -> Vec<bool> {
    let claims = |route: &RouteRow| -> Vec<(CompactString, CompactString, String)> {
        let mut all = Vec::new();
        for parent in &route.parents {
            for host in &route.hosts {
                // In the mesh a short name means a service of the VirtualService's own namespace.
                let host = if host.contains('.') || host == "*" {
                    host.to_string()
                } else {
                    format!("{host}.{}.svc.cluster.local", route.namespace)
                };
                all.push((parent.namespace.clone(), parent.name.clone(), host));
            }
        }
        all.sort();
        all.dedup();
        all
    };
    let mut count: HashMap<(CompactString, CompactString, String), usize> = HashMap::new();
    let services = || routes.iter().copied().filter(|route| route.kind == RouteKind::VirtualService);
    for claim in services().flat_map(claims) {
        *count.entry(claim).or_default() += 1;
    }
    let shared = |route: &RouteRow| {
        route.kind == RouteKind::VirtualService
            && claims(route).iter().any(|claim| count.get(claim).is_some_and(|count| *count > 1))
    };
    routes.iter().map(|route| shared(route)).collect()
}
