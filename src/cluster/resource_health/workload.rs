//! Pods and what makes and guards them.

use serde::Deserialize as _;

use super::{ResourceHealth, list, number, text};
use crate::cluster::{Manifest, pod_read::LitePod, pod_status};

/// Words of a pod's STATUS that say that something is broken.
const BROKEN: [&str; 7] = ["BackOff", "Err", "Failed", "OOMKilled", "Evicted", "Invalid", "Error"];

/// By the words that `kubectl get pods` prints.
pub(super) fn pod(object: &Manifest) -> ResourceHealth {
    let Ok(pod) = LitePod::deserialize(&object.0) else { return ResourceHealth::default() };
    let facts = pod.facts();
    let printed = pod_status::print(&facts);
    let (status, (ready, all)) = (printed.status.as_ref(), printed.ready);
    if matches!(status, "Completed" | "Succeeded") {
        return ResourceHealth::healthy(status);
    }
    let words = format!("{status} {ready}/{all}");
    if BROKEN.iter().any(|word| status.contains(word)) {
        ResourceHealth::failing(words)
    } else if status == "Running" && ready == all {
        ResourceHealth::healthy(words)
    } else {
        ResourceHealth::degraded(words)
    }
}

/// Ready replicas against those that are wanted.
pub(super) fn replicas(object: &Manifest) -> ResourceHealth {
    // The server fills in 1 where nothing is said.
    let wanted = number(object, &["spec", "replicas"]).unwrap_or(1);
    let ready = number(object, &["status", "readyReplicas"]).unwrap_or(0);
    let stuck = list(object, &["status", "conditions"])
        .iter()
        .find(|one| text(one, "type") == "Progressing" && text(one, "status") == "False");
    match stuck {
        Some(one) => ResourceHealth::failing(format!("{ready}/{wanted} {}", text(one, "reason"))),
        None => of_count(ready, wanted),
    }
}

pub(super) fn daemons(object: &Manifest) -> ResourceHealth {
    let wanted = number(object, &["status", "desiredNumberScheduled"]).unwrap_or(0);
    of_count(number(object, &["status", "numberReady"]).unwrap_or(0), wanted)
}

fn of_count(ready: i64, wanted: i64) -> ResourceHealth {
    let words = format!("{ready}/{wanted}");
    if ready >= wanted {
        ResourceHealth::healthy(words)
    } else if ready == 0 {
        ResourceHealth::failing(words)
    } else {
        ResourceHealth::degraded(words)
    }
}

pub(super) fn job(object: &Manifest) -> ResourceHealth {
    let holds = |kind: &str| {
        list(object, &["status", "conditions"])
            .iter()
            .find(|one| text(one, "type") == kind && text(one, "status") == "True")
    };
    if let Some(failed) = holds("Failed") {
        return ResourceHealth::failing(format!("Failed: {}", text(failed, "reason")));
    }
    if holds("Complete").is_some() {
        return ResourceHealth::healthy("Complete");
    }
    if holds("Suspended").is_some() {
        return ResourceHealth::healthy("suspended");
    }
    match number(object, &["status", "failed"]).unwrap_or(0) {
        0 => ResourceHealth::healthy("running"),
        failed => ResourceHealth::degraded(format!("running, {failed} failed")),
    }
}

pub(super) fn cron_job(object: &Manifest) -> ResourceHealth {
    let suspended = object.at(&["spec", "suspend"]) == Some(&serde_json::Value::Bool(true));
    ResourceHealth::healthy(if suspended {
        "suspended"
    } else {
        object.text(&["spec", "schedule"]).unwrap_or_default()
    })
}

/// One that cannot measure or cannot scale does nothing for its target.
pub(super) fn autoscaler(object: &Manifest) -> ResourceHealth {
    let now = number(object, &["status", "currentReplicas"]).unwrap_or(0);
    let most = number(object, &["spec", "maxReplicas"]).unwrap_or(0);
    let least = number(object, &["spec", "minReplicas"]).unwrap_or(1);
    for one in list(object, &["status", "conditions"]) {
        let (kind, reason) = (text(one, "type"), text(one, "reason"));
        let broken = matches!(kind, "ScalingActive" | "AbleToScale") && reason != "ScalingDisabled";
        if broken && text(one, "status") == "False" {
            return ResourceHealth::failing(format!("{kind}: {reason}"));
        }
    }
    ResourceHealth::healthy(format!("{now} of {least}-{most}"))
}

pub(super) fn budget(object: &Manifest) -> ResourceHealth {
    let healthy = number(object, &["status", "currentHealthy"]).unwrap_or(0);
    let wanted = number(object, &["status", "desiredHealthy"]).unwrap_or(0);
    let allowed = number(object, &["status", "disruptionsAllowed"]).unwrap_or(0);
    if healthy < wanted {
        ResourceHealth::degraded(format!("{healthy} healthy, {wanted} wanted"))
    } else {
        ResourceHealth::healthy(format!("{allowed} may go"))
    }
}
