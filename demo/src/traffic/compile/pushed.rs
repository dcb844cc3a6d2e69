//! What control planes push to the proxies, and what those go by that do not hear theirs.
//!
//! A proxy has its routes, its policies and its endpoints from its control plane, over the network: istiod, or the controller of
//! kgateway or agentgateway. Cut off from it, it goes on with what it heard last: who wrote a route meanwhile sees it accepted and
//! never served. Once it is reached again, everything holds at once.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    base::objects::{Kind, Objects},
    traffic::{
        behaviour::Behaviours,
        json::{self, Labels},
    },
};

use super::{
    attached::Attached,
    certificates::Certificates,
    config::{Config, ROOT},
    destination_rule::DestinationRule,
    envoy_filter::Filter,
    gateway_api::{Ends, Gateway, Grants, Route},
    kinds,
    network_policy::{End, NetworkPolicy},
    pods::{Group, Pods},
    security::{AuthorizationPolicy, PeerAuthentication},
    service_entry::ServiceEntry,
    services::Services,
    virtual_service::{IstioGateway, VirtualService},
};

/// A control plane: a label of its pods, and where they answer their proxies.
type Plane = (&'static str, &'static str, u16);

const ISTIOD: Plane = ("app", "istiod", 15012);
const KGATEWAY: Plane = ("kgateway", "kgateway", 9977);
const AGENTGATEWAY: Plane = ("agentgateway", "agentgateway", 9978);

/// The kinds that control planes make configuration of.
const KINDS: [Kind; 17] = [
    kinds::REFERENCE_GRANT,
    kinds::HTTP_ROUTE,
    kinds::GRPC_ROUTE,
    kinds::GATEWAY,
    kinds::ISTIO_GATEWAY,
    kinds::VIRTUAL_SERVICE,
    kinds::DESTINATION_RULE,
    kinds::ENVOY_FILTER,
    kinds::PEER_AUTHENTICATION,
    kinds::AUTHORIZATION_POLICY,
    kinds::SERVICE_ENTRY,
    kinds::SECRET,
    kinds::GATEWAY_CLASS,
    kinds::TRAFFIC_POLICY,
    kinds::DIRECT_RESPONSE,
    kinds::BACKEND,
    kinds::AGENTGATEWAY_POLICY,
];

/// A port of a Service: its host and its number.
type Port = (Arc<str>, u16);

/// An address behind a port, by its pod.
#[derive(Debug, Clone)]
struct Address {
    namespace: Arc<str>,
    pod: Arc<str>,
    ip: String,
    port: u16,
}

/// The objects that control planes go by. They are shared with the store, so keeping them costs next to nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Pushed {
    objects: HashMap<&'static str, Vec<Arc<Value>>>,
}

impl Pushed {
    pub(super) fn read(objects: &dyn Objects) -> Self {
        Self { objects: KINDS.iter().map(|kind| (key(kind), objects.list(*kind, None))).collect() }
    }

    pub(super) fn list(&self, kind: Kind) -> &[Arc<Value>] {
        self.objects.get(key(&kind)).map_or(&[], Vec::as_slice)
    }
}

/// Istio has a Gateway of its own; all other plurals are met once.
fn key(kind: &Kind) -> &'static str {
    if *kind == kinds::ISTIO_GATEWAY { "istio" } else { kind.plural }
}

/// The same, understood.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) routes: Vec<Route>,
    pub(super) gateways: Vec<Gateway>,
    pub(super) istio_gateways: Vec<IstioGateway>,
    pub(super) virtual_services: Vec<VirtualService>,
    pub(super) destinations: Vec<DestinationRule>,
    pub(super) filters: Vec<Filter>,
    pub(super) peers: Vec<PeerAuthentication>,
    pub(super) policies: Vec<AuthorizationPolicy>,
    pub(super) entries: Vec<ServiceEntry>,
    pub(super) attached: Attached,
}

