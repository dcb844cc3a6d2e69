//! Tells colleagues: an Event on each touched object, so that `kubectl describe` shows who is at work. Best effort.

use serde_json::json;

use crate::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Write, WriteApi},
        warrant::Warrant,
    },
    journal::entry::Arm,
};

/// Writes one Event (core/v1) per touched object; failures are of no consequence.
pub(crate) async fn tell<A: WriteApi>(api: &A, warrant: &Warrant, arm: &Arm, reason: &str, message: &str) {
    let kind = Kind::namespaced("", "v1", "Event", "events");
    for step in &arm.steps {
        let Some(namespace) = &step.object.namespace else { continue };
        let now = api.now();
        let name = format!("brink-{}-{}-{}", arm.id, step.n, reason.to_lowercase());
        let version = if step.object.group.is_empty() {
            step.object.version.clone()
        } else {
            format!("{}/{}", step.object.group, step.object.version)
        };
        let seconds = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let event = Manifest(json!({
            "apiVersion": "v1", "kind": "Event",
            "metadata": {"name": name, "namespace": namespace},
            "type": "Warning", "reason": reason,
            "message": format!("{message} (injection {}, by {} on {})", arm.id, arm.owner, arm.host),
            "involvedObject": {
                "apiVersion": version, "kind": step.object.kind, "namespace": namespace, "name": step.object.name,
                "uid": step.uid
            },
            "source": {"component": "brink"}, "count": 1, "firstTimestamp": seconds, "lastTimestamp": seconds
        }));
        let place = ObjectRef::new(kind.clone(), namespace, &name);
        if let Err(trouble) = api.write(warrant, &Write::Create(place, event)).await {
            tracing::debug!(%trouble, "no event");
        }
    }
}
