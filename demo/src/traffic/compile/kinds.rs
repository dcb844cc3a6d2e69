//! The kinds that say how requests travel.

use crate::base::objects::Kind;

const fn kind(
    group: &'static str,
    version: &'static str,
    kind: &'static str,
    plural: &'static str,
    namespaced: bool,
) -> Kind {
    Kind { group, version, kind, plural, namespaced }
}

pub(super) const NAMESPACE: Kind = kind("", "v1", "Namespace", "namespaces", false);
pub(super) const POD: Kind = kind("", "v1", "Pod", "pods", true);
pub(super) const SERVICE: Kind = kind("", "v1", "Service", "services", true);
pub(super) const ENDPOINT_SLICE: Kind = kind("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", true);
pub(super) const NETWORK_POLICY: Kind = kind("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", true);
pub(super) const GATEWAY: Kind = kind("gateway.networking.k8s.io", "v1", "Gateway", "gateways", true);
pub(super) const HTTP_ROUTE: Kind = kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", true);
pub(super) const GRPC_ROUTE: Kind = kind("gateway.networking.k8s.io", "v1", "GRPCRoute", "grpcroutes", true);
pub(super) const REFERENCE_GRANT: Kind =
    kind("gateway.networking.k8s.io", "v1beta1", "ReferenceGrant", "referencegrants", true);
pub(super) const ISTIO_GATEWAY: Kind = kind("networking.istio.io", "v1", "Gateway", "gateways", true);
pub(super) const VIRTUAL_SERVICE: Kind = kind("networking.istio.io", "v1", "VirtualService", "virtualservices", true);
pub(super) const DESTINATION_RULE: Kind =
    kind("networking.istio.io", "v1", "DestinationRule", "destinationrules", true);
pub(super) const ENVOY_FILTER: Kind = kind("networking.istio.io", "v1alpha3", "EnvoyFilter", "envoyfilters", true);
pub(super) const PEER_AUTHENTICATION: Kind =
    kind("security.istio.io", "v1", "PeerAuthentication", "peerauthentications", true);
pub(super) const AUTHORIZATION_POLICY: Kind =
    kind("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies", true);

/// Kinds whose writes change how requests travel: after one of them the snapshot is compiled anew.
pub const READ: [Kind; 15] = [
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
];
