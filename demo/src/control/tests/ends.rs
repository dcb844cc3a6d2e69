//! Owners, namespaces, finalizers.

use super::*;

#[test]
fn what_a_deployment_made_goes_with_it() {
    let mut world = World::new();
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 2, "web:1"));
    world.run(20);
    world.delete(&key);
    world.run(40);
    assert!(world.shelf.list(kinds::REPLICA_SET, Some("shop")).is_empty());
    assert!(world.pods("shop", "web").is_empty());
}

#[test]
fn orphaned_pods_stay_and_are_taken_over() {
    let mut world = World::new();
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 2, "web:1"));
    world.run(20);
    let before = names(&world.pods("shop", "web"));
    world.edit(&key, |object| json::set(object, &["metadata", "finalizers"], json!(["orphan"])));
    world.delete(&key);
    world.run(10);
    assert!(world.get(&key).is_none());
    assert_eq!(world.shelf.list(kinds::REPLICA_SET, Some("shop")).len(), 1, "set free");
    assert_eq!(names(&world.pods("shop", "web")), before);
}

#[test]
fn a_foreground_deletion_waits_for_the_dependents() {
    let mut world = World::new();
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 1, "web:1"));
    world.run(20);
    let set = world.shelf.list(kinds::REPLICA_SET, Some("shop"))[0].clone();
    let set = Key::new(kinds::REPLICA_SET, "shop", json::text(&set, &["metadata", "name"]));
    world.edit(&key, |object| json::set(object, &["spec", "paused"], true));
    world.edit(&set, |object| json::set(object, &["metadata", "finalizers"], json!(["foregroundDeletion"])));
    world.delete(&set);
    world.now = super::super::time::later(world.now, Duration::from_millis(300));
    world.control.advance(&mut world.shelf, world.now);
    assert!(world.get(&set).is_some(), "its pod is still ending");
    world.run(30);
    assert!(world.get(&set).is_none());
}

#[test]
fn a_namespace_is_furnished_emptied_and_gone() {
    let mut world = World::new();
    world.create(kinds::DEPLOYMENT, deployment("web", 2, "web:1"));
    world.create(kinds::SERVICE, service("web"));
    world.run(20);
    assert!(world.get(&Key::new(kinds::SERVICE_ACCOUNT, "shop", "default")).is_some());
    assert!(world.get(&Key::new(kinds::CONFIG_MAP, "shop", "kube-root-ca.crt")).is_some());
    let key = Key::new(kinds::NAMESPACE, "", "shop");
    world.edit(&key, |space| json::set(space, &["spec", "finalizers"], json!(["kubernetes"])));
    world.delete(&key);
    world.run(60);
    assert!(world.get(&key).is_none());
    for kind in kinds::ALL.iter().filter(|kind| kind.namespaced) {
        assert!(world.shelf.list(*kind, Some("shop")).is_empty(), "{kind:?}");
    }
}

#[test]
fn a_finalizer_holds_what_is_deleted() {
    let mut world = World::new();
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "namespace": "shop"}});
    json::set(&mut map, &["metadata", "finalizers"], json!(["example.com/held"]));
    let key = world.create(kinds::CONFIG_MAP, map);
    world.delete(&key);
    world.run(60);
    assert!(world.get(&key).is_some());
    world.edit(&key, |object| drop(json::remove(object, &["metadata", "finalizers"])));
    assert!(world.get(&key).is_none());
}

#[test]
fn events_expire_after_an_hour() {
    let mut world = World::new();
    world.create(kinds::DEPLOYMENT, deployment("web", 1, "web:1"));
    world.run(20);
    assert!(!world.told("web").is_empty());
    world.run(3_700);
    assert!(world.told("web").is_empty());
}

#[test]
fn a_claim_stays_while_a_pod_on_a_node_has_it_and_goes_with_the_pod() {
    let mut world = World::new();
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data", "namespace": "shop"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let claim = world.create(kinds::CLAIM, claim);
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "db", "namespace": "shop"},
        "spec": {"containers": [{"name": "c", "image": "db:1"}],
            "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}});
    let pod = world.create(kinds::POD, pod);
    world.run(10);
    let held = world.get(&claim).unwrap();
    assert_eq!(json::list(&held, &["metadata", "finalizers"]), [json!("kubernetes.io/pvc-protection")], "put on again");
    world.delete(&claim);
    world.run(10);
    assert!(world.get(&claim).is_some(), "its pod runs");
    world.delete(&pod);
    world.run(60);
    assert!(world.get(&pod).is_none() && world.get(&claim).is_none());
}

#[test]
fn a_claim_that_nobody_has_goes_and_a_volume_when_nothing_is_bound_to_it() {
    let mut world = World::new();
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data", "namespace": "shop", "finalizers": ["kubernetes.io/pvc-protection"]}, "spec": {}});
    let claim = world.create(kinds::CLAIM, claim);
    let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume",
        "metadata": {"name": "disk", "finalizers": ["kubernetes.io/pv-protection"]}, "spec": {}, "status": {"phase": "Bound"}});
    let volume = world.create(kinds::VOLUME, volume);
    world.run(5);
    world.delete(&claim);
    world.delete(&volume);
    world.run(5);
    assert!(world.get(&claim).is_none());
    assert!(world.get(&volume).is_some(), "it is bound");
    let mut released = (*world.get(&volume).unwrap()).clone();
    json::set(&mut released, &["status", "phase"], "Released");
    let released = world.shelf.replace_status(kinds::VOLUME, released, "kubectl").unwrap();
    world.control.observe(&volume, Some(&released), world.now);
    world.run(5);
    assert!(world.get(&volume).is_none());
}
