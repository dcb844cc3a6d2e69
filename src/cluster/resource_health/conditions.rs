//! Kinds nobody here knows: by the conditions that custom kinds write as a rule (meta/v1 `Condition`), or by their phase.

use super::{ResourceHealth, State, list, text};
use crate::cluster::Manifest;

/// Conditions that should be true, the one that tells most in front.
const WANTED: [&str; 11] = [
    "Ready",
    "Available",
    "Healthy",
    "Programmed",
    "Accepted",
    "ResolvedRefs",
    "Synced",
    "Established",
    "Reconciled",
    "Deployed",
    "Succeeded",
];
/// Conditions that should not.
const UNWANTED: [&str; 4] = ["Degraded", "Stalled", "Failed", "ReplicaFailure"];
/// Phases that say what they say.
const WELL: [&str; 9] =
    ["Running", "Active", "Bound", "Ready", "Available", "Healthy", "Succeeded", "Complete", "Completed"];
const BROKEN: [&str; 6] = ["Failed", "Error", "Degraded", "Lost", "Unhealthy", "Rejected"];

pub(super) fn judge(object: &Manifest) -> ResourceHealth {
    let conditions = list(object, &["status", "conditions"]);
    let of = |kind: &str| conditions.iter().find(|one| text(one, "type") == kind);
    let words = |kind: &str, reason: &str| {
        if reason.is_empty() { kind.to_owned() } else { format!("{kind}: {reason}") }
    };
    for kind in UNWANTED {
        if let Some(one) = of(kind).filter(|one| text(one, "status") == "True") {
            return ResourceHealth::failing(words(kind, text(one, "reason")));
        }
    }
    let mut well = None;
    let mut waits = None;
    for kind in WANTED {
        let Some(one) = of(kind) else { continue };
        match text(one, "status") {
            "False" => return ResourceHealth::failing(words(kind, text(one, "reason"))),
            "True" => well = well.or(Some(kind)),
            _ => waits = waits.or_else(|| Some(words(kind, text(one, "reason")))),
        }
    }
    match (waits, well) {
        (Some(waits), _) => ResourceHealth::degraded(waits),
        (None, Some(kind)) => ResourceHealth::healthy(kind),
        (None, None) => phase(object),
    }
}

/// A word of its own that may mean anything is shown and not judged.
fn phase(object: &Manifest) -> ResourceHealth {
    let told = [&["status", "phase"][..], &["status", "health", "status"], &["status", "state"]];
    let Some(phase) = told.iter().find_map(|path| object.text(path)) else { return ResourceHealth::default() };
    let state = if WELL.contains(&phase) {
        State::Healthy
    } else if BROKEN.contains(&phase) {
        State::Failing
    } else {
        State::Unknown
    };
    ResourceHealth::new(state, phase)
}
