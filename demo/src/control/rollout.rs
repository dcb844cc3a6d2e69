//! The arithmetic of a rollout: which ReplicaSet scales where next, and what the conditions say about it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    deployment::{Set, Wish},
    json, time,
};

/// Pods of all ReplicaSets of a Deployment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    pub replicas: i64,
    pub updated: i64,
    pub ready: i64,
    pub available: i64,
}

/// The scalings to do now. One direction at a time: the next look does the rest.
///
/// `recreate` is set for that strategy: whether pods of old ReplicaSets are still there.
pub(super) fn step(sets: &[Set], hash: &str, wish: Wish, paused: bool, recreate: Option<bool>) -> Vec<(Set, i64)> {
    let total: i64 = sets.iter().map(|set| set.wanted).sum();
    let alive: Vec<&Set> = sets.iter().filter(|set| set.wanted > 0).collect();
    let new = sets.iter().find(|set| set.hash == hash);
    // One ReplicaSet alone follows the number wanted; while paused, the only thing that moves.
    if let [only] = alive.as_slice()
        && recreate != Some(true)
        && (paused || new.is_some_and(|new| new.key == only.key))
    {
        return if only.wanted == wish.replicas { Vec::new() } else { vec![((*only).clone(), wish.replicas)] };
    }
    let Some(new) = new.filter(|_| !paused) else { return Vec::new() };
    let old: Vec<&Set> = sets.iter().filter(|set| set.hash != hash).collect();
    if let Some(lingering) = recreate {
        let down: Vec<_> = old.iter().filter(|set| set.wanted > 0).map(|set| ((*set).clone(), 0)).collect();
        if !down.is_empty() || lingering || new.wanted == wish.replicas {
            return down;
        }
        return vec![(new.clone(), wish.replicas)];
    }
    if new.wanted > wish.replicas {
        return vec![(new.clone(), wish.replicas)];
    }
    let room = wish.replicas + wish.surge - total;
    if new.wanted < wish.replicas && room > 0 {
        return vec![(new.clone(), new.wanted + room.min(wish.replicas - new.wanted))];
    }
    shrink(&old, new, total, wish)
}

/// How far old ReplicaSets shrink: first what is broken anyway, then what availability allows.
fn shrink(old: &[&Set], new: &Set, total: i64, wish: Wish) -> Vec<(Set, i64)> {
    let least = wish.replicas - wish.unavailable;
    let most = total - least - (new.wanted - new.available).max(0);
    if most <= 0 {
        return Vec::new();
    }
    let mut wanted: Vec<i64> = old.iter().map(|set| set.wanted).collect();
    let mut cleaned = 0;
    for (set, wanted) in old.iter().zip(&mut wanted) {
        let broken = (*wanted - set.available).max(0).min(most - cleaned);
        *wanted -= broken;
        cleaned += broken;
    }
    let available: i64 = old.iter().map(|set| set.available).sum::<i64>() + new.available;
    let mut spare = (available - least).max(0);
    for wanted in &mut wanted {
        let down = spare.min(*wanted);
        *wanted -= down;
        spare -= down;
    }
    old.iter().zip(wanted).filter(|(set, to)| set.wanted != *to).map(|(set, to)| ((*set).clone(), to)).collect()
}

/// The conditions, and when to look again because the deadline of the progress runs.
pub(super) fn conditions(
    deployment: &Value,
    counts: Counts,
    wish: Wish,
    new: Option<&str>,
    created: Option<&str>,
    now: Timestamp,
) -> (Vec<Value>, Option<Timestamp>) {
    let held = json::list(deployment, &["status", "conditions"]);
    let (minimum, reason, message) = if counts.available >= wish.replicas - wish.unavailable {
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    } else {
        ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    };
    let mut conditions = vec![condition(held, "Available", minimum, reason, message, false, now)];
    let name = new.unwrap_or_default();
    let before = json::condition(held, "Progressing");
    let was = |field| json::int(deployment, &["status", field]).unwrap_or_default();
    let complete = counts.updated == wish.replicas
        && counts.replicas == wish.replicas
        && counts.available == wish.replicas
        && new.is_some();
    let settled = counts.replicas == counts.updated
        && before.is_some_and(|one| json::text(one, &["reason"]) == "NewReplicaSetAvailable");
    let old = (was("replicas") - was("updatedReplicas"), counts.replicas - counts.updated);
    let moved = counts.updated > was("updatedReplicas")
        || old.1 < old.0
        || counts.ready > was("readyReplicas")
        || counts.available > was("availableReplicas");
    let limit = json::int(deployment, &["spec", "progressDeadlineSeconds"]).unwrap_or(600);
    let updated = before.and_then(|one| time::read(json::text(one, &["lastUpdateTime"]))).unwrap_or(now);
    let ends = time::later(updated, Duration::from_secs(u64::try_from(limit).unwrap_or_default()));
    let mut again = None;
    let progress = if let Some(created) = created {
        again = Some(time::later(now, Duration::from_secs(u64::try_from(limit).unwrap_or_default() + 1)));
        let said = format!("Created new replica set \"{created}\"");
        Some(condition(held, "Progressing", "True", "NewReplicaSetCreated", &said, true, now))
    } else if complete {
        let said = format!("ReplicaSet \"{name}\" has successfully progressed.");
        Some(condition(held, "Progressing", "True", "NewReplicaSetAvailable", &said, !settled, now))
    } else if settled || new.is_none() {
        before.cloned()
    } else if moved || before.is_none() {
        again = Some(time::later(now, Duration::from_secs(u64::try_from(limit).unwrap_or_default() + 1)));
        let said = format!("ReplicaSet \"{name}\" is progressing.");
        Some(condition(held, "Progressing", "True", "ReplicaSetUpdated", &said, true, now))
    } else if now > ends {
        let said = format!("ReplicaSet \"{name}\" has timed out progressing.");
        Some(condition(held, "Progressing", "False", "ProgressDeadlineExceeded", &said, false, now))
    } else {
        again = Some(time::later(ends, Duration::from_secs(1)));
        before.cloned()
    };
    conditions.extend(progress);
    (conditions, again)
}

/// A condition that keeps its transition time while its status stays, and its update time while nothing is new.
fn condition(
    held: &[Value],
    kind: &str,
    status: &str,
    reason: &str,
    message: &str,
    fresh: bool,
    now: Timestamp,
) -> Value {
    let before = json::condition(held, kind);
    let same = before.is_some_and(|one| json::text(one, &["status"]) == status);
    let equal = same && before.is_some_and(|one| json::text(one, &["reason"]) == reason);
    let stamp = time::stamp(now);
    let kept = |keep: bool, field: &str| match before {
        Some(one) if keep => json::text(one, &[field]).to_owned(),
        _ => stamp.clone(),
    };
    json!({
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastUpdateTime": kept(equal && !fresh, "lastUpdateTime"),
        "lastTransitionTime": kept(same, "lastTransitionTime"),
    })
}
