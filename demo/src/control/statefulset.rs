//! StatefulSets: pods with fixed names, started in order and ended in reverse, updated from the highest.
//!
//! Volumes are left out: nothing in a world stores data.

use serde_json::{Value, json};

use super::{
    Controller,
    ctx::Ctx,
    events::{Mood, record},
    json,
    key::Key,
    kinds, names,
    pods::{self, MANAGER, Pod},
    revision,
};
use crate::base::objects::{Objects, Refused};

const HASH: &str = "controller-revision-hash";
const BY: &str = "statefulset-controller";

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    if row.terminating {
        return Ok(());
    }
    let wanted = json::int(&held, &["spec", "replicas"]).unwrap_or(1).max(0);
    let hash = names::hash(json::at(&held, &["spec", "template"]));
    revision::keep(ctx, key, &held, &hash)?;
    let revision = format!("{}-{hash}", key.name);
    let parallel = json::text(&held, &["spec", "podManagementPolicy"]) == "Parallel";
    let pods = pods::managed(ctx, &row.uid);
    act(ctx, key, &held, &pods, wanted, &revision, parallel)?;
    status(ctx, key, wanted, &revision)
}

fn ordinal(key: &Key, pod: &Key) -> Option<i64> {
    pod.name.strip_prefix(&key.name)?.strip_prefix('-')?.parse().ok()
}

/// One step: in order, the first thing to do holds everything after it until it is done.
fn act<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    set: &Value,
    pods: &[Pod],
    wanted: i64,
    revision: &str,
    parallel: bool,
) -> Result<(), Refused> {
    let mut made = 0;
    for at in 0..wanted {
        match pods.iter().find(|(pod, _)| ordinal(key, pod) == Some(at)) {
            None => {
                create(ctx, key, set, at, revision)?;
                made += 1;
                if !parallel || made == pods::BURST {
                    return Ok(());
                }
            }
            Some((pod, row)) if pods::facts(row).ended() && !row.terminating => {
                ctx.delete(pod, Some(&row.uid))?;
                return Ok(());
            }
            Some((_, row)) if !parallel && (row.terminating || !pods::ready(row)) => return Ok(()),
            Some(_) => {}
        }
    }
    let mut surplus: Vec<&Pod> =
        pods.iter().filter(|(pod, _)| ordinal(key, pod).is_none_or(|at| at >= wanted)).collect();
    surplus.sort_by_key(|(pod, _)| std::cmp::Reverse(ordinal(key, pod)));
    for (pod, row) in surplus {
        if !row.terminating {
            ctx.delete(pod, Some(&row.uid))?;
            let said = format!("delete Pod {} in StatefulSet {} successful", pod.name, key.name);
            record(ctx, key, Mood::Normal, "SuccessfulDelete", &said, BY);
        }
        if !parallel {
            return Ok(());
        }
    }
    if json::text(set, &["spec", "updateStrategy", "type"]) == "OnDelete" {
        return Ok(());
    }
    let partition = json::int(set, &["spec", "updateStrategy", "rollingUpdate", "partition"]).unwrap_or_default();
    for at in (partition..wanted).rev() {
        let Some((pod, row)) = pods.iter().find(|(pod, _)| ordinal(key, pod) == Some(at)) else { return Ok(()) };
        if row.labels.get(HASH).is_none_or(|held| held != revision) {
            if !row.terminating {
                ctx.delete(pod, Some(&row.uid))?;
            }
            return Ok(());
        }
        if row.terminating || !pods::ready(row) {
            return Ok(());
        }
    }
    Ok(())
}

fn create<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, set: &Value, at: i64, revision: &str) -> Result<(), Refused> {
    let uid = json::text(set, &["metadata", "uid"]);
    let name = format!("{}-{at}", key.name);
    let mut pod = pods::of_template(key, uid, json::at(set, &["spec", "template"]), &name);
    json::set(&mut pod, &["metadata", "labels", HASH], revision);
    json::set(&mut pod, &["metadata", "labels", "statefulset.kubernetes.io/pod-name"], name.clone());
    json::set(&mut pod, &["metadata", "labels", "apps.kubernetes.io/pod-index"], at.to_string());
    json::set(&mut pod, &["spec", "hostname"], name.clone());
    json::set(&mut pod, &["spec", "subdomain"], json::text(set, &["spec", "serviceName"]));
    match ctx.create(kinds::POD, pod, MANAGER) {
        Ok(_) => {
            let said = format!("create Pod {name} in StatefulSet {} successful", key.name);
            record(ctx, key, Mood::Normal, "SuccessfulCreate", &said, BY);
            Ok(())
        }
        Err(refused) => {
            let said = format!("create Pod {name} in StatefulSet {} failed error: {}", key.name, refused.message);
            record(ctx, key, Mood::Warning, "FailedCreate", &said, BY);
            Err(refused)
        }
    }
}

fn status<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, wanted: i64, revision: &str) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let uid = json::text(&held, &["metadata", "uid"]).to_owned();
    let settle = json::int(&held, &["spec", "minReadySeconds"]).unwrap_or_default();
    let mut pods = pods::managed(ctx, &uid);
    pods.retain(|(_, row)| pods::active(row));
    let tally = |test: &dyn Fn(&Pod) -> bool| json::count(pods.iter().filter(|pod| test(pod)).count());
    let updated = tally(&|(_, row)| row.labels.get(HASH).is_some_and(|held| held == revision));
    let ready = tally(&|(_, row)| pods::ready(row));
    let available = tally(&|(_, row)| pods::available(ctx, row, settle));
    let total = json::count(pods.len());
    // The current revision follows when every pod is of the new one.
    let done = updated == wanted && total == wanted && ready == wanted;
    let before = json::text(&held, &["status", "currentRevision"]);
    let current = if done || before.is_empty() { revision } else { before };
    let of_current = tally(&|(_, row)| row.labels.get(HASH).is_some_and(|held| held == current));
    let mut status = json!({
        "observedGeneration": json::int(&held, &["metadata", "generation"]).unwrap_or(1),
        "replicas": total,
        "availableReplicas": available,
        "currentRevision": current,
        "updateRevision": revision,
        "collisionCount": 0,
    });
    for (field, count) in [("readyReplicas", ready), ("updatedReplicas", updated), ("currentReplicas", of_current)] {
        if count != 0 {
            json::set(&mut status, &[field], count);
        }
    }
    if settle > 0 && available < ready {
        ctx.after(std::time::Duration::from_secs(1), Controller::StatefulSet, key);
    }
    ctx.set_status(key, MANAGER, status)
}
