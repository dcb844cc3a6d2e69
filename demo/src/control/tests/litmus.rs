//! Litmus: engines taken up, experiments carried out by their pods, and what is told of them.

use super::*;

/// A world with the operator, an account, the experiments, and four pods of `web`.
fn litmus() -> World {
    let mut world = World::new();
    world.create(kinds::NAMESPACE, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "litmus"}}));
    let mut operator = deployment("litmus", 1, "chaos-operator:3.18.0");
    json::set(&mut operator, &["metadata", "namespace"], "litmus");
    json::set(&mut operator, &["spec", "template", "metadata", "labels", "name"], "chaos-operator");
    world.create(kinds::DEPLOYMENT, operator);
    world.create(kinds::SERVICE_ACCOUNT, account());
    for name in ["pod-network-latency", "pod-delete"] {
        world.create(
            kinds::CHAOS_EXPERIMENT,
            json!({
                "apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosExperiment",
                "metadata": {"name": name, "namespace": "shop"},
                "spec": {"definition": {"image": "go-runner:3.28.0", "env": [{"name": "TOTAL_CHAOS_DURATION", "value": "60"}]}},
            }),
        );
    }
    world.create(kinds::DEPLOYMENT, deployment("web", 4, "web:1"));
    world.run(30);
    world
}

fn account() -> Value {
    json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "admin", "namespace": "shop"}})
}

fn engine(experiment: &str, env: &[(&str, &str)]) -> Value {
    let env: Vec<Value> = env.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({
        "apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosEngine", "metadata": {"name": "slow", "namespace": "shop"},
        "spec": {
            "engineState": "active", "appinfo": {"appns": "shop", "applabel": "app=web", "appkind": "deployment"},
            "chaosServiceAccount": "admin",
            "experiments": [{"name": experiment, "spec": {"components": {"env": env}}}],
        },
    })
}

fn result(world: &World, experiment: &str) -> Option<Value> {
    world.get(&Key::new(kinds::CHAOS_RESULT, "shop", &format!("slow-{experiment}"))).map(|one| (*one).clone())
}

/// The pods that stand as this in the annotations.
fn marked(world: &World, state: &str) -> Vec<String> {
    let Some(result) = result(world, "pod-network-latency") else { return Vec::new() };
    let all = json::at(&result, &["metadata", "annotations"]).as_object().cloned().unwrap_or_default();
    all.into_iter().filter(|(_, value)| value == state).map(|(key, _)| key).collect()
}

fn says(world: &World, key: &Key) -> (String, String, String) {
    let engine = world.get(key).unwrap();
    let one = json::list(&engine, &["status", "experiments"]).first().cloned().unwrap_or_default();
    let text = |value: &Value, path: &[&str]| json::text(value, path).to_owned();
    (text(&engine, &["status", "engineStatus"]), text(&one, &["status"]), text(&one, &["verdict"]))
}

fn said(engine: &str, status: &str, verdict: &str) -> (String, String, String) {
    (engine.to_owned(), status.to_owned(), verdict.to_owned())
}

/// Its pods that are there.
fn pods(world: &World) -> Vec<String> {
    let all = world.shelf.list(kinds::POD, Some("shop"));
    let own = all.iter().filter(|pod| !json::text(pod, &["metadata", "labels", "chaosUID"]).is_empty());
    own.map(|pod| json::text(pod, &["metadata", "name"]).to_owned()).collect()
}

#[test]
fn an_experiment_is_carried_out_by_its_pods_and_its_deletion_waits_for_them() {
    let mut world = litmus();
    let key = world.create(kinds::CHAOS_ENGINE, engine("pod-network-latency", &[("PODS_AFFECTED_PERC", "50")]));
    world.run(15);
    assert_eq!(says(&world, &key), said("initialized", "Running", "Awaited"));
    let hit = marked(&world, "injected");
    assert_eq!(hit.len(), 2, "{hit:?}");
    assert!(hit[0].starts_with("pod/web-"), "{hit:?}");
    let there = pods(&world);
    for prefix in ["slow-runner", "pod-network-latency-", "pod-network-latency-helper-"] {
        assert!(there.iter().any(|name| name.starts_with(prefix)), "{prefix} in {there:?}");
    }
    world.delete(&key);
    assert!(world.get(&key).is_some(), "its finalizer holds it");
    world.run(10);
    assert!(world.get(&key).is_none());
    assert!(pods(&world).is_empty(), "{:?}", pods(&world));
    let result = result(&world, "pod-network-latency").expect("it is kept as history");
    let targets = json::list(&result, &["status", "history", "targets"]);
    assert_eq!(targets.len(), 2);
    assert!(targets.iter().all(|one| json::text(one, &["chaosStatus"]) == "reverted"), "{targets:?}");
    assert_eq!(json::text(&result, &["status", "experimentStatus", "verdict"]), "Stopped");
    assert!(marked(&world, "injected").is_empty());
}

