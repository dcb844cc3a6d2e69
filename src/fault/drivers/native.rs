//! Plain Kubernetes: another number of replicas, and evictions.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{CompileError, reach::hit, words::counted};
use crate::{
    cluster::{Manifest, ObjectRef},
    fault::{
        aim,
        catalogue::{Compile, Deed, DriverRow, WrongIntent},
        class::Class,
        intent::{Driver, Fault, Target},
        known,
        plan::{Change, Plan, Step},
        select,
        sight::Sight,
    },
};

/// Why another number of replicas usually shows no effect.
pub const SCALE_SILENT: &[&str] = &[
    "its controller has not acted yet",
    "an autoscaler sets the number back",
    "new pods wait for room or for readiness",
];

/// Why evictions usually show no effect.
pub const EVICT_SILENT: &[&str] = &["the pods are still being ended", "a finalizer holds them"];

/// By plain Kubernetes, which every cluster serves.
pub const fn by(class: Class, how: &'static str, silent: &'static [&'static str], compile: Compile) -> DriverRow {
    DriverRow::new(Driver::Native, class, ("", ""), how, silent, compile)
}

/// How many of a set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum HowMany {
    /// This many.
    Count(u32),
    /// This share, above 0 and up to 100.
    Percent(f64),
}

impl HowMany {
    /// As `count` or `percent` say.
    pub fn read(deed: &Deed) -> Result<Self, WrongIntent> {
        match deed.given_whole("count") {
            Some(count) => Ok(Self::Count(count)),
            None => Ok(Self::Percent(deed.number("percent")?)),
        }
    }

    /// How many of `all`: shares are rounded down, to one at least.
    pub fn of(self, all: usize) -> usize {
        match self {
            Self::Count(count) => usize::try_from(count).unwrap_or(usize::MAX),
            Self::Percent(percent) => {
                // Compared instead of cast: a share of a few thousand pods is exact in f64 anyway.
                (1..=all).rev().find(|n| whole(*n) <= whole(all) * percent / 100.0).unwrap_or(1).min(all.max(1))
            }
        }
    }
}

fn whole(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

/// Another number of replicas (apps/v1 `spec.replicas`).
pub fn scale(fault: &Fault, sight: &Sight, id: &str, to: u32) -> Result<Plan, CompileError> {
    let Target::Workload { kind: word, name } = &fault.target else {
        return Err(CompileError::CannotExpress {
            what: format!("{} has no replicas", fault.target),
            fix: "aim at a deployment, a statefulset or a replicaset".to_owned(),
        });
    };
    let kind = known::workload(word).unwrap_or_else(known::deployment);
    let of_kind: Vec<&Manifest> = sight.workloads.iter().filter(|one| one.kind() == kind.kind).collect();
    let workload = aim::find(of_kind, &kind.kind, name, &fault.namespace)?;
    if let Some((owner, above, _)) = select::controller(workload) {
        return Err(CompileError::CannotExpress {
            what: format!("{} {name} belongs to {owner} {above}, which would scale it back at once", kind.kind),
            fix: format!("aim at {}/{above}", owner.to_lowercase()),
        });
    }
    let from =
        workload.at(&["spec", "replicas"]).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()).unwrap_or(1);
    if from == to {
        return Err(CompileError::CannotExpress {
            what: format!(
                "{} {}/{name} already runs {}",
                kind.kind,
                fault.namespace,
                counted(from as usize, "replica")
            ),
            fix: "choose another number".to_owned(),
        });
    }
    // Pods may be missing (none started yet): then the object alone is hit.
    let mut reach = match aim::aim(fault, sight) {
        Ok(target) => hit(&target, sight, if to < from { 1.0 } else { 0.0 }),
        Err(CompileError::NothingMatches { .. }) => super::Reach {
            workloads: vec![format!("{}/{name}", fault.namespace)],
            portion: if to < from { 1.0 } else { 0.0 },
            ..super::Reach::default()
        },
        Err(other) => return Err(other),
    };
    if to < from {
        // Which pods go is the controller's choice, so all of them count as hit, and the difference as lost.
        reach.lost.insert(format!("{}/{}/{name}", fault.namespace, kind.kind), (from - to, from));
    } else {
        reach.pods.clear();
        reach.routes.clear();
        reach.services.clear();
    }
    let steps = vec![Step {
        n: 1,
        object: ObjectRef::new(kind.clone(), &fault.namespace, name),
        change: Change::Scale { from, to },
        before: Some(workload.clone()),
        residue: if to < from { vec![format!("new pods in place of {} of {name}", from - to)] } else { Vec::new() },
        assumed: false,
    }];
    let verb = if to == 0 { "Scale away" } else { "Scale" };
    let title = format!("{verb} {} {name} from {from} to {to} for {}", kind.kind, super::words::spoken(fault.duration));
    let mut plan = super::plan(fault, Driver::Native, id, title, steps, reach);
    if to < from {
        let others = if to == 0 {
            "nobody serves".to_owned()
        } else {
            format!("{} left to serve everything", counted(to as usize, "pod"))
        };
        plan.predicts.push(format!("{} less: {others}", counted((from - to) as usize, "pod")));
    } else {
        plan.predicts.push(format!("{} more start, if the nodes have room", counted((to - from) as usize, "pod")));
    }
    if kind.kind == "StatefulSet" && to < from {
        plan.predicts.push("the highest ordinals go first; their volumes stay".to_owned());
    }
    Ok(plan)
}

