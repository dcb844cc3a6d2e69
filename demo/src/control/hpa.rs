//! HorizontalPodAutoscalers on CPU utilisation, with the tolerance and the slow way down of the real one.
//!
//! Other metrics are left out; the condition `ScalingActive` says so.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Controller,
    ctx::Ctx,
    events::{Mood, record},
    json,
    key::Key,
    kinds,
    pods::{self, MANAGER},
    time,
};
use crate::base::objects::{Objects, Refused};

const EVERY: Duration = Duration::from_secs(15);
const BY: &str = "horizontal-pod-autoscaler";

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(scaler) = ctx.get(key) else {
        ctx.state.scaler_due.remove(&key.to_string());
        return Ok(());
    };
    // It looks every 15 s, whatever happens in between: what it did last time must show first.
    let due = ctx.state.scaler_due.get(&key.to_string()).copied();
    if let Some(due) = due.filter(|due| *due > ctx.now) {
        ctx.at(due, Controller::Hpa, key);
        return Ok(());
    }
    ctx.state.scaler_due.insert(key.to_string(), time::later(ctx.now, EVERY));
    ctx.after(EVERY, Controller::Hpa, key);
    let target = json::at(&scaler, &["spec", "scaleTargetRef"]);
    let Some(kind) = kinds::named(json::text(target, &["apiVersion"]), json::text(target, &["kind"])) else {
        return Ok(());
    };
    let workload = Key::new(kind, &key.namespace, json::text(target, &["name"]));
    let Some(held) = ctx.get(&workload) else { return tell(ctx, key, &scaler, None, 0, None) };
    let current = json::int(&held, &["spec", "replicas"]).unwrap_or(1);
    let least = json::int(&scaler, &["spec", "minReplicas"]).unwrap_or(1);
    let most = json::int(&scaler, &["spec", "maxReplicas"]).unwrap_or(least).max(least);
    // Somebody scaled it to nothing: autoscaling is off.
    if current == 0 {
        return tell(ctx, key, &scaler, Some(0), 0, None);
    }
    let load = utilisation(ctx, &held, &scaler, &workload);
    let asked = match load {
        None => current,
        Some((_, ratio)) if (0.9..=1.1).contains(&ratio) => current,
        Some((_, ratio)) => {
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a count of pods")]
            let asked = (current as f64 * ratio).ceil() as i64;
            asked
        }
    };
    let wanted = calm(ctx, key, current, asked.clamp(least, most));
    if wanted != current {
        ctx.edit(&workload, MANAGER, |object| json::set(object, &["spec", "replicas"], wanted))?;
        let why = if wanted > current {
            "cpu resource utilization (percentage of request) above target"
        } else {
            "All metrics below target"
        };
        let said = format!("New size: {wanted}; reason: {why}");
        record(ctx, key, Mood::Normal, "SuccessfulRescale", &said, BY);
    }
    tell(ctx, key, &scaler, Some(current), wanted, load.map(|(percent, _)| percent))
}

/// Going down waits until it has been wanted for five minutes.
fn calm<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, current: i64, asked: i64) -> i64 {
    let subject = key.to_string();
    if asked >= current {
        ctx.state.scale_down_since.remove(&subject);
        return asked;
    }
    let now = ctx.now;
    let since = *ctx.state.scale_down_since.entry(subject.clone()).or_insert(now);
    if time::elapsed(since, now) < Duration::from_mins(5) {
        return current;
    }
    ctx.state.scale_down_since.remove(&subject);
    asked
}

