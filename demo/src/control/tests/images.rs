//! Images that are not there, programs that crash, sidecars.

use super::*;

fn pod(name: &str, image: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"containers": [{"name": "nginx", "image": image}]},
    })
}

#[test]
fn a_lost_image_is_told_backs_off_and_heals_when_it_is_corrected() {
    let mut world = World::new();
    lost_image(&mut world, "nginx:latesttttt");
    let key = world.create(kinds::POD, pod("ngi14", "nginx:latesttttt"));
    let mut seen = Vec::new();
    for _ in 0..400 {
        world.now = super::super::time::later(world.now, Duration::from_millis(100));
        world.control.advance(&mut world.shelf, world.now);
        let reason = waiting(&world.get(&key).unwrap()).to_owned();
        if seen.last() != Some(&reason) {
            seen.push(reason);
        }
    }
    let wanted = ["ContainerCreating", "ErrImagePull", "ImagePullBackOff", "ErrImagePull", "ImagePullBackOff"];
    assert_eq!(seen.iter().map(String::as_str).filter(|one| !one.is_empty()).take(5).collect::<Vec<_>>(), wanted);
    let told = world.told("ngi14");
    assert!(told[0].starts_with("Scheduled: Successfully assigned shop/ngi14 to node-"), "{told:?}");
    assert!(told.contains(&"BackOff: Back-off pulling image \"nginx:latesttttt\"".to_owned()), "{told:?}");
    assert!(told.iter().any(|one| one.contains("docker.io/library/nginx:latesttttt: not found")), "{told:?}");
    let events = world.shelf.list(kinds::EVENT, Some("shop"));
    let pulling = events.iter().find(|one| json::text(one, &["reason"]) == "Pulling").unwrap();
    assert!(json::int(pulling, &["count"]).unwrap() >= 2, "a repeated Event is counted");
    world.edit(&key, |pod| {
        json::set(pod, &["spec", "containers"], json!([{"name": "nginx", "image": "nginx:latest"}]));
    });
    world.run(10);
    let held = world.get(&key).unwrap();
    assert_eq!(status(&held, "phase"), "Running");
    assert_eq!(condition(&held, "Ready").0, "True");
    assert_ne!(json::text(&held, &["status", "podIP"]), "");
}

#[test]
fn a_crashing_program_backs_off_longer_each_time() {
    let mut world = World::new();
    let crash = Crash { after: Duration::from_secs(2), code: 1 };
    let broken = Workload { crash: Some(crash), ..Workload::default() };
    let at = ("shop".to_owned(), "Deployment".to_owned(), "web".to_owned());
    world.control.state.behaviours.workloads.insert(at, broken);
    world.create(kinds::DEPLOYMENT, deployment("web", 1, "web:1"));
    world.run(12);
    let held = &world.pods("shop", "web")[0];
    assert_eq!(waiting(held), "CrashLoopBackOff");
    let container = &json::list(held, &["status", "containerStatuses"])[0];
    assert_eq!(json::int(container, &["restartCount"]), Some(1));
    assert_eq!(json::int(container, &["lastState", "terminated", "exitCode"]), Some(1));
    assert_eq!(status(held, "phase"), "Running", "kubectl prints the reason of the container");
    world.run(600);
    let restarts = |world: &World| {
        json::int(&json::list(&world.pods("shop", "web")[0], &["status", "containerStatuses"])[0], &["restartCount"])
            .unwrap()
    };
    let early = restarts(&world);
    assert!((4..=8).contains(&early), "{early}");
    world.run(600);
    assert!(restarts(&world) - early <= 3, "at most every five minutes");
}

