//! What each kind of fault does, and that its undo brings the baseline back.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::{Value, json};

use super::world::{Seen, Town, pod, route, service};
use crate::traffic::Reporter;

fn envoy_filter(context: &str, labels: &Value, config: Value) -> Value {
    let mut config = config;
    config["@type"] = json!("type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault");
    json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter",
        "metadata": {"namespace": "shop", "name": "brink-x"},
        "spec": {
            "workloadSelector": {"labels": labels},
            "configPatches": [{
                "applyTo": "HTTP_FILTER",
                "match": {"context": context, "listener": {"filterChain": {"filter": {
                    "name": "envoy.filters.network.http_connection_manager",
                    "subFilter": {"name": "envoy.filters.http.router"}}}}},
                "patch": {"operation": "INSERT_BEFORE", "value": {"name": "brink.fault", "typed_config": config}},
            }],
        },
    })
}

pub(super) fn settled() -> Town {
    let mut town = Town::new(11, 100.0);
    town.run(3.0);
    town
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} instead of {expected} ± {tolerance}");
}

/// Undo returns everything to what it was.
pub(super) fn healthy(town: &mut Town) {
    town.run(2.0);
    let seen = town.watch(10.0);
    assert_eq!(
        seen.count(Reporter::Source, "*", "*", None),
        seen.count(Reporter::Source, "*", "*", Some(200)),
        "{seen:?}"
    );
    near(seen.mean("edge-istio", "web-v1"), 28.0, 8.0);
}

#[test]
fn the_baseline_is_all_200_and_both_ends_agree() {
    let mut town = settled();
    healthy(&mut town);
    let seen = town.watch(30.0);
    let (source, destination) = (
        seen.count(Reporter::Source, "web-v1", "reviews-v1", None),
        seen.count(Reporter::Destination, "web-v1", "reviews-v1", None),
    );
    near(source as f64, 3000.0, 220.0);
    near(destination as f64, source as f64, 5.0);
}

#[test]
fn http_delay_at_the_called_sidecar_moves_the_callers_up_the_line() {
    let mut town = settled();
    let config = json!({"delay": {"fixed_delay": "1s", "percentage": {"numerator": 50, "denominator": "HUNDRED"}}});
    town.change(|shelf| shelf.put(envoy_filter("SIDECAR_INBOUND", &json!({"app": "reviews"}), config)));
    town.run(3.0);
    let seen = town.watch(20.0);
    assert_eq!(seen.share("web-v1", "reviews-v1", 200), 1.0);
    near(seen.mean("web-v1", "reviews-v1"), 517.0, 40.0);
    near(seen.mean("edge-istio", "web-v1"), 528.0, 40.0);
    near(seen.mean("reviews-v1", "ratings-v1"), 6.0, 3.0);
    let delayed: u64 = seen
        .requests
        .iter()
        .filter(|(key, _)| key.0 == Reporter::Destination && key.2 == "reviews-v1" && key.4 == "DI")
        .map(|(_, n)| n)
        .sum();
    near(delayed as f64 / seen.count(Reporter::Destination, "web-v1", "reviews-v1", None) as f64, 0.5, 0.05);
    town.change(|shelf| shelf.take("EnvoyFilter", "brink-x"));
    healthy(&mut town);
}

#[test]
fn http_abort_fails_its_share_and_whoever_needs_the_answer() {
    let mut town = settled();
    let config = json!({"abort": {"http_status": 503, "percentage": {"numerator": 250_000, "denominator": "MILLION"}}});
    town.change(|shelf| shelf.put(envoy_filter("SIDECAR_INBOUND", &json!({"app": "ratings"}), config)));
    let seen = town.watch(30.0);
    near(seen.share("reviews-v1", "ratings-v1", 503), 0.25, 0.03);
    near(seen.share("web-v1", "reviews-v1", 500), 0.25, 0.03);
    near(seen.share("edge-istio", "web-v1", 500), 0.25, 0.03);
    let injected =
        seen.requests.iter().any(|(key, _)| key.0 == Reporter::Destination && key.2 == "ratings-v1" && key.4 == "FI");
    assert!(injected, "{seen:?}");
    let logs = town.traffic.take_logs();
    assert!(
        logs.iter().any(|one| one.text() == "ERROR ratings answered 503"),
        "{:?}",
        logs.last().map(super::super::LogRecord::text)
    );
    assert!(logs.iter().any(|one| one.text().contains("\" 503 FI fault_filter_abort")));
    town.change(|shelf| shelf.take("EnvoyFilter", "brink-x"));
    healthy(&mut town);
}

