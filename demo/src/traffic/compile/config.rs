//! All that the control plane knows, read once from the objects.

use crate::{
    base::objects::Objects,
    traffic::{
        behaviour::Behaviours,
        json::{self, Labels},
    },
};

use super::{
    chaos::Chaos,
    destination_rule::DestinationRule,
    envoy_filter::Filter,
    gateway_api::{Gateway, Grants, Route},
    kinds,
    network_policy::NetworkPolicy,
    pods::Pods,
    security::{AuthorizationPolicy, PeerAuthentication},
    services::Services,
    virtual_service::{IstioGateway, VirtualService},
};

/// The namespace whose policies hold for the whole mesh.
pub(super) const ROOT: &str = "istio-system";

/// What was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    pub(super) namespaces: Vec<(String, Labels)>,
    pub(super) pods: Pods,
    pub(super) services: Services,
    /// Per group: names of the Services of its namespace that select it.
    pub(super) behind: Vec<Vec<String>>,
    pub(super) routes: Vec<Route>,
    pub(super) gateways: Vec<Gateway>,
    pub(super) istio_gateways: Vec<IstioGateway>,
    pub(super) virtual_services: Vec<VirtualService>,
    pub(super) destination_rules: Vec<DestinationRule>,
    pub(super) filters: Vec<Filter>,
    pub(super) peers: Vec<PeerAuthentication>,
    pub(super) policies: Vec<AuthorizationPolicy>,
    pub(super) network: Vec<NetworkPolicy>,
    pub(super) chaos: Chaos,
}

impl Config {
    pub(super) fn read(objects: &dyn Objects, behaviours: &Behaviours) -> Self {
        let namespaces: Vec<(String, Labels)> = objects
            .list(kinds::NAMESPACE, None)
            .iter()
            .map(|one| (json::name(one).to_owned(), json::labels(one, &["metadata", "labels"])))
            .collect();
        let spaces = namespaces.iter().map(|(name, labels)| (name.as_str(), labels)).collect();
        let mut pods = Pods::read(objects, behaviours, &spaces);
        let services = Services::read(objects, &mut pods);
        let mut grants = Grants::default();
        for grant in objects.list(kinds::REFERENCE_GRANT, None) {
            grants.add(&grant);
        }
        let mut routes = Vec::new();
        for (kind, word) in [(kinds::HTTP_ROUTE, "HTTPRoute"), (kinds::GRPC_ROUTE, "GRPCRoute")] {
            routes.extend(objects.list(kind, None).iter().map(|one| Route::read(one, word, &services, &grants)));
        }
        let mut virtual_services: Vec<VirtualService> =
            objects.list(kinds::VIRTUAL_SERVICE, None).iter().map(|one| VirtualService::read(one, &services)).collect();
        virtual_services.sort_by(|a, b| a.seniority.cmp(&b.seniority));
        let behind = pods.groups.iter().map(|group| {
            let selecting = services.all.iter().filter(|service| {
                service.namespace == group.namespace
                    && !service.selector.is_empty()
                    && json::carries(&group.labels, &service.selector)
            });
            selecting.map(|service| service.name.to_string()).collect()
        });
        let destination_rules = objects.list(kinds::DESTINATION_RULE, None);
        Self {
            behind: behind.collect(),
            routes,
            gateways: objects.list(kinds::GATEWAY, None).iter().map(|one| Gateway::read(one, &namespaces)).collect(),
            istio_gateways: objects
                .list(kinds::ISTIO_GATEWAY, None)
                .iter()
                .map(|one| IstioGateway::read(one))
                .collect(),
            virtual_services,
            destination_rules: destination_rules
                .iter()
                .filter_map(|one| DestinationRule::read(one, &services))
                .collect(),
            filters: objects.list(kinds::ENVOY_FILTER, None).iter().flat_map(|one| Filter::read(one)).collect(),
            peers: objects
                .list(kinds::PEER_AUTHENTICATION, None)
                .iter()
                .map(|one| PeerAuthentication::read(one))
                .collect(),
            policies: objects
                .list(kinds::AUTHORIZATION_POLICY, None)
                .iter()
                .filter_map(|one| AuthorizationPolicy::read(one))
                .collect(),
            network: objects.list(kinds::NETWORK_POLICY, None).iter().map(|one| NetworkPolicy::read(one)).collect(),
            chaos: Chaos::read(objects, &pods),
            namespaces,
            pods,
            services,
        }
    }
}
