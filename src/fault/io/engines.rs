//! Whether the controllers of chaos engines are alive: an object given to a dead one would be injected into silence, and its
//! finalizer would hold the undo.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::sight::{answered, available, list, unreadable};
use crate::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api, Read},
    },
    fault::{drivers::CompileError, known, observe::Observe, sight::Controller},
};

/// A leader that renewed its Lease within so long is alive.
const RENEWED: Duration = Duration::from_secs(30);

/// A Deployment of it has an available replica, or its leader renews its Lease.
pub(super) async fn controller<A: Api>(api: &A, engine: Observe) -> Result<Controller, CompileError> {
    let known = engine.facts();
    let Some(mut found) = list(api, &known::deployment(), None, known.labels).await? else {
        return Ok(Controller::Unknown);
    };
    found.retain(|one| runs(one, known.image));
    if found.iter().any(available) {
        return Ok(Controller::Alive);
    }
    for one in &found {
        if leads(api, one.namespace().unwrap_or_default(), known.lease).await? {
            return Ok(Controller::Alive);
        }
    }
    Ok(Controller::Absent)
}

/// Whether any of a Deployment's images is called so.
fn runs(deployment: &Manifest, image: &str) -> bool {
    let containers = deployment.at(&["spec", "template", "spec", "containers"]).and_then(Value::as_array);
    let images = containers.into_iter().flatten().filter_map(|one| one.get("image")?.as_str());
    image.is_empty() || images.into_iter().any(|one| one.contains(image))
}

/// Whether somebody renews the leader's Lease (coordination.k8s.io/v1).
async fn leads<A: Api>(api: &A, namespace: &str, lease: &str) -> Result<bool, CompileError> {
    let kind = Kind::namespaced("coordination.k8s.io", "v1", "Lease", "leases");
    let lease = ObjectRef::new(kind, namespace, lease);
    let answer = match api.read(&Read::Get(lease.clone())).await {
        Ok(answer) => answer,
        Err(trouble) if trouble.not_found() || answered(&trouble) => return Ok(false),
        Err(trouble) => return Err(unreadable(&lease.short(), &trouble)),
    };
    let renewed = answer.body.text(&["spec", "renewTime"]).and_then(|at| at.parse::<Timestamp>().ok());
    let silent = renewed.map(|at| Duration::try_from(api.now().duration_since(at)).unwrap_or_default());
    Ok(silent.is_some_and(|silent| silent < RENEWED))
}
