//! Chaos Mesh: what is selected, injected, held and recovered.

use super::*;
use crate::control::time;

/// A world with Chaos Mesh and three pods of `web`.
fn mesh() -> World {
    let mut world = World::new();
    world
        .create(kinds::NAMESPACE, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "chaos-mesh"}}));
    for (name, component) in
        [("chaos-controller-manager", "controller-manager"), ("chaos-dns-server", "chaos-dns-server")]
    {
        let mut object = deployment(name, 1, "chaos-mesh:1");
        json::set(&mut object, &["metadata", "namespace"], "chaos-mesh");
        json::set(&mut object, &["spec", "template", "metadata", "labels", "app.kubernetes.io/component"], component);
        world.create(kinds::DEPLOYMENT, object);
    }
    world.create(
        kinds::DAEMON_SET,
        json!({
            "apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": {"name": "chaos-daemon", "namespace": "chaos-mesh"},
            "spec": {
                "selector": {"matchLabels": {"app": "daemon"}},
                "template": {
                    "metadata": {"labels": {"app": "daemon", "app.kubernetes.io/component": "chaos-daemon"}},
                    "spec": {"containers": [{"name": "daemon", "image": "chaos-daemon:1"}]},
                },
            },
        }),
    );
    let mut web = deployment("web", 4, "web:1");
    json::set(
        &mut web,
        &["spec", "template", "spec", "containers"],
        json!([{"name": "app", "image": "web:1", "readinessProbe": {"httpGet": {"port": 8080}, "periodSeconds": 1}}]),
    );
    world.create(kinds::DEPLOYMENT, web);
    world.run(30);
    world
}

fn chaos(kind: crate::base::objects::Kind, spec: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "chaos-mesh.org/v1alpha1", "kind": kind.kind, "metadata": {"name": "slow", "namespace": "shop"},
        "spec": {"mode": "all", "selector": {"namespaces": ["shop"], "labelSelectors": {"app": "web"}}},
    });
    for (field, value) in spec.as_object().unwrap() {
        json::set(&mut object, &["spec", field], value.clone());
    }
    object
}

fn delay(more: &Value) -> Value {
    let mut spec = json!({"action": "delay", "delay": {"latency": "100ms"}});
    for (field, value) in more.as_object().unwrap() {
        json::set(&mut spec, &[field], value.clone());
    }
    chaos(kinds::NETWORK_CHAOS, &spec)
}

fn says(world: &World, key: &Key, kind: &str) -> String {
    let object = world.get(key).expect("it is there");
    let found = json::condition(json::list(&object, &["status", "conditions"]), kind);
    found.map(|one| json::text(one, &["status"]).to_owned()).unwrap_or_default()
}

fn records(world: &World, key: &Key) -> Vec<Value> {
    json::list(&world.get(key).unwrap(), &["status", "experiment", "containerRecords"]).to_vec()
}

fn phases(world: &World, key: &Key) -> Vec<String> {
    records(world, key).iter().map(|one| json::text(one, &["phase"]).to_owned()).collect()
}

#[test]
fn a_fault_is_injected_and_its_deletion_waits_until_it_is_recovered() {
    let mut world = mesh();
    let key = world.create(kinds::NETWORK_CHAOS, delay(&json!({})));
    world.control.advance(&mut world.shelf, time::later(world.now, Duration::from_millis(200)));
    assert_eq!(says(&world, &key, "Selected"), "True");
    assert_eq!(says(&world, &key, "AllInjected"), "False", "daemons take a moment");
    world.run(2);
    assert_eq!(says(&world, &key, "AllInjected"), "True");
    assert_eq!(phases(&world, &key), ["Injected"; 4]);
    assert!(json::text(&records(&world, &key)[0], &["id"]).starts_with("shop/web-"));
    assert_eq!(world.told("slow").len(), 5, "{:?}", world.told("slow"));
    world.delete(&key);
    assert!(!json::at(&world.get(&key).unwrap(), &["metadata", "deletionTimestamp"]).is_null());
    world.run(2);
    assert!(world.get(&key).is_none());
}

