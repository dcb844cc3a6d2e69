//! Scalers over what pods use: up and down, their policies, their conditions.

use super::*;
use crate::base::usage::{Amount, PodUsage};

/// A Deployment `web` of two containers that ask for 100m and 100Mi each, and a scaler for it with this spec.
fn scaled(world: &mut World, spec: &Value) -> (Key, Key) {
    let mut object = deployment("web", 2, "web:1");
    let container = |name: &str| json!({"name": name, "image": "web:1", "resources": {"requests": {"cpu": "100m", "memory": "100Mi"}}});
    json::set(&mut object, &["spec", "template", "spec", "containers"], json!([container("app"), container("side")]));
    let workload = world.create(kinds::DEPLOYMENT, object);
    // CPU of pods that start does not count; these are old.
    world.run(400);
    (workload, scaler(world, spec))
}

fn scaler(world: &mut World, spec: &Value) -> Key {
    let mut object = json!({
        "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "minReplicas": 2, "maxReplicas": 5,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        },
    });
    for (field, value) in spec.as_object().unwrap() {
        json::set(&mut object, &["spec", field], value.clone());
    }
    world.create(kinds::HPA, object)
}

/// A metric of pods, or of a container of them.
fn metric(container: Option<&str>, resource: &str, target: &Value) -> Value {
    match container {
        None => json!({"type": "Resource", "resource": {"name": resource, "target": target}}),
        Some(container) => json!({
            "type": "ContainerResource", "containerResource": {"name": resource, "container": container, "target": target},
        }),
    }
}

fn percent(of: i64) -> Value {
    json!({"type": "Utilization", "averageUtilization": of})
}

/// What each pod uses from now on: cores and MiB of its two containers.
fn load(world: &mut World, app: (f64, f64), side: (f64, f64)) {
    let amount = |(cores, mebi): (f64, f64)| Amount { cores, memory: mebi * 1_048_576.0 };
    for pod in world.pods("shop", "web") {
        let containers = vec![("app".to_owned(), amount(app)), ("side".to_owned(), amount(side))];
        let usage = PodUsage { at: world.now, window: Duration::from_secs(15), containers };
        world.control.state.usage.note("shop", json::text(&pod, &["metadata", "name"]), usage);
    }
}

fn replicas(world: &World, workload: &Key) -> i64 {
    json::int(&world.get(workload).unwrap(), &["spec", "replicas"]).unwrap()
}

#[test]
fn a_scaler_follows_the_load_up_at_once_and_down_slowly() {
    let mut world = World::new();
    let (workload, key) = scaled(&mut world, &json!({"metrics": [metric(None, "cpu", &percent(50))]}));
    world.run(20);
    assert_eq!(condition(&world.get(&key).unwrap(), "ScalingActive"), ("False", "FailedGetResourceMetric"));
    assert!(world.told("web").iter().any(|said| said.contains("no metrics returned from resource metrics API")));
    load(&mut world, (0.15, 50.0), (0.05, 10.0));
    world.run(20);
    assert_eq!(replicas(&world, &workload), 4);
    let held = world.get(&key).unwrap();
    assert_eq!(condition(&held, "AbleToScale").0, "True");
    assert_eq!(condition(&held, "ScalingActive"), ("True", "ValidMetricFound"));
    let now = &json::list(status(&held, "currentMetrics"), &[])[0]["resource"]["current"];
    assert_eq!((&now["averageUtilization"], &now["averageValue"]), (&json!(100), &json!("200m")));
    let why = "SuccessfulRescale: New size: 4; reason: cpu resource utilization (percentage of request) above target";
    assert!(world.told("web").contains(&why.to_owned()), "{:?}", world.told("web"));
    world.run(30);
    load(&mut world, (0.005, 50.0), (0.005, 10.0));
    world.run(60);
    assert!(replicas(&world, &workload) >= 4, "down only after five minutes");
    assert_eq!(condition(&world.get(&key).unwrap(), "AbleToScale"), ("True", "ScaleDownStabilized"));
    world.run(400);
    assert_eq!(replicas(&world, &workload), 2);
    assert_eq!(condition(&world.get(&key).unwrap(), "ScalingLimited"), ("True", "TooFewReplicas"));
}

