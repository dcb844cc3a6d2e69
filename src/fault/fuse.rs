//! The fuse: a Job that never runs a pod and takes everything it owns along when its time is over.
//!
//! The Job controller fails it at `activeDeadlineSeconds`, the TTL controller deletes it, the garbage collector deletes what
//! only it owns (batch/v1, proven on kube-controller-manager 1.35.4). No image is pulled, no account and no node is used.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{PREFIX, mark};
use crate::cluster::{Kind, Manifest, ObjectRef};

/// Seconds the fuse burns longer than the lease, so that it ends only what nobody else ended.
pub const MARGIN_S: u64 = 60;

/// The Job kind.
pub fn kind() -> Kind {
    Kind::namespaced("batch", "v1", "Job", "jobs")
}

/// The fuse's object name.
pub fn name(id: &str) -> String {
    format!("brink-{id}")
}

/// Where the fuse of an injection burns.
pub fn place(namespace: &str, name: &str) -> ObjectRef {
    ObjectRef::new(kind(), namespace, name)
}

/// The fuse. The pod template is a dummy: with `parallelism: 0` no pod is ever made of it.
pub fn manifest(namespace: &str, id: &str, lease_s: u64) -> Manifest {
    Manifest(json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": name(id),
            "namespace": namespace,
            "labels": {format!("{PREFIX}/fuse"): id},
            "annotations": {format!("{PREFIX}/what"): "ends a fault when its time is over; delete it to end the fault now"}
        },
        "spec": {
            "parallelism": 0,
            "completions": 1,
            "backoffLimit": 0,
            "activeDeadlineSeconds": lease_s + MARGIN_S,
            "ttlSecondsAfterFinished": 0,
            "suspend": false,
            "template": {
                "metadata": {"labels": {format!("{PREFIX}/fuse"): id}},
                "spec": {
                    "restartPolicy": "Never",
                    "automountServiceAccountToken": false,
                    "containers": [{"name": "never-runs", "image": "never.invalid/fuse"}]
                }
            }
        }
    }))
}

/// Whether it burns: its timer has started and it has not finished. A queueing webhook may have suspended it.
pub fn burning(job: &Manifest) -> Result<(), String> {
    if job.at(&["spec", "suspend"]).and_then(Value::as_bool) == Some(true) {
        return Err("it was suspended by the cluster, so its timer does not run".to_owned());
    }
    if job.terminating() {
        return Err("it is being deleted".to_owned());
    }
    match job.text(&["status", "startTime"]).and_then(|at| at.parse::<Timestamp>().ok()) {
        Some(_) => Ok(()),
        None => Err("its timer has not started; the Job controller may be down".to_owned()),
    }
}

/// The owner reference of what it takes along. The owner must stand in the same namespace: one in another reads as absent,
/// and the dependent would be deleted at once.
pub fn owner(name: &str, uid: &str) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": uid,
        "controller": false, "blockOwnerDeletion": false
    })
}

/// The object to create: marked, labelled, and owned by its fuse if it has one.
pub fn tied(object: &Manifest, mark: &mark::Mark, fuse: Option<(&str, &str)>) -> Manifest {
    let mut object = object.clone();
    if let Some(annotations) = object.map_mut(&["metadata", "annotations"]) {
        annotations.insert(mark::key(), Value::from(mark.to_string()));
    }
    if let Some(labels) = object.map_mut(&["metadata", "labels"]) {
        labels.insert(mark::key(), Value::from(mark.id.as_str()));
    }
    if let (Some((name, uid)), Some(metadata)) = (fuse, object.map_mut(&["metadata"])) {
        metadata.insert("ownerReferences".to_owned(), json!([owner(name, uid)]));
    }
    object
}
