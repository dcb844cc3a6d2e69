//! READY, STATUS and RESTARTS as `kubectl get pods` prints them. Each case was written from the rules of the server's
//! printer (pods, Kubernetes 1.35); the stories of the test cluster check the common ones against kubectl itself.

use brink::cluster::{pod_read, pods::MeshMode};
use rstest::rstest;
use serde_json::{Value, json};

/// A pod of these containers, with this status.
fn printed(spec: &Value, status: &Value, deleted: bool) -> (String, String, u32) {
    let mut pod = json!({"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": spec, "status": status});
    if deleted {
        pod["metadata"]["deletionTimestamp"] = json!("2026-01-01T00:00:00Z");
    }
    let row = pod_read::row(pod.to_string().as_bytes()).unwrap();
    (format!("{}/{}", row.ready.0, row.ready.1), row.status.to_string(), row.restarts)
}

fn containers(n: usize) -> Value {
    json!({"containers": (0..n).map(|n| json!({"name": format!("c{n}")})).collect::<Vec<_>>()})
}

/// A spec with init containers; those called `s…` are restartable.
fn with_init(names: &[&str]) -> Value {
    let init: Vec<Value> = names
        .iter()
        .map(|name| {
            if name.starts_with('s') { json!({"name": name, "restartPolicy": "Always"}) } else { json!({"name": name}) }
        })
        .collect();
    json!({"containers": [{"name": "c0"}], "initContainers": init})
}

fn running(name: &str, ready: bool) -> Value {
    json!({"name": name, "ready": ready, "started": true, "restartCount": 0, "state": {"running": {}}})
}

fn waiting(name: &str, reason: &str, restarts: u32) -> Value {
    json!({"name": name, "ready": false, "restartCount": restarts, "state": {"waiting": {"reason": reason}}})
}

fn ended(name: &str, reason: &str, code: i32, signal: i32) -> Value {
    json!({"name": name, "ready": false, "restartCount": 0, "state": {"terminated": {"reason": reason, "exitCode": code, "signal": signal}}})
}

const READY: fn(&str) -> Value = |status| json!([{"type": "Ready", "status": status}]);

#[rstest]
#[case::running(json!({"phase": "Running", "containerStatuses": [running("c0", true), running("c1", true)]}), "2/2", "Running")]
#[case::not_ready_container(json!({"phase": "Running", "containerStatuses": [running("c0", true), running("c1", false)]}), "1/2", "Running")]
#[case::pending(json!({"phase": "Pending"}), "0/2", "Pending")]
#[case::creating(json!({"phase": "Pending", "containerStatuses": [waiting("c0", "ContainerCreating", 0), waiting("c1", "ContainerCreating", 0)]}), "0/2", "ContainerCreating")]
#[case::the_first_containers_trouble_wins(json!({"phase": "Running", "containerStatuses": [waiting("c0", "CrashLoopBackOff", 1), waiting("c1", "ImagePullBackOff", 0)]}), "0/2", "CrashLoopBackOff")]
#[case::one_crashes(json!({"phase": "Running", "containerStatuses": [running("c0", true), waiting("c1", "CrashLoopBackOff", 3)]}), "1/2", "CrashLoopBackOff")]
#[case::error(json!({"phase": "Failed", "containerStatuses": [ended("c0", "Error", 1, 0), ended("c1", "Completed", 0, 0)]}), "0/2", "Error")]
#[case::oom(json!({"phase": "Running", "containerStatuses": [ended("c0", "OOMKilled", 137, 0), running("c1", true)]}), "1/2", "OOMKilled")]
#[case::exit_code(json!({"phase": "Failed", "containerStatuses": [ended("c0", "", 3, 0)]}), "0/2", "ExitCode:3")]
#[case::signal(json!({"phase": "Failed", "containerStatuses": [ended("c0", "", 137, 9)]}), "0/2", "Signal:9")]
#[case::completed(json!({"phase": "Succeeded", "containerStatuses": [ended("c0", "Completed", 0, 0), ended("c1", "Completed", 0, 0)]}), "0/2", "Completed")]
#[case::one_completed_pod_ready(json!({"phase": "Running", "conditions": READY("True"), "containerStatuses": [ended("c0", "Completed", 0, 0), running("c1", true)]}), "1/2", "Running")]
#[case::one_completed_pod_not_ready(json!({"phase": "Running", "conditions": READY("False"), "containerStatuses": [ended("c0", "Completed", 0, 0), running("c1", true)]}), "1/2", "NotReady")]
#[case::evicted(json!({"phase": "Failed", "reason": "Evicted"}), "0/2", "Evicted")]
#[case::gated(json!({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "reason": "SchedulingGated"}]}), "0/2", "SchedulingGated")]
#[case::waiting_without_reason(json!({"phase": "Pending", "containerStatuses": [waiting("c0", "", 0)]}), "0/2", "Pending")]
#[case::no_status(json!(null), "0/2", "")]
fn a_pod_of_two_containers(#[case] status: Value, #[case] ready: &str, #[case] word: &str) {
    let status = if status.is_null() { json!({}) } else { status };
    let (printed_ready, printed_word, _) = printed(&containers(2), &status, false);
    assert_eq!((printed_ready.as_str(), printed_word.as_str()), (ready, word));
}

