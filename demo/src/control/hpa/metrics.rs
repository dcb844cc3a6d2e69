//! The metrics of a scaler: what each of them says, and how many pods it asks for.
//!
//! CPU and memory, of whole pods or of one container, by utilisation or by average value. Metrics of other sorts need an adapter
//! that this cluster does not have, and fail as they do in a cluster without one.

use serde_json::{Value, json};

use super::{
    limits::Behaviour,
    replicas::{Pod, Target, propose},
};
use crate::{
    base::{objects::Objects, quantity},
    control::{ctx::Ctx, json as read, key::Key, kinds, time},
};

/// What one metric asks for.
pub struct Asked {
    /// So many pods.
    pub replicas: i64,
    /// In the words of events and conditions.
    pub name: String,
    /// Its part of the status.
    pub status: Value,
}

/// Why one says nothing.
pub struct Failure {
    /// Of the condition and the event.
    pub reason: &'static str,
    /// What is wrong.
    pub error: String,
    /// The same, with what was asked for.
    pub whole: String,
}

/// Asks one metric.
#[expect(clippy::cast_precision_loss, reason = "bytes of one machine")]
pub fn ask<O: Objects>(
    ctx: &Ctx<'_, O>,
    metric: &Value,
    workload: &Key,
    current: i64,
    behaviour: &Behaviour,
) -> Result<Asked, Failure> {
    let kind = read::text(metric, &["type"]);
    let (field, reason, container) = match kind {
        "Resource" => ("resource", "FailedGetResourceMetric", None),
        "ContainerResource" => {
            let container = read::text(metric, &["containerResource", "container"]);
            ("containerResource", "FailedGetContainerResourceMetric", Some(container))
        }
        _ => return Err(foreign(metric, kind, &workload.namespace)),
    };
    let resource = read::text(metric, &[field, "name"]);
    let wanted = read::at(metric, &[field, "target"]);
    let fail = |error: String| {
        let sort = container.map_or_else(|| format!("{resource} resource"), |name| format!("{name} container"));
        let whole = format!("failed to get {sort} metric value: {error}");
        Failure { reason, error, whole }
    };
    let target = match (read::at(wanted, &["averageValue"]), read::int(wanted, &["averageUtilization"])) {
        (Value::String(text), _) => Target::Average(thousandths(quantity::read(text).unwrap_or_default())),
        (number, None) if number.is_number() => Target::Average(thousandths(number.as_f64().unwrap_or_default())),
        (_, Some(percent)) => Target::Utilization(percent),
        (_, None) => {
            let neither = "neither an average utilization target nor an average value (usage) target was set";
            return Err(fail(format!("invalid resource metric source: {neither}")));
        }
    };
    let what = if matches!(target, Target::Average(_)) { "usage" } else { "utilization" };
    let found = pods(ctx, workload, resource, container)
        .and_then(|pods| propose(&pods, current, target, resource == "cpu", behaviour, ctx.now))
        .map_err(|error| fail(format!("failed to get {resource} {what}: {error}")))?;
    // Memory is told in powers of two, as the metrics server tells it.
    let average = match resource {
        "memory" => quantity::bytes(found.average.saturating_add(999).div_euclid(1000) as f64),
        _ => quantity::canonical(&format!("{}m", found.average)),
    };
    let mut now = json!({"averageValue": average});
    if let Some(percent) = found.percent {
        read::set(&mut now, &["averageUtilization"], percent);
    }
    let sort = if container.is_some() { " container" } else { "" };
    let name = match target {
        Target::Utilization(_) => format!("{resource}{sort} resource utilization (percentage of request)"),
        Target::Average(_) => format!("{resource} resource"),
    };
    let mut status = json!({"type": kind, field: {"name": resource, "current": now}});
    if let Some(container) = container {
        read::set(&mut status, &[field, "container"], container);
    }
    Ok(Asked { replicas: found.replicas, name, status })
}

