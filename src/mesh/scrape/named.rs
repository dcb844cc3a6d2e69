//! Figures that a question tells apart by a label `signal`: connections, what proxies do about calls, the control plane.
//!
//! Each is what the question of the same name in [`crate::mesh::signals::promql`] is answered with. Sums by service or edge are
//! left to whoever reads the answers, who does the same to those of a Prometheus.

use compact_str::CompactString;
use serde::Deserialize;

use super::counters::{Counters, Role};
use crate::mesh::signals::{
    quantile::Buckets,
    sample::{ClusterLabels, ControlLabels, FlowLabels},
};

const FLOWS: [(&str, &str); 3] = [
    ("opened", "istio_tcp_connections_opened_total"),
    ("sent", "istio_tcp_sent_bytes_total"),
    ("received", "istio_tcp_received_bytes_total"),
];

const CLUSTERS: [(&str, &str); 6] = [
    ("retry", "envoy_cluster_upstream_rq_retry"),
    ("retry_success", "envoy_cluster_upstream_rq_retry_success"),
    ("retry_overflow", "envoy_cluster_upstream_rq_retry_overflow"),
    ("ejections", "envoy_cluster_outlier_detection_ejections_enforced_total"),
    ("pending_overflow", "envoy_cluster_upstream_rq_pending_overflow"),
    ("cx_overflow", "envoy_cluster_upstream_cx_overflow"),
];

const CONTROL: [(&str, &str); 3] = [
    ("internal_errors", "pilot_total_xds_internal_errors"),
    ("rejects", "pilot_total_xds_rejects"),
    ("stale", "pilot_xds_expired_nonce"),
];

const GAUGES: [(&str, &str); 3] = [
    ("clients", "pilot_xds"),
    ("ztunnel_pods", "workload_manager_active_proxy_count"),
    ("ztunnel_pending", "workload_manager_pending_proxy_count"),
];

/// The label that tells kinds of pushes apart.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Push {
    r#type: CompactString,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Bound {
    le: CompactString,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct By {
    reporter: CompactString,
}

/// Connections and bytes.
pub(super) fn flows(counters: &Counters) -> Vec<(FlowLabels, f64)> {
    let of = |(signal, metric): &(&str, &str)| {
        let signal = CompactString::from(*signal);
        let named = move |(labels, rate)| (FlowLabels { signal: signal.clone(), ..labels }, rate);
        counters.rates::<FlowLabels>(&[*metric]).into_iter().map(named)
    };
    FLOWS.iter().flat_map(of).collect()
}

/// Retries, ejections and full pools, cluster by cluster.
pub(super) fn clusters(counters: &Counters) -> Vec<(ClusterLabels, f64)> {
    let mut all: Vec<(ClusterLabels, f64)> = Vec::new();
    let mut add = |signal: &str, told: Vec<(ClusterLabels, f64)>| {
        let out = told.into_iter().filter(|(labels, _)| outbound(labels));
        all.extend(out.map(|(labels, value)| (ClusterLabels { signal: signal.into(), ..labels }, value)));
    };
    for (signal, metric) in CLUSTERS {
        add(signal, counters.rates(&[metric]));
    }
    add("ejected", counters.values_by_pod(&["envoy_cluster_outlier_detection_ejections_active"]));
    all
}

/// Istio's clusters are named by their way; others have a label of their own, which the proxy's own upkeep has as well.
fn outbound(labels: &ClusterLabels) -> bool {
    let (istio, plain) = (labels.cluster_name.as_str(), labels.envoy_cluster_name.as_str());
    (istio.is_empty() || istio.starts_with("outbound")) && !plain.starts_with("xds") && !plain.starts_with("admin")
}

/// istiod and ztunnels. `slow` reaches further back: changes are rare.
pub(super) fn control(counters: &Counters, slow: &Counters) -> Vec<(ControlLabels, f64)> {
    let mut all = Vec::new();
    let mut tell = |signal: &str, told: Option<f64>| {
        all.extend(told.map(|value| (ControlLabels { signal: signal.into() }, value)));
    };
    for (signal, metric) in GAUGES {
        tell(signal, sum(counters.values_by_pod::<Push>(&[metric]), |_| true));
    }
    let pushes = counters.rates::<Push>(&["pilot_xds_pushes"]);
    tell("pushes", sum(pushes.clone(), |push| !push.r#type.ends_with("senderr")));
    tell("push_errors", sum(pushes, |push| push.r#type.ends_with("senderr")));
    for (signal, metric) in CONTROL {
        tell(signal, sum(counters.rates::<Push>(&[metric]), |_| true));
    }
    let mut converged = Buckets::default();
    for (bound, rate) in slow.rates::<Bound>(&["pilot_proxy_convergence_time_bucket"]) {
        converged.add(&bound.le, rate);
    }
    tell("convergence_p50", converged.quantile(0.5));
    tell("convergence_p99", converged.quantile(0.99));
    let tunnels = |metric| counters.rates_of::<By>(Role::Tunnel, &[metric]);
    tell("ztunnel_opened", sum(tunnels("istio_tcp_connections_opened_total"), |by| by.reporter == "source"));
    tell("ztunnel_failed", sum(tunnels("istio_tcp_connections_failed_total"), |_| true));
    all
}

/// The sum of those that are such; `None` where there are none, which is not 0.
fn sum<L>(told: Vec<(L, f64)>, such: impl Fn(&L) -> bool) -> Option<f64> {
    told.into_iter().filter(|(labels, _)| such(labels)).map(|(_, value)| value).reduce(|a, b| a + b)
}
