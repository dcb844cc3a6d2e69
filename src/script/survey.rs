//! Whether a world equals another: everything that lasts, without what the server and its controllers keep themselves.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::base::glob;

/// Fields of metadata that only say when and how often something was written.
const MADE: [&str; 5] = ["resourceVersion", "managedFields", "generation", "uid", "creationTimestamp"];
/// The count of rollouts, which a change and its undo both raise.
const REVISION: &str = "deployment.kubernetes.io/revision";

/// Kinds that tell of the moment, not of how the world is meant to be.
const FLEETING: [&str; 7] =
    ["Event", "Lease", "Endpoints", "EndpointSlice", "ControllerRevision", "NodeMetrics", "PodMetrics"];

/// What remains of an object when folded; `None` when it does not count: it is made by a controller, or of a fleeting kind.
pub fn folded(object: &Value) -> Option<(String, Value)> {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default();
    let kind = text("/kind");
    let owners = object.pointer("/metadata/ownerReferences").and_then(Value::as_array);
    let owned = owners.is_some_and(|owners| owners.iter().any(|owner| owner["controller"] == Value::Bool(true)));
    if owned || FLEETING.contains(&kind) {
        return None;
    }
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let place = if namespace.is_empty() { format!("{kind} {name}") } else { format!("{kind} {namespace}/{name}") };
    let mut rest = object.clone();
    if let Some(map) = rest.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = rest.get_mut("metadata").and_then(Value::as_object_mut) {
        for made in MADE {
            metadata.remove(made);
        }
        if let Some(notes) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            notes.remove(REVISION);
            if notes.is_empty() {
                metadata.remove("annotations");
            }
        }
    }
    Some((place, rest))
}

/// Forgets how many replicas an autoscaler wants: load moves them, and takes its time to move them back.
pub fn forget_autoscaled(world: &mut BTreeMap<String, Value>) {
    let targets: Vec<String> = world
        .iter()
        .filter_map(|(name, object)| {
            let (namespace, _) = name.strip_prefix("HorizontalPodAutoscaler ")?.split_once('/')?;
            let target = object.pointer("/spec/scaleTargetRef")?;
            Some(format!("{} {namespace}/{}", target["kind"].as_str()?, target["name"].as_str()?))
        })
        .collect();
    for target in targets {
        if let Some(spec) = world.get_mut(&target).and_then(|object| object["spec"].as_object_mut()) {
            spec.remove("replicas");
        }
    }
}

/// What differs, but for what may: names of objects, each with how.
pub fn differences(
    before: &BTreeMap<String, Value>,
    after: &BTreeMap<String, Value>,
    leaves: &[String],
) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let differs = |name: &String| match (before.get(name), after.get(name)) {
        (Some(_), None) => Some(format!("{name} is gone")),
        (None, Some(_)) => Some(format!("{name} is new")),
        (was, is) if was != is => Some(format!("{name} differs")),
        _ => None,
    };
    names
        .into_iter()
        .filter(|name| !leaves.iter().any(|pattern| glob::matches(pattern, name)))
        .filter_map(differs)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::{differences, folded, forget_autoscaled};

    fn world(objects: &[Value]) -> BTreeMap<String, Value> {
        objects.iter().filter_map(folded).collect()
    }

    fn scaled(replicas: u32, version: &str) -> Value {
        json!({"kind": "Deployment", "metadata": {"namespace": "a", "name": "b", "resourceVersion": version},
               "spec": {"replicas": replicas}, "status": {"replicas": version.len()}})
    }

    #[test]
    fn what_only_time_changed_is_the_same() {
        let pod = json!({"kind": "Pod", "metadata": {"name": "b-x", "ownerReferences": [{"controller": true}]}});
        assert_eq!(differences(&world(&[scaled(2, "1"), pod]), &world(&[scaled(2, "77")]), &[]), [""; 0]);
    }

    #[test]
    fn what_was_measured_is_no_difference() {
        let usage = |cpu: &str| json!({"kind": "PodMetrics", "metadata": {"namespace": "a", "name": "b"}, "cpu": cpu});
        assert_eq!(differences(&world(&[usage("3m")]), &world(&[usage("4m")]), &[]), [""; 0]);
    }

    #[test]
    fn an_autoscaler_may_scale() {
        let scaler = json!({"kind": "HorizontalPodAutoscaler", "metadata": {"namespace": "a", "name": "s"},
                            "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "b"}}});
        let (mut before, mut after) = (world(&[scaled(2, "1"), scaler.clone()]), world(&[scaled(4, "2"), scaler]));
        assert_eq!(differences(&before, &after, &[]), ["Deployment a/b differs"]);
        forget_autoscaled(&mut before);
        forget_autoscaled(&mut after);
        assert_eq!(differences(&before, &after, &[]), [""; 0]);
    }

    #[test]
    fn what_somebody_meant_differently_is_named() {
        let role = json!({"kind": "ClusterRole", "metadata": {"name": "r"}});
        let (before, after) = (
            world(&[scaled(2, "1"), role]),
            world(&[scaled(0, "2"), json!({"kind": "Job", "metadata": {"name": "j"}})]),
        );
        assert_eq!(
            differences(&before, &after, &[]),
            ["ClusterRole r is gone", "Deployment a/b differs", "Job j is new"]
        );
        assert_eq!(differences(&before, &after, &["* a/*".to_owned(), "ClusterRole*".to_owned()]), ["Job j is new"]);
    }
}
