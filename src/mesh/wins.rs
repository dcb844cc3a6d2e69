//! The WINS column: which routes get their requests, and which lose them all to another.
//!
//! A route loses when every (listener, hostname, match) it claims is claimed identically by another route that comes first:
//! by a more specific hostname, then the older one, then the first by `ns/name` (HTTPRoute's precedence). No condition of
//! Gateway API says so; brink computes it. Partial overlaps are not judged here: the resolver does, request by request.

use std::{cmp::Ordering, collections::HashMap, fmt, ptr};

use compact_str::CompactString;

use super::{
    places::{HostRank, ParentName, Place, Places, Scope, rule_is_for},
    resolve::{World, rank},
    routes::{Match, ParentKind, RouteKind, RouteRef, RouteRow},
    stream_claims::{Judged, judged},
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
    parent: ParentName<'a>,
    host: &'a str,
    test: &'a Match,
}

/// The best claim to a place within one scope.
#[derive(Debug, Clone, Copy)]
struct Held<'a> {
    scope: Scope<'a>,
    host_rank: HostRank,
    /// Whose: index of the route.
    by: usize,
}

/// Who holds which place.
type Holders<'a> = HashMap<&'a Claimed<'a>, Vec<Held<'a>>>;

struct Claim<'a> {
    place: Claimed<'a>,
    scope: Scope<'a>,
    host_rank: HostRank,
}

/// One answer per route, in the order of the world's routes. Parents that are not known themselves are compared by name
/// alone.
pub fn wins(world: &World<'_>) -> Vec<Wins> {
    let routes = world.routes.as_slice();
    let places = Places::of(world);
    let claims: Vec<Vec<Claim<'_>>> = routes.iter().map(|route| claims(route, &places)).collect();
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
    let lost = streams(world);
    routes
        .iter()
        .enumerate()
        .map(|(at, route)| match route.kind {
            RouteKind::VirtualService => match lost.get(&ptr::from_ref(*route)) {
                Some(lost) => lost.clone(),
                None if duplicates[at] => Wins::Unknown,
                None => Wins::Yes,
            },
            RouteKind::Http
            | RouteKind::Grpc
            | RouteKind::Tls
            | RouteKind::Tcp
            | RouteKind::Udp
            | RouteKind::Ingress => judge(routes, at, &claims[at], &holders),
        })
        .collect()
}

/// VirtualServices for connections alone, at Gateways alone, of which others get every connection.
fn streams(world: &World<'_>) -> HashMap<*const RouteRow, Wins> {
    let mut all: HashMap<*const RouteRow, Option<Wins>> = HashMap::new();
    for Judged { claim, taken, whole } in judged(world) {
        let route = claim.route;
        let outside = route.parents.iter().all(|parent| parent.kind == ParentKind::IstioGateway);
        let by = taken.filter(|_| whole && outside && route.rules.is_empty());
        let own = by.filter(|by| ptr::eq(by.route, route));
        let lost = by.map(|by| {
            let why = if by.host != claim.host {
                Why::Host
            } else if rank::age(by.route) == rank::age(route) {
                Why::Name
            } else {
                Why::Older
            };
            Wins::No { to: by.route.route_ref(), why }
        });
        // What an own rule takes is not lost, and says nothing.
        if own.is_none() {
            let known = all.entry(ptr::from_ref(route)).or_insert_with(|| lost.clone());
            *known = known.take().and(lost);
        }
    }
    all.into_iter().filter_map(|(route, lost)| Some((route, lost?))).collect()
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
            .min_by(|(a, _), (b, _)| rank::seniority(routes[*a], routes[*b]));
        let Some((other, (_, why))) = best else { return Wins::Yes };
        match takers.iter_mut().find(|(taker, ..)| *taker == other) {
            Some((_, times, _)) => *times += 1,
            None => takers.push((other, 1, why)),
        }
    }
    let most = takers.into_iter().max_by(|a, b| a.1.cmp(&b.1).then_with(|| rank::seniority(routes[b.0], routes[a.0])));
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

fn claims<'a>(route: &'a RouteRow, places: &Places<'a>) -> Vec<Claim<'a>> {
    let mut all = Vec::new();
    for (Place { parent, scope }, host, host_rank) in places.taken(route) {
        let rules = route.rules.iter().enumerate().filter(|(at, _)| rule_is_for(route, *at, host));
        for (at, test) in rules.flat_map(|(at, rule)| rule.matches.iter().map(move |test| (at, test))) {
            // A default backend comes after any rule for whatever host.
            let above = usize::from(!route.is_default(at));
            let host_rank = (host_rank.0, host_rank.1 + above);
            all.push(Claim { place: Claimed { parent, host, test }, scope, host_rank });
        }
    }
    all
}

/// VirtualServices that share a gateway and a host with another: how Istio merges them is no rule to rely on.
fn shared_hosts(routes: &[&RouteRow]) -> Vec<bool> {
    let claims = |route: &RouteRow| -> Vec<(CompactString, CompactString, String)> {
        let mut all = Vec::new();
        for parent in &route.parents {
            for host in &route.hosts {
                all.push((parent.namespace.clone(), parent.name.clone(), route.meant(host)));
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
