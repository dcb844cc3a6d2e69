//! The status of a pod, as the kubelet writes it and kubectl reads it.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Local,
    container::{Container, Phase, full, missing},
    specs,
};
use crate::{
    base::objects::Objects,
    control::{ctx::Ctx, json, kinds, names, time},
};

/// The whole status.
pub(super) fn status<O: Objects>(ctx: &mut Ctx<'_, O>, pod: &Value, local: &Local) -> Value {
    let held = json::at(pod, &["status"]);
    let now = ctx.stamp();
    let states = |init: bool| -> Vec<Value> {
        specs(pod)
            .filter(|(index, _)| index.0 == init)
            .map(|(_, spec)| container(ctx.state.seed, pod, spec, local, init))
            .collect()
    };
    let (init, main) = (states(true), states(false));
    let initialized = specs(pod).filter(|(index, _)| index.0).all(|(_, spec)| {
        let stays = json::text(spec, &["restartPolicy"]) == "Always";
        local
            .containers
            .get(json::text(spec, &["name"]))
            .is_some_and(|one| if stays { one.is_running() } else { one.done_well() })
    });
    let phase = phase(pod, local, initialized);
    let ended = matches!(phase, "Succeeded" | "Failed");
    let unready: Vec<&str> =
        main.iter().filter(|one| !json::yes(one, &["ready"])).map(|one| json::text(one, &["name"])).collect();
    let begun =
        local.containers.values().any(|one| !matches!(one.phase, Phase::New | Phase::Pulling(_)) || one.restarts > 0);
    let why = (!unready.is_empty()).then(|| {
        let reason = if phase == "Succeeded" { "PodCompleted" } else { "ContainersNotReady" };
        (reason, format!("containers with unready status: [{}]", unready.join(" ")))
    });
    let waits = (!initialized).then(|| {
        let open: Vec<&str> = init
            .iter()
            .filter(|one| json::at(one, &["state", "terminated"]).is_null())
            .map(|one| json::text(one, &["name"]))
            .collect();
        ("ContainersNotInitialized", format!("containers with incomplete status: [{}]", open.join(" ")))
    });
    let ready = unready.is_empty() && initialized;
    let list = json::list(held, &["conditions"]);
    let conditions = vec![
        condition(list, "PodReadyToStartContainers", begun && !ended, None, &now),
        condition(list, "Initialized", initialized, waits, &now),
        condition(list, "Ready", ready, why.clone(), &now),
        condition(list, "ContainersReady", ready, why, &now),
        condition(list, "PodScheduled", true, None, &now),
    ];
    let node = json::text(pod, &["spec", "nodeName"]);
    let started = match json::text(held, &["startTime"]) {
        "" => now.clone(),
        held => held.to_owned(),
    };
    let mut status = json!({
        "phase": phase,
        "conditions": conditions,
        "startTime": started,
        "qosClass": qos(pod),
        "containerStatuses": main,
    });
    if !init.is_empty() {
        json::set(&mut status, &["initContainerStatuses"], init);
    }
    let host = host_ip(ctx, node);
    json::set(&mut status, &["hostIP"], host.clone());
    json::set(&mut status, &["hostIPs"], json!([{"ip": host}]));
    let ip = match json::text(held, &["podIP"]) {
        "" if begun || initialized && phase == "Running" => Some(address(ctx, pod, node, &host)),
        "" => None,
        held => Some(held.to_owned()),
    };
    if let Some(ip) = ip {
        json::set(&mut status, &["podIP"], ip.clone());
        json::set(&mut status, &["podIPs"], json!([{"ip": ip}]));
    }
    status
}

fn phase(pod: &Value, local: &Local, initialized: bool) -> &'static str {
    if !initialized {
        return "Pending";
    }
    let main: Vec<Option<&Container>> = specs(pod)
        .filter(|(index, _)| !index.0)
        .map(|(_, spec)| local.containers.get(json::text(spec, &["name"])).map(|held| &**held))
        .collect();
    let restarts = !matches!(json::text(pod, &["spec", "restartPolicy"]), "Never" | "OnFailure");
    let never = json::text(pod, &["spec", "restartPolicy"]) == "Never";
    let over = |one: &Container| one.phase == Phase::Done && (never || one.done_well());
    if !restarts && main.iter().all(|one| one.is_some_and(over)) {
        return if main.iter().flatten().all(|one| one.done_well()) { "Succeeded" } else { "Failed" };
    }
    let waiting = |one: Option<&Container>| match one {
        None => true,
        Some(one) => one.ended.is_none() && !one.is_running(),
    };
    if main.iter().copied().any(waiting) { "Pending" } else { "Running" }
}

