//! What brink writes into routes and policies of the mesh: timeouts, retries, weights, limits, mutual TLS.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::{Value, json};

use super::{
    consequences::{healthy, settled},
    world::{Town, pod},
};
use crate::traffic::Reporter;

fn near(value: f64, expected: f64, tolerance: f64) {
    assert!((value - expected).abs() <= tolerance, "{value} instead of {expected} ± {tolerance}");
}

fn object(group: &str, kind: &str, name: &str, created: &str, spec: &Value) -> Value {
    json!({
        "apiVersion": format!("{group}/v1"), "kind": kind,
        "metadata": {"namespace": "shop", "name": name, "creationTimestamp": created}, "spec": spec,
    })
}

fn rules(name: &str, http: &Value) -> Value {
    let spec = json!({"hosts": [format!("{name}.shop.svc.cluster.local")], "http": http});
    object("networking.istio.io", "VirtualService", name, "2026-01-01T00:00:00Z", &spec)
}

fn destination(name: &str, created: &str, spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["host"] = json!("ratings.shop.svc.cluster.local");
    object("networking.istio.io", "DestinationRule", name, created, &spec)
}

fn peers(mode: &str, app: &str) -> Value {
    let spec = json!({"selector": {"matchLabels": {"app": app}}, "mtls": {"mode": mode}});
    object("security.istio.io", "PeerAuthentication", "brink-x", "2026-01-01T00:00:00Z", &spec)
}

/// A share of the answers of these pods is 503.
fn failing(labels: &Value, percent: u32) -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter",
        "metadata": {"namespace": "shop", "name": "failing"},
        "spec": {
            "workloadSelector": {"labels": labels},
            "configPatches": [{
                "applyTo": "HTTP_FILTER",
                "match": {"context": "SIDECAR_INBOUND", "listener": {"filterChain": {"filter": {
                    "name": "envoy.filters.network.http_connection_manager",
                    "subFilter": {"name": "envoy.filters.http.router"}}}}},
                "patch": {"operation": "INSERT_BEFORE", "value": {"name": "failing", "typed_config": {
                    "@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
                    "abort": {"http_status": 503, "percentage": {"numerator": percent, "denominator": "HUNDRED"}},
                }}},
            }],
        },
    })
}

#[test]
fn a_low_timeout_gives_up_what_takes_longer() {
    let mut town = settled();
    // The copy before the rule, as an injection leaves it.
    let route = json!([{"destination": {"host": "ratings.shop.svc.cluster.local"}}]);
    town.behave("shop/Deployment/ratings-v1: {serves: {9080: {median: 60ms, sigma: 0.1}}}");
    town.change(|shelf| {
        shelf.put(rules(
            "ratings",
            &json!([{"name": "brink-x-0", "route": route, "timeout": "0.02s"}, {"route": route}]),
        ));
    });
    town.run(1.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 504), 1.0, "{seen:?}");
    assert_eq!(seen.flags("reviews-v1", "ratings-v1"), ["UT"]);
    near(seen.mean("reviews-v1", "ratings-v1"), 20.0, 1.0);
    assert_eq!(seen.share("edge-istio", "web-v1", 500), 1.0, "whoever needs the answer fails");
    town.behave("shop/Deployment/ratings-v1: {serves: {9080: {median: 5ms}}}");
    town.change(|shelf| shelf.take("VirtualService", "ratings"));
    healthy(&mut town);
}

#[test]
fn retries_multiply_along_the_path() {
    let mut town = Town::new(3, 20.0);
    let retried = |name: &str| {
        let route = json!([{"destination": {"host": format!("{name}.shop.svc.cluster.local")}}]);
        rules(name, &json!([{"route": route, "retries": {"attempts": 2, "retryOn": "5xx"}}]))
    };
    town.change(|shelf| {
        shelf.put(failing(&json!({"app": "ratings"}), 100));
        shelf.put(retried("ratings"));
    });
    town.run(2.0);
    let seen = town.watch(20.0);
    let amplified = |seen: &super::world::Seen| {
        seen.count(Reporter::Destination, "*", "ratings-v1", None) as f64
            / seen.count(Reporter::Source, "edge-istio", "web-v1", None) as f64
    };
    near(amplified(&seen), 3.0, 0.2);
    // A second hop that tries three times as well: three times three.
    town.change(|shelf| shelf.put(retried("reviews")));
    town.run(2.0);
    let seen = town.watch(20.0);
    near(amplified(&seen), 9.0, 0.6);
    // Without retries every failure is one try.
    town.change(|shelf| {
        shelf.take("VirtualService", "reviews");
        let route = json!([{"destination": {"host": "ratings.shop.svc.cluster.local"}}]);
        shelf.put(rules("ratings", &json!([{"route": route, "retries": {"attempts": 0}}])));
    });
    town.run(2.0);
    let seen = town.watch(20.0);
    near(amplified(&seen), 1.0, 0.1);
}

