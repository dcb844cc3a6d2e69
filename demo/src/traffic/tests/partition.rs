//! Proxies that do not reach istiod go on with what they heard last.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::{Value, json};

use super::world::{Seen, Town, pod, route, service};
use crate::traffic::Reporter;

fn istiod() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "namespace": "istio-system", "name": "istiod-5f-0", "uid": "uid-istiod", "labels": {"app": "istiod"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "istiod-5f", "controller": true}],
        },
        "spec": {"containers": [{"name": "discovery"}]},
        "status": {"phase": "Running", "podIP": "10.9.0.1", "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

/// The pods of an app may open connections within their namespace alone, where istiod is not.
fn cut_off(app: &str) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "shop", "name": "cut"},
        "spec": {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": ["Egress"], "egress": [{"to": [{"podSelector": {}}]}]},
    })
}

fn town() -> Town {
    let mut town = Town::new(11, 100.0);
    town.change(|shelf| {
        shelf.put(istiod());
        shelf.put(service("other"));
        (0..3).for_each(|n| shelf.put(pod("other", "v3", n)));
    });
    town.run(3.0);
    town
}

fn exact(name: &str, backend: &str) -> Value {
    let mut route = route(name, backend, "2026-02-01T00:00:00Z");
    route["spec"]["rules"][0]["matches"] = json!([{"path": {"type": "Exact", "value": "/"}}]);
    route
}

fn all_to(seen: &Seen, workload: &str) -> bool {
    let to = |to: &str| seen.count(Reporter::Source, "edge-istio", to, None);
    to("*") > 100 && to(workload) == to("*")
}

#[test]
fn a_route_added_while_the_gateway_is_cut_off_waits_for_the_end() {
    let mut town = town();
    town.change(|shelf| shelf.put(cut_off("edge")));
    town.change(|shelf| shelf.put(exact("new", "other")));
    let seen = town.watch(5.0);
    assert!(all_to(&seen, "web-v1") && seen.share("edge-istio", "web-v1", 200) == 1.0, "{seen:?}");
    town.change(|shelf| shelf.take("NetworkPolicy", "cut"));
    assert!(all_to(&town.watch(5.0), "other-v3"));
    town.change(|shelf| shelf.take("HTTPRoute", "new"));
    assert!(all_to(&town.watch(5.0), "web-v1"));
}

#[test]
fn a_route_that_is_deleted_meanwhile_goes_on_serving() {
    let mut town = town();
    town.change(|shelf| shelf.put(cut_off("edge")));
    town.change(|shelf| shelf.take("HTTPRoute", "front"));
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 200), 1.0);
    town.change(|shelf| shelf.take("NetworkPolicy", "cut"));
    assert_eq!(town.watch(5.0).share("edge-istio", "*", 404), 1.0);
}

#[test]
fn without_an_istiod_the_whole_mesh_stands_still() {
    let mut town = town();
    town.change(|shelf| shelf.take("Pod", "istiod-5f-0"));
    town.change(|shelf| {
        shelf.put(exact("new", "other"));
        shelf.put(json!({
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "shop", "name": "ratings"},
            "spec": {"hosts": ["ratings"], "http": [{"fault": {"abort": {"httpStatus": 503, "percentage": {"value": 100}}}, "route": [{"destination": {"host": "ratings"}}]}]},
        }));
    });
    let seen = town.watch(5.0);
    assert!(all_to(&seen, "web-v1") && seen.share("reviews-v1", "ratings-v1", 200) == 1.0, "{seen:?}");
    town.change(|shelf| shelf.put(istiod()));
    town.change(|shelf| shelf.take("HTTPRoute", "new"));
    let seen = town.watch(5.0);
    assert_eq!(seen.flags("reviews-v1", "*"), ["FI"], "{seen:?}");
}

#[test]
fn who_still_hears_istiod_follows_at_once() {
    let mut town = town();
    town.change(|shelf| shelf.put(cut_off("edge")));
    town.change(|shelf| {
        shelf.put(json!({
            "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": {"namespace": "shop", "name": "deny"},
            "spec": {"selector": {"matchLabels": {"app": "web"}}, "action": "DENY", "rules": [{}]},
        }));
    });
    // The called proxy refuses, whoever calls.
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 403), 1.0);
}

#[test]
fn endpoints_are_those_that_were_heard_of() {
    let mut town = town();
    town.change(|shelf| shelf.put(cut_off("reviews")));
    town.change(|shelf| {
        (0..3).for_each(|n| shelf.take("Pod", &format!("ratings-v1-7d9-{n}")));
        (3..6).for_each(|n| shelf.put(pod("ratings", "v1", n)));
    });
    town.run(1.0);
    // It calls pods that are gone, and knows none of the new ones.
    let seen = town.watch(5.0);
    assert_eq!(seen.share("reviews-v1", "*", 503), 1.0, "{seen:?}");
    assert!(seen.flags("reviews-v1", "*").iter().all(|flags| flags.contains("UF")), "{seen:?}");
    town.change(|shelf| shelf.take("NetworkPolicy", "cut"));
    town.run(2.0);
    assert_eq!(town.watch(5.0).share("reviews-v1", "ratings-v1", 200), 1.0);
}
