//! Rules about pods and traffic.

use super::{Case, say};
use crate::cluster::warrant::Purpose;
use crate::fault::{
    action, aim,
    catalogue::{Judged, row},
    class::Class,
    plan::Change,
    preview::{Ruling, TrafficSource, Verdict},
    select,
};
use crate::journal::path::show;

/// Pods lost: a share of each workload and a number in all.
pub(super) fn lost(case: &Case<'_>) -> Verdict {
    let policy = case.policy();
    let limit = format!("{:.0} % of a workload, {} in all", policy.max_lost_share * 100.0, policy.max_lost_pods);
    let change = "policy keys `max-lost-share` and `max-lost-pods`, or fewer pods";
    let lost = &case.plan.reach.lost;
    let total: u32 = lost.values().map(|(part, _)| *part).fold(0, u32::saturating_add);
    if total == 0 {
        return say("pods-lost", Ruling::Ok, "none", limit, "");
    }
    let value = lost
        .iter()
        .map(|(workload, (part, all))| format!("{part} of {all} of {workload}"))
        .collect::<Vec<_>>()
        .join(", ");
    // Who takes pods away by name, to stay, says so: beyond the limits the name is typed.
    let wide = lost.values().any(|(part, all)| f64::from(*part) > policy.max_lost_share * f64::from(*all));
    if case.plan.purpose == Purpose::Change && action::intent::of(&case.plan.fault).is_some() {
        let verdict = if wide || total > policy.max_lost_pods { Ruling::Confirm } else { Ruling::Ok };
        return say("pods-lost", verdict, value, limit, change);
    }
    if total > policy.max_lost_pods {
        return say("pods-lost", Ruling::Refuse, value, limit, change);
    }
    // Scaling to zero says what it does: a person may confirm it as such.
    let to_zero = case.plan.steps.iter().all(|step| matches!(step.change, Change::Scale { to: 0, .. }));
    if to_zero {
        return say("pods-lost", Ruling::Confirm, format!("{value}: scaled to zero"), limit, change);
    }
    say("pods-lost", if wide { Ruling::Refuse } else { Ruling::Ok }, value, limit, change)
}

/// The last ready replica of a workload goes.
pub(super) fn last_ready(case: &Case<'_>) -> Verdict {
    let limit = "one ready replica stays";
    let mut found = Vec::new();
    for (workload, (lost, all)) in &case.plan.reach.lost {
        let owned = |pod: &&crate::cluster::Manifest| {
            aim::owner(pod, case.sight).is_some_and(|(kind, name)| {
                format!("{}/{kind}/{name}", pod.namespace().unwrap_or_default()) == *workload
            })
        };
        let ready: Vec<&str> = case
            .sight
            .pods
            .iter()
            .filter(owned)
            .filter(|pod| select::ready(pod))
            .map(crate::cluster::Manifest::name)
            .collect();
        let evicted =
            |name: &&str| case.plan.steps.iter().any(|step| step.change == Change::Evict && step.object.name == **name);
        let left = if case.plan.steps.iter().any(|step| step.change == Change::Evict) {
            ready.iter().filter(|name| !evicted(name)).count()
        } else if case.plan.steps.iter().any(|step| rolls(&step.change)) {
            // Which pods go first is the controller's choice: those that are ready, at worst.
            ready.len().saturating_sub(usize::try_from(*lost).unwrap_or(usize::MAX))
        } else {
            // Controllers take those that are not ready first.
            ready.len().min(usize::try_from(all.saturating_sub(*lost)).unwrap_or(usize::MAX))
        };
        if !ready.is_empty() && left == 0 {
            found.push(workload.clone());
        }
    }
    if found.is_empty() {
        return say("last-ready-replica", Ruling::Ok, "stays", limit, "");
    }
    say(
        "last-ready-replica",
        Ruling::Confirm,
        format!("{} keeps none", found.join(", ")),
        limit,
        "hit fewer pods, or wait until others are ready",
    )
}

/// Whether a change makes new pods of a workload.
fn rolls(change: &Change) -> bool {
    matches!(change, Change::Patch { edits } if edits.iter().any(|edit| show(&edit.path).starts_with("spec.template")))
}

/// Only pods that come back may be evicted, and eviction is the only way to take one: a budget's refusal is an answer.
pub(super) fn evictions(case: &Case<'_>) -> Verdict {
    let limit = "pods a living controller brings back";
    let evicted: Vec<_> = case.plan.steps.iter().filter(|step| step.change == Change::Evict).collect();
    let found: Vec<String> = evicted
        .iter()
        .filter_map(|step| match &step.before {
            Some(pod) => aim::unfit(pod, case.sight),
            None => Some(format!("{} was not looked at", step.object.short())),
        })
        .collect();
    if !found.is_empty() && case.plan.purpose == Purpose::Change {
        return say("evictions", Ruling::Confirm, found.join("; "), limit, "leave them out: drain without force");
    }
    if !found.is_empty() {
        return say("evictions", Ruling::Refuse, found.join("; "), limit, "nothing changes this: aim at other pods");
    }
    let value = if evicted.is_empty() { "none".to_owned() } else { evicted.len().to_string() };
    say("evictions", Ruling::Ok, value, limit, "")
}