#[test]
fn an_outbound_fault_hits_the_named_authority_alone() {
    let mut town = settled();
    let config = json!({
        "abort": {"http_status": 500, "percentage": {"numerator": 100, "denominator": "HUNDRED"}},
        "headers": [{"name": ":authority", "string_match": {"safe_regex": {"regex": "(details)(\\.shop(\\.svc(\\.cluster\\.local)?)?)?(:[0-9]+)?"}}}],
    });
    town.change(|shelf| shelf.put(envoy_filter("SIDECAR_OUTBOUND", &json!({"app": "web"}), config)));
    let seen = town.watch(10.0);
    assert_eq!(seen.flags("web-v1", "unknown"), ["FI"]);
    assert_eq!(seen.count(Reporter::Destination, "*", "details-v1", None), 0);
    assert_eq!(seen.share("web-v1", "reviews-v1", 200), 1.0);
    // web can do without details.
    assert_eq!(seen.share("edge-istio", "web-v1", 200), 1.0);
    town.change(|shelf| shelf.take("EnvoyFilter", "brink-x"));
    healthy(&mut town);
}

#[test]
fn a_fault_at_the_gateway_is_seen_before_any_pod() {
    let mut town = settled();
    let config = json!({"abort": {"http_status": 418, "percentage": {"numerator": 100, "denominator": "HUNDRED"}}});
    town.change(|shelf| shelf.put(envoy_filter("GATEWAY", &json!({"app": "edge"}), config)));
    let seen = town.watch(5.0);
    assert_eq!(seen.share("edge-istio", "*", 418), 1.0);
    assert_eq!(seen.count(Reporter::Destination, "*", "web-v1", None), 0);
    town.change(|shelf| shelf.take("EnvoyFilter", "brink-x"));
    healthy(&mut town);
}

#[test]
fn authz_deny_answers_403_with_the_policy_in_the_log() {
    let mut town = settled();
    let policy = |rule: Value| {
        json!({
            "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
            "metadata": {"namespace": "shop", "name": "brink-deny"},
            "spec": {"selector": {"matchLabels": {"app": "ratings"}}, "action": "DENY", "rules": [rule]},
        })
    };
    town.change(|shelf| shelf.put(policy(json!({"from": [{"source": {"principals": ["*/ns/shop/sa/reviews"]}}]}))));
    let seen = town.watch(5.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 403), 1.0);
    assert!(town.traffic.take_logs().iter().any(|one| one.text().contains("ns[shop]-policy[brink-deny]")));
    town.change(|shelf| shelf.put(policy(json!({"from": [{"source": {"principals": ["*/ns/shop/sa/other"]}}]}))));
    healthy(&mut town);
    town.change(|shelf| shelf.put(policy(json!({"to": [{"operation": {"paths": ["/rat*"]}}]}))));
    assert_eq!(town.watch(5.0).share("reviews-v1", "ratings-v1", 403), 1.0);
    town.change(|shelf| shelf.take("AuthorizationPolicy", "brink-deny"));
    healthy(&mut town);
}

#[test]
fn route_conflict_takes_the_requests_only_when_it_is_older() {
    let mut town = settled();
    town.change(|shelf| {
        shelf.put(service("other"));
        shelf.put(pod("other", "v3", 0));
        shelf.put(route("front-v3", "other", "2026-02-01T00:00:00Z"));
    });
    let seen = town.watch(5.0);
    assert_eq!(seen.count(Reporter::Source, "edge-istio", "other-v3", None), 0);
    // The first is deleted and comes back younger: the second wins from now on.
    town.change(|shelf| shelf.put(route("front", "web", "2026-03-01T00:00:00Z")));
    let seen = town.watch(5.0);
    assert_eq!(seen.count(Reporter::Source, "edge-istio", "web-v1", None), 0);
    assert!(seen.count(Reporter::Source, "edge-istio", "other-v3", Some(200)) > 400);
    town.change(|shelf| shelf.take("HTTPRoute", "front-v3"));
    healthy(&mut town);
}

#[test]
fn scaling_to_zero_fails_connections_first_and_has_no_hosts_then() {
    let mut town = settled();
    // Pods go before the proxies know.
    (0..3).for_each(|n| town.shelf.take("Pod", &format!("ratings-v1-7d9-{n}")));
    town.compile();
    let first = town.watch(0.3);
    assert!(first.flags("reviews-v1", "ratings-v1").iter().any(|flags| flags.contains("UF")), "{first:?}");
    town.run(1.0);
    let seen = town.watch(5.0);
    assert_eq!(seen.flags("reviews-v1", "*"), ["UH"]);
    assert_eq!(seen.share("reviews-v1", "unknown", 503), 1.0);
    assert_eq!(seen.share("edge-istio", "web-v1", 500), 1.0);
    town.change(|shelf| (3..6).for_each(|n| shelf.put(pod("ratings", "v1", n))));
    healthy(&mut town);
}

