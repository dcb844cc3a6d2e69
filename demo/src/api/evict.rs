//! Eviction: a deletion that a PodDisruptionBudget may hold back.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    delete::{self, How},
    refusal::Refusal,
    write::Write,
};
use crate::{
    base::{label_selector::LabelSelector, value},
    store::{KindId, Object},
};

/// Plans the eviction of a pod.
pub fn plan(cluster: &Cluster, pods: KindId, pod: &Arc<Object>, body: &Value) -> Result<Write, Refusal> {
    let (api, kind) = (value::text(body, &["apiVersion"]), value::text(body, &["kind"]));
    if !kind.is_empty() && kind != "Eviction" {
        let version = api.rsplit('/').next().unwrap_or_default();
        return Err(Refusal::bad(format!(
            "{kind} in version {version:?} cannot be handled as a Eviction: converting ({version}.{kind}) to (policy.Eviction): unknown conversion"
        )));
    }
    if value::text(body, &["metadata", "name"]) != pod.name() {
        return Err(Refusal::bad("name in URL does not match name in Eviction object"));
    }
    let how = How::read(value::at(body, &["deleteOptions"]))?;
    // A pod that is over, or leaving, is no disruption any more.
    let phase = value::text(pod.value(), &["status", "phase"]);
    if !pod.is_leaving() && !matches!(phase, "Succeeded" | "Failed" | "Pending") {
        budget(cluster, pod)?;
    }
    delete::plan(cluster, pods, pod, &how)
}

fn budget(cluster: &Cluster, pod: &Object) -> Result<(), Refusal> {
    let Some(kind) = cluster.store().find("policy", "poddisruptionbudgets") else { return Ok(()) };
    for budget in cluster.store().list(kind, Some(pod.namespace())) {
        let selector = LabelSelector::of_object(value::at(budget.value(), &["spec", "selector"]));
        if !selector.is_some_and(|selector| selector.matches(pod.labels())) {
            continue;
        }
        let status = value::at(budget.value(), &["status"]);
        let allowed = value::int(status, &["disruptionsAllowed"]).unwrap_or_default();
        if allowed > 0 {
            continue;
        }
        let said = |field: &str| value::int(status, &[field]).unwrap_or_default();
        let why = format!(
            "The disruption budget {} needs {} healthy pods and has {} currently",
            budget.name(),
            said("desiredHealthy"),
            said("currentHealthy")
        );
        return Err(Refusal {
            details: json!({"causes": [{"reason": "DisruptionBudget", "message": why}]}),
            ..Refusal::new(429, "TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget.")
        });
    }
    Ok(())
}
