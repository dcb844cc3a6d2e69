//! Which route gets a request, by the rules of Gateway API.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::{Value, json};

use super::world::{Town, pod, route, service};
use crate::traffic::Reporter;

/// The workload that serves `/a/b` when these routes stand: each is `(name, created, hostnames, rule)`.
fn winner(routes: &[(&str, &str, Value, Value)]) -> String {
    let mut town = Town::new(2, 20.0);
    town.change(|shelf| {
        shelf.take("HTTPRoute", "front");
        for (name, created, hostnames, matches) in routes {
            shelf.put(service(name));
            shelf.put(pod(name, "v1", 0));
            shelf.put(json!({
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
                "metadata": {"namespace": "shop", "name": name, "creationTimestamp": created},
                "spec": {"parentRefs": [{"name": "edge"}], "hostnames": hostnames,
                    "rules": [{"matches": matches, "backendRefs": [{"name": name, "port": 9080}]}]},
            }));
        }
    });
    let seen = town.watch(2.0);
    let mut found: Vec<String> = seen
        .requests
        .keys()
        .filter(|key| key.0 == Reporter::Source && key.1 == "edge-istio")
        .map(|key| key.2.clone())
        .collect();
    found.dedup();
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

const OLD: &str = "2026-01-01T00:00:00Z";
const NEW: &str = "2026-02-01T00:00:00Z";

fn prefix(path: &str) -> Value {
    json!([{"path": {"type": "PathPrefix", "value": path}}])
}

#[test]
fn exact_before_longer_prefix_before_older() {
    let host = json!(["shop.example.com"]);
    let exact = json!([{"path": {"type": "Exact", "value": "/"}}]);
    assert_eq!(winner(&[("aa", OLD, host.clone(), prefix("/")), ("bb", NEW, host.clone(), exact)]), "bb-v1");
    let get = json!([{"path": {"type": "PathPrefix", "value": "/"}, "method": "GET"}]);
    assert_eq!(winner(&[("aa", OLD, host.clone(), prefix("/")), ("bb", NEW, host.clone(), get)]), "bb-v1");
    assert_eq!(winner(&[("aa", NEW, host.clone(), prefix("/")), ("bb", OLD, host.clone(), prefix("/"))]), "bb-v1");
    assert_eq!(winner(&[("bb", OLD, host.clone(), prefix("/")), ("aa", OLD, host, prefix("/"))]), "aa-v1");
}

#[test]
fn a_name_before_a_wildcard_whatever_the_path() {
    let exact = json!([{"path": {"type": "Exact", "value": "/"}}]);
    let routes = [("aa", OLD, json!(["*.example.com"]), exact), ("bb", NEW, json!(["shop.example.com"]), prefix("/"))];
    assert_eq!(winner(&routes), "bb-v1");
}

#[test]
fn what_no_rule_takes_is_404() {
    assert_eq!(winner(&[("aa", OLD, json!(["shop.example.com"]), prefix("/other"))]), "unknown");
    assert_eq!(winner(&[("aa", OLD, json!(["elsewhere.example.com"]), prefix("/"))]), "unknown");
}

#[test]
fn a_route_on_a_service_rejects_what_it_does_not_match() {
    let mut town = Town::new(2, 50.0);
    town.change(|shelf| {
        shelf.put(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"namespace": "shop", "name": "ratings", "creationTimestamp": OLD},
            "spec": {"parentRefs": [{"group": "", "kind": "Service", "name": "ratings"}],
                "rules": [{"matches": prefix("/nothing"), "backendRefs": [{"name": "ratings", "port": 9080}]}]},
        }));
    });
    let seen = town.watch(3.0);
    assert_eq!(seen.flags("reviews-v1", "unknown"), ["NR"]);
    assert_eq!(seen.share("reviews-v1", "unknown", 404), 1.0);
}

