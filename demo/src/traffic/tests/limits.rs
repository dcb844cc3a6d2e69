//! Limits: of requests by token buckets, of retries by budgets, of tries by time, of what a pod can take. And their undo.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::{Value, json};

use super::world::{Seen, Town, pod};
use crate::traffic::Reporter;

fn settled(rps: f64) -> Town {
    let mut town = Town::new(21, rps);
    town.run(3.0);
    town
}

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} instead of {expected} ± {tolerance}");
}

/// Within a minute after its cause is gone, everything is answered and as fast as before.
fn recovers(town: &mut Town, before: &Seen) {
    town.run(50.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.share("edge-istio", "web-v1", 200), 1.0, "{seen:?}");
    for (from, to) in [("edge-istio", "web-v1"), ("web-v1", "reviews-v1"), ("reviews-v1", "ratings-v1")] {
        near(seen.mean(from, to), before.mean(from, to), before.mean(from, to) * 0.3);
    }
}

fn rate_limit(context: &str, app: &str, bucket: &Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": {"namespace": "shop", "name": "limit"},
        "spec": {"workloadSelector": {"labels": {"app": app}}, "configPatches": [{"applyTo": "HTTP_FILTER",
            "match": {"context": context},
            "patch": {"operation": "INSERT_BEFORE", "value": {"name": "envoy.filters.http.local_ratelimit", "typed_config": {
                "@type": "type.googleapis.com/udpa.type.v1.TypedStruct",
                "type_url": "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit",
                "value": {"stat_prefix": "limit", "token_bucket": bucket,
                    "filter_enabled": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}},
                    "filter_enforced": {"default_value": {"numerator": 100, "denominator": "HUNDRED"}}}}}}}]},
    })
}

fn virtual_service(host: &str, more: &Value) -> Value {
    let mut rule = json!({"route": [{"destination": {"host": host}}]});
    for (name, value) in more.as_object().cloned().unwrap_or_default() {
        rule[name] = value;
    }
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "shop", "name": host},
        "spec": {"hosts": [host], "http": [rule]},
    })
}

fn destination_rule(host: &str, policy: &Value) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": {"namespace": "shop", "name": host},
        "spec": {"host": host, "trafficPolicy": policy},
    })
}

fn abort(app: &str, share: u32) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": {"namespace": "shop", "name": "brink-x"},
        "spec": {"workloadSelector": {"labels": {"app": app}}, "configPatches": [{"applyTo": "HTTP_FILTER",
            "match": {"context": "SIDECAR_INBOUND"}, "patch": {"operation": "INSERT_BEFORE", "value": {"typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
                "abort": {"http_status": 503, "percentage": {"numerator": share, "denominator": "HUNDRED"}}}}}}]},
    })
}

#[test]
fn a_token_bucket_lets_its_tokens_through_and_answers_the_rest_429() {
    let mut town = settled(120.0);
    let before = town.watch(10.0);
    // Three pods, each 10 tokens a second.
    let bucket = json!({"max_tokens": 10, "tokens_per_fill": 10, "fill_interval": "1s"});
    town.change(|shelf| shelf.put(rate_limit("SIDECAR_INBOUND", "ratings", &bucket)));
    let seen = town.watch(30.0);
    let passed = seen.count(Reporter::Destination, "*", "ratings-v1", Some(200));
    near(passed as f64 / 30.0, 30.0, 2.0);
    near(seen.share("reviews-v1", "ratings-v1", 429), 0.75, 0.04);
    let limited = seen.requests.iter().any(|(key, _)| key.0 == Reporter::Destination && key.3 == 429 && key.4 == "RL");
    assert!(limited, "{seen:?}");
    // reviews needs ratings: what is refused there fails all the way up.
    near(seen.share("edge-istio", "web-v1", 500), 0.75, 0.04);
    assert!(town.traffic.take_logs().iter().any(|line| line.text().contains("\" 429 RL local_rate_limited")));
    town.change(|shelf| shelf.take("EnvoyFilter", "limit"));
    recovers(&mut town, &before);
}

#[test]
fn a_bucket_at_the_gateway_holds_back_what_comes_in() {
    let mut town = settled(100.0);
    let bucket = json!({"max_tokens": 50, "tokens_per_fill": 25, "fill_interval": "0.5s"});
    town.change(|shelf| shelf.put(rate_limit("GATEWAY", "edge", &bucket)));
    town.run(5.0);
    let seen = town.watch(20.0);
    near(seen.share("edge-istio", "*", 429), 0.5, 0.05);
    near(seen.count(Reporter::Destination, "edge-istio", "web-v1", None) as f64 / 20.0, 50.0, 3.0);
}