/// The pods of a workload, as far as one resource goes.
fn pods<O: Objects>(
    ctx: &Ctx<'_, O>,
    workload: &Key,
    resource: &str,
    container: Option<&str>,
) -> Result<Vec<Pod>, String> {
    let selector = ctx.row(workload).and_then(|row| row.selector.clone());
    let selector = selector.ok_or_else(|| "selector is required".to_owned())?;
    let rows = ctx.state.rows.within(kinds::POD, &workload.namespace);
    let names: Vec<&String> = rows.filter(|(_, row)| selector.matches(&row.labels)).map(|(name, _)| name).collect();
    let (mut pods, mut known) = (Vec::with_capacity(names.len()), false);
    for name in names {
        let key = Key::new(kinds::POD, &workload.namespace, name);
        let Some(object) = ctx.get(&key) else { continue };
        let usage = ctx.state.usage.pod(&key.namespace, name);
        let amount = usage.and_then(|usage| usage.of(container));
        known |= usage.is_some();
        let used = usage.zip(amount).map(|(usage, amount)| {
            let amount = if resource == "cpu" { amount.cores } else { amount.memory };
            (thousandths(amount), usage.at, usage.window)
        });
        let phase = read::text(&object, &["status", "phase"]);
        let ready = read::condition(read::list(&object, &["status", "conditions"]), "Ready");
        pods.push(Pod {
            ignored: !read::at(&object, &["metadata", "deletionTimestamp"]).is_null() || phase == "Failed",
            pending: phase == "Pending",
            ready: ready.and_then(|one| {
                let since = time::read(read::text(one, &["lastTransitionTime"]))?;
                Some((read::text(one, &["status"]) == "True", since))
            }),
            started: time::read(read::text(&object, &["status", "startTime"])),
            used,
            asked: request(&object, resource, container),
        });
    }
    if !known {
        return Err(format!(
            "unable to get metrics for resource {resource}: no metrics returned from resource metrics API"
        ));
    }
    Ok(pods)
}

/// What a pod, or one container of it, asks for in thousandths.
fn request(pod: &Value, resource: &str, container: Option<&str>) -> Result<i64, String> {
    let name = |one: &Value| read::text(one, &["name"]).to_owned();
    // An init container that stays runs beside the others.
    let stays = read::list(pod, &["spec", "initContainers"])
        .iter()
        .filter(|one| read::text(one, &["restartPolicy"]) == "Always");
    let (mut sum, mut found) = (0i64, container.is_none());
    for one in read::list(pod, &["spec", "containers"]).iter().chain(stays) {
        if container.is_some_and(|wanted| wanted != name(one)) {
            continue;
        }
        let said = match read::at(one, &["resources", "requests", resource]) {
            Value::String(text) => quantity::read(text),
            other => other.as_f64(),
        };
        found = true;
        let said = said.ok_or_else(|| {
            let pod = read::text(pod, &["metadata", "name"]);
            format!("missing request for {resource} in container {} of Pod {pod}", name(one))
        })?;
        sum = sum.saturating_add(thousandths(said));
    }
    match container.filter(|_| !found) {
        Some(container) => {
            Err(format!("container {container} not found in Pod {}", read::text(pod, &["metadata", "name"])))
        }
        None => Ok(sum),
    }
}

fn thousandths(number: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "cores and bytes of one machine")]
    let whole = (number * 1000.0).ceil() as i64;
    whole
}

/// A metric that needs an adapter.
fn foreign(metric: &Value, kind: &str, namespace: &str) -> Failure {
    let absent = "the server could not find the requested resource";
    let (reason, field, sort) = match kind {
        "Pods" => ("FailedGetPodsMetric", "pods", "pods"),
        "Object" => ("FailedGetObjectMetric", "object", "object"),
        "External" => ("FailedGetExternalMetric", "external", "external"),
        other => {
            let error = format!("unknown metric source type {other:?}");
            return Failure { reason: "InvalidMetricSourceType", whole: error.clone(), error };
        }
    };
    let name = read::text(metric, &[field, "metric", "name"]);
    let error = if kind == "External" {
        format!(
            "unable to get external metric {namespace}/{name}/nil: unable to fetch metrics from external metrics API: {absent}"
        )
    } else {
        format!("unable to get metric {name}: unable to fetch metrics from custom metrics API: {absent}")
    };
    let whole = format!("failed to get {sort} metric value: {error}");
    Failure { reason, error, whole }
}
