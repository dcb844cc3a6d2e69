//! HorizontalPodAutoscalers, in the steps and words of the real controller.
//!
//! `metrics` asks what is measured, `replicas` makes a count of it, `limits` holds that steady and within its rate, `status` tells
//! it. Metrics come from the metrics server of the world; custom and external ones have no adapter here.

mod limits;
mod metrics;
mod replicas;
mod status;

use std::time::Duration;

use serde_json::{Value, json};

pub use self::limits::Memory;
use self::{limits::Behaviour, status::Status};
use super::{
    Controller,
    ctx::Ctx,
    events::{Mood, record},
    json as read,
    key::Key,
    kinds,
    pods::MANAGER,
    time,
};
use crate::base::objects::{Kind, Objects, Refused};

const EVERY: Duration = Duration::from_secs(15);
const BY: &str = "horizontal-pod-autoscaler";
/// What can be scaled.
const SCALED: [Kind; 3] = [kinds::DEPLOYMENT, kinds::REPLICA_SET, kinds::STATEFUL_SET];

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let subject = key.to_string();
    let Some(scaler) = ctx.get(key) else {
        ctx.state.scaler_due.remove(&subject);
        ctx.state.scalers.remove(&subject);
        return Ok(());
    };
    // It looks every 15 s, whatever happens in between: what it did last time must show first.
    let due = ctx.state.scaler_due.get(&subject).copied();
    if let Some(due) = due.filter(|due| *due > ctx.now) {
        ctx.at(due, Controller::Hpa, key);
        return Ok(());
    }
    ctx.state.scaler_due.insert(subject.clone(), time::later(ctx.now, EVERY));
    ctx.after(EVERY, Controller::Hpa, key);
    if ctx.state.unmeasured {
        return Ok(());
    }
    let mut status = Status::of(&scaler, ctx.stamp());
    let (workload, current) = match scale(ctx, key, &scaler) {
        Ok(found) => found,
        Err(error) => {
            record(ctx, key, Mood::Warning, "FailedGetScale", &error, BY);
            let message = format!("the HPA controller was unable to get the target's current scale: {error}");
            status.set("AbleToScale", false, "FailedGetScale", &message);
            return ctx.set_status(key, MANAGER, status.unchanged());
        }
    };
    let able = "the HPA controller was able to get the target's current scale";
    status.set("AbleToScale", true, "SucceededGetScale", able);
    let mut memory = ctx.state.scalers.remove(&subject).unwrap_or_default();
    memory.begin(ctx.now, current);
    let done = decide(ctx, key, &scaler, &workload, current, status, &mut memory);
    ctx.state.scalers.insert(subject, memory);
    done
}

/// What is scaled, and how many it wants now.
fn scale<O: Objects>(ctx: &Ctx<'_, O>, key: &Key, scaler: &Value) -> Result<(Key, i64), String> {
    let target = read::at(scaler, &["spec", "scaleTargetRef"]);
    let (api, named, name) =
        (read::text(target, &["apiVersion"]), read::text(target, &["kind"]), read::text(target, &["name"]));
    let kind = SCALED.into_iter().find(|kind| kind.kind == named && kinds::api_version(*kind) == api);
    let Some(kind) = kind else {
        if kinds::named(api, named).is_some() {
            return Err("the server could not find the requested resource".to_owned());
        }
        let group = api.split_once('/').map_or("", |(group, _)| group);
        return Err(format!("no matches for kind {named:?} in group {group:?}"));
    };
    let workload = Key::new(kind, &key.namespace, name);
    let held = ctx.get(&workload);
    let held = held.ok_or_else(|| format!("{}/scale.{} {name:?} not found", kind.plural, kind.group))?;
    Ok((workload, read::int(&held, &["spec", "replicas"]).unwrap_or(1)))
}