/// The share of the traffic that is delayed, refused or sent elsewhere.
pub(super) fn traffic(case: &Case<'_>) -> Verdict {
    let policy = case.policy();
    let percent = |share: f64| format!("{:.0} %", share * 100.0);
    let limit = if case.production {
        format!(
            "confirm above {}, refused above {} or unknown",
            percent(policy.confirm_traffic),
            percent(policy.max_traffic_production)
        )
    } else {
        format!("confirm above {} or unknown", percent(policy.confirm_traffic))
    };
    let change = if case.production {
        "policy keys `confirm-traffic` and `max-traffic-production`, a smaller share, or a metric source (--prometheus)"
    } else {
        "policy key `confirm-traffic`, a smaller share, or a metric source (--prometheus)"
    };
    if row(case.plan.fault.kind).judged == Judged::Pods {
        return say("traffic", Ruling::Ok, "judged by the pods lost", limit, "");
    }
    let why = case.plan.reach.everything.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
    let Some(share) = case.blast.traffic_share else {
        let verdict = if case.production { Ruling::Refuse } else { Ruling::Confirm };
        return say("traffic", verdict, format!("unknown, counts as everything{why}"), limit, change);
    };
    let approximate = if case.blast.traffic_source == TrafficSource::Shared { "≈ " } else { "" };
    let verdict = if case.production && share > policy.max_traffic_production {
        Ruling::Refuse
    } else if share > policy.confirm_traffic || case.plan.reach.everything.is_some() {
        Ruling::Confirm
    } else {
        Ruling::Ok
    };
    say("traffic", verdict, format!("{approximate}{}{why}", percent(share)), limit, change)
}

/// What an undo needs, and what shows that it is needed.
pub(super) fn lifelines(case: &Case<'_>) -> Verdict {
    let limit = "none among the pods hit";
    let found = &case.findings.lifelines;
    let words = |sight_only: bool| {
        found
            .iter()
            .filter(|one| one.sight_only == sight_only)
            .map(|one| format!("{} ({})", one.pod, one.what))
            .collect::<Vec<_>>()
    };
    let (undo, sight) = (words(false), words(true));
    if !undo.is_empty() {
        return say(
            "lifelines",
            Ruling::Refuse,
            undo.join(", "),
            limit,
            "nothing changes this: an undo would hang on what the fault breaks",
        );
    }
    let asks_metrics = case.plan.fault.abort_when.iter().any(|one| one.asks.measured());
    if let Some(metrics) = found.iter().find(|one| one.metrics).filter(|_| asks_metrics) {
        return say(
            "lifelines",
            Ruling::Refuse,
            format!("{} ({}) is hit, and an abort condition asks it", metrics.pod, metrics.what),
            limit,
            "leave the condition on metrics out, or aim elsewhere",
        );
    }
    if !sight.is_empty() {
        let verdict = if case.plan.class == Class::Guarded { Ruling::Refuse } else { Ruling::Confirm };
        return say("lifelines", verdict, sight.join(", "), limit, "use a self-expiring driver and confirm");
    }
    if !case.findings.lifelines_unread.is_empty() {
        let value = format!("could not look at {}", case.findings.lifelines_unread.join(", "));
        return say("lifelines", case.unknown(), value, limit, "ask for the right to list them");
    }
    if let Some(why) = &case.plan.reach.everything {
        // What a person deletes by name may be anything.
        let removed = case.plan.steps.iter().all(|step| matches!(step.change, Change::Remove(_)));
        let unknown = if removed { Ruling::Confirm } else { case.unknown() };
        let value = format!("any may be among them: {why}");
        return say("lifelines", unknown, value, limit, "aim at something narrower");
    }
    say("lifelines", Ruling::Ok, "none", limit, "")
}

/// Why nothing may happen at all.
pub(super) fn effect(case: &Case<'_>) -> Verdict {
    if case.plan.doubts.is_empty() {
        return say("effect", Ruling::Ok, "somebody acts on it", "somebody acts on it", "");
    }
    say(
        "effect",
        Ruling::Confirm,
        case.plan.doubts.join("; "),
        "somebody acts on it",
        "install or repair what should act on it, or use another driver",
    )
}
