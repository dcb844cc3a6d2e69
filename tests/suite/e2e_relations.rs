//! Trees, pulses and events with the real binary on a real terminal: on a real API server and on the embedded world.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    cockpit::pty::Session,
    support::{guardians::State, world::own_world},
};

/// A kind of a person's own that owns what looks like a Deployment of its own.
fn definitions() -> Value {
    let define = |kind: &str, plural: &str, group: &str| {
        json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("{plural}.{group}")},
            "spec": {
                "group": group, "scope": "Namespaced",
                "names": {"kind": kind, "plural": plural, "singular": kind.to_lowercase()},
                "versions": [{
                    "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}},
                }],
            },
        })
    };
    json!([define("Boiler", "boilers", "brink.example"), define("Burner", "burners", "parts.brink.example")])
}

const GATEWAY: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec: {gatewayClassName: c, listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]}
";

const LAID: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec: {parentRefs: [{name: public, namespace: infra}], rules: [{backendRefs: [{name: web, port: 80}, {name: gone, port: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web, envFrom: [{configMapRef: {name: settings}}]}]}
";

#[test]
fn trees_of_a_real_server_follow_owners_and_routes() {
    let Some(world) = own_world() else { return };
    world.define(&[&definitions()]);
    world.kubectl(&["create", "namespace", "infra"], "");
    world.kubectl(&["apply", "-n", "infra", "-f", "-"], GATEWAY);
    world.namespace("shop", LAID);
    let make = |object: Value| world.kubectl(&["apply", "-f", "-"], &object.to_string());
    let uid = |kind: &str, name: &str| {
        world.kubectl(&["get", "-n", "shop", kind, name, "-o", "jsonpath={.metadata.uid}"], "").trim().to_owned()
    };
    make(
        json!({"apiVersion": "brink.example/v1", "kind": "Boiler", "metadata": {"name": "main", "namespace": "shop"}}),
    );
    let owner =
        json!([{"apiVersion": "brink.example/v1", "kind": "Boiler", "name": "main", "uid": uid("boilers", "main")}]);
    make(json!({"apiVersion": "parts.brink.example/v1", "kind": "Burner",
        "metadata": {"name": "left", "namespace": "shop", "ownerReferences": owner}}));
    make(json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "pump", "namespace": "shop", "ownerReferences": owner},
        "spec": {"selector": {"matchLabels": {"app": "pump"}}, "template": {"metadata": {"labels": {"app": "pump"}},
            "spec": {"containers": [{"name": "a", "image": "a:1"}]}}}}));
    let state = State::new();
    let (kubeconfig, folder) = (world.kubeconfig.clone(), state.path().display().to_string());
    let arguments = ["--kubeconfig", &kubeconfig, "--context", "admin", "-n", "shop", "--state-dir", &folder];
    let mut session = Session::start(120, 40, &arguments);
    session.until("the cockpit", |screen| screen.contains("web-"));

    // Kinds that were defined a moment ago are told by the server when it comes to it.
    let shown = (0..30).any(|_| {
        session.press(":xray boilers\r");
        session.within(Duration::from_secs(2), |screen| screen.contains("Boiler main"))
    });
    assert!(shown, "{}", session.contents());
    session.until("what it owns, of any kind", |screen| {
        screen.contains("Burner left") && screen.contains("Deployment pump") && screen.contains("looked at")
    });
    make(json!({"apiVersion": "parts.brink.example/v1", "kind": "Burner",
        "metadata": {"name": "right", "namespace": "shop", "ownerReferences": owner}}));
    session.until("what came meanwhile", |screen| screen.contains("Burner right"));
    world.kubectl(&["delete", "-n", "shop", "burners", "left"], "");
    session.until("what went", |screen| !screen.contains("Burner left"));

    // From the Gateway of another namespace to the pods that answer, and what they use.
    session.press(":ns infra\r");
    session.press(":xray gateways\r");
    session.until("a Service of another namespace, shut", |screen| {
        screen.lines().any(|line| line.contains("▸") && line.contains("Service shop/web") && line.contains('+'))
    });
    session.press("o");
    session.until("the way to the pods", |screen| {
        let place = |word: &str| screen.find(word);
        let way = ["Gateway public", "shop/web  no Gateway", "Service shop/web", "Pod shop/web-"].map(place);
        way.iter().all(Option::is_some) && way.is_sorted()
    });
    session.until("what is named and not there", |screen| {
        screen.lines().any(|line| line.contains("Service shop/gone") && line.contains("is not there"))
    });
    session.until("what the pod reads", |screen| screen.contains("ConfigMap shop/settings"));
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}

#[test]
fn the_demo_world_has_trees_pulses_and_events() {
    let mut session = Session::start(120, 40, &["demo"]);
    session.until("the pods", |screen| screen.contains("reviews-"));
    session.press(":xray deploy shop /reviews-v2\r");
    session.until("a workload with its pods", |screen| {
        screen.contains("✓ Deployment reviews-v2")
            && screen.contains("✓ Pod reviews-v2-")
            && screen.contains("1/1")
            && !screen.contains("loading")
    });
    session.press("\x1bG");
    session.press(":pulses\r");
    session.until("the tiles, with figures of nodes and requests", |screen| {
        let tiles = ["deployments", "memory of nodes", "routes", "requests in the mesh"];
        tiles.iter().all(|tile| screen.contains(tile)) && screen.contains(" of ") && !screen.contains("loading")
    });
    session.press("\t\t\r");
    session.until("the nodes", |screen| screen.contains("nodes") && screen.contains("%CPU"));
    session.press(":events\r");
    session.until("the events", |screen| screen.contains("LAST SEEN") && screen.contains("pod/"));
    session.press("\r");
    session.until("whom it is about", |screen| screen.contains("NAME") && !screen.contains("LAST SEEN"));
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}
