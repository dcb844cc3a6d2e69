//! Services, their endpoints and routes of the Gateway API.

use serde_json::Value;

use super::{ResourceHealth, list, text};
use crate::cluster::Manifest;

/// A Service says of itself only whether it got its address; who stands behind it is seen elsewhere.
pub(super) fn service(object: &Manifest) -> ResourceHealth {
    let kind = object.text(&["spec", "type"]).unwrap_or("ClusterIP");
    let waits = kind == "LoadBalancer" && list(object, &["status", "loadBalancer", "ingress"]).is_empty();
    if waits { ResourceHealth::degraded("no address yet") } else { ResourceHealth::healthy(kind) }
}

pub(super) fn endpoints(object: &Manifest) -> ResourceHealth {
    let all = list(object, &["endpoints"]);
    // Nothing said is ready (discovery.k8s.io/v1).
    let ready = all
        .iter()
        .filter(|one| one.get("conditions").and_then(|of| of.get("ready")) != Some(&Value::Bool(false)))
        .count();
    let words = format!("{ready}/{} ready", all.len());
    match (ready, all.len()) {
        (_, 0) => ResourceHealth::degraded("no endpoints"),
        (0, _) => ResourceHealth::failing(words),
        (ready, all) if ready < all => ResourceHealth::degraded(words),
        _ => ResourceHealth::healthy(words),
    }
}

/// What the controllers of its parents said. A route that one parent refuses is broken there.
pub(super) fn route(object: &Manifest) -> ResourceHealth {
    let parents = list(object, &["status", "parents"]);
    let conditions = parents.iter().filter_map(|parent| parent.get("conditions")?.as_array()).flatten();
    let mut accepted = false;
    for one in conditions {
        let kind = text(one, "type");
        match (kind, text(one, "status")) {
            ("Accepted" | "ResolvedRefs", "False") => {
                return ResourceHealth::failing(format!("{kind}: {}", text(one, "reason")));
            }
            ("Accepted", "True") => accepted = true,
            _ => {}
        }
    }
    if accepted { ResourceHealth::healthy("Accepted") } else { ResourceHealth::degraded("no Gateway answered yet") }
}
