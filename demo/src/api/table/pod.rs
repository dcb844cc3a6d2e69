//! The cells of pods: what a pod is about, in one word.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::base::{
    value::{self, int, list, text},
    when,
};

/// Ready, status, restarts.
pub fn summary(pod: &Value, now: Timestamp) -> (String, String, Value) {
    let mut reason = text(pod, &["status", "phase"]).to_owned();
    let given = text(pod, &["status", "reason"]);
    if !given.is_empty() {
        given.clone_into(&mut reason);
    }
    let total = list(pod, &["spec", "containers"]).len();
    let initial = list(pod, &["spec", "initContainers"]);
    let sidecar = |name: &str| initial.iter().any(|one| one["name"] == name && one["restartPolicy"] == "Always");
    let sidecars = initial.iter().filter(|one| one["restartPolicy"] == "Always").count();
    let (mut ready, mut restarts, mut last) = (0, 0, None::<Timestamp>);
    let mut waits = false;
    for (at, status) in list(pod, &["status", "initContainerStatuses"]).iter().enumerate() {
        let beside = sidecar(text(status, &["name"]));
        if beside {
            count(status, &mut restarts, &mut last);
            if status["ready"] == json!(true) {
                ready += 1;
            }
        }
        if waits {
            continue;
        }
        let terminated = value::at(status, &["state", "terminated"]);
        let waiting = text(status, &["state", "waiting", "reason"]);
        if (terminated["exitCode"] == 0) || (beside && status["started"] == json!(true)) {
            continue;
        }
        waits = true;
        reason = if terminated.is_object() {
            ended(terminated, "Init:")
        } else if !waiting.is_empty() && waiting != "PodInitializing" {
            format!("Init:{waiting}")
        } else {
            format!("Init:{at}/{}", initial.len())
        };
    }
    if !waits {
        let mut runs = false;
        for status in list(pod, &["status", "containerStatuses"]).iter().rev() {
            count(status, &mut restarts, &mut last);
            let waiting = text(status, &["state", "waiting", "reason"]);
            let terminated = value::at(status, &["state", "terminated"]);
            if !waiting.is_empty() {
                waiting.clone_into(&mut reason);
            } else if terminated.is_object() {
                reason = ended(terminated, "");
            } else if status["ready"] == json!(true) && value::at(status, &["state", "running"]).is_object() {
                runs = true;
                ready += 1;
            }
        }
        // A pod one of whose containers is done while another runs is not done.
        if reason == "Completed" && runs {
            let all = list(pod, &["status", "conditions"])
                .iter()
                .any(|one| one["type"] == "Ready" && one["status"] == "True");
            if all { "Running" } else { "NotReady" }.clone_into(&mut reason);
        }
    }
    if !value::at(pod, &["metadata", "deletionTimestamp"]).is_null() {
        if given == "NodeLost" { "Unknown" } else { "Terminating" }.clone_into(&mut reason);
    }
    let restarts = match last {
        Some(last) if restarts > 0 => json!(format!("{restarts} ({} ago)", when::age(last, now))),
        _ => json!(restarts.to_string()),
    };
    (format!("{ready}/{}", total + sidecars), reason, restarts)
}

fn count(status: &Value, restarts: &mut i64, last: &mut Option<Timestamp>) {
    *restarts += int(status, &["restartCount"]).unwrap_or_default();
    let ended = when::read(value::at(status, &["lastState", "terminated", "finishedAt"]));
    *last = (*last).max(ended);
}

fn ended(terminated: &Value, prefix: &str) -> String {
    let reason = text(terminated, &["reason"]);
    if !reason.is_empty() {
        return format!("{prefix}{reason}");
    }
    match int(terminated, &["signal"]).filter(|signal| *signal != 0) {
        Some(signal) => format!("{prefix}Signal:{signal}"),
        None => format!("{prefix}ExitCode:{}", int(terminated, &["exitCode"]).unwrap_or_default()),
    }
}
