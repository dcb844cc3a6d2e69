//! Status of PodDisruptionBudgets: how many of their pods may go now. The eviction asks it.

use serde_json::{Value, json};

use super::{
    ctx::Ctx,
    json,
    key::Key,
    kinds,
    pods::{self, MANAGER, share},
};
use crate::base::objects::{Objects, Refused};

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(budget) = ctx.get(key) else { return Ok(()) };
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    let selector = row.selector.unwrap_or_default();
    let covered: Vec<_> = ctx
        .state
        .rows
        .within(kinds::POD, &key.namespace)
        .filter(|(_, pod)| selector.matches(&pod.labels) && !pods::facts(pod).ended())
        .map(|(_, pod)| pod.clone())
        .collect();
    let healthy = json::count(covered.iter().filter(|pod| pods::ready(pod) && !pod.terminating).count());
    let expected = expected(ctx, &covered);
    let spec = json::at(&budget, &["spec"]);
    let least = match json::at(spec, &["maxUnavailable"]) {
        Value::Null => share(json::at(spec, &["minAvailable"]), expected, true, "1"),
        most => (expected - share(most, expected, true, "1")).max(0),
    };
    let allowed = (healthy - least).max(0);
    let generation = json::int(&budget, &["metadata", "generation"]).unwrap_or(1);
    let (value, reason) = if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
    let before = json::condition(json::list(&budget, &["status", "conditions"]), "DisruptionAllowed");
    let since = before
        .filter(|one| json::text(one, &["status"]) == value)
        .map_or_else(|| ctx.stamp(), |one| json::text(one, &["lastTransitionTime"]).to_owned());
    let status = json!({
        "observedGeneration": generation,
        "currentHealthy": healthy,
        "desiredHealthy": least,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "conditions": [{
            "type": "DisruptionAllowed", "status": value, "reason": reason, "message": "",
            "observedGeneration": generation, "lastTransitionTime": since,
        }],
    });
    ctx.set_status(key, MANAGER, status)
}

/// How many pods there should be: what their workloads ask for, else how many there are.
fn expected<O: Objects>(ctx: &Ctx<'_, O>, covered: &[super::rows::Row]) -> i64 {
    let mut owners: Vec<&str> = covered.iter().filter_map(|pod| Some(pod.controller()?.uid.as_str())).collect();
    owners.sort_unstable();
    owners.dedup();
    let bare = json::count(covered.iter().filter(|pod| pod.controller().is_none()).count());
    let wanted = |uid: &str| {
        let key = ctx.state.rows.of_uid(uid)?;
        let top = ctx.row(key)?.controller().and_then(|owner| ctx.state.rows.of_uid(&owner.uid));
        Some((top.unwrap_or(key)).clone())
    };
    let mut workloads: Vec<Key> = owners.into_iter().filter_map(wanted).collect();
    workloads.sort_unstable();
    workloads.dedup();
    let asked: i64 = workloads
        .iter()
        .filter_map(|key| ctx.get(key))
        .map(|workload| json::int(&workload, &["spec", "replicas"]).unwrap_or(1))
        .sum();
    bare + asked
}
