//! Jobs: pods run to their end; the deadline fails them, the TTL takes them away. A Job of parallelism 0 never runs a
//! pod and ends by its deadline alone, which is what a fuse is.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Controller,
    ctx::Ctx,
    events::{Mood, record},
    json,
    key::Key,
    kinds,
    pods::{self, MANAGER, Pod},
    time,
};
use crate::base::objects::{Objects, Refused};

const BY: &str = "job-controller";

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    if row.terminating {
        return Ok(());
    }
    if let Some(finished) = finished(&held) {
        return expire(ctx, key, &held, finished);
    }
    let pods = pods::managed(ctx, &row.uid);
    let mut status = json::at(&held, &["status"]).clone();
    if !status.is_object() {
        status = json!({});
    }
    if json::yes(&held, &["spec", "suspend"]) {
        return suspend(ctx, key, &pods, status);
    }
    let now = ctx.stamp();
    if json::text(&status, &["startTime"]).is_empty() {
        json::set(&mut status, &["startTime"], now.clone());
    }
    if let Some(resumed) = json::condition(json::list(&status, &["conditions"]), "Suspended")
        && json::text(resumed, &["status"]) == "True"
    {
        let conditions = condition(&status, "Suspended", "False", "JobResumed", "Job resumed", &now);
        json::set(&mut status, &["conditions"], conditions);
    }
    let phase = |phase: &str| json::count(pods.iter().filter(|(_, row)| pods::facts(row).phase == phase).count());
    let (succeeded, failed) = (phase("Succeeded"), phase("Failed"));
    let active: Vec<Pod> = pods.iter().filter(|(_, row)| pods::active(row)).cloned().collect();
    let verdict = verdict(ctx, key, &held, &status, succeeded, failed);
    let mut alive = json::count(active.len());
    if verdict.is_some() {
        for (pod, row) in &active {
            ctx.delete(pod, Some(&row.uid))?;
        }
        alive = 0;
    } else {
        alive += start(ctx, key, &held, alive, succeeded)?;
    }
    let ready = json::count(active.iter().filter(|(_, row)| pods::ready(row)).count());
    let counts = [("active", alive), ("succeeded", succeeded), ("failed", failed)];
    for (field, count) in counts {
        if count == 0 {
            json::remove(&mut status, &[field]);
        } else {
            json::set(&mut status, &[field], count);
        }
    }
    json::set(&mut status, &["ready"], if verdict.is_some() { 0 } else { ready });
    json::set(&mut status, &["terminating"], 0);
    json::set(&mut status, &["uncountedTerminatedPods"], json!({}));
    if let Some(verdict) = verdict {
        let (first, last) = if verdict.good { ("SuccessCriteriaMet", "Complete") } else { ("FailureTarget", "Failed") };
        for kind in [first, last] {
            let conditions = condition(&status, kind, "True", verdict.reason, &verdict.message, &now);
            json::set(&mut status, &["conditions"], conditions);
        }
        if verdict.good {
            json::set(&mut status, &["completionTime"], now);
        }
        let (mood, reason) = if verdict.good { (Mood::Normal, "Completed") } else { (Mood::Warning, verdict.reason) };
        let said = if verdict.good { "Job completed" } else { &verdict.message };
        record(ctx, key, mood, reason, said, BY);
    }
    ctx.set_status(key, MANAGER, status)
}

/// How a Job ends.
struct Verdict {
    good: bool,
    reason: &'static str,
    message: String,
}

fn verdict<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    job: &Value,
    status: &Value,
    succeeded: i64,
    failed: i64,
) -> Option<Verdict> {
    let completions = json::int(job, &["spec", "completions"]);
    if succeeded > 0 && succeeded >= completions.unwrap_or(1) {
        let message = "Reached expected number of succeeded pods".to_owned();
        return Some(Verdict { good: true, reason: "CompletionsReached", message });
    }
    if completions == Some(0) {
        return Some(Verdict { good: true, reason: "CompletionsReached", message: "Job completed".to_owned() });
    }
    if failed > json::int(job, &["spec", "backoffLimit"]).unwrap_or(6) {
        let message = "Job has reached the specified backoff limit".to_owned();
        return Some(Verdict { good: false, reason: "BackoffLimitExceeded", message });
    }
    let limit = json::int(job, &["spec", "activeDeadlineSeconds"])?;
    let started = time::read(json::text(status, &["startTime"]))?;
    let ends = time::later(started, Duration::from_secs(u64::try_from(limit).unwrap_or_default()));
    if ctx.now >= ends {
        let message = "Job was active longer than specified deadline".to_owned();
        return Some(Verdict { good: false, reason: "DeadlineExceeded", message });
    }
    ctx.at(ends, Controller::Job, key);
    None
}