#[test]
fn weights_and_broken_references_share_the_requests() {
    let mut town = Town::new(2, 200.0);
    town.change(|shelf| {
        shelf.put(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"namespace": "shop", "name": "front", "creationTimestamp": OLD},
            "spec": {"parentRefs": [{"name": "edge"}], "rules": [{"backendRefs": [
                {"name": "web", "port": 9080, "weight": 3}, {"name": "nowhere", "port": 9080, "weight": 1}]}]},
        }));
    });
    let seen = town.watch(20.0);
    let failed = seen.count(Reporter::Source, "edge-istio", "unknown", Some(500)) as f64;
    let share = failed / seen.count(Reporter::Source, "edge-istio", "*", None) as f64;
    assert!((share - 0.25).abs() < 0.03, "{share}");
}

#[test]
fn a_namespace_that_grants_nothing_is_not_reached() {
    let mut town = Town::new(2, 50.0);
    let route = |namespace: &str| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
            "metadata": {"namespace": "shop", "name": "front", "creationTimestamp": OLD},
            "spec": {"parentRefs": [{"name": "edge"}], "rules": [{"backendRefs": [{"name": "web", "namespace": namespace, "port": 9080}]}]},
        })
    };
    town.change(|shelf| {
        let mut there = service("web");
        there["metadata"]["namespace"] = json!("far");
        let mut one = pod("web", "v1", 0);
        one["metadata"]["namespace"] = json!("far");
        one["metadata"]["uid"] = json!("far");
        shelf.put(there);
        shelf.put(one);
        shelf.put(route("far"));
    });
    assert_eq!(town.watch(3.0).share("edge-istio", "unknown", 500), 1.0);
    town.change(|shelf| shelf.put(json!({
        "apiVersion": "gateway.networking.k8s.io/v1beta1", "kind": "ReferenceGrant", "metadata": {"namespace": "far", "name": "g"},
        "spec": {"from": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "namespace": "shop"}], "to": [{"group": "", "kind": "Service"}]},
    })));
    assert!(town.watch(3.0).count(Reporter::Source, "edge-istio", "web-v1", None) > 100);
}

#[test]
fn a_more_specific_listener_keeps_its_requests() {
    let mut town = Town::new(2, 50.0);
    town.change(|shelf| {
        shelf.put(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"namespace": "shop", "name": "edge"},
            "spec": {"listeners": [
                {"name": "all", "port": 80, "protocol": "HTTP"},
                {"name": "one", "port": 80, "protocol": "HTTP", "hostname": "shop.example.com"}]},
        }));
        let mut front = route("front", "web", OLD);
        front["spec"]["parentRefs"][0]["sectionName"] = json!("all");
        shelf.put(front);
    });
    assert_eq!(town.watch(2.0).flags("edge-istio", "unknown"), ["NR"]);
    town.change(|shelf| {
        let mut front = route("front", "web", OLD);
        front["spec"]["parentRefs"][0]["sectionName"] = json!("one");
        shelf.put(front);
    });
    assert_eq!(town.watch(2.0).share("edge-istio", "web-v1", 200), 1.0);
}

#[test]
fn of_two_kinds_on_one_host_the_older_is_taken() {
    let mut town = Town::new(2, 50.0);
    let grpc = |created: &str| {
        json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "GRPCRoute",
            "metadata": {"namespace": "shop", "name": "rpc", "creationTimestamp": created},
            "spec": {"parentRefs": [{"name": "edge"}], "hostnames": ["shop.example.com"],
                "rules": [{"backendRefs": [{"name": "details", "port": 9080}]}]},
        })
    };
    town.change(|shelf| shelf.put(grpc("2026-02-01T00:00:00Z")));
    assert_eq!(town.watch(2.0).share("edge-istio", "web-v1", 200), 1.0);
    town.change(|shelf| shelf.put(grpc("2025-01-01T00:00:00Z")));
    assert_eq!(town.watch(2.0).count(Reporter::Source, "edge-istio", "web-v1", None), 0);
}
