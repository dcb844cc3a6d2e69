//! What is added to an object on its way into the store, and why it is not let in.

use serde_json::Value;

use crate::{
    api::{admit, builtin, cluster::Schema, refusal::Refusal, rules},
    schema::{default, validate},
    store::KindRow,
};

/// Kinds whose generation counts the changes of their spec.
pub(super) fn has_generation(row: &KindRow) -> bool {
    const COUNTED: [&str; 14] = [
        "deployments",
        "replicasets",
        "statefulsets",
        "daemonsets",
        "jobs",
        "cronjobs",
        "poddisruptionbudgets",
        "networkpolicies",
        "ingresses",
        "ingressclasses",
        "pods",
        "customresourcedefinitions",
        "endpointslices",
        "replicationcontrollers",
    ];
    row.custom || COUNTED.contains(&row.plural.as_str())
}

pub(super) fn complete(row: &KindRow, schema: Option<&Schema>, object: &mut Value) {
    if let Some(node) = schema.and_then(Schema::node) {
        default::default(object, node);
    }
    builtin::default(row, object);
    admit::always(row, object);
}

pub(super) fn refuse(
    row: &KindRow,
    name: &str,
    schema: Option<&Schema>,
    old: Option<&Value>,
    new: &Value,
) -> Result<(), Refusal> {
    let mut causes = schema.and_then(Schema::node).map(|node| validate::validate(new, node)).unwrap_or_default();
    for cause in rules::check(row, old, new) {
        // A rule may find again what the schema found.
        if !causes.iter().any(|has| has.field == cause.field && has.reason == cause.reason) {
            causes.push(cause);
        }
    }
    // What a status lacks, controllers will fill in.
    causes.retain(|cause| row.custom || !cause.field.starts_with("status."));
    // What was wrong before an update may stay: the rest of the object can still be mended.
    if let (Some(old), Some(node)) = (old, schema.and_then(Schema::node)) {
        let before = validate::validate(old, node);
        causes.retain(|cause| !before.contains(cause));
    }
    if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid(row, name, &causes)) }
}
