//! The kinds that say how requests travel.

pub(super) use crate::base::kinds::{
    AGENTGATEWAY_POLICY, AUTHORIZATION_POLICY, BACKEND, COMPONENT, DESTINATION_RULE, DIRECT_RESPONSE, ENDPOINT_SLICE,
    ENVOY_FILTER, GATEWAY, GATEWAY_CLASS, GRPC_ROUTE, HTTP_ROUTE, NAMESPACE, NETWORK_POLICY, PEER_AUTHENTICATION, POD,
    REFERENCE_GRANT, RESILIENCY, SECRET, SERVICE, SERVICE_ENTRY, TRAFFIC_POLICY, VIRTUAL_SERVICE,
};
use crate::base::{kinds, objects::Kind};

/// Istio's own Gateway.
pub(super) const ISTIO_GATEWAY: Kind =
    Kind { group: "networking.istio.io", version: "v1", kind: "Gateway", plural: "gateways", namespaced: true };

/// Kinds whose writes change how requests travel: after one of them the snapshot is compiled anew.
pub const READ: [Kind; 34] = [
    NAMESPACE,
    POD,
    SERVICE,
    ENDPOINT_SLICE,
    NETWORK_POLICY,
    GATEWAY,
    HTTP_ROUTE,
    GRPC_ROUTE,
    REFERENCE_GRANT,
    ISTIO_GATEWAY,
    VIRTUAL_SERVICE,
    DESTINATION_RULE,
    ENVOY_FILTER,
    PEER_AUTHENTICATION,
    AUTHORIZATION_POLICY,
    SERVICE_ENTRY,
    SECRET,
    GATEWAY_CLASS,
    TRAFFIC_POLICY,
    DIRECT_RESPONSE,
    BACKEND,
    AGENTGATEWAY_POLICY,
    COMPONENT,
    RESILIENCY,
    kinds::NETWORK_CHAOS,
    kinds::POD_CHAOS,
    kinds::STRESS_CHAOS,
    kinds::DNS_CHAOS,
    kinds::IO_CHAOS,
    kinds::TIME_CHAOS,
    kinds::HTTP_CHAOS,
    kinds::CHAOS_ENGINE,
    kinds::CHAOS_EXPERIMENT,
    kinds::CHAOS_RESULT,
];
