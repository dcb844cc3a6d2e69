//! Rules about the objects written.

use serde_json::Value;

use super::{Case, say};
use crate::fault::{
    plan::{Change, Step},
    preview::{Ruling, Verdict},
};

pub(super) fn protected(case: &Case<'_>) -> Verdict {
    let policy = case.policy();
    let mut found = Vec::new();
    for (namespace, object) in case.written() {
        if let Some(pattern) = policy.protects(namespace) {
            found.push(format!("{object} ({namespace} matches {pattern})"));
        }
    }
    for (namespace, pods) in &case.plan.reach.pods {
        if let Some(pattern) = policy.protects(namespace).filter(|_| !pods.is_empty()) {
            found.push(format!("{} pods of {namespace} (matches {pattern})", pods.len()));
        }
    }
    let limit = format!("not in {}", policy.protected.join(", "));
    if found.is_empty() {
        let all: Vec<&str> = case.written().into_keys().collect();
        let value = if all.is_empty() { "no namespace".to_owned() } else { all.join(", ") };
        return say("protected-namespaces", Ruling::Ok, value, limit, "");
    }
    say("protected-namespaces", Ruling::Refuse, found.join("; "), limit, "policy key `protected`")
}

pub(super) fn forbidden(case: &Case<'_>) -> Verdict {
    let found: Vec<String> = case
        .plan
        .steps
        .iter()
        .filter(|step| case.policy().forbidden_kinds.contains(&step.object.kind.kind))
        .map(|step| step.object.short())
        .collect();
    let limit = format!("none of {}", case.policy().forbidden_kinds.join(", "));
    if found.is_empty() {
        return say("forbidden-kinds", Ruling::Ok, "none", limit, "");
    }
    say(
        "forbidden-kinds",
        Ruling::Refuse,
        found.join(", "),
        limit,
        "policy key `forbidden-kinds`; break the reference to it instead",
    )
}

/// Only what can be made anew without loss may be deleted: routes and mesh policies, without finalizers.
pub(super) fn deletes(case: &Case<'_>) -> Verdict {
    const GROUPS: [&str; 3] = ["gateway.networking.k8s.io", "networking.istio.io", "security.istio.io"];
    const NOT: [&str; 2] = ["Gateway", "GatewayClass"];
    let wrong = |step: &&Step| {
        let kind = &step.object.kind;
        let finalizers = step
            .before
            .as_ref()
            .and_then(|before| before.at(&["metadata", "finalizers"]))
            .and_then(Value::as_array)
            .is_some_and(|all| !all.is_empty());
        step.change == Change::Delete
            && (!GROUPS.contains(&kind.group.as_str()) || NOT.contains(&kind.kind.as_str()) || finalizers)
    };
    let found: Vec<String> = case.plan.steps.iter().filter(wrong).map(|step| step.object.short()).collect();
    let limit = "routes and mesh policies without finalizers";
    if found.is_empty() {
        let count = case.plan.steps.iter().filter(|step| step.change == Change::Delete).count();
        return say("deletes", Ruling::Ok, count.to_string(), limit, "");
    }
    say("deletes", Ruling::Refuse, found.join(", "), limit, "nothing changes this: use a patch instead of a delete")
}

/// New pods must not reach beyond their namespace.
pub(super) fn new_pods(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for step in &case.plan.steps {
        let (before, after) = match &step.change {
            Change::Create { object, .. } => (None, Some(object.0.clone())),
            Change::Patch { edits } => {
                let Some(before) = &step.before else { continue };
                (Some(&before.0), crate::fault::edit::applied(&before.0, edits).ok())
            }
            Change::Delete | Change::Scale { .. } | Change::Evict => continue,
        };
        let Some(spec) = after.as_ref().and_then(pod_spec) else { continue };
        let old: Vec<String> = before.and_then(pod_spec).map(excesses).unwrap_or_default();
        // What is there already is not this plan's doing.
        found.extend(
            excesses(spec)
                .into_iter()
                .filter(|excess| !old.contains(excess))
                .map(|excess| format!("{}: {excess}", step.object.short())),
        );
    }
    let limit = "no privileges, host namespaces, host paths or other service accounts";
    if found.is_empty() {
        return say("new-pods", Ruling::Ok, "none of these", limit, "");
    }
    let verdict = if case.policy().allow_privileged_pods { Ruling::Confirm } else { Ruling::Refuse };
    say("new-pods", verdict, found.join("; "), limit, "policy key `allow-privileged-pods`")
}

/// The pod spec inside an object that is or makes pods.
fn pod_spec(object: &Value) -> Option<&Value> {
    let pointer = match object.get("kind").and_then(Value::as_str)? {
        "Pod" => "/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => "/spec/template/spec",
    };
    object.pointer(pointer).filter(|spec| spec.get("containers").is_some())
}

fn excesses(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if spec.get(field).and_then(Value::as_bool) == Some(true) {
            found.push(field.to_owned());
        }
    }
    for volume in spec.get("volumes").and_then(Value::as_array).into_iter().flatten() {
        if let Some(path) = volume.pointer("/hostPath/path").and_then(Value::as_str) {
            found.push(format!("hostPath {path}"));
        }
    }
    if let Some(account) = spec.get("serviceAccountName").and_then(Value::as_str).filter(|name| *name != "default") {
        found.push(format!("service account {account}"));
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec.get(list).and_then(Value::as_array).into_iter().flatten() {
            let name = container.get("name").and_then(Value::as_str).unwrap_or("?");
            if container.pointer("/securityContext/privileged").and_then(Value::as_bool) == Some(true) {
                found.push(format!("container {name} is privileged"));
            }
            if container.pointer("/securityContext/allowPrivilegeEscalation").and_then(Value::as_bool) == Some(true) {
                found.push(format!("container {name} may escalate privileges"));
            }
            let added = container.pointer("/securityContext/capabilities/add").and_then(Value::as_array);
            for capability in added.into_iter().flatten().filter_map(Value::as_str) {
                found.push(format!("container {name} adds capability {capability}"));
            }
        }
    }
    found
}

pub(super) fn size(case: &Case<'_>) -> Verdict {
    let (steps, namespaces) = (case.plan.steps.len(), case.written().len());
    let policy = case.policy();
    let wide = |n: usize, most: u32| u32::try_from(n).unwrap_or(u32::MAX) > most;
    let verdict = if wide(steps, policy.max_steps) || wide(namespaces, policy.max_namespaces) {
        Ruling::Refuse
    } else {
        Ruling::Ok
    };
    say(
        "size",
        verdict,
        format!("{steps} steps, {namespaces} namespaces"),
        format!("{} steps, {} namespaces", policy.max_steps, policy.max_namespaces),
        "policy keys `max-steps` and `max-namespaces`, or split the plan",
    )
}

/// Cluster-scoped steps have no namespace for their record.
pub(super) fn home(case: &Case<'_>) -> Verdict {
    let found: Vec<String> =
        case.plan.steps.iter().filter(|step| step.object.namespace.is_none()).map(|step| step.object.short()).collect();
    if found.is_empty() {
        return say("home", Ruling::Ok, "no cluster-scoped object", "a home namespace for them", "");
    }
    match &case.policy().home {
        Some(home) => {
            say("home", Ruling::Ok, format!("{} recorded in {home}", found.join(", ")), "a home namespace", "")
        }
        None => say("home", Ruling::Refuse, found.join(", "), "a home namespace for their record", "policy key `home`"),
    }
}