#[test]
fn a_virtual_service_that_leads_nowhere_is_503() {
    let mut town = settled();
    town.change(|shelf| {
        shelf.put(rules(
            "ratings",
            &json!([{"name": "brink-x-0", "route": [{"destination": {"host": "brink-x-missing"}}]}]),
        ));
    });
    town.run(1.0);
    let seen = town.watch(5.0);
    assert_eq!(seen.share("reviews-v1", "*", 503), 1.0, "{seen:?}");
    assert_eq!(seen.flags("reviews-v1", "*"), ["NC"]);
    assert_eq!(seen.count(Reporter::Destination, "*", "ratings-v1", None), 0);
    town.change(|shelf| shelf.take("VirtualService", "ratings"));
    healthy(&mut town);
}

#[test]
fn weights_of_a_virtual_service_shift_the_requests() {
    let mut town = settled();
    let split = |first: u32, second: u32| {
        let to =
            |subset: &str, weight: u32| json!({"destination": {"host": "ratings", "subset": subset}, "weight": weight});
        rules("ratings", &json!([{"route": [to("v1", first), to("v2", second)]}]))
    };
    let subset = |name: &str| json!({"name": name, "labels": {"version": name}});
    town.change(|shelf| {
        (0..2).for_each(|n| shelf.put(pod("ratings", "v2", n)));
        shelf.put(destination("ratings", "2026-01-01T00:00:00Z", &json!({"subsets": [subset("v1"), subset("v2")]})));
        shelf.put(split(100, 0));
    });
    town.run(1.0);
    let seen = town.watch(5.0);
    assert_eq!(seen.count(Reporter::Source, "reviews-v1", "ratings-v2", None), 0, "{seen:?}");
    town.change(|shelf| shelf.put(split(0, 100)));
    town.run(1.0);
    let seen = town.watch(5.0);
    assert_eq!(seen.count(Reporter::Source, "reviews-v1", "ratings-v1", None), 0, "{seen:?}");
    assert!(seen.count(Reporter::Source, "reviews-v1", "ratings-v2", Some(200)) > 300, "{seen:?}");
}

#[test]
fn sharp_outlier_detection_leaves_no_pod() {
    let mut town = settled();
    // One answer in five fails, whichever pod gives it: no pod is worse than another.
    town.change(|shelf| shelf.put(failing(&json!({"app": "ratings"}), 20)));
    let seen = town.watch(10.0);
    near(seen.share("reviews-v1", "ratings-v1", 503), 0.2, 0.04);
    let sharp = json!({"trafficPolicy": {"outlierDetection": {
        "consecutive5xxErrors": 1, "interval": "1s", "baseEjectionTime": "30s", "maxEjectionPercent": 100, "minHealthPercent": 0,
    }}});
    town.change(|shelf| shelf.put(destination("brink-x", "2026-01-01T00:00:00Z", &sharp)));
    town.run(2.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.share("reviews-v1", "unknown", 503), 1.0, "{seen:?}");
    assert_eq!(seen.flags("reviews-v1", "unknown"), ["UH"]);
    let alone = seen.count(Reporter::Source, "reviews-v1", "unknown", None);
    assert!(alone * 10 > seen.count(Reporter::Source, "reviews-v1", "*", None) * 9, "{seen:?}");
    town.change(|shelf| {
        shelf.take("DestinationRule", "brink-x");
        shelf.take("EnvoyFilter", "failing");
    });
    healthy(&mut town);
}