#[test]
fn killing_one_pod_of_three_is_hidden_by_connection_retries() {
    let mut town = settled();
    town.shelf.take("Pod", "ratings-v1-7d9-1");
    town.compile();
    let seen = town.watch(1.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 200), 1.0, "{seen:?}");
    let retried: u64 = town.traffic.tries().map(|(.., tries)| tries.retries).sum();
    assert!(retried > 0);
    healthy(&mut town);
}

#[test]
fn retries_multiply_load_and_hide_half_of_the_failures() {
    let mut town = settled();
    let service = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "shop", "name": "ratings"},
        "spec": {"hosts": ["ratings"], "http": [{"route": [{"destination": {"host": "ratings"}}], "retries": {"attempts": 3, "retryOn": "5xx"}}]},
    });
    let config = json!({"abort": {"http_status": 503, "percentage": {"numerator": 50, "denominator": "HUNDRED"}}});
    town.change(|shelf| {
        shelf.put(service);
        shelf.put(envoy_filter("SIDECAR_INBOUND", &json!({"app": "ratings"}), config));
    });
    let seen = town.watch(30.0);
    near(seen.share("reviews-v1", "ratings-v1", 200), 0.9375, 0.015);
    let amplification = seen.count(Reporter::Destination, "*", "ratings-v1", None) as f64
        / seen.count(Reporter::Source, "*", "ratings-v1", None) as f64;
    near(amplification, 1.875, 0.05);
    assert_eq!(seen.flags("reviews-v1", "ratings-v1"), ["-", "URX"]);
}

#[test]
fn a_virtual_service_fault_turns_its_retries_off() {
    let mut town = settled();
    town.change(|shelf| {
        shelf.put(json!({
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "shop", "name": "ratings"},
            "spec": {"hosts": ["ratings.shop.svc.cluster.local"], "http": [
                {"name": "brink-x-0", "fault": {"abort": {"httpStatus": 503, "percentage": {"value": 40}}, "delay": {"fixedDelay": "200ms", "percentage": {"value": 100}}},
                 "route": [{"destination": {"host": "ratings"}}], "retries": {"attempts": 5, "retryOn": "5xx"}, "timeout": "100ms"},
                {"route": [{"destination": {"host": "ratings"}}]}]},
        }));
    });
    let seen = town.watch(20.0);
    near(
        seen.count(Reporter::Source, "reviews-v1", "unknown", Some(503)) as f64
            / seen.count(Reporter::Source, "reviews-v1", "*", None) as f64,
        0.4,
        0.04,
    );
    assert_eq!(seen.flags("reviews-v1", "*"), ["DI", "DI,FI"]);
    assert!(seen.mean("reviews-v1", "ratings-v1") > 200.0);
}

#[test]
fn outlier_detection_ejects_the_bad_host() {
    let mut town = settled();
    let mut bad = pod("ratings", "v1", 1);
    bad["metadata"]["labels"]["broken"] = json!("yes");
    let config = json!({"abort": {"http_status": 500, "percentage": {"numerator": 100, "denominator": "HUNDRED"}}});
    town.change(|shelf| {
        shelf.put(bad);
        shelf.put(envoy_filter("SIDECAR_INBOUND", &json!({"broken": "yes"}), config));
    });
    let before = town.watch(10.0).share("reviews-v1", "ratings-v1", 500);
    // A host that fails fast is less loaded, and gets a little more than its third.
    near(before, 0.38, 0.06);
    town.change(|shelf| shelf.put(json!({
        "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"namespace": "shop", "name": "ratings"},
        "spec": {"host": "ratings", "trafficPolicy": {"outlierDetection": {"consecutive5xxErrors": 5, "interval": "5s", "baseEjectionTime": "60s", "maxEjectionPercent": 50}}},
    })));
    town.run(3.0);
    let after = town.watch(30.0);
    assert_eq!(after.share("reviews-v1", "ratings-v1", 200), 1.0, "{after:?}");
    assert_eq!(town.traffic.tries().map(|(.., tries)| tries.ejections).sum::<u64>(), 1);
}

#[test]
fn a_connection_limit_overflows() {
    let mut town = settled();
    town.change(|shelf| shelf.put(json!({
        "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"namespace": "shop", "name": "ratings"},
        "spec": {"host": "ratings", "trafficPolicy": {"connectionPool": {"http": {"http2MaxRequests": 1}}}},
    })));
    let seen = town.watch(10.0);
    assert!(seen.share("reviews-v1", "unknown", 503) > 0.9, "{seen:?}");
    assert_eq!(seen.flags("reviews-v1", "unknown"), ["UO"]);
    let share = seen.count(Reporter::Source, "reviews-v1", "unknown", None) as f64
        / seen.count(Reporter::Source, "reviews-v1", "*", None) as f64;
    assert!((0.15..0.7).contains(&share), "{share}");
}

