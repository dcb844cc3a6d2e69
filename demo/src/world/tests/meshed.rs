//! Worlds of a mesh under the objects that faults write, by what their proxies count.

use std::time::Duration;

use serde_json::json;

use super::*;

/// The largest figure of an answer; `None` without any.
fn figure(world: &World, query: &str) -> Option<f64> {
    let (code, told) = world.metrics("/api/v1/query", &[("query".to_owned(), query.to_owned())]);
    assert_eq!(code, 200, "{query}: {told}");
    let all = told["data"]["result"].as_array().unwrap().iter();
    all.map(|row| row["value"][1].as_str().unwrap().parse::<f64>().unwrap()).reduce(f64::max)
}

/// A world and how far it has lived.
struct Life(World, u64);

impl Life {
    fn of(name: &str) -> Self {
        Self(living(name, None, 1), 0)
    }

    fn on(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.1 += 1;
            self.0.advance(time::later(now(), Duration::from_secs(self.1)));
        }
    }

    fn write(&mut self, method: &str, path: &str, body: &Value) {
        let (code, said) = ask(&mut self.0, method, path, &[], body);
        assert!(code / 100 == 2, "{path}: {said}");
    }

    #[track_caller]
    fn between(&self, query: &str, least: f64, most: f64) {
        let told = figure(&self.0, query).unwrap_or_else(|| panic!("nothing is told of {query}"));
        assert!((least..=most).contains(&told), "{told} is not between {least} and {most}: {query}");
    }
}

const ASKED: &str = r#"sum(rate(istio_requests_total{reporter="source",source_workload="recommendation",destination_service_name="data"}[60s]))"#;
const TRIED: &str = r#"sum(rate(istio_requests_total{reporter="destination",source_workload="recommendation",destination_workload="data"}[60s]))"#;
const CLUSTER: &str = r#"cluster_name="outbound|8000||data.agents.svc.cluster.local""#;

#[test]
fn retries_hide_failures_for_twice_the_load_and_a_pod_is_ejected() {
    let mut life = Life::of("agents");
    life.on(70);
    let active = format!("max(max_over_time(envoy_cluster_outlier_detection_ejections_active{{{CLUSTER}}}[20s]))");
    life.between(&format!("{TRIED} / {ASKED}"), 0.95, 1.05);
    life.between(&active, 0.0, 0.0);
    let filters = "/apis/networking.istio.io/v1alpha3/namespaces/agents/envoyfilters";
    life.write("POST", filters, &json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": {"name": "half", "namespace": "agents"},
        "spec": {
            "workloadSelector": {"labels": {"app": "data"}},
            "configPatches": [{
                "applyTo": "HTTP_FILTER",
                "match": {"context": "SIDECAR_INBOUND", "listener": {"filterChain": {"filter": {
                    "name": "envoy.filters.network.http_connection_manager", "subFilter": {"name": "envoy.filters.http.router"},
                }}}},
                "patch": {"operation": "INSERT_BEFORE", "value": {"name": "brink.fault", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
                    "abort": {"http_status": 503, "percentage": {"numerator": 50, "denominator": "HUNDRED"}},
                }}},
            }],
        },
    }));
    life.on(80);
    let good = |requests: &str| requests.replace("\"}[60s]", "\",response_code=\"200\"}[60s]");
    // Four tries of one half each: 1 - 0.5^4, for 1 + 0.5 + 0.25 + 0.125 tries.
    life.between(&format!("{} / {TRIED}", good(TRIED)), 0.46, 0.54);
    life.between(&format!("{} / {ASKED}", good(ASKED)), 0.91, 0.965);
    life.between(&format!("{TRIED} / {ASKED}"), 1.75, 2.0);
    life.between(&active, 1.0, 1.0);
    let rate = |name: &str, more: &str| format!("sum(rate({name}{{{CLUSTER}{more}}}[60s]))");
    let (retry, all) = (rate("envoy_cluster_upstream_rq_retry", ""), rate("envoy_cluster_upstream_rq_total", ""));
    life.between(&format!("{retry} / {ASKED}"), 0.78, 0.97);
    life.between(&format!("{all} / {TRIED}"), 0.95, 1.05);
    life.between(&format!("{} / {ASKED}", rate("envoy_cluster_upstream_rq_retry_limit_exceeded", "")), 0.04, 0.09);
    life.between(&format!("{} / {ASKED}", rate("envoy_cluster_upstream_rq_retry_success", "")), 0.38, 0.5);
    let failed = rate("envoy_cluster_upstream_rq", ",response_code_class=\"5xx\"");
    life.between(&format!("{failed} / {all}"), 0.46, 0.54);
    life.between(&format!("sum(envoy_cluster_outlier_detection_ejections_enforced_total{{{CLUSTER}}})"), 1.0, 20.0);
    life.write("DELETE", &format!("{filters}/half"), &Value::Null);
    life.on(240);
    life.between(&retry, 0.0, 0.0);
    life.between(&active, 0.0, 0.0);
}

