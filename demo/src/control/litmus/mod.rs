//! Litmus: its operator takes ChaosEngines up and down; a runner, the Job of the experiment and its helpers carry them out.
//!
//! As in the real one (chaos-operator 3.18, chaos-runner, litmus-go 3.28): the finalizer holds an engine until its pods are
//! gone; what was injected is told pod by pod in annotations of the ChaosResult; the experiment's own clock runs from the
//! injection. The pods are real pods of this world, and what they do here is done when they run: without a ready operator no
//! engine is begun, finished or let go, but a helper that runs ends by its own clock.

mod deed;
mod experiment;
mod result;

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    Controller,
    ctx::{Ctx, owner_reference},
    events::{Mood, record as event},
    json,
    key::Key,
    kinds, names, pods, time,
};
use crate::base::{
    objects::{Kind, Objects, Refused},
    proxies,
};

/// Where Litmus lives.
pub(super) const HOME: &str = "litmus";
/// What holds an engine until its pods are gone.
const FINALIZER: &str = "chaosengine.litmuschaos.io/finalizer";
/// Field manager.
const MANAGER: &str = "chaos-operator";
const RUNNER_IMAGE: &str = "litmuschaos.docker.scarf.sh/litmuschaos/chaos-runner:3.18.0";
/// How often what is under way is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long until what failed is tried again.
const AGAIN: Duration = Duration::from_secs(5);

/// An engine on its way.
struct Engine<'a> {
    key: &'a Key,
    uid: String,
    object: Value,
}

impl Engine<'_> {
    /// `RUNNER`, the pod that sees to the experiments.
    fn runner(&self) -> Key {
        Key::new(kinds::POD, &self.key.namespace, &format!("{}-runner", self.key.name))
    }

    fn account(&self) -> &str {
        json::text(&self.object, &["spec", "chaosServiceAccount"])
    }

    /// The first of its experiments; the runner takes one after the other, and here there is one.
    fn experiment(&self) -> &str {
        json::list(&self.object, &["spec", "experiments"]).first().map_or("", |one| json::text(one, &["name"]))
    }

    fn status(&self) -> &str {
        json::text(&self.object, &["status", "engineStatus"])
    }

    /// What is there of it: Jobs, or pods, its helpers among them.
    fn own<O: Objects>(&self, ctx: &Ctx<'_, O>, kind: Kind) -> Vec<Key> {
        let rows = ctx.state.rows.within(kind, &self.key.namespace);
        rows.filter(|(_, row)| row.labels.get("chaosUID").is_some_and(|uid| *uid == self.uid))
            .map(|(name, _)| Key::new(kind, &self.key.namespace, name))
            .collect()
    }

    fn again<O: Objects>(&self, ctx: &mut Ctx<'_, O>, span: Duration) {
        ctx.after(span, Controller::Litmus, self.key);
    }
}

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(object) = ctx.get(key) else { return Ok(()) };
    let engine = Engine { key, uid: json::text(&object, &["metadata", "uid"]).to_owned(), object: (*object).clone() };
    let leaving = !json::at(&object, &["metadata", "deletionTimestamp"]).is_null();
    let stops = json::text(&object, &["spec", "engineState"]) == "stop";
    // Its operator runs.
    if pods::runs(ctx, HOME, ("name", "chaos-operator")) {
        match engine.status() {
            _ if leaving => return take_down(ctx, &engine),
            "" if !stops => return take_up(ctx, &engine),
            "initialized" if stops => return take_down(ctx, &engine),
            "stopped" | "completed" if !stops => return afresh(ctx, &engine),
            _ => {}
        }
        if engine.status() == "initialized" && !began(ctx, &engine)? {
            return Ok(());
        }
        if engine.status() == "initialized" && ended(ctx, &engine.runner()) {
            return complete(ctx, &engine);
        }
    }
    if engine.status() == "initialized" && !leaving {
        experiment::go_on(ctx, &engine)?;
    }
    Ok(())
}

/// Whether its program ended, whatever a proxy beside it does.
fn ended<O: Objects>(ctx: &Ctx<'_, O>, pod: &Key) -> bool {
    let Some(pod) = ctx.get(pod) else { return false };
    let own = json::list(&pod, &["status", "containerStatuses"])
        .iter()
        .find(|one| json::text(one, &["name"]) != proxies::ISTIO);
    own.is_some_and(|one| json::at(one, &["state", "terminated"]).is_object())
}

fn running<O: Objects>(ctx: &Ctx<'_, O>, pod: &Key) -> bool {
    ctx.row(pod).is_some_and(|row| !row.terminating && pods::ready(row))
}