fn condition(held: &[Value], kind: &str, good: bool, why: Option<(&str, String)>, now: &str) -> Value {
    let status = if good { "True" } else { "False" };
    let since = json::condition(held, kind)
        .filter(|one| json::text(one, &["status"]) == status)
        .map_or(now, |one| json::text(one, &["lastTransitionTime"]));
    let mut condition = json!({"type": kind, "status": status, "lastProbeTime": null, "lastTransitionTime": since});
    if let Some((reason, message)) = why {
        json::set(&mut condition, &["reason"], reason);
        json::set(&mut condition, &["message"], message);
    }
    condition
}

fn container(seed: u64, pod: &Value, spec: &Value, local: &Local, init: bool) -> Value {
    let name = json::text(spec, &["name"]);
    let image = json::text(spec, &["image"]);
    let uid = json::text(pod, &["metadata", "uid"]);
    let mut told = json!({
        "name": name, "image": image, "imageID": "", "ready": false, "started": false, "restartCount": 0,
        "state": {"waiting": {"reason": if local.containers.is_empty() || init || !has_init(pod) { "ContainerCreating" } else { "PodInitializing" }}},
        "lastState": {},
    });
    if init || has_init(pod) {
        json::set(&mut told, &["state", "waiting", "reason"], "PodInitializing");
    }
    let Some(held) = local.containers.get(name) else { return told };
    let id = |run: i64| {
        let subject = format!("{uid}/{name}");
        let part =
            |at: u64| names::uid(seed, &subject, u64::try_from(run).unwrap_or_default() * 2 + at).replace('-', "");
        format!("containerd://{}{}", part(0), part(1))
    };
    json::set(&mut told, &["restartCount"], held.restarts);
    let pulled = held.is_running() || held.ended.is_some();
    if pulled {
        json::set(&mut told, &["image"], full(image));
        let digest = names::uid(0, &full(image), 0).replace('-', "") + &names::uid(0, &full(image), 1).replace('-', "");
        let repository = full(image);
        let repository = repository.rsplit_once(':').map_or(repository.as_str(), |(front, _)| front).to_owned();
        json::set(&mut told, &["imageID"], format!("{repository}@sha256:{digest}"));
        json::set(&mut told, &["containerID"], id(held.restarts));
    }
    let ended = held.ended.as_ref().map(|ended| {
        let run = if held.is_running() { held.restarts - 1 } else { held.restarts };
        json!({"terminated": {
            "exitCode": ended.code, "reason": ended.reason, "startedAt": time::stamp(ended.since),
            "finishedAt": time::stamp(ended.at), "containerID": id(run),
        }})
    });
    let state = match &held.phase {
        Phase::New | Phase::Pulling(_) if held.tries == 0 => told["state"].clone(),
        Phase::NoImage { backing_off: false, .. } => {
            json!({"waiting": {"reason": "ErrImagePull", "message": missing(image)}})
        }
        // A pull tried again is told as the back-off it ends.
        Phase::New | Phase::Pulling(_) | Phase::NoImage { .. } => {
            let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {}", missing(image));
            json!({"waiting": {"reason": "ImagePullBackOff", "message": message}})
        }
        Phase::Running { since, ready } => {
            json::set(&mut told, &["started"], true);
            json::set(&mut told, &["ready"], *ready);
            json!({"running": {"startedAt": time::stamp(*since)}})
        }
        Phase::BackOff { wait, .. } => {
            let pod_name = json::text(pod, &["metadata", "name"]);
            let namespace = json::text(pod, &["metadata", "namespace"]);
            let span = time::words(*wait);
            let message =
                format!("back-off {span} restarting failed container={name} pod={pod_name}_{namespace}({uid})");
            json!({"waiting": {"reason": "CrashLoopBackOff", "message": message}})
        }
        Phase::Done => ended.clone().unwrap_or_default(),
    };
    if init && held.done_well() {
        json::set(&mut told, &["ready"], true);
    }
    json::set(&mut told, &["state"], state);
    if held.phase != Phase::Done
        && let Some(ended) = ended
    {
        json::set(&mut told, &["lastState"], ended);
    }
    told
}