#[rstest]
#[case::terminating(json!({"phase": "Running", "containerStatuses": [running("c0", true)]}), "Terminating")]
#[case::crashing_and_terminating(json!({"phase": "Running", "containerStatuses": [waiting("c0", "CrashLoopBackOff", 1)]}), "Terminating")]
#[case::node_lost(json!({"phase": "Running", "reason": "NodeLost", "containerStatuses": [running("c0", true)]}), "Unknown")]
#[case::finished_before(json!({"phase": "Succeeded", "containerStatuses": [ended("c0", "Completed", 0, 0)]}), "Completed")]
#[case::failed_before(json!({"phase": "Failed", "containerStatuses": [ended("c0", "Error", 1, 0)]}), "Error")]
fn a_deleted_pod(#[case] status: Value, #[case] word: &str) {
    assert_eq!(printed(&containers(1), &status, true).1, word);
}

#[rstest]
#[case::first_of_two(with_init(&["i0", "i1"]), json!([running("i0", false), waiting("i1", "PodInitializing", 0)]), "0/1", "Init:0/2")]
#[case::second_of_two(with_init(&["i0", "i1"]), json!([ended("i0", "Completed", 0, 0), running("i1", false)]), "0/1", "Init:1/2")]
#[case::crash(with_init(&["i0", "i1"]), json!([waiting("i0", "CrashLoopBackOff", 4)]), "0/1", "Init:CrashLoopBackOff")]
#[case::error(with_init(&["i0"]), json!([ended("i0", "Error", 1, 0)]), "0/1", "Init:Error")]
#[case::exit_code(with_init(&["i0"]), json!([ended("i0", "", 2, 0)]), "0/1", "Init:ExitCode:2")]
#[case::signal(with_init(&["i0"]), json!([ended("i0", "", 137, 9)]), "0/1", "Init:Signal:9")]
#[case::sidecar_not_started(with_init(&["s0"]), json!([{"name": "s0", "started": false, "state": {"running": {}}}]), "0/2", "Init:0/1")]
#[case::sidecar_started_then_next(with_init(&["s0", "i1"]), json!([running("s0", true), running("i1", false)]), "1/3", "Init:1/2")]
fn a_pod_that_initialises(#[case] mut spec: Value, #[case] init: Value, #[case] ready: &str, #[case] word: &str) {
    // Two lists of names differ only in their sidecars, which count as containers.
    let sidecars =
        spec["initContainers"].as_array().unwrap().iter().filter(|one| one["restartPolicy"] == "Always").count();
    spec["containers"] = json!(
        (0..ready.split('/').nth(1).unwrap().parse::<usize>().unwrap() - sidecars)
            .map(|n| json!({"name": format!("c{n}")}))
            .collect::<Vec<_>>()
    );
    let status = json!({"phase": "Pending", "initContainerStatuses": init, "containerStatuses": [waiting("c0", "PodInitializing", 0)]});
    let (printed_ready, printed_word, _) = printed(&spec, &status, false);
    assert_eq!((printed_ready.as_str(), printed_word.as_str()), (ready, word));
}

