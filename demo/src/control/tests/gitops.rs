//! GitOps: what is changed by hand is put back, by Argo CD after five seconds, by Flux at its interval, and by nobody who was
//! told to leave it.

use std::sync::Arc;

use super::*;
use crate::control::{gitops::Git, time};

/// A world with both controllers, and `web` kept by an owner.
fn kept(owner: &Value) -> (World, Key) {
    let mut world = World::new();
    for (home, labels) in [
        ("argocd", ("app.kubernetes.io/name", "argocd-application-controller")),
        ("flux-system", ("app", "kustomize-controller")),
    ] {
        world.create(kinds::NAMESPACE, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": home}}));
        let mut controller = deployment("controller", 1, "controller:1");
        json::set(&mut controller, &["metadata", "namespace"], home);
        json::set(&mut controller, &["spec", "template", "metadata", "labels", labels.0], labels.1);
        if labels.0 == "app" {
            json::set(&mut controller, &["spec", "selector", "matchLabels", "app"], labels.1);
        }
        world.create(kinds::DEPLOYMENT, controller);
    }
    let web = deployment("web", 4, "web:1");
    let key = world.create(kinds::DEPLOYMENT, web.clone());
    let kind = if owner["kind"] == "Application" { kinds::APPLICATION } else { kinds::KUSTOMIZATION };
    let place = Key::new(kind, json::text(owner, &["metadata", "namespace"]), json::text(owner, &["metadata", "name"]));
    let mut git = Git::default();
    git.keep(&place, vec![(key.clone(), web)]);
    world.control.state.git = Arc::new(git);
    world.run(30);
    world.create(kind, owner.clone());
    world.run(5);
    (world, place)
}

fn application(policy: &Value) -> Value {
    json!({"apiVersion": "argoproj.io/v1alpha1", "kind": "Application", "metadata": {"name": "store", "namespace": "argocd"},
           "spec": {"syncPolicy": policy}})
}

fn kustomization(suspend: bool) -> Value {
    json!({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
           "metadata": {"name": "store", "namespace": "flux-system"}, "spec": {"interval": "1m", "suspend": suspend}})
}

fn web() -> Key {
    Key::new(kinds::DEPLOYMENT, "shop", "web")
}

fn replicas(world: &World) -> i64 {
    json::int(&world.get(&web()).unwrap(), &["spec", "replicas"]).unwrap()
}

fn scale(world: &mut World) {
    world.edit(&web(), |object| json::set(object, &["spec", "replicas"], 1));
}

fn sync(world: &World, owner: &Key) -> String {
    json::text(&world.get(owner).unwrap(), &["status", "sync", "status"]).to_owned()
}

#[test]
fn argo_cd_heals_five_seconds_after_it_saw_it() {
    let (mut world, owner) = kept(&application(&json!({"automated": {"selfHeal": true}})));
    assert_eq!(sync(&world, &owner), "Synced");
    scale(&mut world);
    world.run(1);
    assert_eq!((replicas(&world), sync(&world, &owner).as_str()), (1, "OutOfSync"));
    let seen = world.now;
    world.control.advance(&mut world.shelf, time::later(seen, Duration::from_millis(3_800)));
    assert_eq!(replicas(&world), 1, "not before its time");
    world.run(5);
    assert_eq!((replicas(&world), sync(&world, &owner).as_str()), (4, "Synced"));
    assert!(
        world.told("store").iter().any(|said| said.contains("Initiated automated sync")),
        "{:?}",
        world.told("store")
    );
}

#[test]
fn without_self_heal_it_only_says_so() {
    for policy in [json!({"automated": {}}), json!({}), json!({"automated": {"selfHeal": true, "enabled": false}})] {
        let (mut world, owner) = kept(&application(&policy));
        scale(&mut world);
        world.run(60);
        assert_eq!((replicas(&world), sync(&world, &owner).as_str()), (1, "OutOfSync"), "{policy}");
    }
}

#[test]
fn what_is_deleted_is_made_anew() {
    let (mut world, _) = kept(&application(&json!({"automated": {"selfHeal": true}})));
    world.delete(&web());
    world.run(10);
    assert_eq!(replicas(&world), 4);
}

#[test]
fn flux_comes_by_its_interval_and_says_when() {
    let (mut world, owner) = kept(&kustomization(false));
    let told = |world: &World| {
        let object = world.get(&owner).unwrap();
        let history = json::list(&object, &["status", "history"]);
        time::read(json::text(&history[0], &["lastReconciled"])).unwrap()
    };
    let first = told(&world);
    scale(&mut world);
    world.run(20);
    assert_eq!(replicas(&world), 1, "nobody told it");
    world.run(45);
    assert_eq!(replicas(&world), 4);
    assert_eq!(told(&world).as_second() - first.as_second(), 60);
}

#[test]
fn what_flux_is_told_to_leave_it_leaves() {
    let (mut world, _) = kept(&kustomization(true));
    scale(&mut world);
    world.run(130);
    assert_eq!(replicas(&world), 1, "suspended");
    let (mut world, _) = kept(&kustomization(false));
    world.edit(&web(), |object| {
        json::set(object, &["metadata", "annotations", "kustomize.toolkit.fluxcd.io/reconcile"], "disabled");
        json::set(object, &["spec", "replicas"], 1);
    });
    world.run(130);
    assert_eq!(replicas(&world), 1, "disabled on this object");
}

#[test]
fn without_its_controller_nothing_is_put_back() {
    let (mut world, _) = kept(&application(&json!({"automated": {"selfHeal": true}})));
    let controller = Key::new(kinds::DEPLOYMENT, "argocd", "controller");
    world.edit(&controller, |object| json::set(object, &["spec", "replicas"], 0));
    world.run(10);
    scale(&mut world);
    world.run(30);
    assert_eq!(replicas(&world), 1);
    world.edit(&controller, |object| json::set(object, &["spec", "replicas"], 1));
    world.run(20);
    assert_eq!(replicas(&world), 4);
}
