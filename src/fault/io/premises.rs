//! What must hold before anything is written: all is as it was previewed, nobody else has a fault on it, the emergency stop is
//! not on. Reads only.

use super::{engine::Place, finding::get, nets};
use crate::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api, Read, Trouble},
        io::cluster_id,
    },
    fault::{arming, checked::Checked, identity::identity, plan::Change, refusal::ApplyError},
    journal::{entry::Arm, io::latch},
};

/// Reads whether everything is as it was previewed: the cluster, every object, every named target. Writes nothing.
pub(crate) async fn unmoved<A: Api>(api: &A, checked: &Checked) -> Result<(), ApplyError> {
    let link = |what: &str, trouble: &Trouble| ApplyError::Link { what: what.to_owned(), why: trouble.to_string() };
    let moved = |object: &ObjectRef, why: &str| ApplyError::Moved { object: object.short(), why: why.to_owned() };
    let uid = cluster_id::uid(api, &checked.cluster.of)
        .await
        .map_err(|trouble| link("asking which cluster this is", &trouble))?;
    if uid.as_ref() != Some(&checked.cluster.uid) {
        return Err(ApplyError::Moved {
            object: "the cluster".to_owned(),
            why: "this context leads to another cluster now".to_owned(),
        });
    }
    for (at, step) in checked.plan.steps.iter().enumerate() {
        if step.assumed {
            continue;
        }
        let live = get(api, &step.object)
            .await
            .map_err(|trouble| link(&format!("reading {}", step.object.short()), &trouble))?;
        match (&step.change, live) {
            (Change::Create { .. }, Some(_)) if !replaces(checked, at) => {
                return Err(moved(&step.object, "it exists now"));
            }
            (Change::Create { .. }, _) => {}
            (_, None) => return Err(moved(&step.object, "it is gone")),
            (_, Some(live)) => as_previewed(checked, at, &live).map_err(|why| moved(&step.object, &why))?,
        }
    }
    let pod = Kind::namespaced("", "v1", "Pod", "pods");
    for (namespace, names) in checked.plan.reach.pods.iter().filter(|_| checked.plan.by_pods()) {
        let list = Read::List { kind: pod.clone(), namespace: Some(namespace.clone()), labels: String::new() };
        let answer =
            api.read(&list).await.map_err(|trouble| link(&format!("reading the pods of {namespace}"), &trouble))?;
        let there: Vec<&str> = answer
            .body
            .at(&["items"])
            .and_then(serde_json::Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(|pod| pod.pointer("/metadata/name")?.as_str())
            .collect();
        if let Some(gone) = names.iter().find(|name| !there.contains(&name.as_str())) {
            return Err(moved(&ObjectRef::new(pod.clone(), namespace, gone), "a named target is gone"));
        }
    }
    Ok(())
}

/// Whether an earlier step deletes what this one creates.
fn replaces(checked: &Checked, at: usize) -> bool {
    let steps = &checked.plan.steps;
    let Some(step) = steps.get(at) else { return false };
    steps.iter().take(at).any(|earlier| earlier.object == step.object && earlier.change == Change::Delete)
}

/// Whether a live object is what the preview was made of.
pub(super) fn as_previewed(checked: &Checked, at: usize, live: &Manifest) -> Result<(), String> {
    if let Some(Some(uid)) = checked.uids.get(at)
        && live.text(&["metadata", "uid"]) != Some(uid)
    {
        return Err("it was replaced by another object of that name".to_owned());
    }
    match checked.identities.get(at) {
        Some(previewed) if !previewed.is_empty() && identity(live) != *previewed => Err("it was changed".to_owned()),
        _ => Ok(()),
    }
}

/// Refuses when an open injection names the same object, or when there are too many (rule R11). Called after the own record
/// stands: of two that arm at once each sees the other's, so at most one goes on.
pub(crate) async fn alone<A: Api>(api: &A, arm: &Arm, place: &Place) -> Result<(), ApplyError> {
    let mut namespaces = arm.namespaces.clone();
    namespaces.extend(place.home.clone().filter(|home| !arm.namespaces.contains(home)));
    let (records, _) = nets::records(api, &namespaces).await.map_err(|trouble| ApplyError::Link {
        what: "looking for other injections".to_owned(),
        why: trouble.to_string(),
    })?;
    // Only an id of the same object tells that a record came from another cluster; what cannot be told may be a rival.
    let (ours, mut others) = (arming::cluster(arm), Vec::new());
    for record in records.iter().filter(|record| record.arm.id != arm.id && !record.state.ended()) {
        let theirs = arming::cluster(&record.arm);
        let elsewhere = if theirs.comparable(&ours) {
            theirs != ours
        } else {
            matches!(cluster_id::uid(api, &theirs.of).await, Ok(Some(uid)) if uid != theirs.uid)
        };
        if !elsewhere {
            others.push(record);
        }
    }
    for other in &others {
        let shared =
            arm.steps.iter().find(|step| other.arm.steps.iter().any(|theirs| theirs.object.same_object(&step.object)));
        if let Some(step) = shared {
            return Err(ApplyError::Rival {
                id: other.arm.id.clone(),
                owner: other.arm.owner.clone(),
                why: format!("it touches {}", step.object.show()),
            });
        }
    }
    let limit = usize::try_from(place.max_concurrent).unwrap_or(usize::MAX);
    match others.first() {
        Some(other) if others.len() >= limit => Err(ApplyError::Rival {
            id: other.arm.id.clone(),
            owner: other.arm.owner.clone(),
            why: format!("{} open at once (policy key max-concurrent: {limit})", others.len() + 1),
        }),
        _ => Ok(()),
    }
}

/// Whether the emergency stop is on, here or (with a `home`) anywhere.
pub(crate) async fn latched<A: Api>(api: &A, place: &Place) -> Result<(), ApplyError> {
    if let Some(latch) = latch::get(&place.state_dir) {
        return Err(ApplyError::Latched { by: format!("on this machine by {} at {}", latch.by, latch.at) });
    }
    let Some(home) = &place.home else { return Ok(()) };
    match get(api, &stop_place(home)).await {
        Ok(None) => Ok(()),
        Ok(Some(stop)) => {
            let by = stop.text(&["data", "by"]).unwrap_or("unknown").to_owned();
            Err(ApplyError::Latched { by: format!("in this cluster by {by}") })
        }
        // Who may not read it is not stopped by it; an unreachable server is another matter.
        Err(trouble) if trouble.code() == Some(403) => Ok(()),
        Err(trouble) => Err(ApplyError::Link {
            what: "reading the latch of the emergency stop".to_owned(),
            why: trouble.to_string(),
        }),
    }
}

/// The latch in the cluster.
pub(crate) fn stop_place(home: &str) -> ObjectRef {
    ObjectRef::new(crate::fault::record::kind(), home, "brink-stop")
}
