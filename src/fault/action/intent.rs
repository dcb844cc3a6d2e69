//! An action as an intent of one object or of several, and what of it is read back when the intent is compiled.
//!
//! What hangs on the moment (a time, the name of a job, the template of a revision) is settled here, once: the intent is compiled
//! again before it is applied, and must come to the same.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use thiserror::Error;

use super::{ActionKind, Revision, Seen, drain::Drain, pairs::Pair};
use crate::{
    cluster::{
        Manifest, ObjectRef,
        api::{Propagation, Removal},
    },
    fault::intent::{Fault, FaultKind, Scope, Target},
};

/// The parameter that names the action.
const WORD: &str = "action";
/// The longest beginning of a CronJob's name in the name of a job of it: a job's pods carry its name as a label.
const JOB_NAME: usize = 42;

/// An action with all that a person chose.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// So many replicas.
    Scale(u32),
    /// New pods.
    Restart(Timestamp),
    /// The template of this revision.
    Rollback(Revision),
    /// Whether a CronJob is suspended.
    Suspend(bool),
    /// A job of a CronJob, begun at this moment.
    Trigger(Timestamp),
    /// Whether new pods are kept off a node.
    Cordon(bool),
    /// Labels, or annotations.
    Pairs(ActionKind, Vec<Pair>),
    /// The object goes; whether it is a pod that goes at once.
    Delete(ActionKind, Removal),
    /// A node is drained.
    Drain(Drain),
}

/// Why an action has no intent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{what}; {fix}")]
pub struct CannotAct {
    /// What stands in the way.
    pub what: String,
    /// What to do instead.
    pub fix: String,
}

impl CannotAct {
    /// With both sentences.
    pub fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into() }
    }
}

impl Action {
    /// Its kind.
    pub fn kind(&self) -> ActionKind {
        match self {
            Self::Scale(_) => ActionKind::Scale,
            Self::Restart(_) => ActionKind::Restart,
            Self::Rollback(_) => ActionKind::Rollback,
            Self::Suspend(true) => ActionKind::Suspend,
            Self::Suspend(false) => ActionKind::Resume,
            Self::Trigger(_) => ActionKind::Trigger,
            Self::Cordon(true) => ActionKind::Cordon,
            Self::Cordon(false) => ActionKind::Uncordon,
            Self::Pairs(kind, _) | Self::Delete(kind, _) => *kind,
            Self::Drain(_) => ActionKind::Drain,
        }
    }

    /// The intent. Whether the object takes it is the server's answer; what is known to be of no use is told here.
    pub fn intent(&self, seen: &Seen) -> Result<Fault, CannotAct> {
        self.made(seen, true)
    }

    /// The intent of several objects at once. Where one of them refuses it is named, and there is no intent; whatever is as it
    /// is to be already stays so, and is told when the intent is compiled.
    pub fn intents(&self, all: &[Seen]) -> Result<Fault, CannotAct> {
        if let [only] = all {
            return self.intent(only);
        }
        let (mut whole, mut refused): (Option<Fault>, Vec<String>) = (None, Vec::new());
        let mut fix = String::new();
        for seen in all {
            match (self.made(seen, false), &mut whole) {
                (Ok(one), Some(whole)) => whole.manifests.extend(one.manifests),
                (Ok(mut one), None) => {
                    // Each has its own.
                    one.params.remove("from");
                    whole = Some(one);
                }
                (Err(error), _) => {
                    refused.push(format!("{}: {}", seen.object.short(), error.what));
                    fix = error.fix;
                }
            }
        }
        if !refused.is_empty() {
            let what = format!("{} of {} refuse: {}", refused.len(), all.len(), refused.join("; "));
            return Err(CannotAct::new(what, format!("take the mark off, or {fix}; nothing was sent")));
        }
        whole.ok_or_else(|| CannotAct::new("no object is given", "mark some"))
    }

    /// `strict`: what is so already is no intent.
    fn made(&self, seen: &Seen, strict: bool) -> Result<Fault, CannotAct> {
        let (object, live) = (&seen.object, &seen.live);
        let mut params = BTreeMap::from([(WORD.to_owned(), json!(self.kind().word()))]);
        let wanted = match self {
            Self::Scale(to) => {
                let scale = seen.scale.as_ref().ok_or_else(|| {
                    CannotAct::new(format!("{} has no scale subresource", object.short()), "edit it with e")
                })?;
                if strict && scale.replicas == *to {
                    return Err(CannotAct::new(format!("it has {to} already"), "type another number"));
                }
                params.insert("from".to_owned(), json!(scale.replicas));
                params.insert("to".to_owned(), json!(to));
                nested(&scale.path, json!(to))
            }
            Self::Restart(at) => restart(live, *at)?,
            Self::Rollback(revision) => {
                params.insert("revision".to_owned(), json!(revision.number));
                json!({"spec": {"template": revision.template}})
            }
            Self::Suspend(to) => {
                if strict && live.at(&["spec", "suspend"]).and_then(Value::as_bool).unwrap_or(false) == *to {
                    let word = if *to { "suspended" } else { "not suspended" };
                    return Err(CannotAct::new(format!("{} is {word} already", object.short()), "leave it as it is"));
                }
                json!({"spec": {"suspend": to}})
            }
            Self::Trigger(at) => return Ok(fault(object, params, job(object, live, *at)?)),
            Self::Cordon(to) => {
                if strict && live.at(&["spec", "unschedulable"]).and_then(Value::as_bool).unwrap_or(false) == *to {
                    let word = if *to { "cordoned" } else { "not cordoned" };
                    return Err(CannotAct::new(format!("{} is {word} already", object.short()), "leave it as it is"));
                }
                json!({"spec": {"unschedulable": if *to { json!(true) } else { Value::Null }}})
            }
            Self::Pairs(kind, pairs) => {
                let field = if *kind == ActionKind::Label { "labels" } else { "annotations" };
                let map: Map<String, Value> = pairs
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone().map_or(Value::Null, Value::from)))
                    .collect();
                json!({"metadata": {field: map}})
            }
            Self::Delete(_, removal) => {
                params.insert("propagation".to_owned(), json!(removal.propagation.word()));
                if let Some(grace) = removal.grace {
                    params.insert("grace".to_owned(), json!(grace));
                }
                json!({})
            }
            Self::Drain(drain) => {
                drain.write(&mut params);
                json!({})
            }
        };
        Ok(fault(object, params, named(object, wanted)))
    }
}

