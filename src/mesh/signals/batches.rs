//! Several figures in one question: each sum carries the label `signal`, and `or` puts them side by side.
//!
//! A `rate` over several metric names at once is refused by Prometheus (the name is dropped, and series would be alike), so
//! each metric has a sum of its own. What a source does not have is missing in the answer, not zero. Metric names: Istio
//! standard metrics, Envoy's cluster statistics, istiod (`pilot/pkg/xds/monitoring.go`), ztunnel, cAdvisor,
//! kube-state-metrics.

use super::{
    promql::{Interest, escaped},
    usage::workload_pattern,
};

/// Clusters that lead out of a proxy: Istio's name, or none where a plain Envoy uses a label of its own.
const OUTBOUND: &str = "cluster_name=~\"(outbound.*)?\", envoy_cluster_name!~\"xds.*|admin.*\"";

impl Interest {
    /// Connections and bytes of TCP by pair of workloads, reporter and security.
    pub fn flows(&self) -> String {
        let (of, span) = (self.selector(&[]), self.span());
        let sum = |metric: &str| {
            format!(
                "sum by (reporter, source_workload_namespace, source_workload, destination_workload_namespace, \
                 destination_workload, destination_service_namespace, destination_service_name, \
                 connection_security_policy) (rate({metric}{of}[{span}]))"
            )
        };
        together(&[
            ("opened", sum("istio_tcp_connections_opened_total")),
            ("sent", sum("istio_tcp_sent_bytes_total")),
            ("received", sum("istio_tcp_received_bytes_total")),
        ])
    }

    /// What callers' proxies did about calls of each cluster.
    pub fn clusters(&self) -> String {
        let span = self.span();
        let sum = |metric: &str| {
            format!("sum by (cluster_name, envoy_cluster_name) (rate(envoy_cluster_{metric}{{{OUTBOUND}}}[{span}]))")
        };
        let active = format!(
            "max by (cluster_name, envoy_cluster_name) (envoy_cluster_outlier_detection_ejections_active{{{OUTBOUND}}})"
        );
        together(&[
            ("retry", sum("upstream_rq_retry")),
            ("retry_success", sum("upstream_rq_retry_success")),
            ("retry_overflow", sum("upstream_rq_retry_overflow")),
            ("ejections", sum("outlier_detection_ejections_enforced_total")),
            ("ejected", active),
            ("pending_overflow", sum("upstream_rq_pending_overflow")),
            ("cx_overflow", sum("upstream_cx_overflow")),
        ])
    }

    /// CPU and memory of workloads, and how near their containers are to their limits.
    pub fn usage(&self) -> String {
        let span = self.span();
        // A pod has series of its own cgroup and of the pause container, which are no containers.
        let mut of = "container!=\"\", container!=\"POD\"".to_owned();
        if let Some(namespace) = &self.namespace {
            of = format!("{of}, namespace=\"{}\"", escaped(namespace));
        }
        let pattern = escaped(&workload_pattern());
        let by = |how: &str, what: &str| {
            format!(
                "{how} by (namespace, workload) (label_replace({what}, \"workload\", \"$1\", \"pod\", \"{pattern}\"))"
            )
        };
        let each = "sum by (namespace, pod, container)";
        let cpu = format!("{each} (rate(container_cpu_usage_seconds_total{{{of}}}[{span}]))");
        let memory = format!("{each} (container_memory_working_set_bytes{{{of}}})");
        // Who scrapes no limits from the nodes may have those that kube-state-metrics reads in the pods.
        let said =
            |resource: &str| format!("{each} (kube_pod_container_resource_limits{{resource=\"{resource}\", {of}}})");
        let cores = format!(
            "({each} (container_spec_cpu_quota{{{of}}} / container_spec_cpu_period{{{of}}} > 0) or {})",
            said("cpu")
        );
        let bytes = format!("({each} (container_spec_memory_limit_bytes{{{of}}} > 0) or {})", said("memory"));
        together(&[
            ("cpu", by("sum", &cpu)),
            ("memory", by("sum", &memory)),
            ("cpu_share", by("max", &format!("({cpu} / {cores})"))),
            ("memory_share", by("max", &format!("({memory} / {bytes})"))),
        ])
    }

    /// How istiod and the ztunnels do, over all namespaces.
    pub fn control(&self) -> String {
        let span = self.span();
        let rate = |metric: &str| format!("sum (rate({metric}[{span}]))");
        // Changes are rare: over a minute there is often none to tell of.
        let long = self.window.as_secs().max(1) * 10;
        let converged = |quantile: f64| {
            format!("histogram_quantile({quantile}, sum by (le) (rate(pilot_proxy_convergence_time_bucket[{long}s])))")
        };
        together(&[
            ("clients", "sum (pilot_xds)".to_owned()),
            ("pushes", rate("pilot_xds_pushes{type!~\".*senderr\"}")),
            ("push_errors", rate("pilot_xds_pushes{type=~\".*senderr\"}")),
            ("internal_errors", rate("pilot_total_xds_internal_errors")),
            ("rejects", rate("pilot_total_xds_rejects")),
            ("stale", rate("pilot_xds_expired_nonce")),
            ("convergence_p50", converged(0.5)),
            ("convergence_p99", converged(0.99)),
            ("ztunnel_opened", rate("istio_tcp_connections_opened_total{app=\"ztunnel\", reporter=\"source\"}")),
            ("ztunnel_failed", rate("istio_tcp_connections_failed_total{app=\"ztunnel\"}")),
            ("ztunnel_pods", "sum (workload_manager_active_proxy_count)".to_owned()),
            ("ztunnel_pending", "sum (workload_manager_pending_proxy_count)".to_owned()),
        ])
    }
}

pub(super) fn together(parts: &[(&str, String)]) -> String {
    let named = |(signal, question): &(&str, String)| {
        format!("label_replace({question}, \"signal\", \"{signal}\", \"\", \"\")")
    };
    parts.iter().map(named).collect::<Vec<_>>().join(" or ")
}

#[cfg(test)]
mod tests {
    use super::Interest;

    #[test]
    fn names_cannot_leave_their_quotes() {
        let interest = Interest { namespace: Some("a\"b".to_owned()), ..Interest::default() };
        assert!(interest.usage().contains("namespace=\"a\\\"b\""), "{}", interest.usage());
        assert!(interest.flows().contains("destination_service_namespace=\"a\\\"b\""), "{}", interest.flows());
    }

    #[test]
    fn each_figure_carries_its_name() {
        let question = Interest::default().clusters();
        assert_eq!(question.matches("\"signal\"").count(), 7);
        assert_eq!(question.matches(" or ").count(), 6);
    }
}
