//! Calls through sidecars of Dapr: what policies make of failures, and components that are there or not.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::{Value, json};

use super::world::{Seen, Town, pod};
use crate::traffic::{Reporter, What};

/// The town, where web calls reviews through its sidecar and keeps something in a store.
fn town() -> Town {
    let mut town = Town::new(41, 40.0);
    town.change(|shelf| {
        for app in ["web", "reviews"] {
            for n in 0..3 {
                let mut pod = pod(app, "v1", n);
                pod["metadata"]["annotations"] = json!({"dapr.io/enabled": "true", "dapr.io/app-id": app});
                pod["spec"]["containers"].as_array_mut().unwrap().push(json!({"name": "daprd"}));
                shelf.put(pod);
            }
        }
        shelf.put(json!({
            "apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"namespace": "shop", "name": "statestore"},
            "spec": {"type": "state.redis", "version": "v1"},
        }));
    });
    town.behave(
        "shop/Deployment/web-v1: {serves: {9080: {median: 10ms}}, calls: [\
         {to: 'http://localhost:3500/v1.0/invoke/reviews/method/r'}, {to: 'http://localhost:3500/v1.0/state/statestore'}]}\n\
         shop/Deployment/reviews-v1: {serves: {9080: {median: 8ms}}}\n",
    );
    town.run(3.0);
    town
}

fn resiliency(spec: &Value) -> Value {
    json!({
        "apiVersion": "dapr.io/v1alpha1", "kind": "Resiliency", "metadata": {"namespace": "shop", "name": "ours"}, "spec": spec,
    })
}

fn acted(town: &Town, wanted: &str) -> u64 {
    let of = |what: &What| matches!(what, What::Acted(name, policy, app) if &**name == "ours" && *policy == wanted && &**app == "reviews");
    town.traffic.sidecars().filter(|(key, _)| of(&key.what)).map(|(_, n)| n).sum()
}

/// Half of what reviews answers fails.
fn failing(town: &mut Town) {
    town.behave("shop/Deployment/reviews-v1: {serves: {9080: {median: 8ms, errors: 0.5, error_code: 500}}}\n");
}

fn arrived(seen: &Seen) -> f64 {
    let (web, reviews) = ("web-v1", "reviews-v1");
    seen.count(Reporter::Destination, web, reviews, None) as f64
        / seen.count(Reporter::Destination, "edge-istio", web, None) as f64
}

#[test]
fn retries_hide_failures_and_multiply_the_load() {
    let mut town = town();
    let calm = town.watch(10.0);
    assert_eq!(calm.share("edge-istio", "web-v1", 200), 1.0);
    assert!((arrived(&calm) - 1.0).abs() < 0.02);
    failing(&mut town);
    assert!(town.watch(10.0).share("edge-istio", "web-v1", 200) < 0.6, "without a policy answers are not tried again");
    town.change(|shelf| {
        shelf.put(resiliency(&json!({
            "policies": {"retries": {"much": {"policy": "constant", "duration": "20ms", "maxRetries": 10}}},
            "targets": {"apps": {"reviews": {"retry": "much"}}},
        })));
    });
    let seen = town.watch(20.0);
    assert!(seen.share("edge-istio", "web-v1", 200) > 0.98, "{}", seen.share("edge-istio", "web-v1", 200));
    // A call comes to two tries on average, as each fails with even odds.
    assert!((arrived(&seen) - 2.0).abs() < 0.2, "{}", arrived(&seen));
    assert!(acted(&town, "retry") > 500);
    town.change(|shelf| shelf.take("Resiliency", "ours"));
    assert!(town.watch(10.0).share("edge-istio", "web-v1", 200) < 0.6);
}

#[test]
fn a_timeout_fails_and_a_breaker_spares() {
    let mut town = town();
    let policies = |kind: &str, policy: Value, field: &str| {
        resiliency(&json!({
            "policies": {kind: {"p": policy}}, "targets": {"apps": {"reviews": {field: "p"}}},
        }))
    };
    town.change(|shelf| shelf.put(policies("timeouts", json!("2ms"), "timeout")));
    assert_eq!(town.watch(10.0).share("edge-istio", "web-v1", 500), 1.0);
    assert!(acted(&town, "timeout") > 300);
    failing(&mut town);
    let breaker = json!({"maxRequests": 1, "timeout": "5s", "trip": "consecutiveFailures >= 2"});
    town.change(|shelf| shelf.put(policies("circuitBreakers", breaker, "circuitBreaker")));
    let seen = town.watch(20.0);
    assert!(arrived(&seen) < 0.3, "most calls are not made: {}", arrived(&seen));
    assert!(acted(&town, "circuitbreaker") > 300);
}

#[test]
fn scopes_decide_for_whom_it_is() {
    let mut town = town();
    let scoped = |scopes: Value| {
        let mut object = json!({
            "apiVersion": "dapr.io/v1alpha1", "kind": "Component", "metadata": {"namespace": "shop", "name": "statestore"},
            "spec": {"type": "state.redis", "version": "v1"},
        });
        object["scopes"] = scopes;
        object
    };
    for (scopes, share) in [(json!(["reviews"]), 0.0), (json!(["reviews", "web"]), 1.0), (json!([]), 1.0)] {
        town.change(|shelf| shelf.put(scoped(scopes.clone())));
        assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 200), share, "{scopes}");
    }
    let mut other = resiliency(
        &json!({"policies": {"timeouts": {"p": "2ms"}}, "targets": {"apps": {"reviews": {"timeout": "p"}}}}),
    );
    other["scopes"] = json!(["ratings"]);
    town.change(|shelf| shelf.put(other));
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 200), 1.0);
}

#[test]
fn without_a_sidecar_nobody_answers() {
    let mut town = Town::new(43, 40.0);
    town.behave("shop/Deployment/web-v1: {calls: [{to: 'http://localhost:3500/v1.0/state/statestore'}]}\n");
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 500), 1.0);
}