#[test]
fn its_own_duration_ends_it_and_a_pause_suspends_it() {
    let mut world = mesh();
    let key = world.create(kinds::NETWORK_CHAOS, delay(&json!({"duration": "20s"})));
    world.run(5);
    world.edit(&key, |object| {
        json::set(object, &["metadata", "annotations", "experiment.chaos-mesh.org/pause"], "true");
    });
    world.run(2);
    assert_eq!((says(&world, &key, "Paused").as_str(), says(&world, &key, "AllRecovered").as_str()), ("True", "True"));
    world.edit(&key, |object| {
        json::remove(object, &["metadata", "annotations", "experiment.chaos-mesh.org/pause"]);
    });
    world.run(2);
    assert_eq!(says(&world, &key, "AllInjected"), "True");
    world.run(13);
    assert_eq!(says(&world, &key, "AllRecovered"), "True");
    let object = world.get(&key).unwrap();
    assert_eq!(json::text(&object, &["status", "experiment", "desiredPhase"]), "Stop");
    assert_eq!(json::int(&records(&world, &key)[0], &["injectedCount"]), Some(2));
    world.delete(&key);
    world.run(1);
    assert!(world.get(&key).is_none());
}

#[test]
fn without_its_controller_nothing_happens_and_with_it_again_it_does() {
    let mut world = mesh();
    let manager = Key::new(kinds::DEPLOYMENT, "chaos-mesh", "chaos-controller-manager");
    world.edit(&manager, |object| json::set(object, &["spec", "replicas"], 0));
    world.run(60);
    let key = world.create(kinds::NETWORK_CHAOS, delay(&json!({})));
    world.run(30);
    assert!(json::at(&world.get(&key).unwrap(), &["status"]).is_null());
    world.edit(&manager, |object| json::set(object, &["spec", "replicas"], 1));
    world.run(30);
    assert_eq!(says(&world, &key, "AllInjected"), "True");
}

#[test]
fn who_selects_nobody_is_told_and_a_filtered_namespace_selects_nobody() {
    let mut world = mesh();
    let manager = Key::new(kinds::DEPLOYMENT, "chaos-mesh", "chaos-controller-manager");
    world.edit(&manager, |object| {
        let mut all = json::list(object, &["spec", "template", "spec", "containers"]).to_vec();
        json::set(&mut all[0], &["env"], json!([{"name": "ENABLE_FILTER_NAMESPACE", "value": "true"}]));
        json::set(object, &["spec", "template", "spec", "containers"], all);
    });
    world.run(60);
    let key = world.create(kinds::NETWORK_CHAOS, delay(&json!({})));
    world.run(5);
    assert_eq!(
        (says(&world, &key, "Selected").as_str(), says(&world, &key, "AllInjected").as_str()),
        ("False", "False")
    );
    assert!(world.told("slow").iter().any(|said| said.contains("no pod is selected")));
    let space = Key::new(kinds::NAMESPACE, "", "shop");
    world.edit(&space, |object| json::set(object, &["metadata", "annotations", "chaos-mesh.org/inject"], "enabled"));
    world.run(5);
    assert_eq!(says(&world, &key, "AllInjected"), "True");
}

#[test]
fn modes_take_their_share_and_named_pods_are_taken_as_named() {
    let mut world = mesh();
    let names: Vec<String> =
        world.pods("shop", "web-").iter().map(|pod| json::text(pod, &["metadata", "name"]).to_owned()).collect();
    for (more, expected) in [
        (json!({"mode": "one"}), 1),
        (json!({"mode": "fixed", "value": "3"}), 3),
        (json!({"mode": "fixed-percent", "value": "50"}), 2),
        (json!({"selector": {"pods": {"shop": [names[0], names[2]]}}}), 2),
        (json!({"selector": {"labelSelectors": {"app": "nobody"}}}), 0),
    ] {
        let key = world.create(kinds::NETWORK_CHAOS, delay(&more));
        world.run(3);
        assert_eq!(phases(&world, &key), vec!["Injected"; expected], "{more}");
        world.delete(&key);
        world.run(3);
        assert!(world.get(&key).is_none(), "{more}");
    }
}