#[test]
fn a_pod_of_an_injected_namespace_is_two_of_two() {
    let mut world = World::new();
    world.edit(&Key::new(kinds::NAMESPACE, "", "shop"), |space| {
        json::set(space, &["metadata", "labels", "istio-injection"], "enabled");
    });
    world.create(kinds::DEPLOYMENT, deployment("web", 1, "web:1"));
    world.run(30);
    let held = &world.pods("shop", "web")[0];
    let states = json::list(held, &["status", "containerStatuses"]);
    assert_eq!(states.iter().filter(|one| json::yes(one, &["ready"])).count(), 2);
    assert_eq!(condition(held, "Initialized").0, "True");
    let init = &json::list(held, &["status", "initContainerStatuses"])[0];
    assert_eq!(json::text(init, &["state", "terminated", "reason"]), "Completed");
}

#[test]
fn a_killed_container_starts_again_and_tells_why() {
    let mut world = World::new();
    let key = world.create(kinds::POD, pod("one", "nginx:1"));
    world.run(10);
    let now = world.now;
    let exit = super::super::kubelet::Exit { container: String::new(), code: 137, reason: "OOMKilled" };
    super::super::kubelet::exit(&mut world.control.state, &key, &exit, now);
    world.run(5);
    let held = world.get(&key).unwrap();
    let container = &json::list(&held, &["status", "containerStatuses"])[0];
    assert_eq!(json::text(container, &["lastState", "terminated", "reason"]), "OOMKilled");
    assert_eq!(json::int(container, &["restartCount"]), Some(1));
    assert!(json::yes(container, &["ready"]));
}

/// The Deployment of three pods while a new template never becomes ready, and once the old one is put back.
fn rolled_and_back(change: impl Fn(&mut Value), back: impl Fn(&mut Value)) -> (Vec<String>, i64) {
    let mut world = World::new();
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 3, "web:1"));
    world.run(30);
    assert_eq!(status(&world.get(&key).unwrap(), "availableReplicas"), 3);
    world.edit(&key, change);
    world.run(60);
    let held = world.get(&key).unwrap();
    let ready = json::int(&held, &["status", "availableReplicas"]).unwrap_or_default();
    assert!(json::int(&held, &["status", "unavailableReplicas"]).unwrap_or_default() > 0, "{held}");
    let mut reasons: Vec<String> = world.pods("shop", "web").iter().map(|pod| waiting(pod).to_owned()).collect();
    reasons.retain(|reason| !reason.is_empty());
    world.edit(&key, back);
    world.run(60);
    assert_eq!(status(&world.get(&key).unwrap(), "availableReplicas"), 3, "the old template heals it");
    (reasons, ready)
}

fn container(object: &mut Value) -> &mut Value {
    object.pointer_mut("/spec/template/spec/containers/0").unwrap()
}

#[test]
fn a_tag_that_nobody_pushed_holds_the_rollout() {
    let (reasons, ready) = rolled_and_back(
        |object| container(object)["image"] = "web:1-brink-missing".into(),
        |object| container(object)["image"] = "web:1".into(),
    );
    assert!(reasons.iter().any(|reason| reason.contains("Image")), "{reasons:?}");
    assert!(ready >= 2, "old pods serve on: {ready}");
}

#[test]
fn a_probe_of_a_port_nobody_has_holds_the_rollout() {
    let (_, ready) = rolled_and_back(
        |object| container(object)["readinessProbe"] = json!({"tcpSocket": {"port": 1}}),
        |object| {
            container(object).as_object_mut().unwrap().remove("readinessProbe");
        },
    );
    assert!(ready >= 2, "old pods serve on: {ready}");
}

#[test]
fn a_liveness_probe_of_a_port_nobody_has_ends_in_crash_loops() {
    let mut world = World::new();
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 2, "web:1"));
    world.run(30);
    world.edit(&key, |object| {
        container(object)["livenessProbe"] =
            json!({"tcpSocket": {"port": 1}, "periodSeconds": 2, "failureThreshold": 2});
    });
    world.run(60);
    let pods = world.pods("shop", "web");
    let restarts = |pod: &Value| json::int(&json::list(pod, &["status", "containerStatuses"])[0], &["restartCount"]);
    assert!(pods.iter().all(|pod| restarts(pod).unwrap_or_default() > 0), "{pods:?}");
}
