//! New pods must not reach beyond their namespace.

use serde_json::Value;

use super::{Case, say};
use crate::fault::{
    edit,
    plan::Change,
    preview::{Ruling, Verdict},
};

/// What pods would get that they must not, unless they have it already: that is not this plan's doing.
pub(super) fn new_pods(case: &Case<'_>) -> Verdict {
    let mut found = Vec::new();
    for step in &case.plan.steps {
        let (before, after) = match &step.change {
            Change::Create { object, .. } => (None, Some(object.0.clone())),
            Change::Patch { edits } => {
                let Some(before) = &step.before else { continue };
                (Some(&before.0), edit::applied(&before.0, edits).ok())
            }
            Change::Delete | Change::Remove(_) | Change::Scale { .. } | Change::Evict => continue,
        };
        let (mut old, mut new) = (Vec::new(), Vec::new());
        if let Some(before) = before {
            excesses(before, &mut old);
        }
        if let Some(after) = &after {
            excesses(after, &mut new);
        }
        new.retain(|excess| !old.contains(excess));
        new.dedup();
        found.extend(new.into_iter().map(|excess| format!("{}: {excess}", step.object.short())));
    }
    let limit = "no privileges, host namespaces, host paths or other service accounts";
    if found.is_empty() {
        return say("new-pods", Ruling::Ok, "none of these", limit, "");
    }
    let verdict = if case.policy().allow_privileged_pods { Ruling::Confirm } else { Ruling::Refuse };
    say("new-pods", verdict, found.join("; "), limit, "policy key `allow-privileged-pods`")
}

/// Of every pod spec in a value, wherever a kind keeps it (`spec`, `spec.template.spec`, deeper in sets of Jobs).
fn excesses(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            if map.get("containers").is_some_and(Value::is_array) {
                of_spec(value, found);
            }
            map.values().for_each(|inner| excesses(inner, found));
        }
        Value::Array(list) => list.iter().for_each(|inner| excesses(inner, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn of_spec(spec: &Value, found: &mut Vec<String>) {
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        if spec.get(field).and_then(Value::as_bool) == Some(true) {
            found.push(field.to_owned());
        }
    }
    if spec.pointer(HOST_PROCESS).and_then(Value::as_bool) == Some(true) {
        found.push("hostProcess".to_owned());
    }
    for volume in spec.get("volumes").and_then(Value::as_array).into_iter().flatten() {
        if let Some(path) = volume.pointer("/hostPath/path").and_then(Value::as_str) {
            found.push(format!("hostPath {path}"));
        }
    }
    // `serviceAccount` is the old name of the field, and the server still takes it.
    for field in ["serviceAccountName", "serviceAccount"] {
        let account = spec.get(field).and_then(Value::as_str).filter(|name| !matches!(*name, "" | "default"));
        found.extend(account.map(|account| format!("service account {account}")));
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in spec.get(list).and_then(Value::as_array).into_iter().flatten() {
            of_container(container, found);
        }
    }
}

/// A container of the Windows host itself, of a pod or of one container.
const HOST_PROCESS: &str = "/securityContext/windowsOptions/hostProcess";

fn of_container(container: &Value, found: &mut Vec<String>) {
    let name = container.get("name").and_then(Value::as_str).unwrap_or("?");
    let on = |pointer: &str| container.pointer(pointer).and_then(Value::as_bool) == Some(true);
    if on("/securityContext/privileged") {
        found.push(format!("container {name} is privileged"));
    }
    if on("/securityContext/allowPrivilegeEscalation") {
        found.push(format!("container {name} may escalate privileges"));
    }
    if on(HOST_PROCESS) {
        found.push(format!("container {name} is a process of the host"));
    }
    let added = container.pointer("/securityContext/capabilities/add").and_then(Value::as_array);
    for capability in added.into_iter().flatten().filter_map(Value::as_str) {
        found.push(format!("container {name} adds capability {capability}"));
    }
}
