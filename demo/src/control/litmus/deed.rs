//! What experiments do. The network of a pod is changed by a helper on its node, which takes it back at the end of its time or
//! when it is told to stop; pods are deleted by the experiment itself, round by round.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use serde_json::json;

use super::{Controller, Engine, experiment, experiment::MANAGER, names, result, running, time};
use crate::{
    base::{
        litmus,
        objects::{Objects, Refused},
    },
    control::{
        ctx::Ctx,
        events::{Mood, record as event},
        json,
        key::Key,
        kinds,
        selector::Selector,
    },
};

/// How an experiment ended.
pub(super) enum Verdict {
    Pass,
    Error(String),
}

/// What changes the network of pods.
const NETEM: [&str; 3] = ["pod-network-latency", "pod-network-loss", "pod-network-corruption"];

/// Moves the deed on; its verdict once it is over.
pub(super) fn go_on<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    engine: &Engine<'_>,
    pod: &Key,
) -> Result<Option<Verdict>, Refused> {
    match engine.experiment() {
        name if NETEM.contains(&name) => netem(ctx, engine),
        "pod-delete" => delete(ctx, engine, pod),
        other => {
            Ok(Some(Verdict::Error(format!("this world has no {other}: it knows {} and pod-delete", NETEM.join(", ")))))
        }
    }
}

/// A setting: the engine's, else the experiment's.
fn setting<O: Objects>(ctx: &Ctx<'_, O>, engine: &Engine<'_>, name: &str) -> String {
    let experiment = ctx.get(&Key::new(kinds::CHAOS_EXPERIMENT, &engine.key.namespace, engine.experiment()));
    let found = litmus::setting(Some(&engine.object), experiment.as_deref(), engine.experiment(), name);
    found.unwrap_or_default().to_owned()
}

fn seconds<O: Objects>(ctx: &Ctx<'_, O>, engine: &Engine<'_>, name: &str) -> Duration {
    Duration::from_secs(setting(ctx, engine, name).parse().unwrap_or_default())
}

/// Whom it hits: pods by name, else a share of those that `appinfo` means.
fn chosen<O: Objects>(ctx: &Ctx<'_, O>, engine: &Engine<'_>) -> Result<Vec<Key>, String> {
    let info = json::at(&engine.object, &["spec", "appinfo"]);
    let namespace = match json::text(info, &["appns"]) {
        "" => engine.key.namespace.as_str(),
        other => other,
    };
    let named = setting(ctx, engine, "TARGET_PODS");
    let named: Vec<Key> = named
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| Key::new(kinds::POD, namespace, name))
        .collect();
    if let Some(missing) = named.iter().find(|key| ctx.row(key).is_none()) {
        return Err(format!("pods \"{}\" not found", missing.name));
    }
    if !named.is_empty() {
        return Ok(named);
    }
    let label = json::text(info, &["applabel"]);
    let Some((key, value)) = label.split_once('=') else {
        return Err("provide one of the appLabel or TARGET_PODS".to_owned());
    };
    let mut labels = json!({});
    json::set(&mut labels, &["matchLabels", key], value);
    let selector = Selector::read(&labels);
    let rows = ctx.state.rows.within(kinds::POD, namespace);
    let meant = rows.filter(|(_, row)| selector.matches(&row.labels) && !row.terminating);
    let mut meant: Vec<Key> = meant.map(|(name, _)| Key::new(kinds::POD, namespace, name)).collect();
    if meant.is_empty() {
        return Err(format!("no target pods found: {label} in {namespace}"));
    }
    meant.sort_by_cached_key(|pod| {
        (names::draw(ctx.state.seed, &format!("{}/{}", engine.uid, pod.name), 0, u32::MAX), pod.name.clone())
    });
    let share: usize = setting(ctx, engine, "PODS_AFFECTED_PERC").parse().unwrap_or_default();
    let wanted = (meant.len() * share.min(100) / 100).max(1);
    meant.truncate(wanted);
    Ok(meant)
}

/// Helpers, one on each node, and what they do.
fn netem<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>) -> Result<Option<Verdict>, Refused> {
    let helpers: Vec<Key> = engine
        .own(ctx, kinds::POD)
        .into_iter()
        .filter(|key| {
            ctx.row(key)
                .is_some_and(|row| row.labels.get("app.kubernetes.io/component").is_some_and(|one| one == "helper"))
        })
        .collect();
    let injected = result::marked(ctx, engine, "injected");
    if helpers.is_empty() && injected.is_empty() {
        return Ok(match chosen(ctx, engine) {
            Ok(pods) => {
                help(ctx, engine, &pods)?;
                None
            }
            Err(why) => Some(Verdict::Error(why)),
        });
    }
    if injected.is_empty() {
        if !helpers.iter().all(|helper| running(ctx, helper)) {
            return Ok(None);
        }
        let pods: BTreeSet<String> = helpers.iter().flat_map(|helper| targets(ctx, helper)).collect();
        result::mark(ctx, engine, "pod", &pods.into_iter().collect::<Vec<_>>(), "injected")?;
        let said = format!("Injected {} chaos on application pods", engine.experiment());
        event(ctx, engine.key, Mood::Normal, "ChaosInject", &said, engine.experiment());
        return Ok(None);
    }
    let since = helpers.iter().filter_map(|helper| started(ctx, helper)).max();
    let ends = since.map(|since| time::later(since, seconds(ctx, engine, "TOTAL_CHAOS_DURATION")));
    if ends.is_some_and(|ends| ctx.now < ends) {
        return Ok(None);
    }
    // What the helpers did ends with them, also where somebody deleted them.
    result::mark(ctx, engine, "pod", &injected, "reverted")?;
    for helper in &helpers {
        experiment::exit(ctx, helper);
    }
    Ok(Some(Verdict::Pass))
}

