//! How many pods a new template takes down at the same time (apps/v1, `spec.strategy` and `spec.updateStrategy`).
//!
//! It is the worst case: the new pods never become ready, as with an image that does not exist, and the rollout stays there.

use serde_json::Value;

use crate::{cluster::Manifest, fault::identity::same_or_absent};

/// `spec.replicas`, one by default.
pub(super) fn replicas(workload: &Manifest) -> u32 {
    number(workload, &["spec", "replicas"]).unwrap_or(1)
}

/// The pods of a DaemonSet: one a node, as its controller counted them.
pub(super) fn pods(daemons: &Manifest) -> u32 {
    number(daemons, &["status", "desiredNumberScheduled"]).unwrap_or(1)
}

fn number(object: &Manifest, path: &[&str]) -> Option<u32> {
    object.at(path)?.as_u64().and_then(|number| u32::try_from(number).ok())
}

/// Pods taken down at once when the template of a workload changes; none when it does not.
pub(super) fn taken_down(before: &Manifest, after: &Manifest) -> u32 {
    let template = ["spec", "template"];
    if same_or_absent(before.at(&template), after.at(&template)) {
        return 0;
    }
    let kind = |path: &[&str], default: &'static str| after.text(path).unwrap_or(default).to_owned();
    match before.kind() {
        "Deployment" => {
            let all = replicas(before);
            if kind(&["spec", "strategy", "type"], "RollingUpdate") == "Recreate" {
                return all;
            }
            let limit = |field: &str| after.at(&["spec", "strategy", "rollingUpdate", field]);
            let unavailable = share(limit("maxUnavailable"), all, Round::Down).unwrap_or(all / 4);
            let surge = share(limit("maxSurge"), all, Round::Up).unwrap_or(all.div_ceil(4));
            // Both zero would never end: the controller takes one down then.
            if unavailable == 0 && surge == 0 { 1.min(all) } else { unavailable.min(all) }
        }
        "StatefulSet" | "DaemonSet" => {
            if kind(&["spec", "updateStrategy", "type"], "RollingUpdate") == "OnDelete" {
                return 0;
            }
            let all = if before.kind() == "DaemonSet" { pods(before) } else { replicas(before) };
            let limit = after.at(&["spec", "updateStrategy", "rollingUpdate", "maxUnavailable"]);
            share(limit, all, Round::Up).unwrap_or(1).max(1).min(all)
        }
        _ => 0,
    }
}

/// Which way a share that is no whole number goes.
#[derive(Clone, Copy)]
enum Round {
    Down,
    Up,
}

/// A number or a percentage of all.
fn share(limit: Option<&Value>, all: u32, round: Round) -> Option<u32> {
    match limit? {
        Value::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
        Value::String(text) => {
            let percent: u64 = text.strip_suffix('%')?.parse().ok()?;
            let hundredths = u64::from(all) * percent;
            let whole = match round {
                Round::Down => hundredths / 100,
                Round::Up => hundredths.div_ceil(100),
            };
            u32::try_from(whole).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::taken_down;
    use crate::cluster::Manifest;

    #[rstest]
    #[case::default("Deployment", json!({}), 2)]
    #[case::number("Deployment", json!({"strategy": {"rollingUpdate": {"maxUnavailable": 3}}}), 3)]
    #[case::rounded_down("Deployment", json!({"strategy": {"rollingUpdate": {"maxUnavailable": "35%"}}}), 3)]
    #[case::surge_only("Deployment", json!({"strategy": {"rollingUpdate": {"maxUnavailable": 0}}}), 0)]
    #[case::neither("Deployment", json!({"strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 0}}}), 1)]
    #[case::recreate("Deployment", json!({"strategy": {"type": "Recreate"}}), 10)]
    #[case::one_by_one("StatefulSet", json!({}), 1)]
    #[case::by_hand("StatefulSet", json!({"updateStrategy": {"type": "OnDelete"}}), 0)]
    #[case::nodes("DaemonSet", json!({"updateStrategy": {"rollingUpdate": {"maxUnavailable": "35%"}}}), 3)]
    #[case::others("ReplicaSet", json!({}), 0)]
    fn the_strategy_decides(#[case] kind: &str, #[case] spec: Value, #[case] expected: u32) {
        let workload = |image: &str| {
            let mut object = json!({"kind": kind, "spec": spec, "status": {"desiredNumberScheduled": 8}});
            object["spec"]["replicas"] = json!(10);
            object["spec"]["template"] = json!({"image": image});
            Manifest(object)
        };
        assert_eq!(taken_down(&workload("a"), &workload("b")), expected);
        assert_eq!(taken_down(&workload("a"), &workload("a")), 0);
    }
}
