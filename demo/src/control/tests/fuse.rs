//! Jobs, and the one that never runs a pod.

use super::*;

fn fuse(deadline: u64, suspend: bool) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "fuse", "namespace": "shop"},
        "spec": {
            "parallelism": 0, "completions": 1, "backoffLimit": 0, "activeDeadlineSeconds": deadline,
            "ttlSecondsAfterFinished": 0, "suspend": suspend,
            "template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "never", "image": "never.invalid/x"}]}},
        },
    })
}

fn owned(name: &str, namespace: &str, owner: &Value) -> Value {
    let reference = json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": "fuse", "uid": json::text(owner, &["metadata", "uid"]),
        "controller": false, "blockOwnerDeletion": false,
    });
    json!({
        "apiVersion": "security.istio.io/v1", "kind": "AuthorizationPolicy",
        "metadata": {"name": name, "namespace": namespace, "ownerReferences": [reference]},
        "spec": {"action": "DENY", "rules": [{}]},
    })
}

#[test]
fn a_fuse_burns_down_and_takes_what_it_owns_along() {
    let mut world = World::new();
    let key = world.create(kinds::JOB, fuse(90, false));
    world.run(1);
    let held = world.get(&key).unwrap();
    assert_ne!(json::text(&held, &["status", "startTime"]), "", "it burns");
    let policy = world.create(kinds::AUTHORIZATION_POLICY, owned("deny", "shop", &held));
    world.run(85);
    assert!(world.get(&policy).is_some());
    assert!(world.get(&key).is_some());
    world.run(10);
    assert!(world.get(&key).is_none(), "failed at its deadline, gone by its time to live");
    assert!(world.get(&policy).is_none(), "collected");
    assert!(world.pods("shop", "fuse").is_empty());
    assert_eq!(world.told("fuse"), ["DeadlineExceeded: Job was active longer than specified deadline"]);
    // What lands late, with an owner that is gone, goes too.
    let late = world.create(kinds::AUTHORIZATION_POLICY, owned("late", "shop", &held));
    world.run(1);
    assert!(world.get(&late).is_none());
}

#[test]
fn a_suspended_fuse_does_not_burn_until_it_is_resumed() {
    let mut world = World::new();
    let key = world.create(kinds::JOB, fuse(30, true));
    world.run(120);
    let held = world.get(&key).unwrap();
    assert!(status(&held, "startTime").is_null());
    assert_eq!(condition(&held, "Suspended").0, "True");
    world.edit(&key, |job| json::set(job, &["spec", "suspend"], false));
    world.run(5);
    assert_eq!(condition(&world.get(&key).unwrap(), "Suspended").0, "False");
    world.run(30);
    assert!(world.get(&key).is_none());
}

#[test]
fn an_owner_in_another_namespace_reads_as_absent() {
    let mut world = World::new();
    world.create(kinds::NAMESPACE, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}));
    let key = world.create(kinds::JOB, fuse(600, false));
    world.run(1);
    let held = world.get(&key).unwrap();
    let policy = world.create(kinds::AUTHORIZATION_POLICY, owned("deny", "other", &held));
    world.run(1);
    assert!(world.get(&policy).is_none());
    assert!(world.get(&key).is_some());
}

#[test]
fn a_job_runs_to_its_end() {
    let mut world = World::new();
    let mut job = fuse(600, false);
    json::set(&mut job, &["spec", "parallelism"], 2);
    json::set(&mut job, &["spec", "completions"], 3);
    json::set(&mut job, &["spec", "ttlSecondsAfterFinished"], 60);
    let key = world.create(kinds::JOB, job);
    world.run(45);
    let held = world.get(&key).unwrap();
    assert_eq!(status(&held, "succeeded"), 3);
    assert_eq!(condition(&held, "Complete").0, "True");
    assert_eq!(world.pods("shop", "fuse").len(), 3);
    world.run(90);
    assert!(world.get(&key).is_none());
    assert!(world.pods("shop", "fuse").is_empty(), "its pods are collected");
}
