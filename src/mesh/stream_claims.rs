//! Rules of VirtualServices for connections that claim the same ones: which comes first.
//!
//! Envoy takes the most exact of them, so only those meet that ask for the same name, port and client. Of such the one whose route
//! names the host more exactly counts, then the older, within one route the earlier (networking.istio.io/v1, `TLSRoute` and `TCPRoute`; the order is that of
//! [`super::resolve`]). At a Gateway everybody's connections come in, so that routes meet each other; inside the mesh a connection
//! goes to a host, and of two routes for one host only one is taken as a whole, which is told elsewhere.

use std::{
    collections::{BTreeMap, HashMap},
    ptr,
};

use compact_str::CompactString;

use super::{
    resolve::{World, rank},
    routes::{Parent, ParentKind, RouteKind, RouteRow, StreamMatch, StreamRule},
};

/// One name of one match, at one place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim<'a> {
    pub(super) route: &'a RouteRow,
    pub(super) rule: &'a StreamRule,
    /// Which of its matches.
    found: usize,
    /// At which of the route's parents.
    parent: usize,
    /// The name in the handshake; empty for a rule of `tcp`.
    pub(super) sni: &'a str,
    /// The port; `None`: any.
    pub(super) port: Option<u16>,
    /// How exactly the route's own host fits the name.
    pub(super) host: (usize, usize),
}

/// A claim, and the one that comes before it, if any.
pub(super) struct Judged<'a> {
    pub(super) claim: Claim<'a>,
    /// Who gets its connections instead.
    pub(super) taken: Option<Claim<'a>>,
    /// All of them, not those of one port.
    pub(super) whole: bool,
}

/// Where connections come in: a Gateway, or the mesh as one route sees it.
type Place<'a> = (ParentKind, &'a str, &'a str, Option<*const RouteRow>);

/// What must be equal for two claims to meet, but for the port.
type Key<'a> = (Place<'a>, bool, &'a str, &'a [CompactString], &'a BTreeMap<String, String>, Option<&'a CompactString>);

/// All claims of VirtualServices on connections, each with who comes before it, in a fixed order.
pub(super) fn judged<'a>(world: &World<'a>) -> Vec<Judged<'a>> {
    let mut alike: HashMap<Key<'a>, Vec<Claim<'a>>> = HashMap::new();
    for route in world.routes.iter().copied().filter(|route| route.kind == RouteKind::VirtualService) {
        for rule in &route.streams {
            claims(route, rule, &mut alike);
        }
    }
    let mut all: Vec<Judged<'a>> = alike.into_values().flat_map(meet).collect();
    all.sort_by(|a, b| {
        let own = |one: &Claim<'a>| (!one.rule.tls, one.rule.index, one.found, one.parent, one.sni, one.port);
        rank::seniority(a.claim.route, b.claim.route).then_with(|| own(&a.claim).cmp(&own(&b.claim)))
    });
    all
}

static ANY: StreamMatch = StreamMatch {
    sni: Vec::new(),
    subnets: Vec::new(),
    port: None,
    labels: BTreeMap::new(),
    namespace: None,
    gateways: Vec::new(),
};

fn claims<'a>(route: &'a RouteRow, rule: &'a StreamRule, alike: &mut HashMap<Key<'a>, Vec<Claim<'a>>>) {
    let none = rule.matches.is_empty().then_some(&ANY);
    for (found, test) in rule.matches.iter().chain(none).enumerate() {
        let names: Vec<&str> = if rule.tls { test.sni.iter().map(AsRef::as_ref).collect() } else { vec![""] };
        for (at, parent) in route.parents.iter().enumerate() {
            let named =
                |one: &Parent| (one.kind, &one.namespace, &one.name) == (parent.kind, &parent.namespace, &parent.name);
            if !test.gateways.is_empty() && !test.gateways.iter().any(named) {
                continue;
            }
            let own = (parent.kind != ParentKind::IstioGateway).then_some(ptr::from_ref(route));
            let place = (parent.kind, parent.namespace.as_str(), parent.name.as_str(), own);
            for sni in &names {
                let key: Key<'a> = (place, rule.tls, sni, &test.subnets, &test.labels, test.namespace.as_ref());
                alike.entry(key).or_default().push(Claim {
                    route,
                    rule,
                    found,
                    parent: at,
                    sni,
                    port: test.port,
                    host: host_of(route, sni),
                });
            }
        }
    }
}

fn host_of(route: &RouteRow, sni: &str) -> (usize, usize) {
    let hosts: Vec<&str> = route.hosts.iter().map(AsRef::as_ref).collect();
    rank::host_rank(&hosts, &sni.replacen('*', "any", 1)).filter(|_| !sni.is_empty()).unwrap_or_default()
}

/// Claims that differ in the port alone: each loses to the first one with its port, or with any.
fn meet<'a>(mut claims: Vec<Claim<'a>>) -> Vec<Judged<'a>> {
    claims.sort_by(|a, b| {
        let place = |one: &Claim<'_>| (one.rule.index, one.found);
        let order = b.host.cmp(&a.host).then_with(|| rank::seniority(a.route, b.route));
        order.then_with(|| place(a).cmp(&place(b)))
    });
    let mut firsts: HashMap<Option<u16>, Claim<'a>> = HashMap::new();
    let mut first: Option<Claim<'a>> = None;
    let judge = |claim: Claim<'a>| {
        let same = firsts.get(&claim.port).or_else(|| firsts.get(&None)).copied();
        // One for any port loses where another has said its port before.
        let taken = same.or(first.filter(|_| claim.port.is_none()));
        firsts.entry(claim.port).or_insert(claim);
        first.get_or_insert(claim);
        Judged { claim, taken, whole: same.is_some() }
    };
    claims.into_iter().map(judge).collect()
}
