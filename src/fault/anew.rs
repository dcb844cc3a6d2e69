//! A deleted object as it is created again: nothing the server made, no mark, and no selector that only the server may choose.

use serde_json::{Map, Value};

use super::mark;
use crate::cluster::Manifest;

/// What the server puts into metadata.
const SERVER_MADE: [&str; 8] = [
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
];
/// The labels by which a Job knows its pods: made of its uid, so the old ones are refused.
const OF_JOB: [&str; 2] = ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// The object to create.
pub fn object(body: &Value) -> Manifest {
    let mut object = Manifest(body.clone());
    if let Some(map) = object.0.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = object.map_mut(&["metadata"]) {
        for field in SERVER_MADE {
            metadata.remove(field);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(&mark::key());
        }
    }
    let chosen = object.at(&["spec", "manualSelector"]).and_then(Value::as_bool) == Some(true);
    if object.kind() == "Job" && !chosen {
        if let Some(spec) = object.0.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("selector");
        }
        for path in ["/metadata/labels", "/spec/template/metadata/labels"] {
            if let Some(labels) = object.0.pointer_mut(path).and_then(Value::as_object_mut) {
                without(labels);
            }
        }
    }
    object
}

fn without(labels: &mut Map<String, Value>) {
    for label in OF_JOB {
        labels.shift_remove(label);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::object;

    #[test]
    fn a_job_comes_back_without_the_labels_of_its_uid() {
        let labels = json!({"controller-uid": "u", "batch.kubernetes.io/controller-uid": "u", "app": "nightly"});
        let job = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "nightly-1", "uid": "u", "resourceVersion": "7", "labels": labels},
            "spec": {"selector": {"matchLabels": {"controller-uid": "u"}}, "template": {"metadata": {"labels": labels}}},
            "status": {"active": 1},
        });
        let anew = json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": "nightly-1", "labels": {"app": "nightly"}},
            "spec": {"template": {"metadata": {"labels": {"app": "nightly"}}}},
        });
        assert_eq!(object(&job).0, anew);
    }
}
