//! The revisions of a workload: of a Deployment or Rollout its ReplicaSets, of a StatefulSet or DaemonSet its
//! ControllerRevisions (apps/v1).

use jiff::Timestamp;
use serde_json::Value;

use crate::{cluster::Manifest, fault::select::TEMPLATE_HASH};

/// Where Deployment and Rollout write the number of a ReplicaSet's revision.
const NUMBERS: [&str; 2] = ["deployment.kubernetes.io/revision", "rollout.argoproj.io/revision"];
/// The label Argo Rollouts tells its ReplicaSets by.
const ROLLOUT_HASH: &str = "rollouts-pod-template-hash";
/// Why a revision was made, as kubectl kept it.
const CAUSE: &str = "kubernetes.io/change-cause";

/// One revision.
#[derive(Debug, Clone, PartialEq)]
pub struct Revision {
    /// Its number: higher is newer.
    pub number: i64,
    /// The images of its containers.
    pub images: Vec<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Why, where somebody wrote it down.
    pub cause: String,
    /// It is what the workload asks for now.
    pub current: bool,
    /// The pod template.
    pub template: Value,
}

/// The revisions of a workload among these ReplicaSets or ControllerRevisions, newest first.
pub fn of(workload: &Manifest, objects: &[Manifest]) -> Vec<Revision> {
    let uid = workload.text(&["metadata", "uid"]);
    let owned = |object: &&Manifest| {
        let owners = object.at(&["metadata", "ownerReferences"]).and_then(Value::as_array);
        uid.is_some() && owners.into_iter().flatten().any(|owner| owner.get("uid").and_then(Value::as_str) == uid)
    };
    let mut all: Vec<Revision> = objects.iter().filter(owned).filter_map(read).collect();
    all.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    // The newest is what stands: a rollback makes the revision it goes back to the newest.
    if let Some(newest) = all.first_mut() {
        newest.current = true;
    }
    all
}

fn read(object: &Manifest) -> Option<Revision> {
    let (number, mut template) = match object.at(&["revision"]) {
        Some(number) => (number.as_i64()?, object.at(&["data", "spec", "template"])?.clone()),
        None => {
            let number = NUMBERS.iter().find_map(|key| object.annotation(key))?;
            (number.parse().ok()?, object.at(&["spec", "template"])?.clone())
        }
    };
    if let Some(map) = template.as_object_mut() {
        // A ControllerRevision holds a strategic merge patch.
        map.remove("$patch");
    }
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.shift_remove(TEMPLATE_HASH);
        labels.shift_remove(ROLLOUT_HASH);
    }
    let containers = template.pointer("/spec/containers").and_then(Value::as_array);
    let images = containers
        .into_iter()
        .flatten()
        .filter_map(|container| container.get("image")?.as_str().map(str::to_owned))
        .collect();
    Some(Revision {
        number,
        images,
        created: object.created(),
        cause: object.annotation(CAUSE).unwrap_or_default().to_owned(),
        current: false,
        template,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::of;
    use crate::cluster::Manifest;

    fn workload() -> Manifest {
        Manifest(json!({"kind": "Deployment", "metadata": {"name": "web", "uid": "u-1"}}))
    }

    fn set(number: &str, image: &str, owner: &str) -> Manifest {
        Manifest(json!({
            "kind": "ReplicaSet",
            "metadata": {
                "annotations": {"deployment.kubernetes.io/revision": number},
                "ownerReferences": [{"uid": owner}],
            },
            "spec": {"template": {
                "metadata": {"labels": {"app": "web", "pod-template-hash": "abc"}},
                "spec": {"containers": [{"name": "web", "image": image}]},
            }},
        }))
    }

    #[test]
    fn replica_sets_are_told_newest_first_and_without_their_hash() {
        let all = of(&workload(), &[set("2", "web:2", "u-1"), set("10", "web:3", "u-1"), set("11", "other:1", "u-2")]);
        let told: Vec<(i64, &str, bool)> =
            all.iter().map(|one| (one.number, one.images[0].as_str(), one.current)).collect();
        assert_eq!(told, [(10, "web:3", true), (2, "web:2", false)]);
        assert_eq!(all[1].template["metadata"]["labels"], json!({"app": "web"}));
    }

    #[test]
    fn controller_revisions_hold_a_patch() {
        let revision = Manifest(json!({
            "kind": "ControllerRevision", "revision": 3,
            "metadata": {"ownerReferences": [{"uid": "u-1"}], "annotations": {"kubernetes.io/change-cause": "why"}},
            "data": {"spec": {"template": {"$patch": "replace", "spec": {"containers": [{"image": "db:1"}]}}}},
        }));
        let all = of(&workload(), &[revision]);
        assert_eq!((all[0].number, all[0].cause.as_str()), (3, "why"));
        assert_eq!(all[0].template, json!({"spec": {"containers": [{"image": "db:1"}]}}));
    }
}