#[test]
fn of_two_rules_for_one_host_the_older_policy_counts_and_subsets_are_put_together() {
    let mut town = settled();
    let tight = json!({"trafficPolicy": {"connectionPool": {
        "tcp": {"maxConnections": 1}, "http": {"http1MaxPendingRequests": 1, "http2MaxRequests": 1},
    }}});
    let loose = json!({
        "trafficPolicy": {"loadBalancer": {"simple": "ROUND_ROBIN"}},
        "subsets": [{"name": "v1", "labels": {"version": "v1"}}],
    });
    let overflowing = |town: &mut Town| town.watch(5.0).flags("reviews-v1", "*").contains(&"UO".to_owned());
    town.change(|shelf| shelf.put(destination("a-brink", "2026-02-01T00:00:00Z", &tight)));
    assert!(overflowing(&mut town), "alone it counts");
    town.change(|shelf| shelf.put(destination("theirs", "2026-01-01T00:00:00Z", &loose)));
    town.run(1.0);
    assert!(!overflowing(&mut town), "the older one has a policy");
    // Without a policy of its own the older one leaves the younger one's in force, for its subset as well.
    let mut bare = loose.clone();
    bare.as_object_mut().unwrap().remove("trafficPolicy");
    town.change(|shelf| {
        shelf.put(destination("theirs", "2026-01-01T00:00:00Z", &bare));
        let to = json!([{"destination": {"host": "ratings", "subset": "v1"}}]);
        shelf.put(rules("ratings", &json!([{"route": to}])));
    });
    town.run(1.0);
    assert!(overflowing(&mut town));
    town.change(|shelf| {
        shelf.take("DestinationRule", "a-brink");
        shelf.take("DestinationRule", "theirs");
        shelf.take("VirtualService", "ratings");
    });
    healthy(&mut town);
}

#[test]
fn strict_for_one_workload_shuts_its_plain_callers_out() {
    let mut town = settled();
    let mut plain = pod("web", "v1", 0);
    plain["spec"]["containers"] = json!([{"name": "web"}]);
    town.change(|shelf| {
        (1..3).for_each(|n| shelf.take("Pod", &format!("web-v1-7d9-{n}")));
        shelf.put(plain);
        shelf.put(peers("STRICT", "details"));
    });
    town.run(1.0);
    let seen = town.watch(5.0);
    assert_eq!(seen.count(Reporter::Destination, "*", "details-v1", None), 0, "{seen:?}");
    assert!(seen.count(Reporter::Destination, "*", "reviews-v1", Some(200)) > 300, "others take both: {seen:?}");
    town.change(|shelf| shelf.put(peers("STRICT", "ratings")));
    town.run(1.0);
    let seen = town.watch(5.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 200), 1.0, "reviews speaks mutual TLS: {seen:?}");
}

#[test]
fn without_mutual_tls_a_name_is_told_and_no_identity_is_proven() {
    let mut town = settled();
    let allow = json!({
        "selector": {"matchLabels": {"app": "ratings"}}, "action": "ALLOW",
        "rules": [{"from": [{"source": {"principals": ["cluster.local/ns/shop/sa/reviews"]}}]}],
    });
    town.change(|shelf| {
        shelf.put(object("security.istio.io", "AuthorizationPolicy", "friends", "2026-01-01T00:00:00Z", &allow));
    });
    healthy(&mut town);
    town.change(|shelf| shelf.put(peers("DISABLE", "ratings")));
    town.run(1.0);
    let seen = town.watch(5.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 403), 1.0, "the policy goes by identities: {seen:?}");
    assert!(seen.count(Reporter::Destination, "reviews-v1", "ratings-v1", None) > 0, "{seen:?}");
    // Callers that are told to insist on it are not understood.
    town.change(|shelf| {
        let insist = json!({"trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"}}});
        shelf.put(destination("insist", "2026-01-01T00:00:00Z", &insist));
    });
    town.run(1.0);
    let seen = town.watch(5.0);
    assert_eq!(seen.share("reviews-v1", "ratings-v1", 503), 1.0, "{seen:?}");
    town.change(|shelf| {
        shelf.take("DestinationRule", "insist");
        shelf.take("PeerAuthentication", "brink-x");
    });
    healthy(&mut town);
}
