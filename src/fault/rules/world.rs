//! Rules about what the API server and others said.

use super::{Case, say};
use crate::{
    cluster::warrant::Purpose,
    fault::{
        action::{self, ActionKind},
        gitops::Foretold,
        preview::{DryRun, Ruling, Verdict},
        record,
    },
};

pub(super) fn dry_run(case: &Case<'_>) -> Verdict {
    let runs = || case.plan.steps.iter().zip(&case.findings.dry_runs);
    let of = |wanted: DryRun| {
        runs()
            .filter(|(_, (state, _))| *state == wanted)
            .map(|(step, (_, words))| format!("{}: {words}", step.object.short()))
            .collect::<Vec<_>>()
    };
    let (refused, unchecked) = (of(DryRun::Refused), of(DryRun::Unchecked));
    if !refused.is_empty() {
        return say(
            "dry-run",
            Ruling::Refuse,
            refused.join("; "),
            "accepted by the server",
            "change the fault as the server's words say",
        );
    }
    if !unchecked.is_empty() {
        let verdict = if case.policy().allow_unchecked { Ruling::Confirm } else { Ruling::Refuse };
        return say("dry-run", verdict, unchecked.join("; "), "checked by the server", "policy key `allow-unchecked`");
    }
    let assumed = of(DryRun::Assumed).len();
    let value = if assumed == 0 { "all checked".to_owned() } else { format!("{assumed} assumed, the rest checked") };
    say("dry-run", Ruling::Ok, value, "checked by the server", "")
}

pub(super) fn rights(case: &Case<'_>) -> Verdict {
    let limit = "apply and undo";
    if !case.findings.missing.is_empty() {
        return say(
            "rights",
            Ruling::Refuse,
            format!("may not {}", case.findings.missing.join(", ")),
            limit,
            "ask for these rights; `brink doctor --faults` prints a Role",
        );
    }
    if !case.findings.unasked.is_empty() {
        let value = format!("could not ask whether you may {}", case.findings.unasked.join(", "));
        return say("rights", case.unknown(), value, limit, "ask for the right to create selfsubjectaccessreviews");
    }
    say("rights", Ruling::Ok, "you may apply and undo it", limit, "")
}

pub(super) fn record(case: &Case<'_>) -> Verdict {
    let limit = "a record and a fuse in every touched namespace";
    let verdict =
        if case.policy().record_local && case.plan.fuses.is_empty() { Ruling::Confirm } else { Ruling::Refuse };
    if let Some(bytes) = case.findings.record_bytes {
        let value = format!("the record would have {bytes} bytes");
        return say("record", verdict, value, format!("{} bytes", record::LIMIT), "split the plan");
    }
    if case.findings.missing_record.is_empty() {
        return say("record", Ruling::Ok, "you may write them", limit, "");
    }
    let value = format!("cannot {}", case.findings.missing_record.join(", "));
    say("record", verdict, value, limit, "policy key `record-local`, or ask for these rights")
}

pub(super) fn terminating(case: &Case<'_>) -> Verdict {
    if case.findings.terminating.is_empty() {
        return say("namespace", Ruling::Ok, "not being deleted", "not being deleted", "");
    }
    let value = format!("{} is being deleted", case.findings.terminating.join(", "));
    say("namespace", Ruling::Refuse, value, "not being deleted", "choose another namespace")
}

pub(super) fn gitops(case: &Case<'_>) -> Verdict {
    let told =
        |one: &Foretold| format!("{}: {}; {}", one.object.short(), one.forecast.owner.called(), one.forecast.words());
    let found: Vec<String> = case.findings.foretold.iter().map(told).collect();
    if found.is_empty() {
        return say("gitops", Ruling::Ok, "not managed by Argo CD or Flux", "not managed", "");
    }
    // A restart wants nothing else than what stands in Git.
    let restart = action::intent::of(&case.plan.fault) == Some(ActionKind::Restart);
    if case.plan.purpose == Purpose::Change && !restart {
        return say(
            "gitops",
            Ruling::Refuse,
            found.join("; "),
            "not managed",
            "change it in Git: here it would be reverted or drift",
        );
    }
    say("gitops", Ruling::Confirm, found.join("; "), "not managed", "use a driver that adds an object of its own")
}

pub(super) fn concurrent(case: &Case<'_>) -> Verdict {
    let most = case.policy().max_concurrent;
    let limit = format!("{most} in the cluster, one per object");
    let Some(open) = &case.findings.open else {
        return say(
            "concurrent",
            case.unknown(),
            "the open injections could not be listed",
            limit,
            "ask for the right to list configmaps",
        );
    };
    let open: Vec<_> = open.iter().filter(|one| one.id != case.plan.id).collect();
    let same = open.iter().find(|one| case.plan.steps.iter().any(|step| one.objects.contains(&step.object)));
    if let Some(other) = same {
        let value = format!("{}'s injection {} touches the same object", other.owner, other.id);
        return say("concurrent", Ruling::Refuse, value, limit, "abort it first, or wait until it has ended");
    }
    if u32::try_from(open.len()).unwrap_or(u32::MAX) >= most {
        let names: Vec<String> = open.iter().map(|one| format!("{} of {}", one.id, one.owner)).collect();
        let value = format!("{} open: {}", open.len(), names.join(", "));
        return say("concurrent", Ruling::Refuse, value, limit, "abort it first, or policy key `max-concurrent`");
    }
    say("concurrent", Ruling::Ok, format!("{} open", open.len()), limit, "")
}
