//! What targets tell.

use std::sync::Arc;

use super::super::block::Layout;
use crate::traffic::BOUNDS;

/// What makes whole numbers of milliseconds and of seconds that were measured: microseconds.
const OF_MS: f64 = 1e3;
const OF_SECONDS: f64 = 1e6;

/// Upper bounds of `agentgateway_request_duration_seconds`.
const ROUTED: [f64; 15] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 80.0, f64::INFINITY];

/// The series of each kind of target.
#[derive(Debug, Clone)]
pub(super) struct Layouts {
    pub(super) up: Arc<Layout>,
    pub(super) requests: Arc<Layout>,
    pub(super) latency: Arc<Layout>,
    /// What sidecars of Dapr count: calls, their answers, and when a policy acted.
    pub(super) invoked: Arc<Layout>,
    pub(super) answered: Arc<Layout>,
    pub(super) acted: Arc<Layout>,
    /// What Envoy counts of the clusters it calls.
    pub(super) upstream: Arc<Layout>,
    pub(super) upstream_time: Arc<Layout>,
    /// What agentgateway counts of its routes.
    pub(super) routed: Arc<Layout>,
    pub(super) routed_time: Arc<Layout>,
    /// What ztunnels count; connections twice, as each is closed after its request.
    pub(super) tunnel: Arc<Layout>,
}

impl Default for Layouts {
    fn default() -> Self {
        let counters = |names: &[&str]| {
            let all = names.iter().fold(Layout::default(), |layout, name| layout.with(name, 1.0, true));
            Arc::new(all)
        };
        let latency = Layout::default().with_histogram("istio_request_duration_milliseconds", OF_MS, &BOUNDS);
        let histogram =
            |name: &str, unit: f64, bounds: &[f64]| Arc::new(Layout::default().with_histogram(name, unit, bounds));
        Self {
            invoked: counters(&["dapr_runtime_service_invocation_req_sent_total"]),
            answered: counters(&["dapr_runtime_service_invocation_res_recv_total"]),
            acted: counters(&["dapr_resiliency_activations_total"]),
            upstream: counters(&["envoy_cluster_upstream_rq"]),
            upstream_time: histogram("envoy_cluster_upstream_rq_time", OF_MS, &BOUNDS),
            routed: counters(&["agentgateway_requests_total"]),
            routed_time: histogram("agentgateway_request_duration_seconds", OF_SECONDS, &ROUTED),
            up: Arc::new(Layout::default().with("up", 1.0, false)),
            requests: counters(&["istio_requests_total"]),
            latency: Arc::new(latency),
            tunnel: counters(&[
                "istio_tcp_connections_opened_total",
                "istio_tcp_connections_closed_total",
                "istio_tcp_sent_bytes_total",
                "istio_tcp_received_bytes_total",
            ]),
        }
    }
}
