//! An experiment under way: the runner starts its Job, the Job's pod chooses whom it hits and has it done, and tells the
//! verdict; then all of them end.

use serde_json::{Value, json};

use super::{Engine, LOOK, RUNNER_IMAGE, deed, ended, more, result, running};
use crate::{
    base::objects::{Objects, Refused},
    control::{
        ctx::Ctx,
        events::{Mood, record as event},
        json,
        key::Key,
        kinds,
        kubelet::{self, Exit},
    },
};

/// Field manager of the runner and of what it starts.
pub(super) const MANAGER: &str = "chaos-runner";

/// Moves on what may move on.
pub(super) fn go_on<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<(), Refused> {
    let runner = engine.runner();
    if ctx.row(&runner).is_some() && !ended(ctx, &runner) {
        engine.again(ctx, LOOK);
    }
    if !running(ctx, &runner) {
        return Ok(());
    }
    let Some(pod) = job_pod(ctx, engine) else {
        let waiting = told(engine, "Yet to be launched", "Waiting for Job Creation", "N/A", &ctx.stamp());
        tell(ctx, engine, &waiting)?;
        return start(ctx, engine);
    };
    if ended(ctx, &pod) {
        let verdict = result::verdict(ctx, engine);
        tell(ctx, engine, &told(engine, &pod.name, "Completed", &verdict, &ctx.stamp()))?;
        exit(ctx, &runner);
        return Ok(());
    }
    tell(ctx, engine, &told(engine, &pod.name, "Running", "Awaited", &ctx.stamp()))?;
    if !running(ctx, &pod) {
        return Ok(());
    }
    result::begin(ctx, engine, &pod)?;
    if let Some(verdict) = deed::go_on(ctx, engine, &pod)? {
        result::end(ctx, engine, &verdict)?;
        exit(ctx, &pod);
    }
    Ok(())
}

/// The program of a pod ends well.
pub(super) fn exit<O: Objects>(ctx: &mut Ctx<'_, O>, pod: &Key) {
    kubelet::exit(ctx.state, pod, &Exit { container: String::new(), code: 0, reason: "Completed" }, ctx.now);
}

/// The pod of the experiment's Job.
fn job_pod<O: Objects>(ctx: &Ctx<'_, O>, engine: &Engine<'_>) -> Option<Key> {
    let of_job = |key: &Key| ctx.row(key).is_some_and(|row| row.labels.contains_key("job-name"));
    engine.own(ctx, kinds::POD).into_iter().find(of_job)
}

fn told(engine: &Engine<'_>, pod: &str, status: &str, verdict: &str, at: &str) -> Value {
    json!({
        "name": engine.experiment(), "runner": engine.runner().name, "experimentPod": pod, "status": status,
        "verdict": verdict, "lastUpdateTime": at,
    })
}

/// Says it in the status of the engine, if it is news.
fn tell<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>, told: &Value) -> Result<(), Refused> {
    let held = json::list(&engine.object, &["status", "experiments"]).first().cloned().unwrap_or_default();
    let same = |field: &str| json::text(&held, &[field]) == json::text(told, &[field]);
    if same("status") && same("experimentPod") && same("verdict") {
        return Ok(());
    }
    ctx.edit(engine.key, MANAGER, |object| json::set(object, &["status", "experiments"], json!([told])))
}

fn start<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<(), Refused> {
    let namespace = engine.key.namespace.as_str();
    if !engine.own(ctx, kinds::JOB).is_empty() {
        return Ok(());
    }
    let experiment = ctx.get(&Key::new(kinds::CHAOS_EXPERIMENT, namespace, engine.experiment()));
    let definition = experiment.as_ref().map_or(&Value::Null, |one| json::at(one, &["spec", "definition"]));
    let image = match json::text(definition, &["image"]) {
        "" => RUNNER_IMAGE,
        image => image,
    };
    let name = ctx.fresh_name(kinds::JOB, namespace, &format!("{}-", engine.experiment()));
    let mut labels = json!({
        "app.kubernetes.io/part-of": "litmus", "app.kubernetes.io/component": "experiment-job",
        "name": engine.experiment(), "chaosUID": engine.uid,
    });
    more(&mut labels, json::at(definition, &["labels"]));
    more(&mut labels, json::at(&engine.object, &["metadata", "labels"]));
    let mut of_pod = labels.clone();
    json::set(&mut of_pod, &["job-name"], name.clone());
    let job = json!({
        "apiVersion": "batch/v1", "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"backoffLimit": 0, "template": {
            "metadata": {"labels": of_pod},
            "spec": {
                "serviceAccountName": engine.account(), "restartPolicy": "Never",
                "containers": [{
                    "name": name, "image": image, "imagePullPolicy": "IfNotPresent",
                    "command": json::list(definition, &["command"]), "args": json::list(definition, &["args"]),
                }],
            },
        }},
    });
    ctx.create(kinds::JOB, job, MANAGER)?;
    let said = format!("Experiment Job {name} for Chaos Experiment: {}", engine.experiment());
    event(ctx, engine.key, Mood::Normal, "ExperimentJobCreate", &said, &engine.runner().name);
    Ok(())
}
