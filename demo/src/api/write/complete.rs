//! What is added to an object on its way into the store, and why it is not let in.

use serde_json::Value;

use super::Part;
use crate::{
    api::{admit, builtin, cluster::Schema, refusal::Refusal, rules, scale},
    schema::{custom::Custom, default, validate},
    store::KindRow,
};

/// Kinds whose generation counts the changes of their spec.
pub(super) fn has_generation(row: &KindRow) -> bool {
    const COUNTED: [&str; 20] = [
        "podtemplates",
        "priorityclasses",
        "mutatingwebhookconfigurations",
        "validatingwebhookconfigurations",
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
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

/// Whether the status of a kind is written through a door of its own.
pub(super) fn has_status(row: &KindRow, schema: Option<&Schema>) -> bool {
    schema.and_then(Schema::own).map_or_else(|| row.has("status"), Custom::has_status)
}

pub(super) fn complete(row: &KindRow, schema: Option<&Schema>, object: &mut Value) {
    without_empty(object);
    match schema {
        Some(schema) if schema.own().is_some() => {
            schema.own().into_iter().for_each(|own| own.default(object));
            // What the stored version does not know is not stored.
            if let Some(stored) = schema.stored() {
                stored.prune(object);
                stored.default(object);
            }
        }
        Some(schema) => schema.node().into_iter().for_each(|node| default::default(object, node)),
        None => {}
    }
    builtin::default(row, object);
    admit::always(row, object);
}

/// Metadata holds no empty maps and lists: a server that reads and writes it as a type leaves them out.
fn without_empty(object: &mut Value) {
    let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
    for field in ["annotations", "labels", "finalizers", "ownerReferences"] {
        let empty = match metadata.get(field) {
            Some(Value::Object(map)) => map.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            Some(Value::Null) => true,
            _ => false,
        };
        if empty {
            metadata.shift_remove(field);
        }
    }
}

pub(super) fn refuse(
    row: &KindRow,
    name: &str,
    schema: Option<&Schema>,
    part: Part,
    old: Option<&Value>,
    new: &Value,
) -> Result<(), Refusal> {
    if let Some(own) = schema.and_then(Schema::own) {
        let (also, scale) = (rules::check(row, old, new), scale::check(row, new, part == Part::Status));
        let causes = match (old, part) {
            (None, _) => own.refuse(new, also, scale),
            (Some(old), Part::Status) => own.refuse_status(old, new, also, scale),
            (Some(old), _) => own.refuse_change(old, new, also, scale),
        };
        return if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid(row, name, &causes)) };
    }
    // Definitions have a schema that only says what their rules say better.
    if row.plural == "customresourcedefinitions" {
        let causes = rules::check(row, old, new);
        return if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid(row, name, &causes)) };
    }
    let mut causes = schema.and_then(Schema::node).map(|node| validate::validate(new, node)).unwrap_or_default();
    let found = rules::check(row, old, new);
    // What a rule says of a field, the schema need not say once more; the other way round where it says the same.
    causes.retain(|cause| {
        !found.iter().any(|rule| rule.field == cause.field || cause.field.starts_with(&format!("{}.", rule.field)))
    });
    causes.retain(|cause| !cause.field.starts_with("metadata.ownerReferences["));
    causes.extend(found);
    // What a status lacks, controllers will fill in.
    causes.retain(|cause| row.custom || !cause.field.starts_with("status."));
    // What was wrong before an update may stay: the rest of the object can still be mended.
    if let (false, Some(old), Some(node)) = (causes.is_empty(), old, schema.and_then(Schema::node)) {
        let before = validate::validate(old, node);
        causes.retain(|cause| !before.contains(cause));
    }
    if causes.is_empty() { Ok(()) } else { Err(Refusal::invalid(row, name, &causes)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::without_empty;

    #[test]
    fn empty_metadata_is_not_stored() {
        let mut object = json!({"metadata": {"name": "a", "labels": {}, "annotations": {"b": "c"}, "finalizers": []}, "spec": {"labels": {}}});
        without_empty(&mut object);
        assert_eq!(object, json!({"metadata": {"name": "a", "annotations": {"b": "c"}}, "spec": {"labels": {}}}));
    }
}
