//! Marked rows and several namespaces in the cockpit, with the real binary on a real terminal and a real API server.

use serde_json::json;

use super::{
    cockpit::pty::Session,
    support::{wait::until, world::own_world},
};

/// Deployments of this name and number, without anything else.
fn deployments(names: &[&str], replicas: u32) -> String {
    let one = |name: &&str| {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"app": name}},
                "template": {
                    "metadata": {"labels": {"app": name}},
                    "spec": {"containers": [{"name": "main", "image": "shop/app:1"}]},
                },
            },
        })
        .to_string()
    };
    names.iter().map(one).collect::<Vec<_>>().join("\n---\n")
}

#[test]
fn three_deployments_are_scaled_in_one_preview_and_put_back_by_one_undo() {
    let Some(world) = own_world() else { return };
    world.namespace("shop", &deployments(&["api", "cart", "web", "zone"], 1));
    let kubeconfig = world.kubeconfig.clone();
    let arguments = ["--kubeconfig", &kubeconfig, "--context", "admin", "-n", "shop"];
    let replicas = || {
        world.kubectl(&["get", "-n", "shop", "deployment", "-o", "jsonpath={range .items[*]}{.spec.replicas}{end}"], "")
    };
    let mut session = Session::start(120, 40, &arguments);
    session.until("the pods", |screen| screen.contains("zone-"));
    session.press(":deploy\r");
    session.until("the table", |screen| {
        screen.contains("UP-TO-DATE") && screen.contains("zone") && !screen.contains("loading")
    });
    // The first by hand, the next two as a range: ctrl-space is the byte 0.
    session.press("g");
    session.press(" ");
    session.until("one mark", |screen| screen.contains("· 1 marked"));
    session.press("jj");
    session.press("\0");
    session.until("three marks", |screen| screen.contains("· 3 marked"));
    session.press("s");
    session.until("the form", |screen| screen.contains("3 Deployments: api, cart, web") && screen.contains("1 now"));
    session.press("\x152\r");
    session.until("the preview", |screen| {
        screen.contains("Scale 3 Deployments of shop to 2") && screen.contains("GUARDS")
    });
    assert_eq!(replicas(), "1111", "nothing is written before the key");
    session.insist("a", "discard", "the change", |screen| screen.contains("applied as previewed"));
    until("two of each that was marked", 60, || replicas() == "2221");
    session.press(":changes\r");
    session.until("one change of all three", |screen| {
        screen.contains("changes 1 kept of 1") && screen.contains("Scale 3 Deployments of shop to 2")
    });
    session.press("u");
    session.until("what its undo would write", |screen| screen.contains("It was to stay; its undo writes this"));
    session.insist("a", "discard", "its end", |screen| screen.contains("changes 0 kept of 1"));
    assert_eq!(replicas(), "1111");
    session.press(":q\r");
}

#[test]
fn two_of_the_embedded_world_are_labelled_together_and_put_back() {
    let mut session = Session::start(120, 40, &["demo", "-n", "shop"]);
    session.until("the pods", |screen| screen.contains("cart-0"));
    session.press(":deploy\r");
    session.until("the table", |screen| screen.contains("UP-TO-DATE") && !screen.contains("loading"));
    session.press("g");
    session.press(" ");
    session.until("one mark", |screen| screen.contains("· 1 marked"));
    session.press("j");
    session.press("\0");
    session.until("two marks", |screen| screen.contains("· 2 marked"));
    session.press(":label tier=web\r");
    session.until("the preview", |screen| {
        screen.contains("Label 2 Deployments of shop: tier") && screen.contains("GUARDS")
    });
    session.insist("a", "discard", "the change", |screen| screen.contains("applied as previewed"));
    session.press(":changes\r");
    session.until("one change of both", |screen| screen.contains("changes 1 kept of 1"));
    session.press("u");
    session.until("what its undo would write", |screen| screen.contains("It was to stay; its undo writes this"));
    session.insist("a", "discard", "its end", |screen| screen.contains("changes 0 kept of 1"));
    session.press(":q\r");
}

#[test]
fn two_namespaces_are_watched_by_whoever_has_rights_in_these_alone() {
    let Some(world) = own_world() else { return };
    for (name, deployment) in [("shop", "web"), ("pay", "ledger"), ("vault", "hidden")] {
        world.namespace(name, &deployments(&[deployment], 1));
    }
    for name in ["shop", "pay"] {
        world.kubectl(&["create", "rolebinding", "ana", "-n", name, "--clusterrole=view", "--user=ana"], "");
    }
    let kubeconfig = world.kubeconfig.clone();
    let arguments = ["--kubeconfig", &kubeconfig, "--context", "admin", "--as", "ana", "-n", "shop,pay"];
    let mut session = Session::start(120, 40, &arguments);
    session.until("pods of both", |screen| {
        screen.contains("/ shop,pay") && screen.contains("web-") && screen.contains("ledger-")
    });
    session.until("their namespaces", |screen| screen.contains("NAMESPACE") && !screen.contains("not all"));
    session.press(":deploy\r");
    session.until("a table of both", |screen| {
        screen.contains("deployments in shop,pay") && screen.contains("web") && screen.contains("ledger")
    });
    world.kubectl(&["scale", "-n", "pay", "deployment", "ledger", "--replicas=2"], "");
    session.until("a change in the second", |screen| {
        screen.lines().any(|line| line.contains("ledger") && line.contains("2/2"))
    });
    // A third that may not be looked at is told, and the rows of the others stay.
    session.press(":pods shop,vault\r");
    session.until("what is missing", |screen| {
        screen.contains("vault: ") && screen.contains("not all") && screen.contains("web-")
    });
    session.press(":q\r");
}

#[test]
fn two_namespaces_of_the_embedded_world_are_shown_together() {
    let mut session = Session::start(120, 40, &["demo", "-n", "shop,default"]);
    session.until("the pods of both", |screen| {
        screen.contains("/ shop,default") && screen.contains("cart-0") && screen.contains("ngi14")
    });
    session.until("the column that tells them apart", |screen| screen.contains("NAMESPACE"));
    session.press(":q\r");
}