fn take_up<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<(), Refused> {
    ctx.edit(engine.key, MANAGER, |object| {
        json::set(object, &["metadata", "finalizers"], json!([FINALIZER]));
        json::set(object, &["spec", "engineState"], "active");
        json::set(object, &["status", "engineStatus"], "initialized");
        json::set(object, &["status", "experiments"], json!([]));
    })?;
    let said = format!("Identifying app under test & launching {}", engine.runner().name);
    event(ctx, engine.key, Mood::Normal, "ChaosEngineInitialized", &said, MANAGER);
    Ok(())
}

/// Somebody set it going once more: what is left of the last time goes first.
fn afresh<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<(), Refused> {
    if remove_pods(ctx, engine)? {
        engine.again(ctx, LOOK);
        return Ok(());
    }
    ctx.edit(engine.key, MANAGER, |object| json::set(object, &["status"], json!({"engineStatus": ""})))
}

/// Starts the runner, if it is not there; whether it is.
fn began<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<bool, Refused> {
    let runner = engine.runner();
    if ctx.row(&runner).is_some() {
        return Ok(true);
    }
    let namespace = engine.key.namespace.as_str();
    let experiment = Key::new(kinds::CHAOS_EXPERIMENT, namespace, engine.experiment());
    let account = Key::new(kinds::SERVICE_ACCOUNT, namespace, engine.account());
    if ctx.get(&experiment).is_none() || ctx.get(&account).is_none() {
        let said = "(chaos start) Unable to get chaos resources";
        event(ctx, engine.key, Mood::Warning, "ChaosResourcesOperationFailed", said, MANAGER);
        engine.again(ctx, AGAIN);
        return Ok(false);
    }
    let mut labels = json!({
        "app": engine.key.name, "chaosUID": engine.uid,
        "app.kubernetes.io/component": "chaos-runner", "app.kubernetes.io/part-of": "litmus",
    });
    more(&mut labels, json::at(&engine.object, &["spec", "components", "runner", "runnerLabels"]));
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": runner.name, "namespace": namespace, "labels": labels,
            "ownerReferences": [owner_reference(engine.key, &engine.uid, true)],
        },
        "spec": {
            "serviceAccountName": engine.account(), "restartPolicy": "OnFailure",
            "containers": [{"name": "chaos-runner", "image": RUNNER_IMAGE, "imagePullPolicy": "IfNotPresent"}],
        },
    });
    ctx.create(kinds::POD, pod, MANAGER)?;
    Ok(false)
}

/// Labels that somebody wants beside these.
fn more(labels: &mut Value, others: &Value) {
    for (key, value) in others.as_object().into_iter().flatten() {
        json::set(labels, &[key], value.clone());
    }
}

/// Its runner is through.
fn complete<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<(), Refused> {
    ctx.edit(engine.key, MANAGER, |object| {
        json::set(object, &["spec", "engineState"], "stop");
        json::set(object, &["status", "engineStatus"], "completed");
    })?;
    let said = "ChaosEngine completed, will delete or retain the resources according to jobCleanUpPolicy";
    event(ctx, engine.key, Mood::Normal, "ChaosEngineCompleted", said, MANAGER);
    if json::text(&engine.object, &["spec", "jobCleanUpPolicy"]) == "delete" {
        remove_pods(ctx, engine)?;
    }
    Ok(())
}

/// Ends its pods, waits until they are gone, tells what came of it, and lets the engine go.
fn take_down<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<(), Refused> {
    let held = json::list(&engine.object, &["metadata", "finalizers"]).iter().any(|one| one == FINALIZER);
    if !held && engine.status() != "initialized" {
        return Ok(());
    }
    result::aborted(ctx, engine)?;
    if remove_pods(ctx, engine)? {
        engine.again(ctx, LOOK);
        return Ok(());
    }
    result::settle(ctx, engine)?;
    let at = ctx.stamp();
    event(ctx, engine.key, Mood::Normal, "ChaosEngineStopped", "Chaos resources deleted successfully", MANAGER);
    ctx.edit(engine.key, MANAGER, |object| {
        json::take(object, &["metadata", "finalizers"], FINALIZER);
        let mut experiments = json::list(object, &["status", "experiments"]).to_vec();
        for one in &mut experiments {
            if matches!(json::text(one, &["status"]), "Running" | "Waiting for Job Creation") {
                json::set(one, &["status"], "Forcefully Aborted");
                json::set(one, &["verdict"], "Stopped");
                json::set(one, &["lastUpdateTime"], at.clone());
            }
        }
        json::set(object, &["status"], json!({"engineStatus": "stopped", "experiments": experiments}));
    })
}

/// Deletes Jobs and pods of an engine; whether any is still there. A helper takes its deed back when it is told to end.
fn remove_pods<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<bool, Refused> {
    for job in engine.own(ctx, kinds::JOB) {
        ctx.delete(&job, None)?;
    }
    for pod in engine.own(ctx, kinds::POD) {
        if !ctx.row(&pod).is_some_and(|row| row.terminating) {
            ctx.delete(&pod, None)?;
        }
    }
    Ok(!engine.own(ctx, kinds::POD).is_empty())
}
