//! What proxies, ztunnels and istiod answer at their own ports, through the API server.
#![expect(clippy::float_cmp, reason = "whole counts are exactly one or are not")]

use std::{collections::BTreeMap, time::Duration};

use super::*;

fn passed(world: &mut World, path: &str, query: &[(&str, &str)]) -> (u16, String) {
    let request = Request {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        token: "t".to_owned(),
        ..Request::default()
    };
    let answer = world.request(&request);
    let Body::Whole(bytes) = answer.body else { panic!("{path} is a stream") };
    (answer.code, String::from_utf8(bytes.to_vec()).unwrap())
}

fn pods(world: &mut World, selector: &str) -> Vec<(String, String)> {
    let (_, list) = ask(world, "GET", "/api/v1/pods", &[("labelSelector", selector)], &Value::Null);
    let name = |one: &Value, field: &str| json::text(one, &["metadata", field]).to_owned();
    json::list(&list, &["items"]).iter().map(|one| (name(one, "namespace"), name(one, "name"))).collect()
}

/// The sum of a metric's samples that hold all these words.
fn sum(text: &str, metric: &str, words: &[&str]) -> f64 {
    let lines =
        text.lines().filter(|line| line.starts_with(&format!("{metric}{{")) || line.starts_with(&format!("{metric} ")));
    let such = lines.filter(|line| words.iter().all(|word| line.contains(word)));
    such.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
}

fn near(found: f64, truth: f64) {
    assert!((found - truth).abs() <= truth.abs() * 0.05 && truth > 0.0, "{found} is not {truth}");
}

fn figure(world: &World, question: &str) -> f64 {
    let (_, told) = world.metrics("/api/v1/query", &[("query".to_owned(), question.to_owned())]);
    told["data"]["result"][0]["value"][1].as_str().unwrap_or_else(|| panic!("{question}: {told}")).parse().unwrap()
}

fn on(world: &mut World, seconds: u64) {
    let mut at = world.cluster().now();
    for _ in 0..seconds {
        at = at.checked_add(Duration::from_secs(1)).unwrap();
        world.advance(at);
    }
}

/// Every target of these pods read once, as one text.
fn all(world: &mut World, selector: &str, port: u16, path: &str) -> String {
    let pods = pods(world, selector);
    assert!(!pods.is_empty(), "{selector}");
    let mut text = String::new();
    for (namespace, name) in pods {
        let (code, said) =
            passed(world, &format!("/api/v1/namespaces/{namespace}/pods/{name}:{port}/proxy{path}"), &[]);
        assert_eq!(code, 200, "{namespace}/{name}: {said}");
        text.push_str(&said);
    }
    text
}

const MESHED: &str = "service.istio.io/canonical-name";