fn started<O: Objects>(ctx: &Ctx<'_, O>, pod: &Key) -> Option<Timestamp> {
    let pod = ctx.get(pod)?;
    let status = json::list(&pod, &["status", "containerStatuses"]).first()?;
    time::read(json::text(status, &["state", "running", "startedAt"]))
}

/// The pods a helper was told.
fn targets<O: Objects>(ctx: &Ctx<'_, O>, helper: &Key) -> Vec<String> {
    let Some(pod) = ctx.get(helper) else { return Vec::new() };
    let env = json::list(&pod, &["spec", "containers"]).first().map(|one| json::list(one, &["env"]).to_vec());
    let told = env.into_iter().flatten().find(|one| json::text(one, &["name"]) == "TARGETS");
    let told = told.map(|one| json::text(&one, &["value"]).to_owned()).unwrap_or_default();
    told.split(';').filter_map(|target| target.split(':').next()).map(str::to_owned).collect()
}

fn help<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>, pods: &[Key]) -> Result<(), Refused> {
    let node =
        |pod: &Key| ctx.row(pod).and_then(|row| row.pod.as_ref()).map(|pod| pod.node.clone()).unwrap_or_default();
    let nodes: BTreeSet<String> = pods.iter().map(node).filter(|node| !node.is_empty()).collect();
    let of: Vec<(String, String)> = nodes
        .into_iter()
        .map(|here| {
            let own = pods.iter().filter(|pod| node(pod) == here);
            let told: Vec<String> = own.map(|pod| format!("{}:{}:app:", pod.name, pod.namespace)).collect();
            (here, told.join(";"))
        })
        .collect();
    let image = match setting(ctx, engine, "LIB_IMAGE") {
        image if image.is_empty() => super::RUNNER_IMAGE.to_owned(),
        image => image,
    };
    for (node, targets) in of {
        let prefix = format!("{}-helper-", engine.experiment());
        let name = ctx.fresh_name(kinds::POD, &engine.key.namespace, &prefix);
        let mut labels = json!({
            "app": format!("{}-helper", engine.experiment()), "chaosUID": engine.uid,
            "app.kubernetes.io/component": "helper", "app.kubernetes.io/part-of": "litmus",
        });
        super::more(&mut labels, json::at(&engine.object, &["metadata", "labels"]));
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "namespace": engine.key.namespace, "labels": labels},
            "spec": {
                "nodeName": node, "hostPID": true, "restartPolicy": "Never", "serviceAccountName": engine.account(),
                "containers": [{
                    "name": engine.experiment(), "image": image, "imagePullPolicy": "IfNotPresent",
                    "command": ["/bin/bash"], "args": ["-c", "./helpers -name network-chaos"],
                    "env": [{"name": "TARGETS", "value": targets}],
                    "securityContext": {"privileged": true},
                }],
            },
        });
        ctx.create(kinds::POD, pod, MANAGER)?;
    }
    Ok(())
}

/// Deletes the pods at once, and again after each interval until its time is over.
fn delete<O: Objects>(ctx: &mut Ctx<'_, O>, engine: &Engine<'_>, pod: &Key) -> Result<Option<Verdict>, Refused> {
    let (most, interval) = (
        seconds(ctx, engine, "TOTAL_CHAOS_DURATION"),
        seconds(ctx, engine, "CHAOS_INTERVAL").max(Duration::from_secs(1)),
    );
    let began = started(ctx, pod).unwrap_or(ctx.now);
    let due = match ctx.state.chaos.get(&engine.uid) {
        Some((_, due)) => *due,
        None => began,
    };
    if due > ctx.now {
        ctx.at(due, Controller::Litmus, engine.key);
        return Ok(None);
    }
    let first = !ctx.state.chaos.contains_key(&engine.uid);
    if !first && ctx.now >= time::later(began, most) {
        ctx.state.chaos.remove(&engine.uid);
        return Ok(Some(Verdict::Pass));
    }
    let pods = match chosen(ctx, engine) {
        Ok(pods) => pods,
        Err(why) => {
            ctx.state.chaos.remove(&engine.uid);
            return Ok(Some(Verdict::Error(why)));
        }
    };
    for pod in pods {
        if setting(ctx, engine, "FORCE") == "true" { ctx.remove(&pod, None)? } else { ctx.delete(&pod, None)? }
    }
    let said = format!("Injecting {} chaos on application pod", engine.experiment());
    event(ctx, engine.key, Mood::Normal, "ChaosInject", &said, engine.experiment());
    let next = time::later(ctx.now, interval);
    ctx.state.chaos.insert(engine.uid.clone(), (true, next));
    ctx.at(next, Controller::Litmus, engine.key);
    Ok(None)
}
