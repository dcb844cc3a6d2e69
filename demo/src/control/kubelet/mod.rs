//! The kubelet of every node: pulls images, runs containers, tells their states, ends them.
//!
//! What a container does is decided by the behaviours of the world and by signals of the traffic; what is told of it is the
//! status that clients print.

mod container;
mod probes;
mod stop;
mod tell;

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde_json::Value;

pub(super) use self::container::Container;
use self::container::Plan;
use super::{
    Controller,
    behaviour::{Image, Workload},
    ctx::{Ctx, State},
    json,
    key::Key,
    kinds, names, time,
};
use crate::base::{
    fortio,
    objects::{Objects, Refused},
    proxies,
};

pub(super) const MANAGER: &str = "kubelet";
/// What a container takes to start when its image is there.
const SANDBOX: Duration = Duration::from_millis(700);

/// What the kubelet of a pod's node remembers of it.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// Boxed: a map of one or two keeps room for eleven.
    pub(super) containers: BTreeMap<String, Box<Container>>,
    pub(super) stops: Option<Timestamp>,
}

/// What happens to a running container from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// Container; empty: the first of the pod.
    pub container: String,
    /// Exit code, 137 after a kill.
    pub code: i64,
    /// `OOMKilled`, `Error`, `Completed`.
    pub reason: &'static str,
}

/// A container of a pod ended.
pub fn exit(state: &mut State, pod: &Key, exit: &Exit, now: Timestamp) {
    let Some(uid) = state.rows.get(pod.kind, &pod.namespace, &pod.name).map(|row| row.uid.clone()) else { return };
    let Some(local) = state.kubelet.get_mut(&uid) else { return };
    let named = local.containers.iter_mut().find(|(name, container)| {
        if exit.container.is_empty() { container.index == (false, 0) } else { **name == exit.container }
    });
    if let Some((_, container)) = named {
        container.end(exit.code, exit.reason, now);
        state.queue.push(now, (Controller::Kubelet, pod.clone()));
    }
}

/// The readiness probe of a pod begins to fail, or to succeed again.
pub fn readiness(state: &mut State, pod: &Key, ready: bool, now: Timestamp) {
    let Some(uid) = state.rows.get(pod.kind, &pod.namespace, &pod.name).map(|row| row.uid.clone()) else { return };
    let changed = if ready { state.unready.remove(&uid) } else { state.unready.insert(uid) };
    if changed {
        state.queue.push(now, (Controller::Kubelet, pod.clone()));
    }
}

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(pod) = ctx.get(key) else { return Ok(()) };
    let uid = json::text(&pod, &["metadata", "uid"]).to_owned();
    let terminating = ctx.row(key).is_some_and(|row| row.terminating);
    let ended = matches!(json::text(&pod, &["status", "phase"]), "Succeeded" | "Failed");
    if terminating && (ended || json::text(&pod, &["spec", "nodeName"]).is_empty()) {
        ctx.state.kubelet.remove(&uid);
        return ctx.remove(key, Some(&uid));
    }
    if ended || json::text(&pod, &["spec", "nodeName"]).is_empty() {
        return Ok(());
    }
    let mut local = ctx.state.kubelet.remove(&uid).unwrap_or_else(|| adopt(&pod));
    if terminating {
        return stop::step(ctx, key, &pod, local);
    }
    let next = run(ctx, key, &pod, &mut local);
    let status = tell::status(ctx, &pod, &local);
    ctx.state.kubelet.insert(uid, local);
    if let Some(next) = next {
        ctx.at(next, Controller::Kubelet, key);
    }
    ctx.set_status(key, MANAGER, status)
}

/// A pod that is already told to run is taken as it is: after a restore nothing starts anew.
fn adopt(pod: &Value) -> Local {
    let mut local = Local::default();
    for status in json::list(pod, &["status", "containerStatuses"]) {
        let Some(since) = time::read(json::text(status, &["state", "running", "startedAt"])) else { continue };
        let name = json::text(status, &["name"]);
        let found = specs(pod).find(|(_, spec)| json::text(spec, &["name"]) == name);
        let Some((index, spec)) = found else { continue };
        let mut container = Container::new(index, json::text(spec, &["image"]));
        container.running(since, json::int(status, &["restartCount"]).unwrap_or_default());
        local.containers.insert(name.to_owned(), Box::new(container));
    }
    local
}

/// All containers of a pod: (whether it is an init container, place), spec.
fn specs(pod: &Value) -> impl Iterator<Item = ((bool, usize), &Value)> {
    let of = |list: &'static str, init: bool| {
        json::list(pod, &["spec", list]).iter().enumerate().map(move |(at, spec)| ((init, at), spec))
    };
    of("initContainers", true).chain(of("containers", false))
}

/// Moves every container on. Answers when to look again.
fn run<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, pod: &Value, local: &mut Local) -> Option<Timestamp> {
    let workload = workload(ctx, key)
        .and_then(|(kind, name)| ctx.state.behaviours.workload(&key.namespace, &kind, &name).cloned());
    let mut next: Option<Timestamp> = None;
    for (index, spec) in specs(pod) {
        let name = json::text(spec, &["name"]).to_owned();
        let plan = plan(ctx, pod, spec, index, workload.as_ref());
        let mut container = match local.containers.remove(&name) {
            Some(mut held) => {
                held.wanted(&plan.image, ctx.now);
                *held
            }
            None => Container::new(index, &plan.image),
        };
        let again = container.step(ctx, key, &name, &plan);
        // Init containers hold what comes after them: until they ended well, or until they run if they are to stay.
        let through = if plan.stays { container.is_running() } else { container.done_well() };
        let waits = index.0 && !through;
        local.containers.insert(name, Box::new(container));
        next = [next, again].into_iter().flatten().min();
        if waits {
            break;
        }
    }
    next
}