impl Rules {
    pub(super) fn read(
        pushed: &Pushed,
        namespaces: &[(String, Labels)],
        services: &Services,
        behaviours: &Behaviours,
    ) -> Self {
        let attached = Attached::read(pushed, behaviours);
        let mut grants = Grants::default();
        for grant in pushed.list(kinds::REFERENCE_GRANT) {
            grants.add(grant);
        }
        let mut certificates = Certificates::default();
        for secret in pushed.list(kinds::SECRET) {
            certificates.add(secret);
        }
        let mut routes = Vec::new();
        for (kind, word) in [(kinds::HTTP_ROUTE, "HTTPRoute"), (kinds::GRPC_ROUTE, "GRPCRoute")] {
            routes.extend(
                pushed
                    .list(kind)
                    .iter()
                    .map(|one| Route::read(one, word, &Ends { services, grants: &grants, attached: &attached })),
            );
        }
        let each = |kind: Kind| pushed.list(kind).iter().map(|one| &**one);
        let mut virtual_services: Vec<VirtualService> =
            each(kinds::VIRTUAL_SERVICE).map(|one| VirtualService::read(one, services)).collect();
        virtual_services.sort_by(|a, b| a.seniority.cmp(&b.seniority));
        Self {
            routes,
            gateways: each(kinds::GATEWAY)
                .map(|one| Gateway::read(one, controller(pushed, one), namespaces, &certificates))
                .collect(),
            istio_gateways: each(kinds::ISTIO_GATEWAY).map(IstioGateway::read).collect(),
            virtual_services,
            destinations: each(kinds::DESTINATION_RULE)
                .filter_map(|one| DestinationRule::read(one, services))
                .collect(),
            filters: each(kinds::ENVOY_FILTER).flat_map(Filter::read).collect(),
            peers: each(kinds::PEER_AUTHENTICATION).map(PeerAuthentication::read).collect(),
            policies: each(kinds::AUTHORIZATION_POLICY).filter_map(AuthorizationPolicy::read).collect(),
            entries: each(kinds::SERVICE_ENTRY).map(ServiceEntry::read).collect(),
            attached,
        }
    }
}

/// Whose a Gateway is, by its class; one whose class is not there counts as Istio's.
fn controller<'a>(pushed: &'a Pushed, gateway: &Value) -> &'a str {
    let wanted = json::word(gateway, &["spec", "gatewayClassName"]);
    let class = pushed.list(kinds::GATEWAY_CLASS).iter().find(|class| json::name(class) == wanted);
    class.map_or("istio.io/gateway-controller", |class| json::word(class, &["spec", "controllerName"]))
}

/// What a proxy heard last.
#[derive(Debug, Default)]
struct Held {
    pushed: Pushed,
    addresses: HashMap<Port, Vec<Address>>,
}

impl Held {
    /// What everybody heard in a snapshot.
    fn of(before: &Config) -> Self {
        let mut addresses = HashMap::new();
        for service in &before.services.all {
            for port in &service.ports {
                let behind = port.ready.iter().filter_map(|(pod, number)| {
                    let pod = before.pods.all.get(*pod as usize)?;
                    let (namespace, name) = (Arc::clone(&pod.namespace), Arc::clone(&pod.name));
                    Some(Address { namespace, pod: name, ip: pod.ip.clone(), port: *number })
                });
                addresses.insert((Arc::clone(&service.host), port.number), behind.collect());
            }
        }
        Self { pushed: before.pushed.clone(), addresses }
    }
}

/// The same among the pods and Services of now: pods that are gone are called in vain.
#[derive(Debug)]
pub(super) struct View {
    held: Arc<Held>,
    pub(super) rules: Rules,
    ready: HashMap<Port, Vec<(u32, u16)>>,
}

impl View {
    fn read(
        held: &Arc<Held>,
        namespaces: &[(String, Labels)],
        services: &Services,
        behaviours: &Behaviours,
        pods: &mut Pods,
    ) -> Self {
        let mut ready = HashMap::new();
        for (port, addresses) in &held.addresses {
            let known = addresses.iter().map(|one| (pods.ghost(&one.namespace, &one.pod, &one.ip), one.port));
            ready.insert(port.clone(), known.collect());
        }
        Self { rules: Rules::read(&held.pushed, namespaces, services, behaviours), held: Arc::clone(held), ready }
    }