#[test]
fn a_partition_costs_the_connect_timeout_and_a_route_timeout_cuts_it() {
    let mut town = settled();
    town.change(|shelf| {
        shelf.put(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "shop", "name": "cut"},
        "spec": {"podSelector": {"matchLabels": {"app": "ratings"}}, "policyTypes": ["Ingress"], "ingress": []},
    }));
    });
    town.run(40.0);
    let seen = town.watch(20.0);
    assert_eq!(seen.flags("reviews-v1", "ratings-v1"), ["UF,URX"]);
    near(seen.mean("reviews-v1", "ratings-v1"), 30_000.0, 500.0);
    town.change(|shelf| shelf.put(json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "shop", "name": "ratings"},
        "spec": {"hosts": ["ratings"], "http": [{"route": [{"destination": {"host": "ratings"}}], "timeout": "2s"}]},
    })));
    town.run(35.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.flags("reviews-v1", "ratings-v1"), ["UT"]);
    near(seen.mean("reviews-v1", "ratings-v1"), 2000.0, 20.0);
    town.change(|shelf| {
        shelf.take("NetworkPolicy", "cut");
        shelf.take("VirtualService", "ratings");
    });
    healthy(&mut town);
}

#[test]
fn strict_mtls_shuts_out_whoever_has_no_proxy() {
    let mut town = Town::new(5, 50.0);
    let mut plain = pod("web", "v1", 0);
    plain["spec"]["containers"] = json!([{"name": "web"}]);
    town.change(|shelf| {
        (1..3).for_each(|n| shelf.take("Pod", &format!("web-v1-7d9-{n}")));
        shelf.put(plain);
    });
    let seen = town.watch(5.0);
    assert!(seen.count(Reporter::Destination, "unknown", "reviews-v1", Some(200)) > 150, "{seen:?}");
    town.change(|shelf| shelf.put(json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"namespace": "shop", "name": "strict"},
        "spec": {"mtls": {"mode": "STRICT"}},
    })));
    let seen = town.watch(5.0);
    assert_eq!(seen.count(Reporter::Destination, "*", "reviews-v1", None), 0);
    assert_eq!(seen.share("edge-istio", "web-v1", 500), 1.0);
    town.change(|shelf| shelf.take("PeerAuthentication", "strict"));
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 200), 1.0);
}

#[test]
fn a_pod_is_as_busy_as_its_requests_make_it() {
    let mut town = Town::new(4, 400.0);
    town.change(|shelf| (1..3).for_each(|n| shelf.take("Pod", &format!("ratings-v1-7d9-{n}"))));
    town.run(4.0);
    let signal = town.traffic.signals().find(|one| one.pod.starts_with("ratings")).unwrap();
    near(signal.rps, 400.0, 60.0);
    // Two milliseconds of CPU each, and what it needs without any.
    near(signal.cores, 0.8, 0.15);
}

#[test]
fn more_than_a_pod_can_serve_waits_and_drains_afterwards() {
    // One worker at 8 ms carries about 115 requests a second.
    let mut town = Town::new(4, 60.0);
    town.behave("shop/Deployment/ratings-v1: {serves: {9080: {median: 8ms, workers: 1}}}");
    town.change(|shelf| (1..3).for_each(|n| shelf.take("Pod", &format!("ratings-v1-7d9-{n}"))));
    town.run(5.0);
    let calm = town.watch(5.0).mean("reviews-v1", "ratings-v1");
    assert!(calm < 40.0, "{calm}");
    town.set_rps(240.0);
    town.run(2.0);
    let busy: Seen = town.watch(3.0);
    assert!(busy.mean("reviews-v1", "ratings-v1") > 1000.0, "{}", busy.mean("reviews-v1", "ratings-v1"));
    town.set_rps(60.0);
    town.run(30.0);
    let after = town.watch(5.0).mean("reviews-v1", "ratings-v1");
    assert!(after < 40.0, "{after}");
}

#[test]
fn want_of_cpu_slows_everything_down() {
    let mut town = Town::new(4, 150.0);
    town.behave("shop/Deployment/ratings-v1: {serves: {9080: {median: 5ms, workers: 64, cpu: 10ms}}}");
    let before = town.watch(5.0).mean("reviews-v1", "ratings-v1");
    let mut limited = pod("ratings", "v1", 0);
    limited["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "500m"}});
    town.change(|shelf| {
        (1..3).for_each(|n| shelf.take("Pod", &format!("ratings-v1-7d9-{n}")));
        shelf.put(limited);
    });
    town.run(5.0);
    let after = town.watch(5.0).mean("reviews-v1", "ratings-v1");
    assert!(after > before * 2.0, "1.5 cores wanted of a half: {before} became {after}");
}
