//! Pods cut off from one peer, and routes that lose their backend, their parent or their host.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::json;

use super::{
    consequences::{healthy, settled},
    world::route,
};
use crate::traffic::Reporter;

#[test]
fn a_policy_against_one_peer_leaves_the_others_through() {
    let mut town = settled();
    let not =
        |key: &str, value: &str| json!({"matchExpressions": [{"key": key, "operator": "NotIn", "values": [value]}]});
    town.change(|shelf| {
        shelf.put(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "shop", "name": "cut"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "details"}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [
                {"podSelector": not("app", "reviews")},
                {"namespaceSelector": not("kubernetes.io/metadata.name", "shop")},
            ]}],
        },
    }));
    });
    town.run(5.0);
    let seen = town.watch(10.0);
    assert_eq!(seen.share("web-v1", "details-v1", 200), 1.0, "web is no peer of the cut: {seen:?}");
    town.change(|shelf| shelf.take("NetworkPolicy", "cut"));
    town.change(|shelf| {
        shelf.put(json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"namespace": "shop", "name": "cut"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "details"}}, "policyTypes": ["Ingress"],
            "ingress": [{"from": [{"podSelector": not("app", "web")}]}],
        },
    }));
    });
    town.run(40.0);
    let seen = town.watch(20.0);
    assert_eq!(seen.flags("web-v1", "details-v1"), ["UF,URX"], "{seen:?}");
    town.change(|shelf| shelf.take("NetworkPolicy", "cut"));
    // Those that wait for a connection give up after ten seconds each, tries and all.
    town.run(30.0);
    healthy(&mut town);
}

#[test]
fn a_route_loses_its_backend_its_parent_and_its_host() {
    let mut town = settled();
    let mut lost = route("front", "web", "2026-01-01T00:00:00Z");
    lost["spec"]["rules"][0]["backendRefs"] = json!([{"name": "brink-x-missing", "port": 9080}]);
    let whole = route("front", "web", "2026-01-01T00:00:00Z");
    let mut bare = whole.clone();
    bare["spec"].as_object_mut().unwrap().remove("parentRefs");
    for (broken, code) in [(lost, 500), (bare, 404)] {
        town.change(|shelf| shelf.put(broken.clone()));
        town.run(2.0);
        let seen = town.watch(5.0);
        assert_eq!(seen.share("edge-istio", "*", code), 1.0, "{broken}: {seen:?}");
        town.change(|shelf| shelf.put(whole.clone()));
        healthy(&mut town);
    }
    // A longer host takes the requests, whatever their path.
    let mut wide = whole.clone();
    wide["spec"]["hostnames"] = json!(["*.example.com"]);
    let mut longer = route("brink-x", "ratings", "2026-06-01T00:00:00Z");
    longer["spec"]["rules"][0].as_object_mut().unwrap().remove("matches");
    town.change(|shelf| {
        shelf.put(wide);
        shelf.put(longer);
    });
    town.run(2.0);
    let seen = town.watch(5.0);
    assert_eq!(seen.count(Reporter::Source, "edge-istio", "web-v1", None), 0, "{seen:?}");
    assert!(seen.count(Reporter::Source, "edge-istio", "ratings-v1", None) > 100, "{seen:?}");
    town.change(|shelf| {
        shelf.take("HTTPRoute", "brink-x");
        shelf.put(whole);
    });
    healthy(&mut town);
}