/// CPU in use over CPU asked for, in percent, and that over the target.
fn utilisation<O: Objects>(ctx: &Ctx<'_, O>, workload: &Value, scaler: &Value, key: &Key) -> Option<(i64, f64)> {
    let target = json::list(scaler, &["spec", "metrics"])
        .iter()
        .find(|metric| json::text(metric, &["resource", "name"]) == "cpu")
        .and_then(|metric| json::int(metric, &["resource", "target", "averageUtilization"]))?;
    let asked: u64 = json::list(workload, &["spec", "template", "spec", "containers"])
        .iter()
        .map(|container| millicores(json::text(container, &["resources", "requests", "cpu"])))
        .sum();
    let selector = ctx.row(key)?.selector.clone()?;
    let known: Vec<Option<u64>> = ctx
        .state
        .rows
        .within(kinds::POD, &key.namespace)
        .filter(|(_, pod)| pods::active(pod) && selector.matches(&pod.labels))
        .map(|(name, _)| ctx.state.cpu.get(&(key.namespace.clone(), name.clone())).copied())
        .collect();
    let used: Vec<u64> = known.iter().copied().flatten().collect();
    if asked == 0 || used.is_empty() || target <= 0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "thousandths of cores, counts of pods")]
    let (sum, asked, target, of, all) =
        (used.iter().sum::<u64>() as f64, asked as f64, target as f64, used.len() as f64, known.len() as f64);
    let percent = sum / (of * asked) * 100.0;
    // Pods nothing is known of yet count as idle on the way up, so that a start is not taken for load.
    let ratio = match percent / target {
        ratio if ratio > 1.0 => (sum / (all * asked) * 100.0 / target).max(1.0),
        ratio => ratio,
    };
    #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
    let told = (percent.round() as i64, ratio);
    Some(told)
}

/// `250m` or `1.5`.
fn millicores(text: &str) -> u64 {
    if let Some(milli) = text.strip_suffix('m') {
        return milli.parse().unwrap_or_default();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "quantities are small and positive")]
    let milli = (text.parse::<f64>().unwrap_or_default().max(0.0) * 1_000.0) as u64;
    milli
}

fn tell<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    scaler: &Value,
    current: Option<i64>,
    wanted: i64,
    percent: Option<i64>,
) -> Result<(), Refused> {
    let held = json::list(scaler, &["status", "conditions"]);
    let now = ctx.stamp();
    let condition = |kind: &str, good: bool, reason: &str, message: &str| {
        let value = if good { "True" } else { "False" };
        let since = json::condition(held, kind)
            .filter(|one| json::text(one, &["status"]) == value)
            .map_or_else(|| now.clone(), |one| json::text(one, &["lastTransitionTime"]).to_owned());
        json!({"type": kind, "status": value, "reason": reason, "message": message, "lastTransitionTime": since})
    };
    let conditions = match (current, percent) {
        (None, _) => vec![condition(
            "AbleToScale",
            false,
            "FailedGetScale",
            "the HPA controller was unable to get the target's current scale",
        )],
        (Some(0), _) => vec![
            condition(
                "AbleToScale",
                true,
                "SucceededGetScale",
                "the HPA controller was able to get the target's current scale",
            ),
            condition(
                "ScalingActive",
                false,
                "ScalingDisabled",
                "scaling is disabled since the replica count of the target is zero",
            ),
        ],
        (Some(_), None) => vec![
            condition(
                "AbleToScale",
                true,
                "SucceededGetScale",
                "the HPA controller was able to get the target's current scale",
            ),
            condition(
                "ScalingActive",
                false,
                "FailedGetResourceMetric",
                "the HPA was unable to compute the replica count: no metrics known for its pods",
            ),
        ],
        (Some(_), Some(_)) => vec![
            condition("AbleToScale", true, "ReadyForNewScale", "recommended size matches current size"),
            condition(
                "ScalingActive",
                true,
                "ValidMetricFound",
                "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
            ),
            condition(
                "ScalingLimited",
                false,
                "DesiredWithinRange",
                "the desired count is within the acceptable range",
            ),
        ],
    };
    let mut status = json!({
        "currentReplicas": current.unwrap_or_default(), "desiredReplicas": wanted, "conditions": conditions,
    });
    if let Some(percent) = percent {
        let metrics =
            json!([{"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": percent}}}]);
        json::set(&mut status, &["currentMetrics"], metrics);
    }
    ctx.set_status(key, MANAGER, status)
}