fn decide<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    scaler: &Value,
    workload: &Key,
    current: i64,
    mut status: Status,
    memory: &mut Memory,
) -> Result<(), Refused> {
    let least = read::int(scaler, &["spec", "minReplicas"]).unwrap_or(1);
    let most = read::int(scaler, &["spec", "maxReplicas"]).unwrap_or(least);
    let behaviour = Behaviour::read(scaler);
    let mut told = Vec::new();
    let (wanted, why) = if current == 0 && least != 0 {
        let off = "scaling is disabled since the replica count of the target is zero";
        status.set("ScalingActive", false, "ScalingDisabled", off);
        let whole = status.with(0, Some(0), told, false);
        return ctx.set_status(key, MANAGER, whole);
    } else if current > most {
        (most, "Current number of replicas above Spec.MaxReplicas".to_owned())
    } else if current < least {
        (least, "Current number of replicas below Spec.MinReplicas".to_owned())
    } else {
        let asked = asked(ctx, key, scaler, workload, current, &behaviour, &mut status, &mut told);
        let Some((asked, name)) = asked else {
            let whole = status.with(current, None, told, false);
            return ctx.set_status(key, MANAGER, whole);
        };
        let settled = limits::settle(memory, &behaviour, ctx.now, current, asked, (least, most));
        status.set("AbleToScale", true, settled.able.0, settled.able.1);
        status.set("ScalingLimited", settled.limited, settled.limit.0, settled.limit.1);
        let above = format!("{name} above target");
        (settled.replicas, if asked > current { above } else { "All metrics below target".to_owned() })
    };
    let rescale = wanted != current;
    if rescale {
        if let Err(refused) = ctx.edit(workload, MANAGER, |object| read::set(object, &["spec", "replicas"], wanted)) {
            let message = format!("the HPA controller was unable to update the target scale: {}", refused.message);
            status.set("AbleToScale", false, "FailedUpdateScale", &message);
            let said = format!("New size: {wanted}; reason: {why}; error: {}", refused.message);
            record(ctx, key, Mood::Warning, "FailedRescale", &said, BY);
            let whole = status.with(current, None, told, false);
            return ctx.set_status(key, MANAGER, whole);
        }
        let message = format!("the HPA controller was able to update the target scale to {wanted}");
        status.set("AbleToScale", true, "SucceededRescale", &message);
        record(ctx, key, Mood::Normal, "SuccessfulRescale", &format!("New size: {wanted}; reason: {why}"), BY);
        memory.scaled(ctx.now, &behaviour, current, wanted);
    }
    let whole = status.with(current, Some(wanted), told, rescale);
    ctx.set_status(key, MANAGER, whole)
}

/// The largest count that a metric asks for, with its name; `None` when too little is known, which the status says then.
#[expect(clippy::too_many_arguments, reason = "one look at one scaler, taken apart for its length")]
fn asked<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    scaler: &Value,
    workload: &Key,
    current: i64,
    behaviour: &Behaviour,
    status: &mut Status,
    told: &mut Vec<Value>,
) -> Option<(i64, String)> {
    let specs = read::list(scaler, &["spec", "metrics"]);
    let (mut best, mut first, mut failed) = (None::<(i64, String)>, None, 0usize);
    for spec in specs {
        match metrics::ask(ctx, spec, workload, current, behaviour) {
            Ok(one) => {
                told.push(one.status);
                if best.as_ref().is_none_or(|(most, _)| one.replicas > *most) {
                    best = Some((one.replicas, one.name));
                }
            }
            Err(failure) => {
                told.push(json!({"type": ""}));
                record(ctx, key, Mood::Warning, failure.reason, &failure.error, BY);
                failed += 1;
                first.get_or_insert(failure);
            }
        }
    }
    let fewer = best.as_ref().is_some_and(|(most, _)| *most < current);
    if let Some(failure) = first.filter(|_| best.is_none() || fewer) {
        // With something unknown nobody is sent away.
        let message = format!("the HPA was unable to compute the replica count: {}", failure.error);
        status.set("ScalingActive", false, failure.reason, &message);
        let said =
            format!("invalid metrics ({failed} invalid out of {}), first error is: {}", specs.len(), failure.whole);
        record(ctx, key, Mood::Warning, "FailedComputeMetricsReplicas", &said, BY);
        return None;
    }
    let (_, name) = best.as_ref()?;
    let message = format!("the HPA was able to successfully calculate a replica count from {name}");
    status.set("ScalingActive", true, "ValidMetricFound", &message);
    best
}
