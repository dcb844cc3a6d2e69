//! Any kind in the cockpit, with the real binary on a real terminal: on a real API server and on the embedded world.

use std::time::Duration;

use serde_json::json;

use super::{
    cockpit::pty::Session,
    e2e_plan::SHOP,
    support::{guardians::State, world::own_world},
};

#[test]
fn kinds_of_a_real_server_are_watched_and_new_ones_appear() {
    let Some(world) = own_world() else { return };
    world.namespace("shop", SHOP);
    let state = State::new();
    let (kubeconfig, folder) = (world.kubeconfig.clone(), state.path().display().to_string());
    let arguments = ["--kubeconfig", &kubeconfig, "--context", "admin", "-n", "shop", "--state-dir", &folder];
    let mut session = Session::start(120, 40, &arguments);
    session.until("the pods", |screen| screen.contains("reviews-"));

    session.press(":deploy\r");
    session.until("the deployments, complete", |screen| {
        screen.contains("deployments in shop") && screen.contains("UP-TO-DATE") && !screen.contains("loading")
    });
    let made = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made-later", "namespace": "shop"}, "data": {"a": "b"},
    });
    session.press(":cm /made\r");
    session.until("a table with nothing in it yet", |screen| screen.contains("configmaps in shop"));
    world.kubectl(&["apply", "-f", "-"], &made.to_string());
    session.until("what was made meanwhile", |screen| screen.contains("made-later"));
    world.kubectl(&["delete", "-n", "shop", "configmap", "made-later"], "");
    session.until("its end", |screen| !screen.contains("made-later"));

    // A kind that is defined while the cockpit runs.
    world.define(&[&json!([{
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "gauges.brink.example"},
        "spec": {
            "group": "brink.example", "scope": "Namespaced",
            "names": {"kind": "Gauge", "plural": "gauges", "singular": "gauge", "shortNames": ["gg"]},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": {
                    "type": "object", "properties": {"level": {"type": "integer"}},
                }}}},
                "additionalPrinterColumns": [{"name": "Level", "type": "integer", "jsonPath": ".spec.level"}],
            }],
        },
    }])]);
    let gauge = json!({
        "apiVersion": "brink.example/v1", "kind": "Gauge", "metadata": {"name": "boiler", "namespace": "shop"},
        "spec": {"level": 42},
    });
    world.kubectl(&["apply", "-f", "-"], &gauge.to_string());
    // The server's list of kinds follows a definition when it comes to it.
    let shown = (0..30).any(|_| {
        session.press(":gg\r");
        session.within(Duration::from_secs(2), |screen| {
            screen.contains("LEVEL") && screen.lines().any(|line| line.contains("boiler") && line.contains("42"))
        })
    });
    assert!(shown, "the new kind with its own column did not come:\n{}", session.contents());
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}

#[test]
fn one_goes_from_a_workload_to_its_pods_and_up_again() {
    let mut session = Session::start(120, 40, &["demo"]);
    session.until("the pods", |screen| screen.contains("reviews-"));
    session.press(":deploy shop /^reviews-v2\r");
    session.until("the deployment", |screen| {
        screen.contains("deployments in shop") && screen.contains("reviews-v2") && !screen.contains("loading")
    });
    session.press("\r");
    session.until("its pods, and what they use", |screen| {
        screen.contains("pods of Deployment shop/reviews-v2")
            && screen.lines().any(|line| line.contains("reviews-v2-") && line.contains("Mi"))
    });
    session.press("J");
    session.until("their owner", |screen| screen.contains("replicasets in shop") && screen.contains("DESIRED"));
    session.press("\x1b");
    session.until("the pods again", |screen| screen.contains("pods of Deployment shop/reviews-v2"));
    session.press(":nodes\r");
    session.until("the nodes, and what they use", |screen| {
        screen.contains("nodes") && screen.contains("Ready") && screen.contains("%CPU") && screen.contains("Gi")
    });
    session.press("\r");
    session.until("the pods of a node", |screen| screen.contains("pods on "));
    session.press("1");
    session.until("the panes", |screen| screen.contains("Routes"));
    session.press(":q\r");
    assert_eq!(session.ended(), 0);
}
