//! ReplicaSets: as many pods as wanted; which one goes first is decided by rank, as the real controller does.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Controller,
    ctx::{Ctx, owner_reference},
    events::{Mood, record},
    json,
    key::Key,
    kinds,
    pods::{self, MANAGER, Pod},
    time,
};
use crate::base::objects::{Objects, Refused};

const BY: &str = "replicaset-controller";

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    if !row.terminating {
        claim(ctx, key)?;
    }
    let mut active: Vec<Pod> = pods::managed(ctx, &row.uid);
    active.retain(|(_, pod)| pods::active(pod));
    let wanted = json::int(&held, &["spec", "replicas"]).unwrap_or(1).max(0);
    let mut failed = None;
    let missing = if row.terminating { 0 } else { wanted - json::count(active.len()) };
    if missing > 0 {
        for _ in 0..missing.min(pods::BURST) {
            let name = ctx.fresh_name(kinds::POD, &key.namespace, &format!("{}-", key.name));
            let pod = pods::of_template(key, &row.uid, json::at(&held, &["spec", "template"]), &name);
            match ctx.create(kinds::POD, pod, MANAGER) {
                Ok(_) => record(ctx, key, Mood::Normal, "SuccessfulCreate", &format!("Created pod: {name}"), BY),
                Err(refused) => {
                    let said = format!("Error creating: {}", refused.message);
                    record(ctx, key, Mood::Warning, "FailedCreate", &said, BY);
                    failed = Some(refused);
                    break;
                }
            }
        }
    } else if missing < 0 {
        let many = usize::try_from(-missing).unwrap_or_default();
        for (pod, row) in ranked(ctx, key, &active).into_iter().take(many) {
            ctx.delete(&pod, Some(&row.uid))?;
            record(ctx, key, Mood::Normal, "SuccessfulDelete", &format!("Deleted pod: {}", pod.name), BY);
        }
    }
    status(ctx, key, failed.as_ref())?;
    failed.map_or(Ok(()), Err)
}

/// Takes over pods nobody manages, lets those go that no longer fit.
fn claim<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    let Some(selector) = &row.selector else { return Ok(()) };
    let (mut orphans, mut strangers) = (Vec::new(), Vec::new());
    for (name, pod) in ctx.state.rows.within(kinds::POD, &key.namespace) {
        let mine = pod.controller().is_some_and(|owner| owner.uid == row.uid);
        let fits = selector.matches(&pod.labels);
        if pods::active(pod) && fits && pod.controller().is_none() {
            orphans.push(Key::new(kinds::POD, &key.namespace, name));
        } else if mine && !fits && !pod.terminating {
            strangers.push(Key::new(kinds::POD, &key.namespace, name));
        }
    }
    for pod in orphans {
        let reference = owner_reference(key, &row.uid, true);
        ctx.edit(&pod, MANAGER, |pod| {
            let mut owners = json::list(pod, &["metadata", "ownerReferences"]).to_vec();
            owners.push(reference);
            json::set(pod, &["metadata", "ownerReferences"], owners);
        })?;
    }
    for pod in strangers {
        ctx.edit(&pod, MANAGER, |pod| {
            let mut owners = json::list(pod, &["metadata", "ownerReferences"]).to_vec();
            owners.retain(|owner| json::text(owner, &["uid"]) != row.uid);
            json::set(pod, &["metadata", "ownerReferences"], owners);
        })?;
    }
    Ok(())
}

/// The pods in the order in which they go.
fn ranked<O: Objects>(ctx: &Ctx<'_, O>, key: &Key, active: &[Pod]) -> Vec<Pod> {
    // Pods of sibling ReplicaSets count when nodes are compared: spreading concerns the whole Deployment.
    let owner = ctx.row(key).and_then(|row| row.controller().cloned());
    let related: Vec<Pod> = match owner {
        Some(owner) => ctx
            .state
            .rows
            .owned(&owner.uid, kinds::REPLICA_SET)
            .iter()
            .flat_map(|(_, set)| pods::managed(ctx, &set.uid))
            .filter(|(_, pod)| pods::active(pod))
            .collect(),
        None => active.to_vec(),
    };
    let mut on_node: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, pod) in &related {
        *on_node.entry(&pods::facts(pod).node).or_default() += 1;
    }
    let mut ranked = active.to_vec();
    ranked.sort_by_cached_key(|(key, row)| {
        let pod = pods::facts(row);
        (
            !pod.node.is_empty(),
            match pod.phase.as_str() {
                "Running" => 2,
                "Unknown" => 1,
                _ => 0,
            },
            pod.ready.is_some(),
            pod.cost,
            Reverse(on_node.get(pod.node.as_str()).copied().unwrap_or_default()),
            Reverse(pod.ready.unwrap_or(Timestamp::MIN)),
            Reverse(pod.restarts),
            Reverse(row.created),
            key.name.clone(),
        )
    });
    ranked
}

fn status<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, failed: Option<&Refused>) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    let template = super::selector::Selector::plain(json::labels(&held, &["spec", "template", "metadata", "labels"]));
    let settle = json::int(&held, &["spec", "minReadySeconds"]).unwrap_or_default();
    let mut counts = [0i64; 4];
    let mut next: Option<Timestamp> = None;
    for (_, pod) in pods::managed(ctx, &row.uid).iter().filter(|(_, pod)| pods::active(pod)) {
        counts[0] += 1;
        counts[1] += i64::from(template.as_ref().is_none_or(|labels| labels.matches(&pod.labels)));
        counts[2] += i64::from(pods::ready(pod));
        let available = pods::available(ctx, pod, settle);
        counts[3] += i64::from(available);
        if let (false, Some(ready)) = (available, pods::facts(pod).ready) {
            let at = time::later(ready, Duration::from_secs(u64::try_from(settle).unwrap_or_default() + 1));
            next = Some(next.map_or(at, |next| next.min(at)));
        }
    }
    if let Some(next) = next {
        ctx.at(next, Controller::ReplicaSet, key);
    }
    let mut status = json!({
        "replicas": counts[0],
        "observedGeneration": json::int(&held, &["metadata", "generation"]).unwrap_or(1),
    });
    for (field, count) in ["fullyLabeledReplicas", "readyReplicas", "availableReplicas"].into_iter().zip(&counts[1..]) {
        if *count != 0 {
            json::set(&mut status, &[field], *count);
        }
    }
    if let Some(refused) = failed {
        let before = json::condition(json::list(&held, &["status", "conditions"]), "ReplicaFailure");
        let since = before.map_or_else(|| ctx.stamp(), |one| json::text(one, &["lastTransitionTime"]).to_owned());
        let failure: Value = json!([{
            "type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": refused.message,
            "lastTransitionTime": since,
        }]);
        json::set(&mut status, &["conditions"], failure);
    }
    ctx.set_status(key, MANAGER, status)
}
