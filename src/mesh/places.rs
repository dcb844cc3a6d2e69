//! Where a route claims requests: which listeners of which parents it reaches, and with which hosts.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;

use super::{
    gateways::{GatewayRow, Listener},
    host, ingress_class,
    listener_sets::merged,
    resolve::World,
    routes::{Parent, ParentKind, RouteKind, RouteRow, Verdict},
};

/// A parent: its kind, namespace and name.
pub(super) type ParentName<'a> = (ParentKind, &'a str, &'a str);

/// One place that takes requests: a parent, and which of its listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Place<'a> {
    pub(super) parent: ParentName<'a>,
    pub(super) scope: Scope<'a>,
}

/// The places of a world.
pub(super) struct Places<'a> {
    /// Gateways and ListenerSets, by namespace and name.
    gateways: HashMap<ParentName<'a>, &'a GatewayRow>,
    /// Listeners that count: those that can be told apart, of ListenerSets those that their Gateway has.
    counted: HashSet<*const Listener>,
    world: &'a World<'a>,
}

impl<'a> Places<'a> {
    /// Of this one.
    pub(super) fn of(world: &'a World<'a>) -> Self {
        let gateways = world.gateways.rows.iter().map(|row| {
            let kind = if row.hangs_on.is_some() { ParentKind::ListenerSet } else { ParentKind::Gateway };
            ((kind, row.namespace.as_str(), row.name.as_str()), *row)
        });
        let roots = world.gateways.rows.iter().filter(|row| row.hangs_on.is_none());
        let counted =
            roots.flat_map(|gateway| merged(gateway, world)).map(|(_, listener)| std::ptr::from_ref(listener));
        Self { gateways: gateways.collect(), counted: counted.collect(), world }
    }

    /// The places a route is attached to, each with a host it claims there, an empty one being any, and how that host ranks.
    pub(super) fn taken(&self, route: &'a RouteRow) -> Vec<(Place<'a>, &'a str, HostRank)> {
        let mut all = Vec::new();
        if route.kind == RouteKind::VirtualService {
            return all;
        }
        for parent in route.parents.iter().filter(|parent| !refused(parent)) {
            let at = (parent.kind, parent.namespace.as_str(), ingress_class::of(self.world, route, parent));
            for (scope, hosts) in self.scopes(route, parent) {
                all.extend(hosts.into_iter().map(|(host, rank)| (Place { parent: at, scope }, host, rank)));
            }
        }
        all
    }

    /// The Gateway or ListenerSet a parent reference names, where it is known.
    pub(super) fn gateway(&self, parent: &Parent) -> Option<&'a GatewayRow> {
        self.gateways.get(&(parent.kind, parent.namespace.as_str(), parent.name.as_str())).copied()
    }

    /// Whether a listener counts.
    pub(super) fn counts(&self, listener: &Listener) -> bool {
        self.counted.contains(&std::ptr::from_ref(listener))
    }

    /// The listeners of a Gateway that a parent reference reaches and that take the route.
    pub(super) fn listeners(
        &self,
        route: &RouteRow,
        parent: &Parent,
        gateway: &'a GatewayRow,
    ) -> impl Iterator<Item = &'a Listener> {
        let labels = self.world.namespaces.and_then(|all| all.get(route.namespace.as_str()));
        gateway.listeners.iter().filter(move |listener| {
            self.counts(listener)
                && listener.is_named_by(parent)
                && listener.takes_kind(route.kind)
                && listener.takes_namespace(&gateway.namespace, &route.namespace, labels)
        })
    }

    /// The listeners a parent reference reaches, with the hosts the route serves there.
    fn scopes(&self, route: &'a RouteRow, parent: &'a Parent) -> Vec<(Scope<'a>, Hosts<'a>)> {
        // Routes of other namespaces than a Service's are for their own clients, and meet none but each other (GEP-1294).
        let consumer = parent.kind == ParentKind::Service && parent.namespace != route.namespace;
        let clients = consumer.then_some(route.namespace.as_str());
        let as_written = Scope { section: parent.section.as_deref(), port: parent.port, clients };
        let gateway = match parent.kind {
            ParentKind::Gateway | ParentKind::ListenerSet => self.gateway(parent),
            ParentKind::Service => return vec![(as_written, vec![("", (0, 0))])],
            ParentKind::IngressClass => return vec![(as_written, rule_hosts(route))],
            ParentKind::IstioGateway | ParentKind::Mesh | ParentKind::Other => None,
        };
        let Some(gateway) = gateway else {
            // One that would have been seen is not there; of any other kind, or out of sight, nothing is known.
            let absent = parent.kind == ParentKind::Gateway && self.world.gateways.seen.covers(&parent.namespace);
            return if absent { Vec::new() } else { vec![(as_written, hosts(route, None))] };
        };
        self.listeners(route, parent, gateway)
            .map(|listener| {
                let scope = Scope { section: Some(listener.name.as_str()), port: None, clients: None };
                (scope, hosts(route, listener.hostname.as_deref()))
            })
            .collect()
    }
}

/// Which listeners of the parent: one by name, one port, or all. With the Gateway known always one by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Scope<'a> {
    section: Option<&'a str>,
    port: Option<u16>,
    /// For clients of this namespace alone.
    clients: Option<&'a str>,
}

impl Scope<'_> {
    /// Whether what holds here holds there as well.
    pub(super) fn covers(&self, other: &Scope<'_>) -> bool {
        self.clients == other.clients
            && (self.section.is_none() || self.section == other.section)
            && (self.port.is_none() || self.port == other.port)
    }
}

fn refused(parent: &Parent) -> bool {
    parent.accepted.as_ref().is_some_and(|condition| condition.verdict == Verdict::False)
}

/// The hosts of an Ingress' rules.
fn rule_hosts(route: &RouteRow) -> Hosts<'_> {
    let mut all: Hosts<'_> = Vec::new();
    for host in route.rule_hosts.iter().map(CompactString::as_str) {
        if all.iter().all(|(known, _)| *known != host) {
            let chars = host.chars().count();
            all.push((host, (if host::is_wildcard(host) { 0 } else { chars }, chars)));
        }
    }
    all
}

/// Whether a rule is for a host that its route claims: of an Ingress each rule has its own.
pub(super) fn rule_is_for(route: &RouteRow, rule: usize, host: &str) -> bool {
    route.rule_host(rule).is_none_or(|own| own == host)
}

/// How a host ranks: characters of a whole one, then of any.
pub(super) type HostRank = (usize, usize);

type Hosts<'a> = Vec<(&'a str, HostRank)>;

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
