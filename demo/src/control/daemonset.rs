//! DaemonSets: one pod on each node that fits, bound by the scheduler through a node affinity.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    ctx::Ctx,
    events::{Mood, record},
    json,
    key::Key,
    kinds, names,
    pods::{self, MANAGER, Pod},
    revision, scheduler,
};
use crate::base::objects::{Objects, Refused};

const HASH: &str = "controller-revision-hash";
const BY: &str = "daemonset-controller";

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    if row.terminating {
        return Ok(());
    }
    let hash = names::hash(json::at(&held, &["spec", "template"]));
    revision::keep(ctx, key, &held, &hash)?;
    let template = json::at(&held, &["spec", "template", "spec"]);
    let wanted: BTreeSet<String> =
        scheduler::nodes(ctx).iter().filter(|node| node.suits_daemon(template)).map(|node| node.name.clone()).collect();
    let pods = pods::managed(ctx, &row.uid);
    for node in &wanted {
        if !pods.iter().any(|pod| place(ctx, pod) == *node && !pods::facts(&pod.1).ended()) {
            create(ctx, key, &held, node, &hash)?;
        }
    }
    for pod in &pods {
        let misplaced = !wanted.contains(&place(ctx, pod)) || pods::facts(&pod.1).ended();
        if misplaced && !pod.1.terminating {
            ctx.delete(&pod.0, Some(&pod.1.uid))?;
        }
    }
    roll(ctx, &held, &pods, &hash)?;
    status(ctx, key, &wanted, &hash)
}

/// The node a pod is meant for.
fn place<O: Objects>(ctx: &Ctx<'_, O>, pod: &Pod) -> String {
    let node = &pods::facts(&pod.1).node;
    if !node.is_empty() {
        return node.clone();
    }
    ctx.get(&pod.0).map(|pod| scheduler::pinned(&pod).to_owned()).unwrap_or_default()
}

/// Replaces outdated pods, as many at a time as may be missing.
fn roll<O: Objects>(ctx: &mut Ctx<'_, O>, set: &Value, pods: &[Pod], hash: &str) -> Result<(), Refused> {
    if json::text(set, &["spec", "updateStrategy", "type"]) == "OnDelete" {
        return Ok(());
    }
    let most = pods::share(
        json::at(set, &["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]),
        json::count(pods.len()),
        true,
        "1",
    )
    .max(1);
    let mut missing = json::count(pods.iter().filter(|(_, row)| row.terminating || !pods::ready(row)).count());
    for (pod, row) in pods {
        let outdated = row.labels.get(HASH).is_none_or(|held| held != hash);
        let broken = !pods::ready(row);
        if outdated && !row.terminating && (broken || missing < most) {
            ctx.delete(pod, Some(&row.uid))?;
            missing += i64::from(!broken);
        }
    }
    Ok(())
}

fn create<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, set: &Value, node: &str, hash: &str) -> Result<(), Refused> {
    let uid = json::text(set, &["metadata", "uid"]);
    let name = ctx.fresh_name(kinds::POD, &key.namespace, &format!("{}-", key.name));
    let mut pod = pods::of_template(key, uid, json::at(set, &["spec", "template"]), &name);
    json::set(&mut pod, &["metadata", "labels", HASH], hash);
    let terms = json!([{"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}]);
    let path = ["spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"];
    json::set(&mut pod, &path, json!({"nodeSelectorTerms": terms}));
    let mut tolerations = json::list(&pod, &["spec", "tolerations"]).to_vec();
    for (key, effect) in [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ] {
        tolerations.push(json!({"key": key, "operator": "Exists", "effect": effect}));
    }
    json::set(&mut pod, &["spec", "tolerations"], tolerations);
    ctx.create(kinds::POD, pod, MANAGER)?;
    record(ctx, key, Mood::Normal, "SuccessfulCreate", &format!("Created pod: {name}"), BY);
    Ok(())
}

fn status<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, wanted: &BTreeSet<String>, hash: &str) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let uid = json::text(&held, &["metadata", "uid"]).to_owned();
    let mut pods = pods::managed(ctx, &uid);
    pods.retain(|(_, row)| pods::active(row));
    let tally = |test: &dyn Fn(&Pod) -> bool| json::count(pods.iter().filter(|pod| test(pod)).count());
    let ready = tally(&|(_, row)| pods::ready(row));
    let updated = tally(&|(_, row)| row.labels.get(HASH).is_some_and(|held| held == hash));
    let desired = json::count(wanted.len());
    let mut status = json!({
        "observedGeneration": json::int(&held, &["metadata", "generation"]).unwrap_or(1),
        "currentNumberScheduled": json::count(pods.len()),
        "desiredNumberScheduled": desired,
        "numberMisscheduled": 0,
        "numberReady": ready,
    });
    for (field, count) in [
        ("numberAvailable", ready),
        ("updatedNumberScheduled", updated),
        ("numberUnavailable", (desired - ready).max(0)),
    ] {
        if count != 0 {
            json::set(&mut status, &[field], count);
        }
    }
    ctx.set_status(key, MANAGER, status)
}
