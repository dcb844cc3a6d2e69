//! Nodes, volumes and namespaces: what pods stand on.

use serde_json::Value;

use super::{ResourceHealth, list, text};
use crate::cluster::Manifest;

pub(super) fn node(object: &Manifest) -> ResourceHealth {
    let conditions = list(object, &["status", "conditions"]);
    let ready = conditions.iter().any(|one| text(one, "type") == "Ready" && text(one, "status") == "True");
    if !ready {
        return ResourceHealth::failing("NotReady");
    }
    let pressed = conditions
        .iter()
        .filter(|one| text(one, "type") != "Ready" && text(one, "status") == "True")
        .map(|one| text(one, "type"));
    let cordoned = object.at(&["spec", "unschedulable"]) == Some(&Value::Bool(true));
    let troubles: Vec<&str> = pressed.chain(cordoned.then_some("cordoned")).collect();
    if troubles.is_empty() {
        ResourceHealth::healthy("Ready")
    } else {
        ResourceHealth::degraded(format!("Ready, {}", troubles.join(", ")))
    }
}

/// A volume or a claim for one.
pub(super) fn volume(object: &Manifest) -> ResourceHealth {
    match object.text(&["status", "phase"]) {
        Some(phase @ ("Bound" | "Available")) => ResourceHealth::healthy(phase),
        Some(phase @ ("Lost" | "Failed")) => ResourceHealth::failing(phase),
        Some(phase) => ResourceHealth::degraded(phase),
        None => ResourceHealth::default(),
    }
}

pub(super) fn namespace(object: &Manifest) -> ResourceHealth {
    match object.text(&["status", "phase"]) {
        Some("Active") => ResourceHealth::healthy("Active"),
        Some(phase) => ResourceHealth::degraded(phase),
        None => ResourceHealth::default(),
    }
}