fn has_init(pod: &Value) -> bool {
    !json::list(pod, &["spec", "initContainers"]).is_empty()
}

fn qos(pod: &Value) -> &'static str {
    let mut any = false;
    let mut all = true;
    for (_, spec) in specs(pod) {
        let resources = json::at(spec, &["resources"]);
        for what in ["cpu", "memory"] {
            let (request, limit) = (json::at(resources, &["requests", what]), json::at(resources, &["limits", what]));
            any |= !request.is_null() || !limit.is_null();
            all &= !limit.is_null() && (request.is_null() || request == limit);
        }
    }
    match (any, all) {
        (false, _) => "BestEffort",
        (true, true) => "Guaranteed",
        (true, false) => "Burstable",
    }
}

fn host_ip<O: Objects>(ctx: &Ctx<'_, O>, node: &str) -> String {
    ctx.objects
        .get(kinds::NODE, "", node)
        .and_then(|node| {
            let addresses = json::list(&node, &["status", "addresses"]);
            let internal = addresses.iter().find(|one| json::text(one, &["type"]) == "InternalIP")?;
            Some(json::text(internal, &["address"]).to_owned())
        })
        .unwrap_or_else(|| "10.0.0.1".to_owned())
}

/// An address of the node's range that no other pod has.
fn address<O: Objects>(ctx: &Ctx<'_, O>, pod: &Value, node: &str, host: &str) -> String {
    if json::yes(pod, &["spec", "hostNetwork"]) {
        return host.to_owned();
    }
    let range = ctx.objects.get(kinds::NODE, "", node).map(|node| json::text(&node, &["spec", "podCIDR"]).to_owned());
    let range = range.filter(|range| !range.is_empty()).unwrap_or_else(|| "10.244.255.0/24".to_owned());
    let front = range.rsplit_once('.').map_or("10.244.255", |(front, _)| front).to_owned();
    let uid = json::text(pod, &["metadata", "uid"]);
    let first = names::draw(ctx.state.seed, uid, 0, 250);
    (0..250)
        .map(|step| format!("{front}.{}", 3 + (first + step) % 250))
        .find(|ip| !ctx.state.rows.has_ip(ip))
        .unwrap_or_else(|| format!("{front}.254"))
}

/// The status of a pod whose containers were stopped.
pub(super) fn stopped(pod: &Value, now: Timestamp) -> Value {
    let mut status = json::at(pod, &["status"]).clone();
    let stamp = time::stamp(now);
    let mut main = json::list(&status, &["containerStatuses"]).to_vec();
    for one in &mut main {
        let since = json::text(one, &["state", "running", "startedAt"]).to_owned();
        if since.is_empty() {
            continue;
        }
        let id = json::at(one, &["containerID"]).clone();
        json::set(
            one,
            &["state"],
            json!({"terminated": {
                "exitCode": 0, "reason": "Completed", "startedAt": since, "finishedAt": stamp, "containerID": id,
            }}),
        );
        json::set(one, &["ready"], false);
        json::set(one, &["started"], false);
    }
    let names: Vec<&str> = main.iter().map(|one| json::text(one, &["name"])).collect();
    let message = format!("containers with unready status: [{}]", names.join(" "));
    let mut conditions = json::list(&status, &["conditions"]).to_vec();
    for one in &mut conditions {
        if matches!(json::text(one, &["type"]), "Ready" | "ContainersReady") && json::text(one, &["status"]) == "True" {
            json::set(one, &["status"], "False");
            json::set(one, &["reason"], "ContainersNotReady");
            json::set(one, &["message"], message.clone());
            json::set(one, &["lastTransitionTime"], stamp.clone());
        }
    }
    json::set(&mut status, &["containerStatuses"], main);
    json::set(&mut status, &["conditions"], conditions);
    status
}