/// Evictions (policy/v1) of named pods: the same id gives the same choice.
pub fn kill(fault: &Fault, sight: &Sight, id: &str, how_many: HowMany) -> Result<Plan, CompileError> {
    let target = aim::aim(fault, sight)?;
    let mut candidates: Vec<&Manifest> = target.pods.clone();
    let spared: Vec<String> = candidates.iter().filter_map(|pod| aim::unfit(pod, sight)).collect();
    candidates.retain(|pod| aim::unfit(pod, sight).is_none());
    if candidates.is_empty() {
        return Err(CompileError::CannotExpress {
            what: format!("none of the pods may be evicted: {}", spared.join("; ")),
            fix: "aim at pods that a controller brings back".to_owned(),
        });
    }
    let candidates = choose(candidates, id, how_many, "may be evicted")?;
    let mut hit_target = target.clone();
    hit_target.pods.clone_from(&candidates);
    let mut reach = hit(&hit_target, sight, 1.0);
    reach.lost = lost(&candidates, &target.pods, sight);
    reach.portion = share(candidates.len(), target.pods.len());
    let steps = evictions(1, &candidates);
    let of = if matches!(fault.target, Target::Workload { ref kind, .. } if kind.eq_ignore_ascii_case("pod")) {
        String::new()
    } else {
        format!(" of {}", target.called)
    };
    let title = if let [only] = candidates.as_slice() {
        format!("Evict pod {}{of}", only.name())
    } else {
        format!("Evict {} of {}{of}", candidates.len(), counted(target.pods.len(), "pod"))
    };
    let mut plan = super::plan(fault, Driver::Native, id, title, steps, reach);
    plan.predicts.push("their controllers start new pods at once".to_owned());
    plan.predicts.extend(budgets(&candidates, sight, REFUSED));
    plan.predicts.extend(spared.into_iter().map(|why| format!("left alone: {why}")));
    Ok(plan)
}

/// The evictions of these pods, numbered from `first`.
pub(super) fn evictions(first: u32, pods: &[&Manifest]) -> Vec<Step> {
    (first..)
        .zip(pods)
        .map(|(n, pod)| Step {
            n,
            object: ObjectRef::new(known::pod(), pod.namespace().unwrap_or_default(), pod.name()),
            change: Change::Evict,
            before: Some((*pod).clone()),
            residue: residue(pod),
            assumed: false,
        })
        .collect()
}

