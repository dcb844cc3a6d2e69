//! Chaos Mesh: its controller selects pods, has the daemons inject and recover, and tells of it in the object's own status.
//!
//! As in the real one (v2.8): the finalizer holds an object until everything is recovered, the duration counts from the
//! object's creation, and what happens once (pod-kill, container-kill) knows neither duration nor pause. What a fault does
//! to the traffic is read from its records; only pods are changed here. Without a ready controller pod nothing happens at
//! all.

mod deed;
mod record;
mod select;

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::record::{INJECTED, NOT_INJECTED};
use super::{
    Controller,
    ctx::Ctx,
    events::{Mood, record as event},
    json,
    key::Key,
    kinds, names, pods,
    rows::Row,
    time,
};
use crate::base::objects::{Objects, Refused};

/// Where Chaos Mesh lives.
pub(super) const HOME: &str = "chaos-mesh";
/// What holds an object until it is recovered.
const FINALIZER: &str = "chaos-mesh/records";
/// Field manager.
const MANAGER: &str = "chaos-controller-manager";
/// How long until a failed selection or injection is tried again.
const AGAIN: Duration = Duration::from_secs(2);

/// What an object is to come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Run,
    Stop,
}

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    if !part(ctx, "controller-manager", |_| true) {
        return Ok(());
    }
    let Some(object) = ctx.get(key) else { return Ok(()) };
    let uid = json::text(&object, &["metadata", "uid"]).to_owned();
    let held = json::list(&object, &["metadata", "finalizers"]).iter().any(|one| one == FINALIZER);
    let leaving = !json::at(&object, &["metadata", "deletionTimestamp"]).is_null();
    match (held, leaving) {
        (false, true) => return Ok(()),
        (false, false) => {
            ctx.edit(key, MANAGER, |object| {
                let mut all = json::list(object, &["metadata", "finalizers"]).to_vec();
                all.push(FINALIZER.into());
                json::set(object, &["metadata", "finalizers"], all);
            })?;
            event(ctx, key, Mood::Normal, "FinalizerInited", "Finalizer has been inited", "initFinalizers-controller");
            return Ok(());
        }
        (true, true) if forced(&object) => return free(ctx, key),
        (true, _) => {}
    }
    let (wanted, until) = wanted(ctx, &object, leaving);
    if let Some(until) = until {
        ctx.at(until, Controller::ChaosMesh, key);
    }
    let mut records = json::list(&object, &["status", "experiment", "containerRecords"]).to_vec();
    if records.is_empty() && wanted == Wanted::Run {
        match select::records(ctx, &object) {
            Ok(found) => records = found,
            Err(why) => {
                event(ctx, key, Mood::Warning, "Failed", &format!("Failed to select targets: {why}"), MANAGER);
                ctx.after(AGAIN, Controller::ChaosMesh, key);
            }
        }
    }
    if !records.is_empty() && through(ctx, &uid, key, wanted, &records) {
        let all = move_on(ctx, key, &object, wanted, &mut records);
        if !all {
            ctx.state.chaos.insert(uid, (wanted == Wanted::Run, time::later(ctx.now, AGAIN)));
            ctx.after(AGAIN, Controller::ChaosMesh, key);
        }
    }
    let recovered = records.iter().all(|one| record::phase(one) == NOT_INJECTED);
    let status = status(wanted, &object, &records);
    ctx.edit(key, MANAGER, |object| json::set(object, &["status"], status))?;
    if leaving && recovered {
        return free(ctx, key);
    }
    Ok(())
}

/// Whether a part of Chaos Mesh runs: one of its pods is ready.
fn part<O: Objects>(ctx: &Ctx<'_, O>, component: &str, also: impl Fn(&Row) -> bool) -> bool {
    let named = |row: &Row| row.labels.get("app.kubernetes.io/component").is_some_and(|one| one == component);
    ctx.state.rows.within(kinds::POD, HOME).any(|(_, row)| named(row) && pods::ready(row) && also(row))
}

/// A person says to let it go whatever is left behind.
fn forced(object: &Value) -> bool {
    json::text(object, &["metadata", "annotations", "chaos-mesh.chaos-mesh.org/cleanFinalizer"]) == "forced"
}