    /// The addresses it knows behind a port.
    pub(super) fn ready(&self, host: &Arc<str>, port: u16) -> &[(u32, u16)] {
        self.ready.get(&(Arc::clone(host), port)).map_or(&[], Vec::as_slice)
    }
}

/// Who goes by what, of those that do not hear their control plane.
#[derive(Debug, Clone, Default)]
pub(super) struct Views {
    /// The control planes that were ever there: where none was, none is missed.
    known: HashSet<Plane>,
    by_group: HashMap<u32, Arc<View>>,
    by_name: HashMap<(Arc<str>, Arc<str>), Arc<Held>>,
}

impl Views {
    pub(super) fn read(
        before: &Config,
        namespaces: &[(String, Labels)],
        network: &[NetworkPolicy],
        services: &Services,
        behaviours: &Behaviours,
        pods: &mut Pods,
    ) -> Self {
        let mut there: HashMap<Plane, Vec<(u32, String)>> = HashMap::new();
        for pod in pods.all.iter().filter(|pod| pod.ready) {
            if let Some(plane) = runs(&pods.groups[pod.group as usize]) {
                there.entry(plane).or_default().push((pod.group, pod.ip.clone()));
            }
        }
        let known = before.views.known.iter().chain(there.keys()).copied().collect();
        let mut views = Self { known, ..Self::default() };
        let silent = |group: &Group| {
            let plane = hears(group);
            before.views.known.contains(&plane)
                && there.get(&plane).into_iter().flatten().all(|(pod, ip)| {
                    let (from, to) = (Some(group), Some(&pods.groups[*pod as usize]));
                    let (from, to) = (End { group: from, ip: "" }, End { group: to, ip });
                    NetworkPolicy::drops(network, namespaces, from, to, plane.2)
                })
        };
        let cut: Vec<u32> = (0u32..)
            .zip(&pods.groups)
            .filter(|(_, group)| group.proxy.reads() && silent(group))
            .map(|(at, _)| at)
            .collect();
        let mut latest: Option<Arc<Held>> = None;
        let mut made: Vec<Arc<View>> = Vec::new();
        let mut used = HashSet::new();
        for at in cut {
            let group = &pods.groups[at as usize];
            let name = (Arc::clone(&group.namespace), Arc::clone(&group.workload));
            let held = before.views.by_name.get(&name).cloned();
            let held = held.unwrap_or_else(|| Arc::clone(latest.get_or_insert_with(|| Arc::new(Held::of(before)))));
            if used.insert(Arc::as_ptr(&held)) {
                made.push(Arc::new(View::read(&held, namespaces, services, behaviours, pods)));
            }
            if let Some(view) = made.iter().find(|view| Arc::ptr_eq(&view.held, &held)) {
                views.by_group.insert(at, Arc::clone(view));
            }
            views.by_name.insert(name, held);
        }
        views
    }

    /// Whether these pods are clients of istiod: their proxy is its, and they hear it.
    pub(super) fn hear_istiod(&self, group: u32, of: &Group) -> bool {
        of.proxy.reads() && hears(of) == ISTIOD && !self.by_group.contains_key(&group)
    }

    /// What a group goes by, when it does not hear its control plane.
    pub(super) fn of(&self, group: u32) -> Option<&View> {
        self.by_group.get(&group).map(|view| &**view)
    }
}

/// The control plane that these pods are of.
fn runs(group: &Group) -> Option<Plane> {
    let labelled = |(key, value, _): &Plane| group.labels.get(*key).is_some_and(|held| held == value);
    let istiod = |plane: &Plane| *plane != ISTIOD || *group.namespace == *ROOT;
    [ISTIOD, KGATEWAY, AGENTGATEWAY].into_iter().find(|plane| labelled(plane) && istiod(plane))
}

/// Whether these pods are istiod.
pub(super) fn is_istiod(group: &Group) -> bool {
    runs(group) == Some(ISTIOD)
}

/// The control plane that the proxies of these pods hear.
fn hears(group: &Group) -> Plane {
    let by = group.labels.get("app.kubernetes.io/managed-by").map(String::as_str);
    match (group.proxy.meshed(), by) {
        (false, Some("agentgateway")) => AGENTGATEWAY,
        (false, _) => KGATEWAY,
        (true, _) => ISTIOD,
    }
}
