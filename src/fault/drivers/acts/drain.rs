//! A node is drained: cordoned first, then every pod that may go is evicted, each when its disruption budgets let it.

use serde_json::Value;

use super::{CompileError, Fault, Given, Manifest, Plan, Policy, Sight, frame, one};
use crate::fault::{
    action::drain::{Drain, part},
    drivers::{merge, native, words::counted},
    plan::{Change, Reach, Step},
};

/// What an eviction meets that no budget allows.
const WAITS: &str = "the rest wait until it does";

pub(super) fn compile(
    fault: &Fault,
    given: &Given,
    live: &Manifest,
    sight: &Sight,
    policy: &Policy,
    id: &str,
) -> Result<Plan, CompileError> {
    let node = &given.object;
    if !sight.unreadable.is_empty() && sight.pods.is_empty() {
        return Err(CompileError::Unreadable {
            what: "the pods of all namespaces".to_owned(),
            why: "you may not list them, so it is not known what runs there".to_owned(),
        });
    }
    let spared = |namespace: &str| match policy.protects(namespace) {
        Some(pattern) => Some(format!("is protected ({pattern})")),
        None if namespace == sight.root_namespace => Some("is the root of the mesh".to_owned()),
        None => None,
    };
    let parted = part(&node.name, &sight.pods, Drain::read(fault), spared);
    let mut steps: Vec<Step> = Vec::new();
    if live.at(&["spec", "unschedulable"]).and_then(Value::as_bool) != Some(true) {
        let cordoned = Manifest(serde_json::json!({"spec": {"unschedulable": true}}));
        steps.push(one(node, Change::Patch { edits: merge::edits(live, &cordoned) }, Some(live.clone())));
    }
    let first = u32::try_from(steps.len()).unwrap_or_default() + 1;
    steps.extend(native::evictions(first, &parted.evicted));
    if steps.is_empty() {
        return Err(CompileError::cannot(
            format!("{} is cordoned already, and no pod there may be evicted", node.short()),
            "leave it as it is, or uncordon it",
        ));
    }
    let mut reach = Reach { portion: 1.0, ..Reach::default() };
    for pod in &parted.evicted {
        reach.pods.entry(pod.namespace().unwrap_or_default().to_owned()).or_default().push(pod.name().to_owned());
    }
    reach.lost = native::lost(&parted.evicted, &parted.evicted, sight);
    let title = format!("Drain {} of {}", node.short(), counted(parted.evicted.len(), "pod"));
    let mut plan = frame(fault, id, title, steps, reach);
    plan.predicts =
        vec![format!("{} evicted one after the other; abort stops it", counted(parted.evicted.len(), "pod"))];
    plan.predicts.extend(native::budgets(&parted.evicted, sight, WAITS));
    plan.predicts.extend(parted.stays.into_iter().map(|why| format!("left alone: {why}")));
    plan.predicts.push("the undo uncordons; pods that moved do not move back".to_owned());
    Ok(plan)
}