#[test]
fn strict_mutual_tls_takes_the_plain_requests_away_and_gives_them_back() {
    let mut life = Life::of("agents");
    life.on(70);
    let by = |how: &str| {
        let labels = r#"reporter="destination",destination_workload="data",destination_workload_namespace="agents""#;
        format!("sum(rate(istio_requests_total{{{labels},connection_security_policy=\"{how}\"}}[60s]))")
    };
    life.between(&by("none"), 6.0, 10.0);
    let policies = "/apis/security.istio.io/v1/namespaces/agents/peerauthentications";
    life.write("POST", policies, &json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"name": "strict", "namespace": "agents"},
        "spec": {"selector": {"matchLabels": {"app": "data"}}, "mtls": {"mode": "STRICT"}},
    }));
    life.on(75);
    life.between(&by("none"), 0.0, 0.0);
    life.between(&by("mutual_tls"), 40.0, 80.0);
    life.write("DELETE", &format!("{policies}/strict"), &Value::Null);
    life.on(75);
    life.between(&by("none"), 6.0, 10.0);
}

#[test]
fn ztunnels_waypoint_and_istiod_tell_of_ambient_mode() {
    let mut life = Life::of("ambient");
    life.on(70);
    let opened = |labels: &str| {
        format!(
            "sum(rate(istio_tcp_connections_opened_total{{app=\"ztunnel\",reporter=\"destination\",{labels}}}[60s]))"
        )
    };
    let (plain, named) = (
        opened(r#"source_workload="nightly",source_principal="unknown",connection_security_policy="unknown""#),
        opened(
            r#"source_workload="nightly",source_principal="spiffe://cluster.local/ns/reports/sa/default",connection_security_policy="mutual_tls""#,
        ),
    );
    life.between(&opened(r#"destination_workload="ratings",connection_security_policy="mutual_tls""#), 50.0, 80.0);
    life.between(&plain, 6.0, 10.0);
    life.between(
        r#"sum(rate(istio_requests_total{reporter="waypoint",destination_workload="reviews"}[60s]))"#,
        40.0,
        60.0,
    );
    assert_eq!(
        figure(&life.0, r#"sum(istio_requests_total{reporter="destination",destination_workload="reviews"})"#),
        None
    );
    // Two ztunnels, a waypoint, and the sidecars of buyers and of two pods of orders.
    life.between("max(pilot_xds)", 6.0, 6.0);
    life.between("max(pilot_virt_services)", 1.0, 1.0);
    let pushed = figure(&life.0, r#"sum(pilot_xds_pushes{type="lds"})"#).unwrap();
    life.write(
        "PATCH",
        "/api/v1/namespaces/reports",
        &json!({"metadata": {"labels": {"istio.io/dataplane-mode": "ambient"}}}),
    );
    life.on(75);
    life.between(&named, 6.0, 10.0);
    life.between(&plain, 0.0, 0.0);
    let after = figure(&life.0, r#"sum(pilot_xds_pushes{type="lds"})"#).unwrap();
    assert!(after >= pushed + 6.0, "{after} after {pushed}");
    life.write("PATCH", "/apis/apps/v1/namespaces/istio-system/deployments/istiod", &json!({"spec": {"replicas": 0}}));
    life.on(60);
    assert_eq!(figure(&life.0, "max(pilot_xds)"), None, "nobody is there to tell");
}

#[test]
fn containers_are_told_with_their_limits() {
    let mut life = Life::of("agents");
    life.on(70);
    let data = r#"namespace="agents",pod=~"data-.*",container="data""#;
    life.between(
        &format!("sum(kube_pod_container_resource_limits{{{data},resource=\"cpu\",unit=\"core\"}})"),
        2.0,
        2.0,
    );
    let memory = format!("max(kube_pod_container_resource_limits{{{data},resource=\"memory\",unit=\"byte\"}})");
    life.between(&memory, 268_435_456.0, 268_435_456.0);
    // 68 requests a second of 2 ms each, and what two idle pods need.
    life.between(&format!("sum(rate(container_cpu_usage_seconds_total{{{data}}}[1m]))"), 0.1, 0.2);
    let proxies =
        r#"max(kube_pod_container_resource_limits{namespace="agents",container="istio-proxy",resource="cpu"})"#;
    life.between(proxies, 2.0, 2.0);
    life.between(
        r#"sum(rate(container_cpu_usage_seconds_total{namespace="agents",container="istio-proxy"}[1m]))"#,
        0.01,
        0.2,
    );
}