/// The kind of action an intent is of; `None` for any other intent.
pub fn of(fault: &Fault) -> Option<ActionKind> {
    let word = fault.params.get(WORD)?.as_str()?;
    ActionKind::named(word).filter(|_| fault.kind == FaultKind::Manifest)
}

/// How an intent wants its object deleted.
pub fn removal(fault: &Fault) -> Removal {
    let propagation = fault.params.get("propagation").and_then(Value::as_str).and_then(Propagation::named);
    let grace = fault.params.get("grace").and_then(Value::as_u64).and_then(|grace| u32::try_from(grace).ok());
    Removal { propagation: propagation.unwrap_or_default(), grace }
}

fn fault(object: &ObjectRef, params: BTreeMap<String, Value>, manifest: Manifest) -> Fault {
    Fault {
        name: String::new(),
        namespace: object.namespace.clone().unwrap_or_default(),
        kind: FaultKind::Manifest,
        target: Target::Manifest,
        params,
        scope: Scope::default(),
        ramp: Vec::new(),
        abort_when: Vec::new(),
        duration: Duration::ZERO,
        lease: Duration::ZERO,
        driver: None,
        manifests: vec![manifest],
    }
}

/// The part of an object that is to be so, with what names it.
fn named(object: &ObjectRef, wanted: Value) -> Manifest {
    let mut manifest = Manifest(wanted);
    if let Some(map) = manifest.map_mut(&[]) {
        map.insert("apiVersion".to_owned(), json!(object.kind.api_version()));
        map.insert("kind".to_owned(), json!(object.kind.kind));
    }
    if let Some(metadata) = manifest.map_mut(&["metadata"]) {
        metadata.insert("name".to_owned(), json!(object.name));
        if let Some(namespace) = &object.namespace {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
    }
    manifest
}

fn nested(path: &[String], value: Value) -> Value {
    path.iter().rev().fold(value, |inner, field| json!({field.as_str(): inner}))
}

/// What kubectl writes (`kubectl rollout restart`), and Argo Rollouts' own field.
fn restart(live: &Manifest, at: Timestamp) -> Result<Value, CannotAct> {
    let at = at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    if live.at(&["spec", "paused"]).and_then(Value::as_bool) == Some(true) {
        return Err(CannotAct::new(
            format!("{} {} is paused: its pods would not be made anew", live.kind(), live.name()),
            "resume it first: take spec.paused out with e",
        ));
    }
    if live.kind() == "Rollout" {
        return Ok(json!({"spec": {"restartAt": at}}));
    }
    Ok(json!({"spec": {"template": {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": at}}}}}))
}

/// The job `kubectl create job --from` makes.
fn job(object: &ObjectRef, live: &Manifest, at: Timestamp) -> Result<Manifest, CannotAct> {
    let template = live.at(&["spec", "jobTemplate"]).cloned().map(Manifest).unwrap_or_default();
    let Some(spec) = template.at(&["spec"]).cloned() else {
        return Err(CannotAct::new(format!("{} has no template of a job", object.short()), "look at it with y"));
    };
    let map = |field: &str| template.at(&["metadata", field]).and_then(Value::as_object).cloned().unwrap_or_default();
    let mut annotations = map("annotations");
    annotations.insert("cronjob.kubernetes.io/instantiate".to_owned(), json!("manual"));
    let base: String = object.name.chars().take(JOB_NAME).collect();
    let name = format!("{}-manual-{}", base.trim_end_matches(['-', '.']), at.as_second().rem_euclid(10_000_000));
    let mut metadata = json!({"name": name, "annotations": annotations});
    if let Some(namespace) = &object.namespace {
        metadata["namespace"] = json!(namespace);
    }
    let labels = map("labels");
    if !labels.is_empty() {
        metadata["labels"] = Value::Object(labels);
    }
    if let Some(uid) = live.text(&["metadata", "uid"]) {
        metadata["ownerReferences"] = json!([{
            "apiVersion": object.kind.api_version(), "kind": object.kind.kind, "name": object.name, "uid": uid,
            "controller": true,
        }]);
    }
    Ok(Manifest(json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec})))
}