#[test]
fn its_own_clock_ends_it() {
    let mut world = litmus();
    let key = world.create(kinds::CHAOS_ENGINE, engine("pod-network-latency", &[("TOTAL_CHAOS_DURATION", "20")]));
    world.run(15);
    assert_eq!(marked(&world, "injected").len(), 1, "without a share it is one pod");
    world.run(25);
    assert_eq!(says(&world, &key), said("completed", "Completed", "Pass"));
    assert!(marked(&world, "injected").is_empty());
    let engine = world.get(&key).unwrap();
    assert_eq!(json::text(&engine, &["spec", "engineState"]), "stop", "the operator writes it itself");
    let result = result(&world, "pod-network-latency").unwrap();
    assert_eq!(json::int(&result, &["status", "history", "passedRuns"]), Some(1));
}

#[test]
fn stopped_by_its_state_it_goes_on_when_it_is_set_active_again() {
    let mut world = litmus();
    let key = world.create(kinds::CHAOS_ENGINE, engine("pod-network-latency", &[]));
    world.run(15);
    world.edit(&key, |object| json::set(object, &["spec", "engineState"], "stop"));
    world.run(10);
    assert_eq!(says(&world, &key), said("stopped", "Forcefully Aborted", "Stopped"));
    assert!(pods(&world).is_empty());
    world.edit(&key, |object| json::set(object, &["spec", "engineState"], "active"));
    world.run(20);
    assert_eq!(says(&world, &key), said("initialized", "Running", "Awaited"));
    assert_eq!(marked(&world, "injected").len(), 1);
}

#[test]
fn without_its_operator_nothing_begins_and_nothing_is_let_go() {
    let mut world = litmus();
    let operator = Key::new(kinds::DEPLOYMENT, "litmus", "litmus");
    world.edit(&operator, |object| json::set(object, &["spec", "replicas"], 0));
    world.run(10);
    let key = world.create(kinds::CHAOS_ENGINE, engine("pod-network-latency", &[("TOTAL_CHAOS_DURATION", "30")]));
    world.run(10);
    assert_eq!(says(&world, &key), said("", "", ""));
    world.edit(&operator, |object| json::set(object, &["spec", "replicas"], 1));
    world.run(25);
    assert_eq!(marked(&world, "injected").len(), 1);
    world.edit(&operator, |object| json::set(object, &["spec", "replicas"], 0));
    world.run(5);
    world.delete(&key);
    world.run(40);
    assert!(world.get(&key).is_some(), "nobody takes its finalizer");
}

#[test]
fn what_it_needs_and_has_not_is_waited_for() {
    let mut world = litmus();
    let place = Key::new(kinds::SERVICE_ACCOUNT, "shop", "admin");
    world.delete(&place);
    let key = world.create(kinds::CHAOS_ENGINE, engine("pod-network-latency", &[]));
    world.run(10);
    assert_eq!(says(&world, &key), said("initialized", "", ""));
    assert!(
        world.told("slow").iter().any(|said| said.contains("Unable to get chaos resources")),
        "{:?}",
        world.told("slow")
    );
    world.create(kinds::SERVICE_ACCOUNT, account());
    world.run(25);
    assert_eq!(marked(&world, "injected").len(), 1);
}

#[test]
fn a_pod_that_is_not_there_is_an_error() {
    let mut world = litmus();
    let key = world.create(kinds::CHAOS_ENGINE, engine("pod-network-latency", &[("TARGET_PODS", "gone")]));
    world.run(20);
    assert_eq!(says(&world, &key), said("completed", "Completed", "Error"));
    let result = result(&world, "pod-network-latency").unwrap();
    let reason = json::text(&result, &["status", "experimentStatus", "errorOutput", "reason"]).to_owned();
    assert!(reason.contains("\"gone\" not found"), "{reason}");
}

#[test]
fn pods_are_deleted_in_rounds() {
    let mut world = litmus();
    let before: Vec<String> = world
        .shelf
        .list(kinds::POD, Some("shop"))
        .iter()
        .map(|pod| json::text(pod, &["metadata", "name"]).to_owned())
        .collect();
    let env = [("TOTAL_CHAOS_DURATION", "1"), ("CHAOS_INTERVAL", "1"), ("TARGET_PODS", before[0].as_str())];
    let key = world.create(kinds::CHAOS_ENGINE, engine("pod-delete", &env));
    world.run(25);
    assert_eq!(says(&world, &key), said("completed", "Completed", "Pass"));
    let web = |world: &World| {
        world
            .shelf
            .list(kinds::POD, Some("shop"))
            .iter()
            .filter(|pod| json::text(pod, &["metadata", "name"]).starts_with("web-"))
            .count()
    };
    assert_eq!(web(&world), 4, "their controller makes new ones");
    assert!(world.get(&Key::new(kinds::POD, "shop", &before[0])).is_none());
    for other in &before[1..] {
        assert!(world.get(&Key::new(kinds::POD, "shop", other)).is_some(), "{other}");
    }
}
