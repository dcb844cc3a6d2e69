//! Jobs that come by the clock.

use super::*;

fn cron(policy: &str, seconds: u32) -> Value {
    let pod = json!({"restartPolicy": "Never", "containers": [{"name": "c", "image": "busybox:1", "args": [seconds.to_string()]}]});
    json!({
        "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "tick", "namespace": "shop"},
        "spec": {
            "schedule": "* * * * *", "concurrencyPolicy": policy, "suspend": false,
            "successfulJobsHistoryLimit": 2, "failedJobsHistoryLimit": 1,
            "jobTemplate": {"metadata": {"labels": {"of": "tick"}}, "spec": {"parallelism": 0, "completions": 1, "template": {"spec": pod}}},
        },
    })
}

fn jobs(world: &World) -> Vec<std::sync::Arc<Value>> {
    world.shelf.list(kinds::JOB, Some("shop"))
}

#[test]
fn a_job_comes_at_each_moment_of_the_schedule() {
    let mut world = World::new();
    let key = world.create(kinds::CRON_JOB, cron("Allow", 1));
    world.run(125);
    let made = jobs(&world);
    assert_eq!(made.len(), 2);
    assert_eq!(json::text(&made[0], &["metadata", "labels", "of"]), "tick");
    let held = world.get(&key).unwrap();
    assert_eq!(json::list(&held, &["status", "active"]).len(), 2);
    assert_ne!(json::text(&held, &["status", "lastScheduleTime"]), "");
}

#[test]
fn forbidden_overlap_waits_and_replacement_ends_the_old_one() {
    for (policy, left) in [("Forbid", 1), ("Replace", 1)] {
        let mut world = World::new();
        world.create(kinds::CRON_JOB, cron(policy, 1));
        world.run(185);
        assert_eq!(jobs(&world).len(), left, "{policy}");
    }
}

#[test]
fn what_is_suspended_makes_no_jobs() {
    let mut world = World::new();
    let key = world.create(kinds::CRON_JOB, cron("Allow", 1));
    world.edit(&key, |cron| json::set(cron, &["spec", "suspend"], true));
    world.run(185);
    assert!(jobs(&world).is_empty());
}
