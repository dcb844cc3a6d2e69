//! Actions on objects by name, as kept changes: what each writes, what it takes along, and what is worth knowing before. Several
//! objects are one plan ([`together`]).
//!
//! Most of them say how a part of the object is to be and go the way of any YAML; what creates, removes or evicts stands in
//! files of its own.

mod drain;
mod remove;
mod together;

use serde_json::Value;

use super::{CompileError, acts_on::ActsOn, manifest, merge, words::counted};
use crate::{
    cluster::Manifest,
    fault::{
        action::{ActionKind, intent},
        intent::{Driver, Fault},
        plan::{Change, Edit, Plan, Reach, Step},
        policy::Policy,
        sight::{Given, Sight},
    },
    journal::path::{Path, Seg},
};

/// Compiles the intent of an action.
pub fn compile(
    kind: ActionKind,
    fault: &Fault,
    sight: &Sight,
    policy: &Policy,
    id: &str,
) -> Result<Plan, CompileError> {
    match sight.given.as_slice() {
        [] => Err(CompileError::cannot("the action names no object", "choose an object")),
        [given] => one_of(kind, fault, given, sight, policy, id),
        _ => together::compile(kind, fault, sight, policy, id),
    }
}

/// The plan of one of the given objects.
fn one_of(
    kind: ActionKind,
    fault: &Fault,
    given: &Given,
    sight: &Sight,
    policy: &Policy,
    id: &str,
) -> Result<Plan, CompileError> {
    let live = match (&given.live, kind) {
        (None, ActionKind::Trigger) => {
            let steps = manifest::made(given).into_iter().collect();
            return Ok(trigger(fault, given, steps, sight, id));
        }
        (Some(_), ActionKind::Trigger) => {
            let what = format!("{} exists", given.object.short());
            return Err(CompileError::cannot(what, "wait a second, and trigger it again"));
        }
        (Some(live), _) => live,
        (None, _) => {
            return Err(CompileError::cannot(format!("{} is gone", given.object.short()), "choose another object"));
        }
    };
    match kind {
        ActionKind::Delete | ActionKind::Kill => Ok(remove::compile(kind, fault, given, live, sight, id)),
        ActionKind::Drain => drain::compile(fault, given, live, sight, policy, id),
        _ => patched(kind, fault, given, live, sight, id),
    }
}

fn patched(
    kind: ActionKind,
    fault: &Fault,
    given: &Given,
    live: &Manifest,
    sight: &Sight,
    id: &str,
) -> Result<Plan, CompileError> {
    let object = &given.object;
    let edits = edits(kind, live, &given.wanted);
    if edits.is_empty() {
        return Err(CompileError::cannot(
            format!("{} is already so, nothing would change", object.short()),
            "leave it as it is",
        ));
    }
    let steps = vec![one(object, Change::Patch { edits }, Some(live.clone()))];
    let reach = match kind {
        ActionKind::Cordon | ActionKind::Uncordon | ActionKind::Suspend | ActionKind::Resume => nobody(),
        // Labels and annotations of what brink does not know are read by nobody it knows.
        ActionKind::Label | ActionKind::Annotate
            if matches!(ActsOn::of(&object.kind.group, &object.kind.kind, live), ActsOn::Unknown) =>
        {
            nobody()
        }
        _ => manifest::reach(&steps, sight),
    };
    let mut plan = frame(fault, id, title(kind, fault, given), steps, reach);
    manifest::finish(&mut plan, Vec::new(), sight);
    plan.predicts.extend(predicts(kind, live, sight));
    Ok(plan)
}

/// What is written to an object that is there.
fn edits(kind: ActionKind, live: &Manifest, wanted: &Manifest) -> Vec<Edit> {
    if kind == ActionKind::Rollback { whole_template(live, wanted) } else { merge::edits(live, wanted) }
}

/// A kept plan of an action.
fn frame(fault: &Fault, id: &str, title: String, steps: Vec<Step>, reach: Reach) -> Plan {
    manifest::kept(super::plan(fault, Driver::Native, id, title, steps, reach), "by your hand")
}

fn one(object: &crate::cluster::ObjectRef, change: Change, before: Option<Manifest>) -> Step {
    Step { n: 1, object: object.clone(), change, before, residue: Vec::new(), assumed: false }
}

