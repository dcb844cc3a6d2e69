//! Rules about pods and traffic.

use super::{Case, say};
use crate::fault::{
    aim,
    class::Class,
    intent::FaultKind,
    plan::Change,
    preview::{Ruling, TrafficSource, Verdict},
    select,
};

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
    if total > policy.max_lost_pods {
        return say("pods-lost", Ruling::Refuse, value, limit, change);
    }
    // Scaling to zero says what it does: a person may confirm it as such.
    let to_zero = case.plan.fault.kind == FaultKind::Scale
        && case.plan.steps.iter().all(|step| matches!(step.change, Change::Scale { to: 0, .. }));
    if to_zero {
        return say("pods-lost", Ruling::Confirm, format!("{value}: scaled to zero"), limit, change);
    }
    let wide = lost.values().any(|(part, all)| f64::from(*part) > policy.max_lost_share * f64::from(*all));
    say("pods-lost", if wide { Ruling::Refuse } else { Ruling::Ok }, value, limit, change)
}

/// The last ready replica of a workload goes.
pub(super) fn last_ready(case: &Case<'_>) -> Verdict {
    let limit = "one ready replica stays";
    let mut found = Vec::new();
    for workload in case.plan.reach.lost.keys() {
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
        let scaled_to = case.plan.steps.iter().find_map(|step| match step.change {
            Change::Scale { to, .. } => Some(to),
            _ => None,
        });
        let evicted =
            |name: &&str| case.plan.steps.iter().any(|step| step.change == Change::Evict && step.object.name == **name);
        let left = match scaled_to {
            Some(to) => ready.len().min(usize::try_from(to).unwrap_or(usize::MAX)),
            None => ready.iter().filter(|name| !evicted(name)).count(),
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
    match case.plan.fault.kind {
        FaultKind::Scale | FaultKind::PodKill => {
            return say("traffic", Ruling::Ok, "judged by the pods lost", limit, "");
        }
        FaultKind::HttpDelay
        | FaultKind::HttpAbort
        | FaultKind::AuthzDeny
        | FaultKind::RouteConflict
        | FaultKind::Manifest => {}
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
    if !sight.is_empty() {
        let verdict = if case.plan.class == Class::Guarded { Ruling::Refuse } else { Ruling::Confirm };
        return say("lifelines", verdict, sight.join(", "), limit, "use a self-expiring driver and confirm");
    }
    if !case.findings.lifelines_unread.is_empty() {
        let value = format!("could not look at {}", case.findings.lifelines_unread.join(", "));
        return say("lifelines", Ruling::Confirm, value, limit, "ask for the right to list them");
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
