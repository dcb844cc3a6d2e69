//! StatefulSets, DaemonSets, budgets, scalers, nodes.

use super::*;

#[test]
fn a_stateful_set_starts_in_order_and_ends_in_reverse() {
    let mut world = World::new();
    let mut object = deployment("db", 3, "db:1");
    json::set(&mut object, &["kind"], "StatefulSet");
    json::set(&mut object, &["spec", "serviceName"], "db");
    let key = world.create(kinds::STATEFUL_SET, object);
    world.run(40);
    assert_eq!(names(&world.pods("shop", "db")), ["db-0", "db-1", "db-2"].map(str::to_owned).into());
    let made: Vec<String> = world
        .shelf
        .log
        .iter()
        .filter(|(_, verb, key)| *verb == "create" && key.kind == kinds::POD)
        .map(|(_, _, key)| key.name.clone())
        .collect();
    assert_eq!(made, ["db-0", "db-1", "db-2"]);
    assert_eq!(status(&world.get(&key).unwrap(), "readyReplicas"), 3);
    world.shelf.log.clear();
    world.edit(&key, |object| json::set(object, &["spec", "template", "metadata", "labels", "v"], "2"));
    world.run(60);
    let gone: Vec<String> = world
        .shelf
        .log
        .iter()
        .filter(|(_, verb, key)| *verb == "gone" && key.kind == kinds::POD)
        .map(|(_, _, key)| key.name.clone())
        .collect();
    assert_eq!(gone, ["db-2", "db-1", "db-0"]);
    let held = world.get(&key).unwrap();
    assert_eq!(status(&held, "currentRevision"), status(&held, "updateRevision"));
    world.edit(&key, |object| json::set(object, &["spec", "replicas"], 1));
    world.run(30);
    assert_eq!(names(&world.pods("shop", "db")), ["db-0".to_owned()].into());
}

#[test]
fn a_daemon_set_has_a_pod_on_each_node() {
    let mut world = World::new();
    let mut object = deployment("agent", 1, "agent:1");
    json::set(&mut object, &["kind"], "DaemonSet");
    json::remove(&mut object, &["spec", "replicas"]);
    let key = world.create(kinds::DAEMON_SET, object);
    world.run(20);
    assert_eq!(status(&world.get(&key).unwrap(), "numberReady"), 3);
    world.create(kinds::NODE, super::super::node::manifest(3, "node-3"));
    world.run(20);
    let held = world.get(&key).unwrap();
    assert_eq!(status(&held, "numberReady"), 4);
    assert_eq!(status(&held, "desiredNumberScheduled"), 4);
}

#[test]
fn a_budget_counts_what_may_go() {
    let mut world = World::new();
    world.create(kinds::DEPLOYMENT, deployment("web", 3, "web:1"));
    let key = world.create(
        kinds::PDB,
        json!({
            "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "web", "namespace": "shop"},
            "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}},
        }),
    );
    world.run(20);
    let held = world.get(&key).unwrap();
    assert_eq!(status(&held, "disruptionsAllowed"), 1);
    assert_eq!(status(&held, "expectedPods"), 3);
    let name = json::text(&world.pods("shop", "web")[0], &["metadata", "name"]).to_owned();
    world.delete(&Key::new(kinds::POD, "shop", &name));
    world.now = super::super::time::later(world.now, Duration::from_millis(200));
    world.control.advance(&mut world.shelf, world.now);
    let held = world.get(&key).unwrap();
    assert_eq!(status(&held, "disruptionsAllowed"), 0);
    assert_eq!(condition(&held, "DisruptionAllowed"), ("False", "InsufficientPods"));
}

#[test]
fn a_pod_nothing_fits_waits_and_is_bound_when_there_is_room() {
    let mut world = World::new();
    for at in 0..3 {
        world.edit(&Key::new(kinds::NODE, "", &format!("node-{at}")), |node| {
            json::set(node, &["spec", "unschedulable"], true);
        });
    }
    world.create(kinds::DEPLOYMENT, deployment("web", 1, "web:1"));
    world.run(5);
    let held = &world.pods("shop", "web")[0];
    assert_eq!(condition(held, "PodScheduled"), ("False", "Unschedulable"));
    let taints = |world: &World| {
        let node = world.get(&Key::new(kinds::NODE, "", "node-1")).unwrap();
        json::list(&node, &["spec", "taints"])
            .iter()
            .map(|one| json::text(one, &["key"]).to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(taints(&world), ["node.kubernetes.io/unschedulable"]);
    assert!(
        world
            .told("web")
            .contains(&"FailedScheduling: 0/3 nodes are available: 3 node(s) were unschedulable.".to_owned())
    );
    world.edit(&Key::new(kinds::NODE, "", "node-1"), |node| json::set(node, &["spec", "unschedulable"], false));
    world.run(10);
    let held = &world.pods("shop", "web")[0];
    assert_eq!(json::text(held, &["spec", "nodeName"]), "node-1");
    assert_eq!(condition(held, "Ready").0, "True");
    assert!(taints(&world).is_empty(), "the taint goes with the cordon");
    // A node that is gone takes its pods along; they come back elsewhere.
    world.edit(&Key::new(kinds::NODE, "", "node-2"), |node| json::set(node, &["spec", "unschedulable"], false));
    world.delete(&Key::new(kinds::NODE, "", "node-1"));
    world.run(20);
    let held = &world.pods("shop", "web")[0];
    assert_eq!(json::text(held, &["spec", "nodeName"]), "node-2");
}