#[test]
fn a_pod_with_sidecars_counts_them_among_the_ready() {
    let status = json!({"phase": "Running", "initContainerStatuses": [ended("i0", "Completed", 0, 0), running("s1", true)], "containerStatuses": [running("c0", true)]});
    assert_eq!(printed(&with_init(&["i0", "s1"]), &status, false), ("2/2".to_owned(), "Running".to_owned(), 0));
    // A sidecar that crashes after the pod was initialised: its trouble is the pod's only while it initialises.
    let crashed = json!({"phase": "Running", "conditions": [{"type": "Initialized", "status": "True"}],
        "initContainerStatuses": [waiting("s0", "CrashLoopBackOff", 2)], "containerStatuses": [running("c0", true)]});
    assert_eq!(
        printed(&with_init(&["s0"]), &crashed, false),
        ("1/2".to_owned(), "Init:CrashLoopBackOff".to_owned(), 2)
    );
}

#[test]
fn restarts_are_those_of_the_phase_the_pod_is_in() {
    let last = |name: &str, restarts: u32, at: &str| json!({"name": name, "restartCount": restarts, "ready": true, "started": true, "state": {"running": {}}, "lastState": {"terminated": {"exitCode": 1, "finishedAt": at}}});
    let mut done = ended("i0", "Completed", 0, 0);
    done["restartCount"] = json!(5);
    let status = json!({"phase": "Running", "initContainerStatuses": [done, last("s1", 2, "2026-01-01T00:00:02Z")],
        "containerStatuses": [last("c0", 1, "2026-01-01T00:00:03Z")]});
    let pod = json!({"metadata": {"uid": "u"}, "spec": with_init(&["i0", "s1"]), "status": status});
    let row = pod_read::row(pod.to_string().as_bytes()).unwrap();
    assert_eq!(row.restarts, 3, "the init container's own restarts are forgotten once it is through");
    assert_eq!(row.last_restart, "2026-01-01T00:00:03Z".parse().ok());
    let status = json!({"phase": "Pending", "initContainerStatuses": [waiting("i0", "CrashLoopBackOff", 4)]});
    assert_eq!(printed(&with_init(&["i0"]), &status, false).2, 4);
}

#[rstest]
#[case(json!({"containers": [{"name": "app"}, {"name": "istio-proxy"}]}), json!({}), MeshMode::Sidecar)]
#[case(json!({"containers": [{"name": "app"}], "initContainers": [{"name": "istio-proxy", "restartPolicy": "Always"}]}), json!({}), MeshMode::Sidecar)]
#[case(json!({"containers": [{"name": "app"}]}), json!({"ambient.istio.io/redirection": "enabled", "big": "x"}), MeshMode::Ambient)]
#[case(json!({"containers": [{"name": "app"}]}), json!({"ambient.istio.io/redirection": "disabled"}), MeshMode::None)]
#[case(json!({"containers": null, "initContainers": null}), Value::Null, MeshMode::None)]
fn a_pod_says_how_it_takes_part_in_the_mesh(#[case] spec: Value, #[case] notes: Value, #[case] mode: MeshMode) {
    let pod = json!({"metadata": {"uid": "u", "annotations": notes, "labels": null}, "spec": spec, "status": {}});
    assert_eq!(pod_read::row(pod.to_string().as_bytes()).unwrap().mesh, mode);
}

#[test]
fn a_row_finds_its_owner_and_labels_and_is_made_safe() {
    let pod = json!({"metadata": {"uid": "u", "name": "web\u{1b}[2J", "labels": {"b": "2", "a": "1"}, "ownerReferences": [
        {"kind": "Other", "name": "x"}, {"kind": "ReplicaSet", "name": "web-1", "controller": true}]},
        "spec": {"containers": [{"name": "main"}], "nodeName": "n\u{202e}1"}, "status": {"podIP": "not an ip"}});
    let row = pod_read::row(pod.to_string().as_bytes()).unwrap();
    assert_eq!((row.name.as_str(), &*row.node, row.ip), ("web", "n1", None));
    assert_eq!(row.owner.as_ref().map(|owner| (&*owner.kind, &*owner.name)), Some(("ReplicaSet", "web-1")));
    assert_eq!((row.label("a"), row.label("b"), row.label("c")), (Some("1"), Some("2"), None));
    assert!(size_of_val(&row) <= 240, "{}", size_of_val(&row));
}