#[test]
fn a_budget_of_retries_bounds_their_load() {
    let amplification = |town: &mut Town| {
        let seen = town.watch(20.0);
        let arrived = seen.count(Reporter::Destination, "*", "ratings-v1", None) as f64;
        (arrived / seen.count(Reporter::Source, "*", "ratings-v1", None) as f64, seen)
    };
    let mut town = settled(150.0);
    let before = town.watch(10.0);
    town.change(|shelf| {
        shelf.put(virtual_service("ratings", &json!({"retries": {"attempts": 3, "retryOn": "5xx"}})));
        shelf.put(abort("ratings", 100));
    });
    let (free, _) = amplification(&mut town);
    near(free, 4.0, 0.1);
    town.change(|shelf| {
        shelf.put(destination_rule("ratings", &json!({"connectionPool": {"http": {"maxRetries": 1}}})));
    });
    let (bounded, seen) = amplification(&mut town);
    // Injected failures are quick: only retries that meet another one are left out.
    assert!(bounded < free * 0.93, "{bounded} after {free}");
    assert!(seen.flags("reviews-v1", "ratings-v1").iter().any(|flags| flags.contains("UO")), "{seen:?}");
    assert!(town.traffic.tries().any(|(.., tries)| tries.overflows > 0));
    town.change(|shelf| {
        shelf.take("EnvoyFilter", "brink-x");
        shelf.take("VirtualService", "ratings");
        shelf.take("DestinationRule", "ratings");
    });
    recovers(&mut town, &before);
}

#[test]
fn a_slow_try_is_cut_and_made_again_while_its_pod_works_on() {
    let mut town = settled(60.0);
    let before = town.watch(10.0);
    let slow = json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter", "metadata": {"namespace": "shop", "name": "brink-x"},
        "spec": {"workloadSelector": {"labels": {"app": "ratings"}}, "configPatches": [{"applyTo": "HTTP_FILTER",
            "match": {"context": "SIDECAR_INBOUND"}, "patch": {"operation": "INSERT_BEFORE", "value": {"typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
                "delay": {"fixed_delay": "2s", "percentage": {"numerator": 50, "denominator": "HUNDRED"}}}}}}]},
    });
    town.change(|shelf| {
        shelf.put(slow);
        shelf.put(virtual_service(
            "ratings",
            &json!({"retries": {"attempts": 3, "perTryTimeout": "200ms", "retryOn": "5xx"}, "timeout": "3s"}),
        ));
    });
    town.run(5.0);
    let seen = town.watch(30.0);
    // Half of the tries are cut, each of at most four: one in sixteen fails in the end.
    near(seen.share("reviews-v1", "ratings-v1", 200), 0.9375, 0.02);
    near(seen.share("reviews-v1", "ratings-v1", 504), 0.0625, 0.02);
    let cut: u64 = seen
        .requests
        .iter()
        .filter(|(key, _)| key.0 == Reporter::Destination && key.2 == "ratings-v1" && key.3 == 0)
        .map(|(key, n)| if key.4.contains("DC") { *n } else { 0 })
        .sum();
    near(cut as f64 / seen.count(Reporter::Destination, "*", "ratings-v1", None) as f64, 0.5, 0.04);
    town.change(|shelf| {
        shelf.take("EnvoyFilter", "brink-x");
        shelf.take("VirtualService", "ratings");
    });
    recovers(&mut town, &before);
}

