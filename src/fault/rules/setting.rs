//! Rules about where and how long: read-only, policy, context, class, lease.

use super::{Case, say};
use crate::{
    base::span,
    fault::{
        class::Class,
        policy::matches,
        preview::{Ruling, Verdict},
        probe::{self, Asks},
    },
};

pub(super) fn read_only(case: &Case<'_>) -> Verdict {
    let (verdict, value) = if case.terms.readonly { (Ruling::Refuse, "read-only") } else { (Ruling::Ok, "writable") };
    say("read-only", verdict, value, "writable", "start brink without --readonly")
}

pub(super) fn policy_file(case: &Case<'_>) -> Verdict {
    match &case.policy().broken {
        Some(why) => say(
            "policy-file",
            Ruling::Refuse,
            why,
            "readable",
            "correct the policy file; until then only aborting works",
        ),
        None => say("policy-file", Ruling::Ok, "readable", "readable", ""),
    }
}

pub(super) fn context(case: &Case<'_>) -> Verdict {
    let context = &case.terms.context;
    let allowed = case.policy().contexts.iter().any(|pattern| matches(pattern, context));
    let verdict = if allowed { Ruling::Ok } else { Ruling::Refuse };
    let value = if case.production { format!("{context} (production)") } else { context.clone() };
    say("context", verdict, value, case.policy().contexts.join(", "), "policy key `contexts`")
}

pub(super) fn class(case: &Case<'_>) -> Verdict {
    let limit = if case.production { "self-expiring or one-way in production" } else { "any" };
    let refused = case.production && case.plan.class == Class::Guarded && !case.policy().guarded_in_production;
    let verdict = if refused { Ruling::Refuse } else { Ruling::Ok };
    let mut value = case.plan.class.word().to_owned();
    if !case.findings.secrets.is_empty() {
        value.push_str(&format!(": {}", secret_undo(&case.findings.secrets)));
    }
    say("class", verdict, value, limit, "policy key `guarded-in-production`, or another driver")
}

/// Why a plan is guarded by this machine alone.
pub(crate) fn secret_undo(objects: &[String]) -> String {
    format!(
        "a secret is among the values of {}, so its undo stands in the journal of this machine alone",
        objects.join(", ")
    )
}

pub(super) fn lease(case: &Case<'_>) -> Verdict {
    let limit = case.policy().longest_lease(&case.terms.context);
    let key = if case.production {
        "policy key `max-lease-production`, or a shorter lease"
    } else {
        "policy key `max-lease`, or a shorter lease"
    };
    let verdict = if case.plan.lease > limit { Ruling::Refuse } else { Ruling::Ok };
    say("max-lease", verdict, span::format(case.plan.lease), span::format(limit), key)
}

/// A condition nobody watches must not look like one that is watched.
pub(super) fn abort_conditions(case: &Case<'_>) -> Verdict {
    let refuse =
        |value: String, change: &str| say("abort-conditions", Ruling::Refuse, value, "all of them watched", change);
    let mut words = Vec::new();
    for condition in &case.plan.fault.abort_when {
        if let Asks::Signal { workload: None, .. } = &condition.asks
            && probe::subjects(case.plan, None).is_empty()
        {
            return refuse(format!("{}: no workload is known to be hit", condition.words()), "name a workload in it");
        }
        words.push(condition.words());
    }
    let measured = case.plan.fault.abort_when.iter().filter(|one| one.asks.measured()).count();
    if measured > 0 && !case.findings.metrics {
        return refuse(
            format!("{measured} given on metrics, and no metric source to ask"),
            "name one (--prometheus URL, or `prometheus` in the settings), or leave abortWhen out and watch the fault",
        );
    }
    let value = if words.is_empty() { "none".to_owned() } else { words.join("; ") };
    say("abort-conditions", Ruling::Ok, value, "all of them watched", "")
}
