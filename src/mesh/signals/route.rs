//! Figures of routes, and where they come from (the four ways of the product's design).
//!
//! 1. The data plane labels its series with the route: measured. 2. Requests from the workload that carries the route's
//!    parent to the route's backends, given to the route that wins: measured. 3. Where two attached routes share carrier and
//!    backend, their sum on both: shared. 4. Else unknown.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use compact_str::CompactString;

use super::{
    Golden, Origin, RouteGolden,
    codes::Codes,
    fold::{Edge, Measured, Named, Tally},
    quantile::Buckets,
};
use crate::mesh::{
    routes::{ParentKind, RouteKind, RouteRow},
    wins::Wins,
};

/// Workload names of Istio's own ingress gateway, by installer: `istioctl`, and its Helm chart.
const ISTIO_INGRESS: [&str; 2] = ["istio-ingressgateway", "istio-ingress"];

/// Who carries requests to a route's backends.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Carrier {
    /// One workload: a gateway.
    Workload(Named),
    /// Any workload that is no gateway.
    Mesh,
}

/// Names of the Gateways that these routes are attached to, for [`super::promql::Interest::gateways`].
pub fn gateway_names<'a>(routes: impl IntoIterator<Item = &'a RouteRow>) -> Vec<String> {
    let mut names = BTreeSet::new();
    for parent in routes.into_iter().flat_map(|route| &route.parents) {
        match parent.kind {
            ParentKind::Gateway => {
                names.insert(parent.name.to_string());
            }
            ParentKind::IstioGateway => names.extend(ISTIO_INGRESS.map(ToOwned::to_owned)),
            ParentKind::ListenerSet
            | ParentKind::Service
            | ParentKind::Mesh
            | ParentKind::IngressClass
            | ParentKind::Other => {}
        }
    }
    names.into_iter().collect()
}

/// One line per route, in their order. `wins` as [`crate::mesh::wins::wins`] gave it for the same routes.
pub fn attribute(routes: &[&RouteRow], wins: &[Wins], measured: &Measured) -> Vec<RouteGolden> {
    let world = World::new(routes, measured);
    let plays = |at: usize| !matches!(wins.get(at), Some(Wins::No { .. } | Wins::NotAccepted | Wins::NotAttached));
    let uses: Vec<BTreeSet<(Carrier, Named)>> = routes.iter().map(|route| world.uses(route)).collect();
    let mut sharers: BTreeMap<&(Carrier, Named), usize> = BTreeMap::new();
    for (_, keys) in uses.iter().enumerate().filter(|(at, _)| plays(*at)) {
        for key in keys {
            *sharers.entry(key).or_default() += 1;
        }
    }
    routes
        .iter()
        .enumerate()
        .map(|(at, route)| {
            let (golden, codes, origin) = world.labelled(route).map_or_else(
                || {
                    // A route that loses everything gets what no other route in play can account for.
                    let others =
                        |key: &(Carrier, Named)| sharers.get(key).copied().unwrap_or(0) - usize::from(plays(at));
                    let keys: Vec<_> = uses[at].iter().filter(|key| plays(at) || others(key) == 0).collect();
                    let shared = keys.iter().any(|key| others(key) > 0);
                    let losing = !plays(at) && keys.len() < uses[at].len();
                    world.sum(&keys, shared, losing)
                },
                |(golden, codes)| (golden, codes, Origin::Measured),
            );
            RouteGolden { route: route.route_ref(), golden, codes, origin }
        })
        .collect()
}

struct World<'a> {
    measured: &'a Measured,
    /// Which workloads carry a Gateway, by its namespace and name.
    carriers: BTreeMap<Named, Vec<Named>>,
    /// Istio's ingress gateways.
    ingress: Vec<Named>,
    /// All gateway workloads together.
    gateways: BTreeSet<Named>,
    /// What was measured, by the service called.
    by_service: HashMap<&'a Named, Called<'a>>,
}

/// Calls of one service.
#[derive(Default)]
struct Called<'a> {
    edges: Vec<&'a Edge>,
    /// By caller; an empty name: from all of the mesh.
    latency: Vec<(&'a Named, &'a Buckets)>,
}

