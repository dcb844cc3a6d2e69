//! Rollouts, scaling, eviction.

use super::*;

#[test]
fn a_deployment_becomes_available_and_says_so_as_kubectl_reads_it() {
    let mut world = World::new();
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 3, "web:1"));
    world.run(30);
    let held = world.get(&key).unwrap();
    for field in ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"] {
        assert_eq!(status(&held, field), 3, "{field}");
    }
    assert_eq!(status(&held, "observedGeneration"), 1);
    assert!(status(&held, "unavailableReplicas").is_null());
    assert_eq!(condition(&held, "Available"), ("True", "MinimumReplicasAvailable"));
    assert_eq!(condition(&held, "Progressing"), ("True", "NewReplicaSetAvailable"));
    assert_eq!(json::text(&held, &["metadata", "annotations", "deployment.kubernetes.io/revision"]), "1");
    let nodes: BTreeSet<_> =
        world.pods("shop", "web").iter().map(|pod| json::text(pod, &["spec", "nodeName"]).to_owned()).collect();
    assert_eq!(nodes.len(), 3, "spread over the nodes");
}

#[test]
fn a_rollout_steps_within_surge_and_unavailability() {
    let mut world = World::new();
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 4, "web:1"));
    world.run(30);
    let before = names(&world.pods("shop", "web"));
    world.edit(&key, |object| {
        json::set(object, &["spec", "template", "spec", "containers"], json!([{"name": "app", "image": "web:2"}]));
    });
    for _ in 0..600 {
        let held = world.get(&key).unwrap();
        let available = json::int(&held, &["status", "availableReplicas"]).unwrap_or_default();
        assert!(available >= 3, "25 % of 4 may be missing: {available}");
        let alive =
            world.pods("shop", "web").iter().filter(|pod| pod["metadata"].get("deletionTimestamp").is_none()).count();
        assert!(alive <= 5, "25 % of 4 may be too many: {alive}");
        world.now = super::super::time::later(world.now, Duration::from_millis(100));
        world.control.advance(&mut world.shelf, world.now);
    }
    let held = world.get(&key).unwrap();
    assert_eq!(condition(&held, "Progressing"), ("True", "NewReplicaSetAvailable"));
    assert_eq!(json::text(&held, &["metadata", "annotations", "deployment.kubernetes.io/revision"]), "2");
    let after = names(&world.pods("shop", "web"));
    assert_eq!(after.len(), 4);
    assert!(before.is_disjoint(&after));
    let told = world.told("web");
    let scalings: Vec<_> = told.iter().filter(|one| one.starts_with("ScalingReplicaSet")).collect();
    assert!(scalings[0].ends_with("from 0 to 4"), "{scalings:?}");
    assert!(
        scalings[1].starts_with("ScalingReplicaSet: Scaled up") && scalings[1].ends_with("from 0 to 1"),
        "{scalings:?}"
    );
    assert!(
        scalings[2].starts_with("ScalingReplicaSet: Scaled down") && scalings[2].ends_with("from 4 to 3"),
        "{scalings:?}"
    );
    assert!(scalings.last().unwrap().ends_with("to 0"), "{scalings:?}");
    let sets = world.shelf.list(kinds::REPLICA_SET, Some("shop"));
    assert_eq!(sets.len(), 2, "the old one is kept for a rollback");
}

#[test]
fn a_bad_image_sticks_while_the_old_pods_serve_and_the_deadline_says_so() {
    let mut world = World::new();
    lost_image(&mut world, "web:broken");
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 3, "web:1"));
    world.create(kinds::SERVICE, service("web"));
    world.run(30);
    world.edit(&key, |object| {
        json::set(object, &["spec", "template", "spec", "containers"], json!([{"name": "app", "image": "web:broken"}]));
        json::set(object, &["spec", "progressDeadlineSeconds"], 60);
    });
    world.run(20);
    let pods = world.pods("shop", "web");
    let stuck: Vec<_> = pods.iter().filter(|pod| waiting(pod) == "ImagePullBackOff").collect();
    assert_eq!((pods.len(), stuck.len()), (4, 1));
    assert_eq!(status(stuck[0], "phase"), "Pending");
    let held = world.get(&key).unwrap();
    assert_eq!(status(&held, "availableReplicas"), 3, "the old ones serve");
    assert_eq!(status(&held, "updatedReplicas"), 1);
    assert_eq!(condition(&held, "Progressing").0, "True");
    let slice = &world.shelf.list(kinds::ENDPOINT_SLICE, Some("shop"))[0];
    let ready = json::list(slice, &["endpoints"]).iter().filter(|one| json::yes(one, &["conditions", "ready"])).count();
    assert_eq!(ready, 3);
    world.run(60);
    let held = world.get(&key).unwrap();
    assert_eq!(condition(&held, "Progressing"), ("False", "ProgressDeadlineExceeded"));
    assert_eq!(condition(&held, "Available").0, "True");
    // Undone as `kubectl rollout undo` does it: the old template again.
    world.edit(&key, |object| {
        let ports = json!([{"name": "http", "containerPort": 8080}]);
        json::set(
            object,
            &["spec", "template", "spec", "containers"],
            json!([{"name": "app", "image": "web:1", "ports": ports}]),
        );
    });
    world.run(30);
    let held = world.get(&key).unwrap();
    assert_eq!(condition(&held, "Progressing"), ("True", "NewReplicaSetAvailable"));
    assert_eq!(json::text(&held, &["metadata", "annotations", "deployment.kubernetes.io/revision"]), "3");
    assert_eq!(world.pods("shop", "web").len(), 3);
}

