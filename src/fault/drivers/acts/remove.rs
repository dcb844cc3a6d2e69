//! An object is deleted, and what hangs on it goes along: said by kind and number, and pods by name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{ActsOn, Fault, Given, Manifest, Plan, Reach, Sight, frame, one, removal};
use crate::{
    cluster::api::{Propagation, Removal},
    fault::{
        action::{ActionKind, owned},
        drivers::{manifest, native, rollout},
        plan::Change,
        select,
    },
};

pub(super) fn compile(
    kind: ActionKind,
    fault: &Fault,
    given: &Given,
    live: &Manifest,
    sight: &Sight,
    id: &str,
) -> Plan {
    let removal = removal(fault);
    let object = &given.object;
    let mut step = one(object, Change::Remove(removal), Some(live.clone()));
    step.residue.push(format!("{} comes back with a new uid and without its status", object.short()));
    let reach = reach(&step, live, removal, sight);
    let title = match kind {
        ActionKind::Kill => format!("Kill {}: no grace period", object.short()),
        _ => format!("Delete {}", object.short()),
    };
    let mut plan = frame(fault, id, title, vec![step], reach);
    plan.predicts = said(live, removal, sight);
    plan
}

/// What goes along, and what keeps it from going.
fn said(live: &Manifest, removal: Removal, sight: &Sight) -> Vec<String> {
    let mut said = Vec::new();
    let along = along(live, sight);
    let counted = owned::counted(&along);
    if !along.is_empty() {
        said.push(match removal.propagation {
            Propagation::Background => format!("the cluster deletes what it owns after it: {counted}"),
            Propagation::Foreground => format!("what it owns is deleted before it: {counted}"),
            Propagation::Orphan => format!("what it owns stays, without an owner: {counted}"),
        });
    }
    let finalizers = live.at(&["metadata", "finalizers"]).and_then(Value::as_array);
    let finalizers: Vec<&str> = finalizers.into_iter().flatten().filter_map(Value::as_str).collect();
    if !finalizers.is_empty() {
        said.push(format!("it goes once somebody takes its finalizers off: {}", finalizers.join(", ")));
    }
    if live.kind() == "Pod" {
        said.push(match select::controller(live) {
            Some((kind, name, _)) => format!("{kind} {name} makes a new pod in its place"),
            None => "it has no controller: nobody makes a new one".to_owned(),
        });
    } else if let Some((kind, name, _)) = select::controller(live) {
        said.push(format!("{kind} {name} owns it and may make it anew"));
    }
    if removal.grace == Some(0) && live.kind() == "Pod" {
        said.push("its containers get no time to end, and may still run where the node is lost".to_owned());
    }
    said.push("the undo creates it anew: its uid and status are new".to_owned());
    if !along.is_empty() && removal.propagation != Propagation::Orphan {
        said.push("what went along is made anew by its controllers or not at all".to_owned());
    }
    said
}

fn reach(step: &crate::fault::plan::Step, live: &Manifest, removal: Removal, sight: &Sight) -> Reach {
    let goes = |one: &Manifest| one.kind() == "Pod" && removal.propagation != Propagation::Orphan;
    let along = along(live, sight).into_iter().filter(|one| goes(one));
    let pods: Vec<&Manifest> = (live.kind() == "Pod").then_some(live).into_iter().chain(along).collect();
    let unknown = matches!(ActsOn::of(&step.object.kind.group, &step.object.kind.kind, live), ActsOn::Unknown);
    let mut reach = if pods.is_empty() && !unknown {
        manifest::reach(std::slice::from_ref(step), sight)
    } else {
        Reach { portion: 1.0, ..Reach::default() }
    };
    if pods.is_empty() && unknown && !owns_nothing(live) {
        reach.everything = Some(format!("what hangs on a {} is not known: it counts as everything", live.kind()));
    }
    for pod in &pods {
        let names = reach.pods.entry(pod.namespace().unwrap_or_default().to_owned()).or_default();
        names.push(pod.name().to_owned());
        names.sort();
        names.dedup();
    }
    if live.kind() == "Pod" {
        reach.lost = native::lost(&pods, &pods, sight);
    } else if !pods.is_empty() {
        let all = rollout::replicas(live).max(u32::try_from(pods.len()).unwrap_or(u32::MAX));
        let key = format!("{}/{}/{}", live.namespace().unwrap_or_default(), live.kind(), live.name());
        reach.lost = BTreeMap::from([(key, (all, all))]);
    }
    reach
}

/// What goes along with this one of the given objects.
fn along<'a>(live: &Manifest, sight: &'a Sight) -> Vec<&'a Manifest> {
    if sight.given.len() < 2 {
        return sight.along.iter().collect();
    }
    owned::along(live.text(&["metadata", "uid"]).unwrap_or_default(), &sight.along)
}

/// Kinds that nothing running hangs on by the time they go.
fn owns_nothing(live: &Manifest) -> bool {
    matches!(live.kind(), "Pod" | "Job" | "CronJob" | "ReplicaSet" | "ControllerRevision" | "Event")
}