#[test]
fn a_node_without_a_daemon_holds_the_injection_and_the_recovery_up() {
    let mut world = mesh();
    let daemons = Key::new(kinds::DAEMON_SET, "chaos-mesh", "chaos-daemon");
    let key = world.create(kinds::NETWORK_CHAOS, delay(&json!({})));
    world.run(3);
    world.edit(&daemons, |object| {
        json::set(object, &["spec", "template", "spec", "nodeSelector"], json!({"no": "where"}));
    });
    world.run(60);
    world.delete(&key);
    world.run(5);
    assert_eq!(phases(&world, &key), ["Injected"; 4], "nobody can take it back");
    let last = json::list(&records(&world, &key)[0], &["events"]).last().cloned().unwrap();
    assert_eq!((json::text(&last, &["type"]), json::text(&last, &["operation"])), ("Failed", "Recover"));
    assert!(json::text(&last, &["message"]).contains("chaos-daemon"));
    world.edit(&key, |object| {
        let note = "chaos-mesh.chaos-mesh.org/cleanFinalizer";
        json::set(object, &["metadata", "annotations", note], "forced");
    });
    world.run(1);
    assert!(world.get(&key).is_none(), "forced");
}

#[test]
fn pod_failure_takes_pods_out_and_its_end_brings_the_same_pods_back() {
    let mut world = mesh();
    let uids = |world: &World| -> Vec<String> {
        world.pods("shop", "web-").iter().map(|pod| json::text(pod, &["metadata", "uid"]).to_owned()).collect()
    };
    let ready = |world: &World| {
        let pods = world.pods("shop", "web-");
        pods.iter().filter(|pod| condition(pod, "Ready").0 == "True").count()
    };
    let before = uids(&world);
    let spec = json!({"action": "pod-failure", "mode": "fixed", "value": "2"});
    let key = world.create(kinds::POD_CHAOS, chaos(kinds::POD_CHAOS, &spec));
    world.run(20);
    assert_eq!((says(&world, &key, "AllInjected").as_str(), ready(&world)), ("True", 2));
    world.delete(&key);
    world.run(30);
    assert_eq!((world.get(&key), ready(&world), uids(&world)), (None, 4, before));
    for pod in world.pods("shop", "web-") {
        assert_eq!(json::text(&json::list(&pod, &["spec", "containers"])[0], &["image"]), "web:1");
        assert!(json::labels(&pod, &["metadata", "annotations"]).keys().all(|one| !one.starts_with("chaos-mesh")));
    }
}

#[test]
fn what_happens_once_is_never_recovered() {
    let mut world = mesh();
    let spec = json!({"action": "container-kill", "containerNames": ["app"], "mode": "one", "duration": "5s"});
    let key = world.create(kinds::POD_CHAOS, chaos(kinds::POD_CHAOS, &spec));
    world.run(20);
    assert_eq!(says(&world, &key, "AllInjected"), "True", "a duration means nothing to it");
    let restarts: i64 = world
        .pods("shop", "web-")
        .iter()
        .filter_map(|pod| json::int(&json::list(pod, &["status", "containerStatuses"])[0], &["restartCount"]))
        .sum();
    assert_eq!(restarts, 1);
    world.delete(&key);
    world.run(2);
    assert!(world.get(&key).is_none());
    let before: Vec<_> = world.pods("shop", "web-");
    let spec = json!({"action": "pod-kill", "mode": "one"});
    let key = world.create(kinds::POD_CHAOS, chaos(kinds::POD_CHAOS, &spec));
    world.run(20);
    let name = |pod: &Value| json::text(pod, &["metadata", "name"]).to_owned();
    let after: Vec<String> = world.pods("shop", "web-").iter().map(|pod| name(pod)).collect();
    assert_eq!(after.len(), 4);
    assert_eq!(before.iter().filter(|pod| !after.contains(&name(pod))).count(), 1);
    assert_eq!(phases(&world, &key), ["Injected"]);
}
