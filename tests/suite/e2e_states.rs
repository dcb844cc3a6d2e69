//! What the cockpit says on a real API server to whoever may see everything, a part, nothing, and to whom it does not let in; and
//! that a route is judged the same on screen and headless.

use std::{path::PathBuf, process::Command};

use super::{
    cockpit::pty::Session,
    support::world::{World, world},
};

const NAMESPACE: &str = "glance";

/// A route to a Gateway that is not there, and the right of `nobody` to see routes of this namespace and nothing else.
const OBJECTS: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: lone, namespace: glance}
spec: {parentRefs: [{name: gone}], hostnames: [lone.example.com], rules: [{backendRefs: [{name: web, port: 80}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: routes, namespace: glance}
rules:
- {apiGroups: [gateway.networking.k8s.io, networking.istio.io], resources: [httproutes, grpcroutes, virtualservices], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: routes, namespace: glance}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: routes}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: nobody}]
";

fn words<'a>(world: &'a World, context: &'a str) -> [&'a str; 6] {
    ["--kubeconfig", &world.kubeconfig, "--context", context, "-n", NAMESPACE]
}

/// The line of the route on a screen that satisfies `holds`.
fn screen(world: &World, context: &str, what: &str, holds: impl Fn(&str) -> bool) -> String {
    let mut session = Session::start(200, 60, &words(world, context));
    session.until(what, holds);
    let screen = session.contents();
    session.press("\x03");
    assert_eq!(session.ended(), 0);
    screen
}

fn listed(world: &World, context: &str) -> serde_json::Value {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_brink")))
        .args(["routes", "-o", "json"])
        .args(words(world, context))
        .env("HOME", home.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_reader_is_told_what_is_so_for_him() {
    let Some(world) = world() else { return };
    world.namespace(NAMESPACE, OBJECTS);

    // Who sees all Gateways sees that this one is not there.
    let lone = |screen: &str, cell: &str| screen.lines().any(|line| line.contains("lone ") && line.contains(cell));
    screen(world, "admin", "a route without a listener", |screen| lone(screen, "no: no listener"));
    assert_eq!(listed(world, "admin")["routes"][0]["wins"], false);

    // Who may list routes only here, and no Gateways, sees the routes of this namespace and is told what is missing beside them.
    let nobody = screen(world, "nobody", "a route by its name alone", |screen| {
        lone(screen, " yes ")
            && screen.contains("cannot list pods in glance: needs get,list,watch pods")
            && screen.contains("cannot see faults of others")
    });
    assert!(nobody.contains("kubectl --context nobody auth can-i list pods -n glance"), "{nobody}");
    // Records are what the server refuses; faults are what he does not see.
    assert!(nobody.contains("cannot see faults of others in glance"), "{nobody}");
    assert!(nobody.contains("kubectl --context nobody auth can-i list configmaps -n glance"), "{nobody}");
    assert!(!nobody.contains("cannot list configmaps"), "{nobody}");
    assert!(nobody.contains("Pods – ") && !nobody.contains("no link"), "{nobody}");
    assert_eq!(listed(world, "nobody")["routes"][0]["wins"], true);

    // Who is not let in has no link, and knows nothing rather than zero.
    let expired = screen(world, "expired", "no link", |screen| {
        screen.contains("no link") && screen.contains("next try in") && screen.contains("log in again")
    });
    for unknown in ["Pods – ", "Routes – ", "Faults – ", "faults unknown"] {
        assert!(expired.contains(unknown), "{unknown}:\n{expired}");
    }
}
