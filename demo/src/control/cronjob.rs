//! CronJobs: a Job at each moment of the schedule, in the time zone it names; old Jobs go when there are too many.
//!
//! Moments that passed while nobody looked are made up for once, by the last of them.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{
    Controller,
    ctx::{Ctx, owner_reference},
    events::{Mood, record},
    job, json,
    key::Key,
    kinds,
    pods::MANAGER,
    time,
};
use crate::base::{
    objects::{Objects, Refused},
    schedule::Schedule,
};

const BY: &str = "cronjob-controller";

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(held) = ctx.get(key) else { return Ok(()) };
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    if row.terminating {
        return Ok(());
    }
    let mut jobs: Vec<(Key, Value)> = Vec::new();
    for (job, _) in ctx.state.rows.owned(&row.uid, kinds::JOB) {
        if let Some(object) = ctx.get(&job) {
            jobs.push((job, Value::clone(&object)));
        }
    }
    jobs.sort_by_key(|(job, _)| job.name.clone());
    forget(ctx, &held, &jobs)?;
    let mut active: Vec<(Key, Value)> = jobs.into_iter().filter(|(_, job)| job::finished(job).is_none()).collect();
    let mut status = json::at(&held, &["status"]).clone();
    if !status.is_object() {
        status = json!({});
    }
    if !json::yes(&held, &["spec", "suspend"])
        && let Some(due) = due(ctx, key, &held, &status)
    {
        let policy = json::text(&held, &["spec", "concurrencyPolicy"]);
        if policy == "Replace" {
            for (job, object) in active.drain(..) {
                ctx.delete(&job, Some(json::text(&object, &["metadata", "uid"])))?;
            }
        }
        if policy == "Forbid" && !active.is_empty() {
            let said = "Not starting job because prior execution is running and concurrency policy is Forbid";
            record(ctx, key, Mood::Normal, "JobAlreadyActive", said, BY);
        } else {
            let made = start(ctx, key, &row.uid, &held, due)?;
            active.push((Key::new(kinds::JOB, &key.namespace, json::text(&made, &["metadata", "name"])), made));
            json::set(&mut status, &["lastScheduleTime"], time::stamp(due));
        }
    }
    let told: Vec<Value> = active.iter().map(|(job, object)| reference(job, object)).collect();
    if told.is_empty() {
        json::remove(&mut status, &["active"]);
    } else {
        json::set(&mut status, &["active"], told);
    }
    ctx.set_status(key, MANAGER, status)
}

/// The last moment that is over and was not acted upon. It is looked at again at the next one.
fn due<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, held: &Value, status: &Value) -> Option<Timestamp> {
    let schedule = Schedule::parse(json::text(held, &["spec", "schedule"])).ok()?;
    let zone = match json::text(held, &["spec", "timeZone"]) {
        "" => TimeZone::UTC,
        named => TimeZone::get(named).ok()?,
    };
    let from = time::read(json::text(status, &["lastScheduleTime"]))
        .or_else(|| time::read(json::text(held, &["metadata", "creationTimestamp"])))?;
    let mut last = None;
    let mut next = schedule.after(from, &zone)?;
    // A schedule that nobody followed for ages is not walked minute by minute.
    for _ in 0..100_000 {
        if next > ctx.now {
            break;
        }
        last = Some(next);
        next = schedule.after(next, &zone)?;
    }
    ctx.at(next, Controller::CronJob, key);
    last
}

fn start<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    uid: &str,
    held: &Value,
    due: Timestamp,
) -> Result<Value, Refused> {
    let template = json::at(held, &["spec", "jobTemplate"]);
    let name = format!("{}-{}", key.name, due.as_second() / 60);
    let mut job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {
            "name": name, "namespace": key.namespace, "ownerReferences": [owner_reference(key, uid, true)],
            "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": time::stamp(due)},
        },
        "spec": json::at(template, &["spec"]),
    });
    for field in ["labels", "annotations"] {
        for (name, text) in json::at(template, &["metadata", field]).as_object().into_iter().flatten() {
            json::set(&mut job, &["metadata", field, name], text.clone());
        }
    }
    let made = ctx.create(kinds::JOB, job, MANAGER)?;
    record(ctx, key, Mood::Normal, "SuccessfulCreate", &format!("Created job {name}"), BY);
    Ok(Value::clone(&made))
}

/// Finished Jobs beyond the limits go, the oldest first.
fn forget<O: Objects>(ctx: &mut Ctx<'_, O>, held: &Value, jobs: &[(Key, Value)]) -> Result<(), Refused> {
    for (limit, most, good) in [("successfulJobsHistoryLimit", 3, true), ("failedJobsHistoryLimit", 1, false)] {
        let most = usize::try_from(json::int(held, &["spec", limit]).unwrap_or(most)).unwrap_or_default();
        let done: Vec<&(Key, Value)> =
            jobs.iter().filter(|(_, job)| job::finished(job).is_some() && job::succeeded(job) == good).collect();
        for (job, object) in done.iter().take(done.len().saturating_sub(most)) {
            ctx.delete(job, Some(json::text(object, &["metadata", "uid"])))?;
        }
    }
    Ok(())
}

fn reference(job: &Key, object: &Value) -> Value {
    json!({
        "apiVersion": "batch/v1", "kind": "Job", "name": job.name, "namespace": job.namespace,
        "uid": json::text(object, &["metadata", "uid"]),
        "resourceVersion": json::text(object, &["metadata", "resourceVersion"]),
    })
}
