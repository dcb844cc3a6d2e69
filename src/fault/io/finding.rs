//! Finds what an undo must judge: by quorum reads, and telling an absent object from an absent namespace or kind.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    time::Duration,
};

use serde_json::Value;

use crate::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api, Read, Trouble},
    },
    fault::{arming, undo::Found},
    journal::entry::Target,
};

/// One object; `None` when it is not there.
pub(crate) async fn get<A: Api>(api: &A, object: &ObjectRef) -> Result<Option<Manifest>, Trouble> {
    match api.read(&Read::Get(object.clone())).await {
        Ok(answer) => Ok(Some(answer.body)),
        Err(trouble) if trouble.not_found() => Ok(None),
        Err(trouble) => Err(trouble),
    }
}

/// The Namespace kind.
pub(crate) fn namespaces() -> Kind {
    Kind::cluster_wide("", "v1", "Namespace", "namespaces")
}

/// What stands at a step's place.
pub(crate) async fn find<A: Api>(api: &A, target: &Target) -> Result<Found, Trouble> {
    let object = arming::object(target);
    if let Some(live) = get(api, &object).await? {
        return Ok(Found::Object(Box::new(live)));
    }
    if let Some(namespace) = &object.namespace {
        match get(api, &ObjectRef { kind: namespaces(), namespace: None, name: namespace.clone() }).await {
            Ok(None) => return Ok(Found::NamespaceGone),
            Ok(Some(namespace)) if namespace.terminating() => return Ok(Found::NamespaceGone),
            Err(trouble) if trouble.transient() => return Err(trouble),
            // Who may not read namespaces learns it from the write.
            Ok(Some(_)) | Err(_) => {}
        }
    }
    if served(api, &object.kind).await? { Ok(Found::Absent) } else { Ok(Found::KindGone) }
}

/// Whether the API server serves a kind. Unreadable discovery counts as served.
async fn served<A: Api>(api: &A, kind: &Kind) -> Result<bool, Trouble> {
    let root = if kind.group.is_empty() {
        format!("/api/{}", kind.version)
    } else {
        format!("/apis/{}/{}", kind.group, kind.version)
    };
    match api.read(&Read::Path(root)).await {
        Ok(answer) => Ok(answer.body.at(&["resources"]).and_then(Value::as_array).is_none_or(|resources| {
            resources.iter().any(|resource| resource.get("name").and_then(Value::as_str) == Some(kind.plural.as_str()))
        })),
        Err(trouble) if trouble.not_found() => Ok(false),
        Err(trouble) if trouble.transient() => Err(trouble),
        Err(_) => Ok(true),
    }
}

/// Time before the next try: 0.5 s doubling to 15 s, less up to a quarter so that several undoers do not march in step.
pub(crate) fn pause(seed: &str, attempt: u32) -> Duration {
    let full = Duration::from_millis(500).saturating_mul(1 << attempt.min(5)).min(Duration::from_secs(15));
    let mut hasher = DefaultHasher::new();
    (seed, attempt).hash(&mut hasher);
    full.mul_f64(1.0 - f64::from(u32::try_from(hasher.finish() % 250).unwrap_or_default()) / 1000.0)
}
