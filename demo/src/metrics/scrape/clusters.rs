//! What Envoy tells of the clusters it calls: tries and their answers, retries, overflows, ejections.
//!
//! Istio's proxies name these series by tags of their own (its bootstrap has `cluster_name` and `response_code_class`), plain Envoy
//! by its default ones.

use std::sync::Arc;

use super::{
    super::{block::Layout, tags::Pair},
    labels::{pair, place},
    telling::Telling,
};
use crate::traffic::{Traffic, Tries};

const NAMES: [&str; 9] = [
    "envoy_cluster_upstream_rq_total",
    "envoy_cluster_upstream_rq_retry",
    "envoy_cluster_upstream_rq_retry_success",
    "envoy_cluster_upstream_rq_retry_limit_exceeded",
    "envoy_cluster_upstream_rq_retry_overflow",
    "envoy_cluster_upstream_rq_pending_overflow",
    "envoy_cluster_upstream_cx_none_healthy",
    "envoy_cluster_upstream_cx_connect_fail",
    "envoy_cluster_outlier_detection_ejections_enforced_total",
];

/// Layouts of both.
#[derive(Debug, Clone)]
pub(super) struct Clusters {
    istio: Arc<Layout>,
    envoy: Arc<Layout>,
}

impl Default for Clusters {
    fn default() -> Self {
        let common = || {
            let counters = NAMES.iter().fold(Layout::default(), |layout, name| layout.with(name, 1.0, true));
            counters.with("envoy_cluster_outlier_detection_ejections_active", 1.0, false)
        };
        let (whole, digit) = (["1xx", "2xx", "3xx", "4xx", "5xx"], ["1", "2", "3", "4", "5"]);
        Self {
            istio: Arc::new(common().with_each("envoy_cluster_upstream_rq", "response_code_class", &whole)),
            envoy: Arc::new(common().with_each("envoy_cluster_upstream_rq_xx", "envoy_response_code_class", &digit)),
        }
    }
}

impl Clusters {
    /// The layout and the labels of a cluster, `outbound|PORT|SUBSET|HOST`; `None`: whoever calls it counts no such thing.
    pub(super) fn of(
        &self,
        telling: Telling,
        traffic: &Traffic,
        pod: u32,
        cluster: &str,
    ) -> Option<(&Arc<Layout>, Vec<Pair>)> {
        let mut labels = place(traffic, pod);
        let layout = match telling {
            Telling::Istio => {
                labels.push(pair("cluster_name", cluster));
                &self.istio
            }
            Telling::Envoy => {
                let mut host = cluster.rsplit('|').next().unwrap_or_default().split('.');
                let (name, namespace) = (host.next().unwrap_or_default(), host.next().unwrap_or_default());
                labels.push(pair("envoy_cluster_name", &format!("kube_{namespace}_{name}")));
                &self.envoy
            }
            Telling::Agentgateway => return None,
        };
        Some((layout, labels))
    }
}

/// As a row of either.
pub(super) fn row(tries: &Tries, ejected: usize) -> Vec<f64> {
    let own = [
        tries.attempts,
        tries.retries,
        tries.saved,
        tries.exhausted,
        tries.overflows,
        tries.refused,
        tries.hostless,
        tries.lost,
        tries.ejections,
        ejected as u64,
    ];
    own.into_iter().chain(tries.answers).map(|count| count as f64).collect()
}
