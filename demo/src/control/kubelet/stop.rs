//! The end of a pod: SIGTERM, a program that stops in its own time or in the grace period, then the object goes.

use std::time::Duration;

use serde_json::Value;

use super::{Controller, Local, MANAGER, tell, workload};
use crate::{
    base::objects::{Objects, Refused},
    control::{
        ctx::Ctx,
        events::{KUBELET, Mood, record},
        json,
        key::Key,
        names, time,
    },
};

pub(super) fn step<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, pod: &Value, mut local: Local) -> Result<(), Refused> {
    let uid = json::text(pod, &["metadata", "uid"]).to_owned();
    let ends = match local.stops {
        Some(ends) => ends,
        None => {
            let ends = time::later(ctx.now, takes(ctx, key, &uid)).min(deadline(ctx, pod));
            for (name, _) in local.containers.iter().filter(|(_, container)| container.is_running()) {
                record(ctx, key, Mood::Normal, "Killing", &format!("Stopping container {name}"), KUBELET);
            }
            let running = local.containers.values().any(|one| one.is_running());
            if running { ends } else { ctx.now }
        }
    };
    local.stops = Some(ends);
    if ends > ctx.now {
        ctx.state.kubelet.insert(uid, local);
        ctx.at(ends, Controller::Kubelet, key);
        return Ok(());
    }
    ctx.set_status(key, MANAGER, tell::stopped(pod, ctx.now))?;
    ctx.state.unready.remove(&uid);
    ctx.remove(key, Some(&uid))
}

/// How long the program takes by itself.
fn takes<O: Objects>(ctx: &Ctx<'_, O>, key: &Key, uid: &str) -> Duration {
    let told =
        workload(ctx, key).and_then(|(kind, name)| ctx.state.behaviours.workload(&key.namespace, &kind, &name)?.stops);
    told.unwrap_or_else(|| {
        let more = names::draw(ctx.state.seed, uid, 7, 2_000);
        Duration::from_secs(1) + Duration::from_millis(u64::from(more))
    })
}

/// When patience ends: the server set the deletion time to the request plus the grace period.
fn deadline<O: Objects>(ctx: &Ctx<'_, O>, pod: &Value) -> jiff::Timestamp {
    let grace = json::int(pod, &["metadata", "deletionGracePeriodSeconds"])
        .or_else(|| json::int(pod, &["spec", "terminationGracePeriodSeconds"]))
        .unwrap_or(30);
    let grace = Duration::from_secs(u64::try_from(grace).unwrap_or_default());
    let asked = time::read(json::text(pod, &["metadata", "deletionTimestamp"]));
    asked.unwrap_or(ctx.now).max(ctx.now).min(time::later(ctx.now, grace))
}