/// Starts the pods that are still missing. Answers how many.
fn start<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, job: &Value, alive: i64, succeeded: i64) -> Result<i64, Refused> {
    let parallel = json::int(job, &["spec", "parallelism"]).unwrap_or(1);
    let wanted = match json::int(job, &["spec", "completions"]) {
        Some(completions) => parallel.min(completions - succeeded),
        // Without a count the first success lets the rest run out.
        None if succeeded > 0 => 0,
        None => parallel,
    };
    let uid = json::text(job, &["metadata", "uid"]);
    let mut started = 0;
    for _ in alive..wanted.clamp(alive, alive + pods::BURST) {
        let name = ctx.fresh_name(kinds::POD, &key.namespace, &format!("{}-", key.name));
        let mut pod = pods::of_template(key, uid, json::at(job, &["spec", "template"]), &name);
        for prefix in ["", "batch.kubernetes.io/"] {
            json::set(&mut pod, &["metadata", "labels", &format!("{prefix}job-name")], key.name.clone());
            json::set(&mut pod, &["metadata", "labels", &format!("{prefix}controller-uid")], uid);
        }
        ctx.create(kinds::POD, pod, MANAGER)?;
        record(ctx, key, Mood::Normal, "SuccessfulCreate", &format!("Created pod: {name}"), BY);
        started += 1;
    }
    Ok(started)
}

/// A suspended Job has no pods and no start, so no deadline runs.
fn suspend<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, pods: &[Pod], mut status: Value) -> Result<(), Refused> {
    for (pod, row) in pods.iter().filter(|(_, row)| pods::active(row)) {
        ctx.delete(pod, Some(&row.uid))?;
    }
    json::remove(&mut status, &["startTime"]);
    json::remove(&mut status, &["active"]);
    json::set(&mut status, &["ready"], 0);
    let now = ctx.stamp();
    let conditions = condition(&status, "Suspended", "True", "JobSuspended", "Job suspended", &now);
    json::set(&mut status, &["conditions"], conditions);
    ctx.set_status(key, MANAGER, status)
}

/// Whether it came to what it was to come to.
pub(super) fn succeeded(job: &Value) -> bool {
    json::condition(json::list(job, &["status", "conditions"]), "Complete")
        .is_some_and(|one| json::text(one, &["status"]) == "True")
}

/// When it finished.
pub(super) fn finished(job: &Value) -> Option<Timestamp> {
    let conditions = json::list(job, &["status", "conditions"]);
    ["Complete", "Failed"]
        .iter()
        .filter_map(|kind| json::condition(conditions, kind))
        .find(|one| json::text(one, &["status"]) == "True")
        .and_then(|one| time::read(json::text(one, &["lastTransitionTime"])))
}

/// A finished Job goes when its time to live is over, if it has one.
fn expire<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, job: &Value, finished: Timestamp) -> Result<(), Refused> {
    let Some(limit) = json::int(job, &["spec", "ttlSecondsAfterFinished"]) else { return Ok(()) };
    let ends = time::later(finished, Duration::from_secs(u64::try_from(limit).unwrap_or_default()));
    if ends > ctx.now {
        ctx.at(ends, Controller::Job, key);
        return Ok(());
    }
    ctx.delete(key, Some(json::text(job, &["metadata", "uid"])))
}

/// The conditions with one of them set.
fn condition(status: &Value, kind: &str, value: &str, reason: &str, message: &str, now: &str) -> Vec<Value> {
    let mut conditions = json::list(status, &["conditions"]).to_vec();
    let held = conditions.iter().position(|one| json::text(one, &["type"]) == kind);
    if let Some(at) = held {
        if json::text(&conditions[at], &["status"]) == value {
            return conditions;
        }
        conditions.remove(at);
    }
    conditions.push(json!({
        "type": kind, "status": value, "reason": reason, "message": message,
        "lastProbeTime": now, "lastTransitionTime": now,
    }));
    conditions
}