impl<'a> World<'a> {
    fn new(routes: &[&RouteRow], measured: &'a Measured) -> Self {
        let sources: BTreeSet<&Named> = measured.edges.iter().map(|edge| &edge.from).collect();
        let parents: BTreeSet<Named> = routes
            .iter()
            .flat_map(|route| &route.parents)
            .filter(|parent| parent.kind == ParentKind::Gateway)
            .map(|parent| (parent.namespace.clone(), parent.name.clone()))
            .collect();
        let mut carriers: BTreeMap<Named, Vec<Named>> = BTreeMap::new();
        for source in &sources {
            // `gw-internal-istio` carries the Gateway `gw-internal` rather than `gw`: the longest name that fits.
            let fits = parents.iter().filter(|(namespace, name)| *namespace == source.0 && carries(&source.1, name));
            if let Some(gateway) = fits.max_by_key(|(_, name)| name.len()) {
                carriers.entry(gateway.clone()).or_default().push((*source).clone());
            }
        }
        let is_ingress = |source: &&&Named| ISTIO_INGRESS.iter().any(|name| carries(&source.1, name));
        let ingress: Vec<Named> = sources.iter().filter(is_ingress).map(|source| (*source).clone()).collect();
        let gateways = carriers.values().flatten().chain(&ingress).cloned().collect();
        let mut by_service: HashMap<&Named, Called<'_>> = HashMap::new();
        for edge in &measured.edges {
            by_service.entry(&edge.service).or_default().edges.push(edge);
        }
        for ((from, service), buckets) in &measured.service_latency {
            by_service.entry(service).or_default().latency.push((from, buckets));
        }
        Self { measured, carriers, ingress, gateways, by_service }
    }

    /// Every carrier and service the route sends requests by.
    fn uses(&self, route: &RouteRow) -> BTreeSet<(Carrier, Named)> {
        let mut carriers = BTreeSet::new();
        for parent in &route.parents {
            match parent.kind {
                ParentKind::Gateway => {
                    let known = self.carriers.get(&(parent.namespace.clone(), parent.name.clone()));
                    carriers.extend(known.into_iter().flatten().cloned().map(Carrier::Workload));
                }
                ParentKind::IstioGateway => carriers.extend(self.ingress.iter().cloned().map(Carrier::Workload)),
                ParentKind::Service | ParentKind::Mesh => {
                    carriers.insert(Carrier::Mesh);
                }
                ParentKind::ListenerSet | ParentKind::IngressClass | ParentKind::Other => {}
            }
        }
        let mut uses = BTreeSet::new();
        for backend in route.rules.iter().flat_map(|rule| &rule.backends) {
            if backend.weight > 0 && (backend.is_service() || backend.kind == "Host") {
                let service = (backend.namespace.clone(), backend.name.clone());
                uses.extend(carriers.iter().map(|carrier| (carrier.clone(), service.clone())));
            }
        }
        uses
    }

    fn labelled(&self, route: &RouteRow) -> Option<(Golden, Codes)> {
        if route.kind == RouteKind::VirtualService {
            return None;
        }
        let name = CompactString::from(format!("{}/{}", route.namespace, route.name));
        let told = self.measured.labelled.get(&name)?;
        Some((told.tally.golden(Some(&told.latency), 1000.0), told.codes.clone()))
    }

    fn sum(&self, keys: &[&(Carrier, Named)], shared: bool, losing: bool) -> (Golden, Codes, Origin) {
        let mut tally = Tally::default();
        let mut codes = Codes::default();
        let mut latency = Buckets::default();
        let mut seen = losing && !self.gateways.is_empty();
        for (carrier, service) in keys {
            // A gateway that reports at all would report this too: nothing seen is none. Of a service nobody ever called
            // from inside the mesh nothing is known.
            seen |= matches!(carrier, Carrier::Workload(_));
            let Some(called) = self.by_service.get(service) else { continue };
            for edge in called.edges.iter().filter(|edge| self.by(carrier, &edge.from)) {
                tally.merge(edge.tally);
                codes.merge(&edge.codes);
                seen = true;
            }
            for (from, buckets) in &called.latency {
                let all_callers = from.1.is_empty();
                let ours = match carrier {
                    Carrier::Workload(workload) => workload == *from,
                    Carrier::Mesh => all_callers,
                };
                if ours {
                    latency.merge(buckets);
                }
            }
        }
        if !seen {
            return (Golden::default(), Codes::default(), Origin::Unknown);
        }
        (tally.golden(Some(&latency), 1.0), codes, if shared { Origin::Shared } else { Origin::Measured })
    }

    fn by(&self, carrier: &Carrier, from: &Named) -> bool {
        match carrier {
            Carrier::Workload(workload) => workload == from,
            Carrier::Mesh => !self.gateways.contains(from),
        }
    }
}

/// Gateways' workloads are named as the Gateway (kgateway, agentgateway), or with its class after it (Istio).
fn carries(workload: &str, gateway: &str) -> bool {
    workload.strip_prefix(gateway).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}