#[test]
fn queues_grow_as_a_pod_nears_its_limit_and_are_refused_beyond_it() {
    // Eight workers at 20 ms carry about 370 requests a second.
    let mean = |rps: f64| {
        let mut town = settled(rps);
        town.behave("shop/Deployment/ratings-v1: {serves: {9080: {median: 20ms, workers: 8, cpu: 0ms}}}");
        town.change(|shelf| (1..3).for_each(|n| shelf.take("Pod", &format!("ratings-v1-7d9-{n}"))));
        town.run(10.0);
        town.watch(20.0).mean("reviews-v1", "ratings-v1")
    };
    let (calm, busy, near_full) = (mean(90.0), mean(280.0), mean(345.0));
    assert!(calm < busy && busy < near_full, "{calm} {busy} {near_full}");
    near(calm, 22.0, 4.0);
    assert!(near_full > calm * 1.5, "{calm} {near_full}");
    let mut town = settled(600.0);
    town.behave("shop/Deployment/ratings-v1: {serves: {9080: {median: 20ms, workers: 8, cpu: 0ms}}}");
    town.change(|shelf| (1..3).for_each(|n| shelf.take("Pod", &format!("ratings-v1-7d9-{n}"))));
    town.run(20.0);
    let seen = town.watch(10.0);
    let refused: u64 = seen
        .requests
        .iter()
        .filter(|(key, _)| key.0 == Reporter::Destination && key.2 == "ratings-v1" && key.3 == 503 && key.4 == "UO")
        .map(|(_, n)| n)
        .sum();
    assert!(refused > 500, "{seen:?}");
}

#[test]
fn retries_keep_an_overload_alive_that_heals_without_them() {
    // Three quarters loaded; ten seconds of three times as much; callers that give up after a second.
    let after_spike = |attempts: u32| {
        let mut town = settled(270.0);
        town.behave("shop/Deployment/ratings-v1: {serves: {9080: {median: 20ms, sigma: 0.3, workers: 8, cpu: 0ms}}}");
        town.change(|shelf| {
            (1..3).for_each(|n| shelf.take("Pod", &format!("ratings-v1-7d9-{n}")));
            let retries = json!({"attempts": attempts, "perTryTimeout": "1s", "retryOn": "5xx"});
            shelf.put(virtual_service("ratings", &json!({"retries": retries})));
        });
        town.run(5.0);
        town.set_rps(810.0);
        town.run(10.0);
        town.set_rps(270.0);
        town.run(60.0);
        town.watch(10.0).share("reviews-v1", "ratings-v1", 200)
    };
    assert!(after_spike(0) > 0.99);
    assert!(after_spike(3) < 0.5, "four times the load outlives its cause");
}

#[test]
fn a_pod_that_leaves_in_peace_loses_no_request() {
    let mut town = settled(200.0);
    let before = town.watch(10.0);
    // It works on while the proxies learn that it goes.
    let mut leaving = pod("ratings", "v1", 1);
    leaving["metadata"]["deletionTimestamp"] = json!("2026-11-26T13:00:00Z");
    town.shelf.put(leaving);
    town.compile();
    let seen = town.watch(1.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 200), 1.0);
    assert!(seen.flags("reviews-v1", "ratings-v1") == ["-"], "{seen:?}");
    let arrived = |town: &mut Town| {
        let pods: Vec<(u32, String)> = town.traffic.pods().map(|(number, uid)| (number, uid.to_string())).collect();
        let own = pods.iter().find(|(_, uid)| uid == "uid-ratings-v1-1").map(|(number, _)| *number);
        town.traffic
            .counters()
            .filter(|(_, edge)| Some(edge.key.pod) == own)
            .map(|(_, edge)| edge.requests)
            .sum::<u64>()
    };
    let then = arrived(&mut town);
    town.run(5.0);
    assert_eq!(arrived(&mut town), then, "nothing new comes to it");
    town.change(|shelf| {
        shelf.take("Pod", "ratings-v1-7d9-1");
        shelf.put(pod("ratings", "v1", 4));
    });
    recovers(&mut town, &before);
}

#[test]
fn a_pod_that_goes_at_once_costs_whoever_does_not_try_again() {
    let mut town = settled(300.0);
    let before = town.watch(10.0);
    town.change(|shelf| shelf.put(virtual_service("ratings", &json!({"retries": {"attempts": 0}}))));
    town.shelf.take("Pod", "ratings-v1-7d9-1");
    town.compile();
    let seen = town.watch(1.0);
    assert!(seen.flags("reviews-v1", "ratings-v1").contains(&"UF".to_owned()), "{seen:?}");
    assert!(seen.count(Reporter::Source, "reviews-v1", "*", Some(503)) > 0);
    town.run(1.0);
    assert_eq!(town.watch(3.0).share("reviews-v1", "ratings-v1", 200), 1.0, "the proxies know");
    town.change(|shelf| {
        shelf.put(pod("ratings", "v1", 1));
        shelf.take("VirtualService", "ratings");
    });
    recovers(&mut town, &before);
}