#[test]
fn memory_and_single_containers_are_scaled_by_and_the_largest_wish_counts() {
    let mut world = World::new();
    let metrics = json!([
        metric(None, "memory", &json!({"type": "AverageValue", "averageValue": "100Mi"})),
        metric(Some("side"), "memory", &percent(50)),
    ]);
    let (workload, key) = scaled(&mut world, &json!({"metrics": metrics, "maxReplicas": 9}));
    // 120 MiB a pod for 100: three pods. 80 of 100 MiB in the sidecar, for a half: four.
    load(&mut world, (0.0, 40.0), (0.0, 80.0));
    world.run(20);
    assert_eq!(replicas(&world, &workload), 4);
    let held = world.get(&key).unwrap();
    let told = json::list(&held, &["status", "currentMetrics"]);
    assert_eq!(told[0]["resource"]["current"]["averageValue"], "120Mi");
    assert_eq!(told[1]["containerResource"]["current"]["averageUtilization"], 80);
    assert_eq!(told[1]["containerResource"]["container"], "side");
    let said = json::condition(json::list(&held, &["status", "conditions"]), "ScalingActive").unwrap();
    let message = json::text(said, &["message"]);
    // The new pods are not measured yet; without them the first metric wishes for most.
    assert!(message.contains("calculate a replica count from memory"), "{message}");
}

#[test]
fn policies_hold_the_rate_and_the_window_holds_the_count() {
    let mut world = World::new();
    let behaviour = json!({
        "scaleUp": {
            "stabilizationWindowSeconds": 0, "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": 30, "selectPolicy": "Max",
            "policies": [{"type": "Pods", "value": 2, "periodSeconds": 60}],
        },
    });
    let metrics = json!([metric(None, "memory", &percent(10))]);
    let (workload, key) = scaled(&mut world, &json!({"metrics": metrics, "behavior": behaviour, "maxReplicas": 6}));
    let mut seen = Vec::new();
    let mut wait = |world: &mut World, mebi: f64, times: usize| {
        for _ in 0..times {
            load(world, (0.0, mebi), (0.0, mebi));
            world.run(15);
            seen.push(replicas(world, &workload));
        }
        seen.clone()
    };
    // Until the last one that came is older than a period: it would count for the way down.
    let up = wait(&mut world, 90.0, 20);
    assert_eq!(condition(&world.get(&key).unwrap(), "ScalingLimited").0, "True");
    assert!(up.windows(2).all(|two| two[1] - two[0] <= 1), "one more at a time: {up:?}");
    assert_eq!(up.iter().filter(|one| **one == 3).count(), 4, "a minute long: {up:?}");
    let all = wait(&mut world, 0.1, 12);
    let down = &all[20..];
    assert!(down[0] >= up[19], "the window holds it: {down:?}");
    assert!(down.windows(2).all(|two| two[0] - two[1] <= 2) && down.last() == Some(&2), "two less at a time: {down:?}");
}

#[test]
fn what_hinders_a_scaler_is_told_in_its_conditions() {
    let mut world = World::new();
    let metrics = json!([metric(None, "cpu", &percent(50))]);
    let key = scaler(&mut world, &json!({"metrics": metrics}));
    world.run(20);
    assert_eq!(condition(&world.get(&key).unwrap(), "AbleToScale"), ("False", "FailedGetScale"));
    assert!(world.told("web").contains(&"FailedGetScale: deployments/scale.apps \"web\" not found".to_owned()));
    // Containers that ask for nothing have no utilisation.
    let workload = world.create(kinds::DEPLOYMENT, deployment("web", 2, "web:1"));
    world.run(20);
    load(&mut world, (0.1, 10.0), (0.0, 0.0));
    world.run(20);
    let held = world.get(&key).unwrap();
    let said = json::condition(json::list(&held, &["status", "conditions"]), "ScalingActive").unwrap();
    assert!(json::text(said, &["message"]).contains("missing request for cpu in container app of Pod web-"), "{said}");
    world.edit(&workload, |object| json::set(object, &["spec", "replicas"], 0));
    world.run(20);
    assert_eq!(condition(&world.get(&key).unwrap(), "ScalingActive"), ("False", "ScalingDisabled"));
    world.edit(&workload, |object| json::set(object, &["spec", "replicas"], 8));
    world.run(20);
    assert_eq!(replicas(&world, &workload), 5);
    let said = "SuccessfulRescale: New size: 5; reason: Current number of replicas above Spec.MaxReplicas";
    assert!(world.told("web").contains(&said.to_owned()));
    world.edit(&key, |object| {
        json::set(
            object,
            &["spec", "metrics"],
            json!([{"type": "External", "external": {
            "metric": {"name": "queue"}, "target": {"type": "Value", "value": "3"}}}]),
        );
    });
    world.run(20);
    assert_eq!(condition(&world.get(&key).unwrap(), "ScalingActive"), ("False", "FailedGetExternalMetric"));
}
