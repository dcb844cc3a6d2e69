//! The containers that are proxies, by name.

/// Of a mesh: Istio's.
pub const ISTIO: &str = "istio-proxy";
/// Envoy, as kgateway wraps it.
pub const ENVOY: &str = "kgateway-proxy";
/// agentgateway.
pub const AGENTGATEWAY: &str = "agentgateway";
/// The sidecar of Dapr.
pub const DAPRD: &str = "daprd";

/// Whether a container is one of them.
pub fn is_proxy(container: &str) -> bool {
    [ISTIO, ENVOY, AGENTGATEWAY, DAPRD].contains(&container)
}
