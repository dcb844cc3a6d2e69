//! The token: a hash of all that an approval is about. The same world and the same intent give the same token.

use serde_json::json;

use super::{identity::digest, plan::Plan, rules::Terms};

/// Hash of cluster, plan, objects before, targets and terms. Status, resourceVersions and times do not count: they move
/// while nothing changes. Nor does what a dry run would store: servers make up addresses and names anew each time.
pub fn token(cluster: &str, plan: &Plan, identities: &[String], terms: &Terms) -> String {
    let steps: Vec<_> =
        plan.steps.iter().map(|step| json!([step.n, step.object.to_string(), format!("{:?}", step.change)])).collect();
    let value = json!({
        "cluster": cluster,
        "id": plan.id,
        "purpose": format!("{:?}", plan.purpose),
        "fault": super::file::value(&plan.fault),
        "driver": plan.driver.word(),
        "class": plan.class.word(),
        "duration_ms": plan.duration.as_millis().to_string(),
        "lease_ms": plan.lease.as_millis().to_string(),
        "steps": steps,
        "fuses": plan.fuses,
        "pods": plan.by_pods().then_some(&plan.reach.pods),
        "routes": plan.reach.routes,
        "identities": identities,
        "terms": format!("{terms:?}"),
    });
    digest(&value, 32)
}
