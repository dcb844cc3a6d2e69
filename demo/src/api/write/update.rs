//! Another state of an object.

use serde_json::{Value, json};

use super::{
    By, Call, Fate, Owners, Part, Write, body,
    complete::{complete, has_generation, has_status, refuse},
    owners, warn,
};
use crate::{
    api::{
        admit,
        cluster::{Cluster, Schema},
        refusal::Refusal,
        trouble,
    },
    base::{
        value::{self, put, text},
        when,
    },
    schema::validate::Cause,
    store::Object,
};

pub(super) fn update(
    cluster: &Cluster,
    call: &Call<'_>,
    schema: Option<&Schema>,
    old: &Object,
    mut object: Value,
    by: By<'_>,
    owners: Owners,
) -> Result<Write, Refusal> {
    let row = cluster.store().kind(call.kind);
    let name = old.name().to_owned();
    let patched = !matches!(by, By::Body);
    if patched {
        body::readable(call, row, schema, &object, by)?;
    }
    body::identify(call, row, &mut object)?;
    let said = |path: &[&str]| text(&object, path).to_owned();
    let uid = said(&["metadata", "uid"]);
    if !uid.is_empty() && uid != old.uid() && patched {
        // A patch makes no precondition of it; the object is looked at twice.
        let cause = Cause::invalid("metadata.uid", &json!(uid), "field is immutable");
        return Err(Refusal::invalid(row, &name, &[cause.clone(), cause]));
    }
    if !uid.is_empty() && uid != old.uid() {
        // The real server names the key in its store, and so the world does.
        let place = if row.group.is_empty() { String::new() } else { format!("{}/", row.group) };
        let key = format!("/registry/{place}{}/{}/{name}", row.plural, old.namespace()).replace("//", "/");
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            old.uid()
        );
        return Err(Refusal::conflict(row, &name, &why));
    }
    let version = said(&["metadata", "resourceVersion"]);
    if !version.is_empty() && version.parse::<u64>().is_err() {
        return Err(Refusal::new(500, "", format!("strconv.ParseUint: parsing {version:?}: invalid syntax")));
    }
    if !version.is_empty() && version != old.version.to_string() {
        return Err(Refusal::stale(row, &name));
    }
    let mut warnings = Vec::new();
    body::known(call, row, schema, &mut object, by, &mut warnings)?;
    let before = old.value();
    keep_identity(before, &mut object);
    let status = has_status(row, schema);
    match call.part {
        Part::Whole if status => {
            restore(before, &mut object, "status");
            // A namespace loses its own finalizers through a door of their own.
            if row.plural == "namespaces" && row.group.is_empty() {
                restore(before, &mut object, "spec");
            }
        }
        Part::Whole => {}
        Part::Status => {
            let new = object["status"].take();
            let annotations = value::at(&object, &["metadata", "annotations"]).clone();
            object = Value::clone(before);
            // Of a Deployment more than the status is written here.
            if row.group == "apps" && row.plural == "deployments" {
                match annotations {
                    Value::Object(map) if !map.is_empty() => {
                        put(&mut object, &["metadata", "annotations"], map.into());
                    }
                    _ => drop(value::remove(&mut object, &["metadata", "annotations"])),
                }
            }
            if new.is_null() {
                value::remove(&mut object, &["status"]);
            } else {
                put(&mut object, &["status"], new);
            }
        }
        Part::Finalize => {
            let new = object["spec"].take();
            object = Value::clone(before);
            put(&mut object, &["spec"], new);
        }
    }
    complete(row, schema, &mut object);
    let now = when::seconds(cluster.now());
    owners::enter(owners, call, row, schema, Some(before), &mut object, &now);
    // What the server and its admission change from here on is nobody's.
    trouble::admit(cluster, &mut object)?;
    admit::keep(row, before, &mut object);
    // Of EndpointSlices every change counts, of Deployments that of annotations.
    let told = |field: &str| value::at(&object, &["metadata", field]) != value::at(before, &["metadata", field]);
    let slice = row.plural == "endpointslices" && (told("labels") || told("annotations"));
    let rolled = row.group == "apps" && row.plural == "deployments" && told("annotations");
    if has_generation(row) && call.part == Part::Whole && (slice || rolled || differs(before, &object)) {
        let generation = value::int(before, &["metadata", "generation"]).unwrap_or_default();
        put(&mut object, &["metadata", "generation"], json!(generation + 1));
    }
    refuse(row, &name, schema, call.part, Some(before), &object)?;
    if call.part == Part::Whole {
        warnings.extend(warn::of(row, Some(before), &object));
    }
    put(&mut object, &["metadata", "resourceVersion"], value::at(before, &["metadata", "resourceVersion"]).clone());
    owners::keep_times(before, &mut object);
    let free = value::list(&object, &["metadata", "finalizers"]).is_empty()
        && (row.plural != "namespaces" || value::list(&object, &["spec", "finalizers"]).is_empty());
    let graceful = value::int(&object, &["metadata", "deletionGracePeriodSeconds"]).unwrap_or_default() > 0;
    let fate = if old.is_leaving() && free && !graceful {
        Fate::Gone
    } else if object == **before {
        Fate::Same
    } else {
        Fate::Changed
    };
    Ok(Write { kind: call.kind, object, fate, warnings })
}

/// What the server alone writes stays what it was.
fn keep_identity(old: &Value, new: &mut Value) {
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generateName",
    ] {
        restore_in(old, new, field);
    }
}

fn restore_in(old: &Value, new: &mut Value, field: &str) {
    match value::at(old, &["metadata", field]) {
        Value::Null => {
            value::remove(new, &["metadata", field]);
        }
        kept => put(new, &["metadata", field], kept.clone()),
    }
}

fn restore(old: &Value, new: &mut Value, field: &str) {
    match value::at(old, &[field]) {
        Value::Null => {
            value::remove(new, &[field]);
        }
        kept => put(new, &[field], kept.clone()),
    }
}

/// Whether anything but metadata and status differs.
fn differs(old: &Value, new: &Value) -> bool {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else { return true };
    let of = |map: &serde_json::Map<String, Value>| {
        map.iter().filter(|(name, _)| *name != "metadata" && *name != "status").count()
    };
    of(old) != of(new)
        || new
            .iter()
            .filter(|(name, _)| *name != "metadata" && *name != "status")
            .any(|(name, value)| old.get(name) != Some(value))
}
