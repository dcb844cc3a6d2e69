//! One action on several objects as one plan: each is compiled as if it were alone, and what they come to is put together. So the
//! plan is previewed, approved, undone and judged as a whole, and nothing of it is applied where one of them cannot be.

use super::{ActionKind, CompileError, Fault, Given, Plan, Policy, Reach, Sight, edits, frame, one_of, pairs};
use crate::fault::{
    action::owned,
    plan::{Change, Step},
};

pub(super) fn compile(
    kind: ActionKind,
    fault: &Fault,
    sight: &Sight,
    policy: &Policy,
    id: &str,
) -> Result<Plan, CompileError> {
    let mut plans: Vec<(&Given, Plan)> = Vec::new();
    let mut unchanged: Vec<String> = Vec::new();
    for (at, given) in sight.given.iter().enumerate() {
        if sight.given.iter().take(at).any(|before| before.object == given.object) {
            let what = format!("{} is given twice", given.object.short());
            return Err(CompileError::cannot(what, "take the mark off one of the two"));
        }
        if patches(kind) && given.live.as_ref().is_some_and(|live| edits(kind, live, &given.wanted).is_empty()) {
            unchanged.push(given.object.short());
            continue;
        }
        match one_of(kind, fault, given, sight, policy, id) {
            Ok(plan) => plans.push((given, plan)),
            Err(error) => {
                let what = format!("{}: {error}", given.object.short());
                return Err(CompileError::cannot(what, "take its mark off; nothing was sent"));
            }
        }
    }
    if plans.is_empty() {
        let what = format!("all {} are already so, nothing would change", unchanged.len());
        return Err(CompileError::cannot(what, "leave them as they are"));
    }
    Ok(joined(kind, fault, id, plans, unchanged))
}

/// Whether the action says how a part of an object that is there is to be.
fn patches(kind: ActionKind) -> bool {
    !matches!(kind, ActionKind::Trigger | ActionKind::Delete | ActionKind::Kill | ActionKind::Drain)
}

fn joined(kind: ActionKind, fault: &Fault, id: &str, plans: Vec<(&Given, Plan)>, unchanged: Vec<String>) -> Plan {
    let title = title(kind, fault, &plans);
    let predicts = said(&plans, |plan| &plan.predicts);
    let doubts = said(&plans, |plan| &plan.doubts);
    let mut undo: Vec<String> = plans.iter().flat_map(|(_, plan)| plan.undo.iter().cloned()).collect();
    undo.dedup();
    let (mut steps, mut reach): (Vec<Step>, Reach) = Default::default();
    for (_, plan) in plans {
        steps.extend(plan.steps);
        add(&mut reach, plan.reach);
    }
    // Every node is cordoned before any pod moves, or pods would move to the node that is drained next.
    steps.sort_by_key(|step| step.change == Change::Evict);
    for (n, step) in (1..).zip(&mut steps) {
        step.n = n;
    }
    let mut plan = frame(fault, id, title, steps, reach);
    if kind == ActionKind::Trigger {
        // What a job did has no undo, which each of them says.
        plan.undo = undo;
    }
    (plan.predicts, plan.doubts) = (predicts, doubts);
    plan.predicts.extend(unchanged.into_iter().map(|object| format!("{object} is already so: it stays as it is")));
    plan
}

/// What the plans say: once what all of them say, and by name what is of one of them.
fn said(plans: &[(&Given, Plan)], of: impl Fn(&Plan) -> &Vec<String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for (given, plan) in plans {
        for line in of(plan) {
            let common = plans.iter().all(|(_, other)| of(other).contains(line));
            let line = if common || line.contains(&given.object.name) {
                line.clone()
            } else {
                format!("{}: {line}", given.object.name)
            };
            if !all.contains(&line) {
                all.push(line);
            }
        }
    }
    all
}

fn add(whole: &mut Reach, part: Reach) {
    for (namespace, pods) in part.pods {
        let names = whole.pods.entry(namespace).or_default();
        names.extend(pods);
        names.sort();
        names.dedup();
    }
    for (workload, (lost, all)) in part.lost {
        let known = whole.lost.entry(workload).or_insert((0, all));
        known.1 = known.1.max(all);
        known.0 = known.0.saturating_add(lost).min(known.1);
    }
    for (list, more) in
        [(&mut whole.routes, part.routes), (&mut whole.workloads, part.workloads), (&mut whole.services, part.services)]
    {
        list.extend(more);
        list.sort();
        list.dedup();
    }
    whole.portion = whole.portion.max(part.portion);
    whole.everything = whole.everything.take().or(part.everything);
}

/// `Scale 3 Deployments of shop to 5`.
fn title(kind: ActionKind, fault: &Fault, plans: &[(&Given, Plan)]) -> String {
    let objects = || plans.iter().map(|(given, _)| &given.object);
    let mut spaces: Vec<&str> = objects().filter_map(|object| object.namespace.as_deref()).collect();
    spaces.sort_unstable();
    spaces.dedup();
    let place = if spaces.is_empty() { String::new() } else { format!(" of {}", spaces.join(", ")) };
    // What is made stands in the plan, what it is made of in the words.
    let kinds = objects().map(|object| if kind == ActionKind::Trigger { "CronJob" } else { object.kind.kind.as_str() });
    let what = format!("{}{place}", owned::counted_kinds(kinds).join(" and "));
    let wanted = plans.first().map(|(given, _)| &given.wanted);
    let keys = |field| wanted.map(|wanted| pairs(wanted, field)).unwrap_or_default();
    match kind {
        ActionKind::Scale => {
            let to = fault.params.get("to").map(ToString::to_string).unwrap_or_default();
            format!("Scale {what} to {to}")
        }
        ActionKind::Kill => format!("Kill {what}: no grace period"),
        ActionKind::Label => format!("Label {what}: {}", keys("labels")),
        ActionKind::Annotate => format!("Annotate {what}: {}", keys("annotations")),
        ActionKind::Drain => {
            let evicted = plans.iter().flat_map(|(_, plan)| &plan.steps).filter(|step| step.change == Change::Evict);
            format!("Drain {what} with {}", super::counted(evicted.count(), "pod"))
        }
        ActionKind::Restart => format!("Restart {what}"),
        ActionKind::Rollback => format!("Roll {what} back"),
        ActionKind::Suspend => format!("Suspend {what}"),
        ActionKind::Resume => format!("Resume {what}"),
        ActionKind::Trigger => format!("Trigger {what}"),
        ActionKind::Cordon => format!("Cordon {what}"),
        ActionKind::Uncordon => format!("Uncordon {what}"),
        ActionKind::Delete => format!("Delete {what}"),
    }
}