#[test]
fn scaling_down_takes_the_pods_that_are_not_ready_first() {
    let mut world = World::new();
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 4, "web:1"));
    world.run(30);
    let pods = world.pods("shop", "web");
    let weak = json::text(&pods[1], &["metadata", "name"]).to_owned();
    let now = world.now;
    super::super::kubelet::readiness(&mut world.control.state, &Key::new(kinds::POD, "shop", &weak), false, now);
    world.run(1);
    assert_eq!(status(&world.get(&key).unwrap(), "readyReplicas"), 3);
    world.edit(&key, |object| json::set(object, &["spec", "replicas"], 3));
    world.run(40);
    let left = names(&world.pods("shop", "web"));
    assert_eq!(left.len(), 3);
    assert!(!left.contains(&weak), "{weak} was not ready");
    world.edit(&key, |object| json::set(object, &["spec", "replicas"], 0));
    world.run(40);
    assert!(world.pods("shop", "web").is_empty());
    let held = world.get(&key).unwrap();
    assert!(status(&held, "replicas").is_null());
    assert_eq!(condition(&held, "Progressing"), ("True", "NewReplicaSetAvailable"));
}

#[test]
fn an_evicted_pod_drains_through_its_endpoint_and_is_replaced_under_another_name() {
    let mut world = World::new();
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 2, "web:1"));
    world.create(kinds::SERVICE, service("web"));
    world.run(30);
    let before = names(&world.pods("shop", "web"));
    let victim = before.first().unwrap().clone();
    world.delete(&Key::new(kinds::POD, "shop", &victim));
    world.now = super::super::time::later(world.now, Duration::from_millis(500));
    world.control.advance(&mut world.shelf, world.now);
    let slice = world.shelf.list(kinds::ENDPOINT_SLICE, Some("shop"))[0].clone();
    let leaving: Vec<_> = json::list(&slice, &["endpoints"])
        .iter()
        .filter(|one| json::yes(one, &["conditions", "terminating"]))
        .collect();
    assert_eq!(leaving.len(), 1);
    assert_eq!(json::text(leaving[0], &["targetRef", "name"]), victim);
    assert!(!json::yes(leaving[0], &["conditions", "ready"]) && json::yes(leaving[0], &["conditions", "serving"]));
    world.run(30);
    let after = names(&world.pods("shop", "web"));
    assert_eq!(after.len(), 2);
    assert!(!after.contains(&victim));
    assert_eq!(status(&world.get(&key).unwrap(), "availableReplicas"), 2);
    assert!(world.told(&victim).contains(&"Killing: Stopping container app".to_owned()));
}

#[test]
fn recreate_ends_the_old_before_the_new_begins() {
    let mut world = World::new();
    let mut object = deployment("web", 2, "web:1");
    json::set(&mut object, &["spec", "strategy"], json!({"type": "Recreate"}));
    let key = world.create(kinds::DEPLOYMENT, object);
    world.run(30);
    let before = names(&world.pods("shop", "web"));
    world.edit(&key, |object| json::set(object, &["spec", "template", "metadata", "labels", "v"], "2"));
    for _ in 0..400 {
        world.now = super::super::time::later(world.now, Duration::from_millis(100));
        world.control.advance(&mut world.shelf, world.now);
        let held = names(&world.pods("shop", "web"));
        assert!(held.is_subset(&before) || held.is_disjoint(&before), "{held:?}");
    }
    assert_eq!(status(&world.get(&key).unwrap(), "availableReplicas"), 2);
    assert!(names(&world.pods("shop", "web")).is_disjoint(&before));
}