/// What is decided about a container before it runs.
fn plan<O: Objects>(
    ctx: &Ctx<'_, O>,
    pod: &Value,
    spec: &Value,
    index: (bool, usize),
    workload: Option<&Workload>,
) -> Plan {
    let image = json::text(spec, &["image"]).to_owned();
    let known = ctx.state.behaviours.image(&image).cloned().unwrap_or_default();
    let node = json::text(pod, &["spec", "nodeName"]).to_owned();
    let uid = json::text(pod, &["metadata", "uid"]);
    let seed = ctx.state.seed;
    // Machines differ a little, so pods of one rollout do not move in step.
    let jitter = |what: &str, span: Duration| {
        // In a past that nobody watches a pod comes up at once.
        if ctx.state.quiet {
            return Duration::ZERO;
        }
        span.mul_f64(0.85 + f64::from(names::draw(seed, &format!("{uid}/{what}"), 0, 300)) / 1_000.0)
    };
    let present = ctx.state.pulled.contains(&(node.clone(), image.clone()));
    let always = match json::text(spec, &["imagePullPolicy"]) {
        "" => image.ends_with(":latest") || !image.rsplit('/').next().unwrap_or_default().contains([':', '@']),
        policy => policy == "Always",
    };
    let Image { not_found, pull, crash } = known;
    let first = index == (false, 0);
    let proxy = json::text(spec, &["name"]) == proxies::ISTIO;
    let restart = match json::text(pod, &["spec", "restartPolicy"]) {
        "" => "Always",
        policy => policy,
    };
    let own_restart = json::text(spec, &["restartPolicy"]) == "Always";
    let job = json::list(pod, &["metadata", "ownerReferences"]).iter().any(|one| json::text(one, &["kind"]) == "Job");
    // The programs of an experiment end when their operator says so.
    let told = !json::text(pod, &["metadata", "labels", "chaosUID"]).is_empty();
    let runs = if index.0 && !own_restart {
        Some(if ctx.state.quiet { Duration::ZERO } else { Duration::from_millis(400) })
    } else if job && !proxy && !told {
        match (workload.and_then(|one| one.completes), fortio::load(spec)) {
            (Some(completes), _) => Some(completes),
            // It ends when its operator said so, or never.
            (None, Some(load)) => load.span,
            (None, None) => Some(Duration::from_secs(10)),
        }
    } else {
        None
    };
    let killed = Some(spec).filter(|spec| !proxy && probes::deaf(spec, "livenessProbe")).map(probes::killed);
    Plan {
        not_found: not_found || unpushed(&image),
        pull: jitter("pull", if present && !always { SANDBOX } else { pull.unwrap_or(Duration::from_secs(1)) }),
        present: present && !always,
        crash: crash.or_else(|| workload.and_then(|one| one.crash.clone())).filter(|_| first).or(killed),
        ready: jitter("ready", readiness_delay(spec, workload.filter(|_| !proxy && !index.0))),
        runs,
        stays: own_restart,
        restart: if own_restart { "Always" } else { restart }.to_owned(),
        // A program that does nothing answers no probe.
        unready: first && ctx.state.unready.contains(uid)
            || !proxy && probes::deaf(spec, "readinessProbe")
            || image == kinds::PAUSE_IMAGE && json::at(spec, &["readinessProbe"]).is_object(),
        jitter: jitter("start", Duration::from_millis(300)),
        image,
        node,
    }
}

/// Nobody pushed a tag that calls itself missing; the registries of a world have whatever else is asked for.
fn unpushed(image: &str) -> bool {
    let name = image.rsplit('/').next().unwrap_or_default();
    name.split_once(':').is_some_and(|(_, tag)| tag.ends_with("missing"))
}

fn readiness_delay(spec: &Value, workload: Option<&Workload>) -> Duration {
    let probe = json::at(spec, &["readinessProbe"]);
    let seconds = |field: &str, default: i64| {
        Duration::from_secs(u64::try_from(json::int(probe, &[field]).unwrap_or(default)).unwrap_or_default())
    };
    match workload.and_then(|one| one.ready) {
        Some(span) => span,
        None if probe.is_object() => {
            seconds("initialDelaySeconds", 0) + seconds("periodSeconds", 10).min(Duration::from_secs(2))
        }
        None => Duration::ZERO,
    }
}

/// The workload a pod belongs to: kind and name.
pub fn workload<O: Objects>(ctx: &Ctx<'_, O>, pod: &Key) -> Option<(String, String)> {
    let owner = ctx.row(pod)?.controller()?.clone();
    if owner.kind == "ReplicaSet" {
        let set = ctx.state.rows.of_uid(&owner.uid)?;
        if let Some(above) = ctx.row(set)?.controller() {
            return Some((above.kind.clone(), above.name.clone()));
        }
    }
    Some((owner.kind, owner.name))
}
