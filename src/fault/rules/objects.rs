//! Rules about the objects written.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Case, say};
use crate::{
    cluster::warrant::Purpose,
    fault::{
        plan::{Change, Step},
        preview::{Ruling, Verdict},
    },
};

pub(super) fn protected(case: &Case<'_>) -> Verdict {
    let policy = case.policy();
    // What is written to the root of a mesh holds for all of it.
    let root = &case.sight.root_namespace;
    let protects = |namespace: &str| match policy.protects(namespace) {
        Some(pattern) => Some(format!("matches {pattern}")),
        None if namespace == root => Some("is the root of the mesh".to_owned()),
        None => None,
    };
    let mut found = Vec::new();
    for (namespace, object) in case.written() {
        if let Some(why) = protects(namespace) {
            found.push(format!("{object} ({namespace} {why})"));
        }
    }
    for (namespace, pods) in &case.plan.reach.pods {
        if let Some(why) = protects(namespace).filter(|_| !pods.is_empty()) {
            found.push(format!("{} pods of {namespace} ({why})", pods.len()));
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

/// Routes and mesh policies: nothing depends on them, and they can be made anew as they were.
const MADE_ANEW: [(&str, &[&str]); 3] = [
    ("gateway.networking.k8s.io", &["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute", "BackendTLSPolicy"]),
    ("networking.istio.io", &["VirtualService", "DestinationRule", "EnvoyFilter", "Sidecar"]),
    ("security.istio.io", &["AuthorizationPolicy", "PeerAuthentication", "RequestAuthentication"]),
];

/// Only what can be made anew without loss may be deleted.
pub(super) fn deletes(case: &Case<'_>) -> Verdict {
    let wrong = |step: &&Step| {
        let kind = &step.object.kind;
        let finalizers = step
            .before
            .as_ref()
            .and_then(|before| before.at(&["metadata", "finalizers"]))
            .and_then(Value::as_array)
            .is_some_and(|all| !all.is_empty());
        let known = MADE_ANEW.iter().any(|(group, kinds)| *group == kind.group && kinds.contains(&kind.kind.as_str()));
        step.change == Change::Delete && (!known || finalizers)
    };
    let found: Vec<String> = case.plan.steps.iter().filter(wrong).map(|step| step.object.short()).collect();
    if case.plan.purpose == Purpose::Change {
        return asked_for(case);
    }
    let limit = "routes and mesh policies without finalizers";
    if found.is_empty() {
        let count = case.plan.steps.iter().filter(|step| step.change == Change::Delete).count();
        return say("deletes", Ruling::Ok, count.to_string(), limit, "");
    }
    say("deletes", Ruling::Refuse, found.join(", "), limit, "nothing changes this: use a patch instead of a delete")
}

/// What a person deletes by name is meant to go; in production the name is typed.
fn asked_for(case: &Case<'_>) -> Verdict {
    let removed = |step: &&Step| matches!(step.change, Change::Remove(_));
    let found: Vec<String> = case.plan.steps.iter().filter(removed).map(|step| step.object.short()).collect();
    if found.is_empty() {
        return say("deletes", Ruling::Ok, "0", "by name", "");
    }
    let verdict = if case.production { Ruling::Confirm } else { Ruling::Ok };
    say("deletes", verdict, found.join(", "), "by name, typed in production", "leave it, or scale it to zero")
}

pub(super) fn size(case: &Case<'_>) -> Verdict {
    // How many pods a drain evicts is the node's doing; each waits for its budget.
    let drain = case.plan.purpose == Purpose::Change;
    let counts = |step: &&Step| !drain || step.change != Change::Evict;
    let counted: Vec<&Step> = case.plan.steps.iter().filter(counts).collect();
    let spaces: BTreeSet<&str> = counted.iter().filter_map(|step| step.object.namespace.as_deref()).collect();
    let (steps, namespaces) = (counted.len(), spaces.len());
    let policy = case.policy();
    if let Some(object) = twice(&case.plan.steps) {
        let limit = "each object once, apart from one that is deleted and made anew";
        return say("size", Ruling::Refuse, format!("{object} is touched twice"), limit, "merge the two changes");
    }
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

/// An object that two steps touch: what the second would do to the first's work was never shown.
fn twice(steps: &[Step]) -> Option<String> {
    steps.iter().enumerate().find_map(|(at, step)| {
        let earlier = steps.iter().take(at).find(|earlier| earlier.object == step.object)?;
        let anew = earlier.change == Change::Delete && matches!(step.change, Change::Create { .. });
        (!anew).then(|| step.object.short())
    })
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