#[test]
fn two_runs_give_the_same_objects() {
    let run = || {
        let mut world = World::new();
        let key = world.create(kinds::DEPLOYMENT, deployment("web", 3, "web:1"));
        world.create(kinds::SERVICE, service("web"));
        world.run(20);
        world.edit(&key, |object| json::set(object, &["spec", "template", "metadata", "labels", "v"], "2"));
        world.run(60);
        (world.shelf.list(kinds::POD, None), world.shelf.list(kinds::EVENT, None), world.shelf.log)
    };
    assert_eq!(run(), run());
}

#[test]
fn a_billion_replicas_fill_the_world_to_its_limit_and_no_further() {
    let mut world = World::new();
    world.control.state.most_pods = 12;
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 2_000_000_000, "web:1"));
    world.run(20);
    assert_eq!(world.pods("shop", "web").len(), 12);
    let told = world.told("web");
    assert!(
        told.iter().any(|one| one.starts_with("FailedCreate: ") && one.contains("this world holds 12 pods")),
        "{told:?}"
    );
    assert_eq!(status(&world.get(&key).unwrap(), "availableReplicas"), 12);
    world.edit(&key, |object| json::set(object, &["spec", "replicas"], 3));
    world.run(60);
    assert_eq!(world.pods("shop", "web").len(), 3);
}

#[test]
fn objects_without_sense_stop_nobody() {
    let mut world = World::new();
    for (at, spec) in
        [json!(5), json!([]), json!({"replicas": "x", "template": 7}), json!({"replicas": -4})].into_iter().enumerate()
    {
        for kind in [
            kinds::DEPLOYMENT,
            kinds::REPLICA_SET,
            kinds::STATEFUL_SET,
            kinds::DAEMON_SET,
            kinds::JOB,
            kinds::SERVICE,
            kinds::PDB,
            kinds::HPA,
            kinds::GATEWAY,
            kinds::HTTP_ROUTE,
        ] {
            let object = json!({"kind": kind.kind, "metadata": {"name": format!("odd-{at}"), "namespace": "shop"}, "spec": spec});
            world.create(kind, object);
        }
    }
    world.create(
        kinds::POD,
        json!({"kind": "Pod", "metadata": {"name": "odd", "namespace": "shop"}, "spec": {"containers": 3}}),
    );
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 1, "web:1"));
    world.run(30);
    assert_eq!(status(&world.get(&key).unwrap(), "availableReplicas"), 1);
}

#[test]
fn a_server_that_keeps_things_in_its_own_form_is_not_written_to_for_ever() {
    let mut world = World::new();
    world.shelf.meddles = true;
    let key = world.create(kinds::DEPLOYMENT, deployment("web", 3, "web:1"));
    world.create(kinds::SERVICE, service("web"));
    world.run(30);
    assert_eq!(status(&world.get(&key).unwrap(), "availableReplicas"), 3);
    let writes = world.shelf.log.len();
    world.run(600);
    assert_eq!(world.shelf.log.len(), writes, "{:?}", world.shelf.log.last());
    world.edit(&key, |object| json::set(object, &["spec", "replicas"], 1));
    world.run(30);
    assert_eq!(world.pods("shop", "web").len(), 1);
}

#[test]
fn a_set_keeps_its_templates_as_revisions_and_one_that_comes_back_is_the_newest() {
    let mut world = World::new();
    let mut set = deployment("db", 1, "db:1");
    json::set(&mut set, &["kind"], "StatefulSet");
    json::set(&mut set, &["spec", "serviceName"], "db");
    // The template that comes back is the same to its last field.
    json::set(&mut set, &["spec", "template", "spec", "containers"], json!([{"name": "app", "image": "db:1"}]));
    let key = world.create(kinds::STATEFUL_SET, set);
    world.run(30);
    let image = |world: &mut World, image: &str| {
        world.edit(&key, |object| {
            json::set(object, &["spec", "template", "spec", "containers"], json!([{"name": "app", "image": image}]));
        });
        world.run(30);
    };
    image(&mut world, "db:2");
    let told = |world: &World| {
        let mut all: Vec<(i64, String)> = world
            .shelf
            .list(kinds::CONTROLLER_REVISION, Some("shop"))
            .iter()
            .map(|one| {
                let of = one.pointer("/data/spec/template/spec/containers/0/image").unwrap();
                (json::int(one, &["revision"]).unwrap(), of.as_str().unwrap().to_owned())
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(told(&world), [(1, "db:1".to_owned()), (2, "db:2".to_owned())]);
    image(&mut world, "db:1");
    assert_eq!(told(&world), [(2, "db:2".to_owned()), (3, "db:1".to_owned())]);
}