fn free<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    ctx.edit(key, MANAGER, |object| json::take(object, &["metadata", "finalizers"], FINALIZER))
}

fn paused(object: &Value) -> bool {
    json::text(object, &["metadata", "annotations", "experiment.chaos-mesh.org/pause"]) == "true"
}

/// What happens once and is over: neither duration nor pause nor recovery mean anything to it.
fn once(object: &Value) -> bool {
    matches!(json::text(object, &["spec", "action"]), "pod-kill" | "container-kill")
}

/// What is wanted now, and when that changes by itself.
fn wanted<O: Objects>(ctx: &Ctx<'_, O>, object: &Value, leaving: bool) -> (Wanted, Option<Timestamp>) {
    if leaving {
        return (Wanted::Stop, None);
    }
    if once(object) {
        return (Wanted::Run, None);
    }
    let created = time::read(json::text(object, &["metadata", "creationTimestamp"])).unwrap_or(ctx.now);
    let ends = time::duration(json::text(object, &["spec", "duration"])).map(|span| time::later(created, span));
    if ends.is_some_and(|ends| ends <= ctx.now) || paused(object) {
        return (Wanted::Stop, None);
    }
    (Wanted::Run, ends)
}

/// Whether the daemons are through with what is wanted; they take a moment.
fn through<O: Objects>(ctx: &mut Ctx<'_, O>, uid: &str, key: &Key, wanted: Wanted, records: &[Value]) -> bool {
    let run = wanted == Wanted::Run;
    let there = if run { INJECTED } else { NOT_INJECTED };
    if records.iter().all(|one| record::phase(one) == there) {
        ctx.state.chaos.remove(uid);
        return false;
    }
    let due = match ctx.state.chaos.get(uid) {
        Some((for_run, due)) if *for_run == run => *due,
        _ => {
            let subject = format!("{uid}/{run}");
            let takes = Duration::from_millis(250 + u64::from(names::draw(ctx.state.seed, &subject, 0, 450)));
            let due = time::later(ctx.now, takes);
            ctx.state.chaos.insert(uid.to_owned(), (run, due));
            due
        }
    };
    if due > ctx.now {
        ctx.at(due, Controller::ChaosMesh, key);
    }
    due <= ctx.now
}

/// Injects or recovers what is not there yet; whether all of it is now.
fn move_on<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, object: &Value, wanted: Wanted, records: &mut [Value]) -> bool {
    let mut all = true;
    for one in records {
        let (id, run) = (json::text(one, &["id"]).to_owned(), wanted == Wanted::Run);
        if (record::phase(one) == INJECTED) == run {
            continue;
        }
        let done = if run { deed::apply(ctx, object, &id) } else { deed::recover(ctx, object, &id) };
        let (what, said) = if run { ("Apply", "apply") } else { ("Recover", "recover") };
        let at = ctx.stamp();
        match done {
            Ok(()) => {
                record::done(one, run, &at);
                let reason = if run { "Applied" } else { "Recovered" };
                event(ctx, key, Mood::Normal, reason, &format!("Successfully {said} chaos for {id}"), MANAGER);
            }
            Err(why) => {
                all = false;
                record::failed(one, what, &why, &at);
                event(ctx, key, Mood::Warning, "Failed", &format!("Failed to {said} chaos: {why}"), MANAGER);
            }
        }
    }
    all
}

/// The whole status, as far as it can be derived.
fn status(wanted: Wanted, object: &Value, records: &[Value]) -> Value {
    let every = |phase: &str| records.iter().all(|one| record::phase(one) == phase);
    let flags = [
        ("Selected", !records.is_empty()),
        ("AllInjected", !records.is_empty() && every(INJECTED)),
        ("AllRecovered", every(NOT_INJECTED)),
        ("Paused", paused(object)),
    ];
    let conditions: Vec<Value> = flags
        .into_iter()
        .map(|(kind, holds)| json!({"type": kind, "status": if holds { "True" } else { "False" }}))
        .collect();
    let phase = if wanted == Wanted::Run { "Run" } else { "Stop" };
    json!({"conditions": conditions, "experiment": {"desiredPhase": phase, "containerRecords": records}})
}
