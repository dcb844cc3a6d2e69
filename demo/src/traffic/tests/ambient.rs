//! Who reports what: sidecars, ztunnels, waypoints, and nobody outside the mesh.
#![expect(clippy::float_cmp, reason = "shares of whole counts are exactly one or are not")]

use serde_json::{Value, json};

use super::world::{Town, pod, service};
use crate::traffic::{Reporter, Tunnel};

fn bare(app: &str, n: usize) -> Value {
    let mut bare = pod(app, "v1", n);
    bare["spec"]["containers"] = json!([{"name": app}]);
    bare
}

/// reviews and ratings in ambient mode; web and the Gateway keep their proxies.
fn ambient() -> Town {
    let mut town = Town::new(31, 100.0);
    town.change(|shelf| {
        for app in ["reviews", "ratings"] {
            for n in 0..3 {
                let mut bare = bare(app, n);
                bare["metadata"]["labels"]["istio.io/dataplane-mode"] = json!("ambient");
                bare["metadata"]["uid"] = json!(format!("uid-ambient-{app}-{n}"));
                shelf.put(bare);
            }
        }
    });
    town.run(3.0);
    town
}

fn with_waypoint(town: &mut Town) {
    town.change(|shelf| {
        let mut gateway = pod("waypoint", "istio", 0);
        gateway["metadata"]["labels"]["gateway.networking.k8s.io/gateway-name"] = json!("waypoint");
        gateway["spec"]["containers"] = json!([{"name": "istio-proxy"}]);
        shelf.put(gateway);
        shelf.put(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"namespace": "shop", "name": "waypoint"},
            "spec": {"gatewayClassName": "istio-waypoint", "listeners": [{"name": "mesh", "port": 15008, "protocol": "HBONE"}]},
        }));
        let mut ratings = service("ratings");
        ratings["metadata"]["labels"] = json!({"istio.io/use-waypoint": "waypoint"});
        shelf.put(ratings);
    });
}

/// Connections that ztunnels told of in the next seconds.
fn tunnelled(town: &mut Town, seconds: f64, reporter: Reporter, to: &str) -> u64 {
    let count = |town: &Town| -> u64 {
        let named = |number| town.traffic.workload(number).map_or("unknown", |one| &*one.name);
        let all = town.traffic.tunnels();
        let own = all.filter(|(key, _)| key.reporter == reporter && named(key.destination) == to);
        own.map(|(_, Tunnel { connections, .. })| connections).sum()
    };
    let before = count(town);
    town.run(seconds);
    count(town) - before
}

#[test]
fn without_a_waypoint_only_connections_are_counted() {
    let mut town = ambient();
    let seen = town.watch(20.0);
    // web has a proxy: it tells of its requests to reviews, whose ztunnel counts connections.
    let asked = seen.count(Reporter::Source, "web-v1", "reviews-v1", Some(200)) as f64;
    assert!((asked - 2000.0).abs() < 200.0, "{asked}");
    assert_eq!(seen.count(Reporter::Destination, "*", "reviews-v1", None), 0);
    assert_eq!(seen.count(Reporter::Source, "reviews-v1", "*", None), 0);
    assert_eq!(seen.count(Reporter::Destination, "*", "ratings-v1", None), 0);
    let source = tunnelled(&mut town, 10.0, Reporter::Source, "ratings-v1");
    assert!((850..1150).contains(&source), "{source}");
    let destination = tunnelled(&mut town, 10.0, Reporter::Destination, "ratings-v1");
    assert!((850..1150).contains(&destination), "{destination}");
}

#[test]
fn a_route_needs_a_waypoint_to_hold_between_pods_of_ambient_mode() {
    let fault = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"namespace": "shop", "name": "ratings"},
        "spec": {"hosts": ["ratings"], "http": [{"fault": {"abort": {"httpStatus": 503, "percentage": {"value": 40}}},
            "route": [{"destination": {"host": "ratings"}}]}]},
    });
    let mut town = ambient();
    town.change(|shelf| shelf.put(fault));
    assert_eq!(town.watch(10.0).share("edge-istio", "web-v1", 200), 1.0, "a ztunnel reads no request");
    with_waypoint(&mut town);
    let seen = town.watch(20.0);
    let through = |code: Option<u16>| seen.count(Reporter::Waypoint, "reviews-v1", "*", code) as f64;
    assert!((through(None) - 2000.0).abs() < 200.0, "{seen:?}");
    assert!((through(Some(503)) / through(None) - 0.4).abs() < 0.05, "{seen:?}");
    assert!((seen.share("edge-istio", "web-v1", 500) - 0.4).abs() < 0.05);
    town.change(|shelf| shelf.take("VirtualService", "ratings"));
    town.run(5.0);
    assert_eq!(town.watch(10.0).share("edge-istio", "web-v1", 200), 1.0);
}

#[test]
fn a_waypoint_that_is_not_there_cuts_its_service_off() {
    let mut town = ambient();
    with_waypoint(&mut town);
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 200), 1.0);
    town.change(|shelf| shelf.take("Pod", "waypoint-istio-7d9-0"));
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 500), 1.0);
    town.change(|shelf| shelf.put(service("ratings")));
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 200), 1.0, "without the label it is not needed");
}

#[test]
fn policies_of_ambient_mode_close_connections_or_answer_at_the_waypoint() {
    let deny = |spec: Value| {
        json!({
            "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy", "metadata": {"namespace": "shop", "name": "deny"},
            "spec": spec,
        })
    };
    let mut town = ambient();
    let rule = json!([{"from": [{"source": {"principals": ["*/ns/shop/sa/reviews"]}}]}]);
    town.change(|shelf| {
        shelf.put(deny(json!({"selector": {"matchLabels": {"app": "ratings"}}, "action": "DENY", "rules": rule})));
    });
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 500), 1.0, "the connection is closed");
    assert_eq!(tunnelled(&mut town, 5.0, Reporter::Destination, "ratings-v1"), 0);
    with_waypoint(&mut town);
    let aimed =
        json!({"targetRefs": [{"kind": "Service", "group": "", "name": "ratings"}], "action": "DENY", "rules": rule});
    town.change(|shelf| shelf.put(deny(aimed)));
    let seen = town.watch(5.0);
    assert!(seen.count(Reporter::Waypoint, "reviews-v1", "*", Some(403)) > 300, "{seen:?}");
    town.change(|shelf| shelf.take("AuthorizationPolicy", "deny"));
    town.run(5.0);
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 200), 1.0);
}

#[test]
fn strict_mutual_tls_takes_ambient_callers_and_shuts_out_the_rest() {
    let mut town = ambient();
    town.change(|shelf| shelf.put(json!({
        "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication", "metadata": {"namespace": "shop", "name": "strict"},
        "spec": {"mtls": {"mode": "STRICT"}},
    })));
    assert_eq!(town.watch(5.0).share("edge-istio", "web-v1", 200), 1.0);
    // One of the callers leaves the mesh.
    town.change(|shelf| (0..3).for_each(|n| shelf.put(bare("reviews", n))));
    town.run(2.0);
    assert!(town.watch(5.0).share("edge-istio", "web-v1", 500) > 0.9);
}
