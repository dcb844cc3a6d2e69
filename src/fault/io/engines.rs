//! Whether the controllers of chaos engines are alive: an object given to a dead one would be injected into silence, and its
//! finalizer would hold the undo.

use std::time::Duration;

use jiff::Timestamp;

use super::sight::{answered, available, list, unreadable};
use crate::{
    cluster::{
        Kind, ObjectRef,
        api::{Api, Read},
    },
    fault::{drivers::CompileError, known, sight::Controller},
};

/// The controller of Chaos Mesh, as its chart labels it.
const CHAOS_MESH: &str = "app.kubernetes.io/name=chaos-mesh,app.kubernetes.io/component=controller-manager";
/// A leader that renewed its Lease within so long is alive.
const RENEWED: Duration = Duration::from_secs(30);

/// Chaos Mesh: a Deployment of its controller has an available replica, or its leader renews its Lease.
pub(super) async fn chaos_mesh<A: Api>(api: &A) -> Result<Controller, CompileError> {
    let Some(found) = list(api, &known::deployment(), None, CHAOS_MESH).await? else {
        return Ok(Controller::Unknown);
    };
    if found.iter().any(available) {
        return Ok(Controller::Alive);
    }
    for one in &found {
        if leads(api, one.namespace().unwrap_or_default()).await? {
            return Ok(Controller::Alive);
        }
    }
    Ok(Controller::Absent)
}

/// Whether somebody renews the leader's Lease (coordination.k8s.io/v1), which has the engine's name.
async fn leads<A: Api>(api: &A, namespace: &str) -> Result<bool, CompileError> {
    let kind = Kind::namespaced("coordination.k8s.io", "v1", "Lease", "leases");
    let lease = ObjectRef::new(kind, namespace, "chaos-mesh");
    let answer = match api.read(&Read::Get(lease.clone())).await {
        Ok(answer) => answer,
        Err(trouble) if trouble.not_found() || answered(&trouble) => return Ok(false),
        Err(trouble) => return Err(unreadable(&lease.short(), &trouble)),
    };
    let renewed = answer.body.text(&["spec", "renewTime"]).and_then(|at| at.parse::<Timestamp>().ok());
    let silent = renewed.map(|at| Duration::try_from(api.now().duration_since(at)).unwrap_or_default());
    Ok(silent.is_some_and(|silent| silent < RENEWED))
}