/// Nothing that runs is touched.
fn nobody() -> Reach {
    Reach { portion: 1.0, ..Reach::default() }
}

fn trigger(fault: &Fault, given: &Given, mut steps: Vec<Step>, sight: &Sight, id: &str) -> Plan {
    for step in &mut steps {
        step.n = 1;
        step.residue.push(format!("what {} did", step.object.short()));
    }
    let of = given.wanted.at(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    let of = of.and_then(|owners| owners.first()?.get("name")?.as_str()).unwrap_or_default();
    let namespace = given.object.namespace.as_deref().unwrap_or_default();
    let title = format!("Trigger CronJob {namespace}/{of} as Job {}", given.object.name);
    let mut plan = frame(fault, id, title, steps, nobody());
    manifest::finish(&mut plan, Vec::new(), sight);
    plan.undo = vec!["none: what a job did cannot be taken back".to_owned()];
    plan
}

/// The template as a whole: what the revision does not have must go.
fn whole_template(live: &Manifest, wanted: &Manifest) -> Vec<Edit> {
    let (now, then) = (live.at(&["spec", "template"]), wanted.at(&["spec", "template"]));
    if crate::fault::identity::same_or_absent(now, then) {
        return Vec::new();
    }
    let path: Path = ["spec", "template"].map(|field| Seg::Field(field.to_owned())).to_vec();
    vec![Edit { path, value: then.cloned(), at: None }]
}

fn title(kind: ActionKind, fault: &Fault, given: &Given) -> String {
    let object = given.object.short();
    let number = |name: &str| fault.params.get(name).map(ToString::to_string).unwrap_or_default();
    match kind {
        ActionKind::Scale => format!("Scale {object} from {} to {}", number("from"), number("to")),
        ActionKind::Restart => format!("Restart {object}"),
        ActionKind::Rollback => format!("Roll {object} back to revision {}", number("revision")),
        ActionKind::Suspend => format!("Suspend {object}"),
        ActionKind::Resume => format!("Resume {object}"),
        ActionKind::Cordon => format!("Cordon {object}"),
        ActionKind::Uncordon => format!("Uncordon {object}"),
        ActionKind::Label => format!("Label {object}: {}", pairs(&given.wanted, "labels")),
        ActionKind::Annotate => format!("Annotate {object}: {}", pairs(&given.wanted, "annotations")),
        other => format!("{} {object}", other.word()),
    }
}

/// Keys alone: a value may be long, or not for everybody.
fn pairs(wanted: &Manifest, field: &str) -> String {
    let map = wanted.at(&["metadata", field]).and_then(Value::as_object);
    let word = |(key, value): (&String, &Value)| if value.is_null() { format!("{key}-") } else { key.clone() };
    map.into_iter().flatten().map(word).collect::<Vec<_>>().join(", ")
}

fn predicts(kind: ActionKind, live: &Manifest, sight: &Sight) -> Vec<String> {
    let mut said = Vec::new();
    match kind {
        ActionKind::Scale => {
            let aims = |scaler: &&Manifest| {
                scaler.namespace() == live.namespace()
                    && scaler.text(&["spec", "scaleTargetRef", "name"]) == Some(live.name())
                    && scaler.text(&["spec", "scaleTargetRef", "kind"]) == Some(live.kind())
            };
            for scaler in sight.autoscalers.iter().filter(aims) {
                said.push(format!("HorizontalPodAutoscaler {} sets the number anew when it next looks", scaler.name()));
            }
        }
        ActionKind::Restart | ActionKind::Rollback
            if live.text(&["spec", "updateStrategy", "type"]) == Some("OnDelete") =>
        {
            said.push("its update strategy is OnDelete: pods stay as they are until they are deleted".to_owned());
        }
        ActionKind::Suspend => {
            let active = live.at(&["status", "active"]).and_then(Value::as_array).map_or(0, Vec::len);
            if active > 0 {
                said.push(format!("{} that run go on", counted(active, "job")));
            }
        }
        ActionKind::Cordon => said.push("no new pod starts there; those that run stay".to_owned()),
        _ => {}
    }
    said
}

/// How its object is to be deleted.
fn removal(fault: &Fault) -> crate::cluster::api::Removal {
    intent::removal(fault)
}