#[test]
fn two_readings_of_all_proxies_are_what_prometheus_counts() {
    let mut world = living("shop", None, 1);
    let before = all(&mut world, MESHED, 15020, "/stats/prometheus");
    on(&mut world, 60);
    let after = all(&mut world, MESHED, 15020, "/stats/prometheus");
    let labels = [r#"reporter="destination""#, r#"destination_workload="productpage""#];
    for (metric, question) in [
        ("istio_requests_total", "istio_requests_total"),
        ("istio_request_duration_milliseconds_sum", "istio_request_duration_milliseconds_sum"),
    ] {
        let grown = sum(&after, metric, &labels) - sum(&before, metric, &labels);
        near(grown / 60.0, figure(&world, &format!("sum(rate({question}{{{}}}[1m]))", labels.join(","))));
    }
    assert!(before.contains("# TYPE istio_requests_total counter\n") && !before.contains("job=\""), "{before}");
    assert!(after.contains("# TYPE istio_request_duration_milliseconds histogram\n"));
    let istiod = all(&mut world, "app=istiod", 15014, "/metrics");
    assert_eq!(sum(&istiod, "pilot_xds", &[]), figure(&world, "sum(pilot_xds)"));
    assert_eq!(sum(&istiod, "pilot_total_xds_rejects", &[]), 0.0);
}

#[test]
fn each_ztunnel_tells_of_its_own_node() {
    let mut world = living("ambient", None, 1);
    on(&mut world, 5);
    let mut each = BTreeMap::new();
    for (namespace, name) in pods(&mut world, "app=ztunnel") {
        let path = format!("/api/v1/namespaces/{namespace}/pods/{name}:15020/proxy/metrics");
        each.insert(name, passed(&mut world, &path, &[]).1);
    }
    assert!(each.len() >= 2);
    let opened = |text: &str| sum(text, "istio_tcp_connections_opened_total", &[r#"reporter="destination""#]);
    let told: Vec<f64> = each.values().map(|text| opened(text)).collect();
    assert!(told.iter().all(|told| *told > 0.0), "{told:?}");
    assert!(!each.values().any(|text| text.contains("{pod=\"") || text.contains("{app=\"") || text.contains("job=\"")));
}

#[test]
fn other_gateways_tell_in_their_own_words() {
    let mut world = living("gateways", None, 1);
    let text = all(&mut world, "app.kubernetes.io/managed-by=agentgateway", 15020, "/metrics");
    assert!(sum(&text, "agentgateway_requests_total", &[]) > 0.0, "{text}");
}

#[test]
fn closed_ports_wrong_paths_and_absent_pods_are_told_apart() {
    let mut world = living("shop", None, 1);
    let (namespace, name) = pods(&mut world, MESHED).remove(0);
    let pod = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let (code, said) = passed(&mut world, &format!("{pod}:9999/proxy/metrics"), &[]);
    assert_eq!(code, 503);
    assert!(said.contains("error trying to reach service: dial tcp") && said.contains("ServiceUnavailable"), "{said}");
    assert_eq!(passed(&mut world, &format!("{pod}:15020/proxy/nowhere"), &[]).0, 404);
    assert_eq!(
        passed(&mut world, &format!("/api/v1/namespaces/{namespace}/pods/none:15020/proxy/metrics"), &[]).0,
        404
    );
    assert_eq!(passed(&mut world, &format!("{pod}:x/proxy/metrics"), &[]).0, 400);
    let (_, whole) = passed(&mut world, &format!("{pod}:15090/proxy/stats/prometheus"), &[]);
    let (_, used) = passed(&mut world, &format!("{pod}:15090/proxy/stats/prometheus"), &[("usedonly", "")]);
    assert!(used.len() <= whole.len() && used.contains("istio_requests_total"));
}

/// A bucket that is never filled is nothing that Envoy takes: the proxies refuse the push, which istiod counts.
#[test]
fn a_filter_that_envoy_does_not_take_is_refused_by_its_proxies() {
    let mut world = living("shop", None, 1);
    on(&mut world, 6);
    assert_eq!(figure(&world, "sum(pilot_total_xds_rejects)"), 0.0);
    let config = |bucket: Value| {
        serde_json::json!({
            "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter",
            "metadata": {"name": "limit", "namespace": "shop"},
            "spec": {"workloadSelector": {"labels": {"app": "productpage"}}, "configPatches": [{
                "applyTo": "HTTP_FILTER", "match": {"context": "SIDECAR_INBOUND"},
                "patch": {"operation": "INSERT_BEFORE", "value": {"name": "envoy.filters.http.local_ratelimit", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
                    "stat_prefix": "limit", "token_bucket": bucket,
                }}},
            }]},
        })
    };
    let path = "/apis/networking.istio.io/v1alpha3/namespaces/shop/envoyfilters";
    let (code, said) =
        ask(&mut world, "POST", path, &[], &config(serde_json::json!({"max_tokens": 0, "fill_interval": "1s"})));
    assert_eq!(code, 201, "{said}");
    on(&mut world, 10);
    let refused = figure(&world, "sum(pilot_total_xds_rejects)");
    let proxies = f64::from(u32::try_from(pods(&mut world, "app=productpage").len()).unwrap());
    assert!(refused >= proxies && proxies > 0.0, "{refused} of {proxies}");
    assert!(figure(&world, "sum(pilot_xds)") > proxies, "they stay connected");
    let right =
        serde_json::json!({"spec": config(serde_json::json!({"max_tokens": 5, "fill_interval": "1s"}))["spec"]});
    let (code, said) = ask(&mut world, "PATCH", &format!("{path}/limit"), &[], &right);
    assert_eq!(code, 200, "{said}");
    on(&mut world, 10);
    let after = figure(&world, "sum(pilot_total_xds_rejects)");
    on(&mut world, 30);
    assert_eq!(figure(&world, "sum(pilot_total_xds_rejects)"), after, "nothing is refused any more");
}