/// So many of the pods, by the lots they draw; `what` says what the others are not.
pub(super) fn choose<'a>(
    mut pods: Vec<&'a Manifest>,
    id: &str,
    how_many: HowMany,
    what: &str,
) -> Result<Vec<&'a Manifest>, CompileError> {
    pods.sort_by_key(|pod| (lot(id, pod.name()), pod.name().to_owned()));
    let wanted = how_many.of(pods.len());
    if wanted > pods.len() {
        return Err(CompileError::CannotExpress {
            what: format!("{} are wanted and {} {what}", counted(wanted, "pod"), pods.len()),
            fix: "choose a smaller count".to_owned(),
        });
    }
    pods.truncate(wanted);
    pods.sort_by_key(|pod| pod.name().to_owned());
    Ok(pods)
}

/// A part of a whole.
pub(super) fn share(part: usize, all: usize) -> f64 {
    let number = |n: usize| f64::from(u32::try_from(n).unwrap_or(u32::MAX));
    if all == 0 { 1.0 } else { number(part) / number(all) }
}

/// Pods that are lost, by workload: lost of all.
pub(super) fn lost(chosen: &[&Manifest], all: &[&Manifest], sight: &Sight) -> BTreeMap<String, (u32, u32)> {
    let mut lost: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    let workload = |pod: &Manifest| {
        aim::owner(pod, sight).map(|(kind, name)| format!("{}/{kind}/{name}", pod.namespace().unwrap_or_default()))
    };
    // All pods of the workload count, not only those the target names.
    for pod in chosen {
        let Some(owner) = workload(pod) else { continue };
        let whole =
            sight.pods.iter().filter(|one| !select::over(one) && workload(one).as_ref() == Some(&owner)).count();
        let whole = whole.max(all.iter().filter(|one| workload(one).as_ref() == Some(&owner)).count());
        let entry = lost.entry(owner).or_insert((0, u32::try_from(whole).unwrap_or(u32::MAX)));
        entry.0 += 1;
    }
    lost
}

/// What an evicted pod takes with it.
fn residue(pod: &Manifest) -> Vec<String> {
    let mut residue = vec![format!("a new pod in place of {}", pod.name())];
    let volumes = pod.at(&["spec", "volumes"]).and_then(Value::as_array);
    let any = |kind: &str| volumes.is_some_and(|all| all.iter().any(|volume| volume.get(kind).is_some()));
    if any("emptyDir") {
        residue.push(format!("the emptyDir data of {} is lost", pod.name()));
    }
    if any("ephemeral") {
        residue.push(format!("the ephemeral volumes of {} are deleted with it", pod.name()));
    }
    if any("hostPath") {
        residue.push(format!("the local data of {} stays on its node; the new pod may start on another", pod.name()));
    }
    residue
}

/// What disruption budgets allow of it, where that is not all (policy/v1 `status.disruptionsAllowed`); `then` is what follows.
pub fn budgets(chosen: &[&Manifest], sight: &Sight, then: &str) -> Vec<String> {
    sight
        .budgets
        .iter()
        .filter_map(|budget| {
            let selector = budget.at(&["spec", "selector"])?;
            let hit = chosen.iter().filter(|pod| select::takes(selector, pod)).count();
            let allowed = budget.at(&["status", "disruptionsAllowed"]).and_then(Value::as_u64)?;
            (hit > 0 && u64::try_from(hit).unwrap_or(u64::MAX) > allowed)
                .then(|| format!("PodDisruptionBudget {} allows {allowed} of {hit} evictions: {then}", budget.name()))
        })
        .collect()
}

/// What an eviction meets that no budget allows.
pub(super) const REFUSED: &str = "the server will refuse the rest";

/// The lot a pod draws under a plan's id: the same id always gives the same choice.
fn lot(id: &str, name: &str) -> String {
    crate::fault::identity::digest(&serde_json::json!([id, name]), 32)
}

#[cfg(test)]
mod tests {
    use super::HowMany;

    #[test]
    fn a_share_is_rounded_down_to_one_at_least() {
        assert_eq!(HowMany::Percent(50.0).of(3), 1);
        assert_eq!(HowMany::Percent(50.0).of(4), 2);
        assert_eq!(HowMany::Percent(1.0).of(3), 1);
        assert_eq!(HowMany::Percent(100.0).of(7), 7);
        assert_eq!(HowMany::Count(2).of(7), 2);
    }
}
