//! The ChaosResult of an experiment: whom it hit and how that stands, its phase, its verdict, and what came of earlier runs.

use serde_json::{Value, json};

use super::{Engine, deed::Verdict, experiment::MANAGER};
use crate::{
    base::objects::{Objects, Refused},
    control::{ctx::Ctx, json, key::Key, kinds},
};

/// `ENGINE-EXPERIMENT`.
pub(super) fn key(engine: &Engine<'_>) -> Key {
    let name = format!("{}-{}", engine.key.name, engine.experiment());
    Key::new(kinds::CHAOS_RESULT, &engine.key.namespace, &name)
}

pub(super) fn verdict<O: Objects>(ctx: &Ctx<'_, O>, engine: &Engine<'_>) -> String {
    let result = ctx.get(&key(engine));
    result.map_or_else(
        || "Error".to_owned(),
        |one| json::text(&one, &["status", "experimentStatus", "verdict"]).to_owned(),
    )
}

/// It began; the same result is used again by a later run.
pub(super) fn begin<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>, pod: &Key) -> Result<(), Refused> {
    let key = key(engine);
    let running = json!({"phase": "Running", "verdict": "Awaited", "probeSuccessPercentage": "Awaited"});
    let Some(held) = ctx.get(&key) else {
        let mut labels = ctx.row(pod).map(|row| json!(row.labels)).unwrap_or_default();
        json::set(&mut labels, &["chaosUID"], engine.uid.clone());
        let result = json!({
            "apiVersion": "litmuschaos.io/v1alpha1", "kind": "ChaosResult",
            "metadata": {"name": key.name, "namespace": key.namespace, "labels": labels},
            "spec": {"engine": engine.key.name, "experiment": engine.experiment()},
            "status": {
                "experimentStatus": running,
                "history": {"passedRuns": 0, "failedRuns": 0, "stoppedRuns": 0, "targets": []},
            },
        });
        ctx.create(kinds::CHAOS_RESULT, result, MANAGER)?;
        return Ok(());
    };
    if json::text(&held, &["metadata", "labels", "chaosUID"]) == engine.uid {
        return Ok(());
    }
    ctx.edit(&key, MANAGER, |object| {
        json::set(object, &["metadata", "labels", "chaosUID"], engine.uid.clone());
        json::set(object, &["status", "experimentStatus"], running);
        json::set(object, &["status", "history", "targets"], json!([]));
    })
}

/// Marks what is hit: `pod/NAME: injected`.
pub(super) fn mark<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    engine: &Engine<'_>,
    kind: &str,
    names: &[String],
    state: &str,
) -> Result<(), Refused> {
    ctx.edit(&key(engine), MANAGER, |object| {
        for name in names {
            json::set(object, &["metadata", "annotations", &format!("{kind}/{name}")], state);
        }
    })
}

/// What stands as this in the annotations.
pub(super) fn marked<O: Objects>(ctx: &Ctx<'_, O>, engine: &Engine<'_>, state: &str) -> Vec<String> {
    let Some(result) = ctx.get(&key(engine)) else { return Vec::new() };
    let annotations = json::at(&result, &["metadata", "annotations"]).as_object();
    let own = annotations.into_iter().flatten().filter(|(_, value)| *value == state);
    own.filter_map(|(key, _)| Some(key.strip_prefix("pod/")?.to_owned())).collect()
}

/// It is over.
pub(super) fn end<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>, verdict: &Verdict) -> Result<(), Refused> {
    settle(ctx, engine)?;
    ctx.edit(&key(engine), MANAGER, |object| {
        let (phase, word, counter, percent) = match verdict {
            Verdict::Pass => ("Completed", "Pass", "passedRuns", "100"),
            Verdict::Error(_) => ("Error", "Error", "failedRuns", "0"),
        };
        json::set(
            object,
            &["status", "experimentStatus"],
            json!({"phase": phase, "verdict": word, "probeSuccessPercentage": percent}),
        );
        if let Verdict::Error(reason) = verdict {
            let output = json!({"errorCode": "TARGET_SELECTION_ERROR", "reason": reason});
            json::set(object, &["status", "experimentStatus", "errorOutput"], output);
        }
        count(object, counter);
    })
}

/// It was told to stop: everything that is injected is taken back.
pub(super) fn aborted<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<(), Refused> {
    let key = key(engine);
    let Some(held) = ctx.get(&key) else { return Ok(()) };
    let open = json::text(&held, &["status", "experimentStatus", "phase"]) == "Running";
    if !open || json::text(&held, &["metadata", "labels", "chaosUID"]) != engine.uid {
        return Ok(());
    }
    let hit = marked(ctx, engine, "injected");
    mark(ctx, engine, "pod", &hit, "reverted")?;
    ctx.edit(&key, MANAGER, |object| {
        let stopped = json!({"phase": "Stopped", "verdict": "Stopped", "probeSuccessPercentage": "0"});
        json::set(object, &["status", "experimentStatus"], stopped);
        count(object, "stoppedRuns");
    })
}

fn count(object: &mut Value, counter: &str) {
    let runs = json::int(object, &["status", "history", counter]).unwrap_or_default() + 1;
    json::set(object, &["status", "history", counter], runs);
}

/// What the annotations told moves to the history.
pub(super) fn settle<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<(), Refused> {
    ctx.edit(&key(engine), MANAGER, |object| {
        let annotations = json::at(object, &["metadata", "annotations"]).as_object().cloned().unwrap_or_default();
        let mut targets = json::list(object, &["status", "history", "targets"]).to_vec();
        for (key, state) in annotations {
            let Some((kind, name)) = key.split_once('/') else { continue };
            if !["injected", "reverted", "targeted"].contains(&state.as_str().unwrap_or_default()) {
                continue;
            }
            targets.retain(|one| json::text(one, &["name"]) != name);
            targets.push(json!({"name": name, "kind": kind, "chaosStatus": state}));
            json::remove(object, &["metadata", "annotations", &key]);
        }
        json::set(object, &["status", "history", "targets"], targets);
    })
}
