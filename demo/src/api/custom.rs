//! Custom kinds: what the server does about a CustomResourceDefinition, from the claim of its names to the end of its objects.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{cluster::Cluster, refusal::Refusal};
use crate::{
    base::{
        value::{self, list, put, put_missing, text},
        when,
    },
    schema::custom::Custom,
    store::{KindId, KindRow, Object},
};

/// Holds a definition until its objects are gone.
const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// The schema of a version of a definition.
pub fn schema(definition: &Value, version: &str) -> Option<Custom> {
    let found = list(definition, &["spec", "versions"]).iter().find(|one| one["name"] == version)?;
    let status = !value::at(found, &["subresources", "status"]).is_null();
    Some(Custom::new(value::at(found, &["schema", "openAPIV3Schema"]).clone(), status))
}

/// Names and conversion, where they are not said.
pub fn default(definition: &mut Value) {
    let kind = text(definition, &["spec", "names", "kind"]).to_owned();
    if !kind.is_empty() {
        put_missing(definition, &["spec", "names", "listKind"], json!(format!("{kind}List")));
    }
    put_missing(definition, &["spec", "names", "singular"], json!(kind.to_lowercase()));
    put_missing(definition, &["spec", "conversion"], json!({"strategy": "None"}));
}

/// The status of a definition that nobody looked at yet.
pub fn begin(definition: &mut Value) {
    default(definition);
    let stored = stored(definition);
    put(
        definition,
        &["status"],
        json!({"conditions": null, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored}),
    );
}

/// Notes a storage version that is new.
pub fn note_storage(definition: &mut Value) {
    if value::at(definition, &["status"]).is_null() {
        return;
    }
    let mut all = list(definition, &["status", "storedVersions"]).to_vec();
    let more: Vec<Value> = stored(definition).into_iter().filter(|one| !all.contains(one)).collect();
    if !more.is_empty() {
        all.extend(more);
        put(definition, &["status", "storedVersions"], json!(all));
    }
}

fn stored(definition: &Value) -> Vec<Value> {
    let versions = list(definition, &["spec", "versions"]).iter();
    versions.filter(|one| one["storage"] == Value::Bool(true)).take(1).map(|one| one["name"].clone()).collect()
}

/// A definition that was there from the beginning: its names are accepted and its kind is served.
pub fn establish(definition: &mut Value, now: Timestamp) {
    begin(definition);
    let names = value::at(definition, &["spec", "names"]).clone();
    put(definition, &["status", "acceptedNames"], names);
    let condition = |kind, reason, message| condition(kind, "True", reason, message, now);
    put(
        definition,
        &["status", "conditions"],
        json!([
            condition("NamesAccepted", "NoConflicts", "no conflicts found"),
            condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
        ]),
    );
}

fn condition(kind: &str, status: &str, reason: &str, message: &str, now: Timestamp) -> Value {
    json!({"type": kind, "status": status, "lastTransitionTime": when::seconds(now), "reason": reason, "message": message})
}

/// Whether its kind is served.
pub fn is_established(definition: &Value) -> bool {
    has(definition, "Established")
}

/// Whether it goes, with its objects.
pub fn is_terminating(definition: &Value) -> bool {
    has(definition, "Terminating")
}

fn has(definition: &Value, kind: &str) -> bool {
    list(definition, &["status", "conditions"]).iter().any(|one| one["type"] == kind && one["status"] == "True")
}

/// A definition that is to be deleted: it waits for its objects.
pub fn leave(definition: &mut Value, now: Timestamp) {
    let mut finalizers = list(definition, &["metadata", "finalizers"]).to_vec();
    if !finalizers.iter().any(|one| one == CLEANUP) {
        finalizers.push(json!(CLEANUP));
    }
    put(definition, &["metadata", "finalizers"], json!(finalizers));
    let why = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";
    if !is_terminating(definition) {
        set(definition, condition("Terminating", "True", "InstanceDeletionPending", why, now));
    }
}

/// What the server's own controllers do about a definition that was written.
pub fn settle(cluster: &mut Cluster, kind: KindId, definition: &Object) {
    if definition.is_leaving() {
        clean(cluster, kind, definition);
        return;
    }
    if value::at(definition.value(), &["status", "acceptedNames"]) == value::at(definition.value(), &["spec", "names"])
    {
        return;
    }
    let mut object = Value::clone(definition.value());
    accept(cluster, kind, &mut object);
    if object != **definition.value() {
        let stored = cluster.store.put(kind, object);
        cluster.after(kind, &stored, false);
    }
}

/// Sets a condition; its time stays where its status does.
fn set(definition: &mut Value, mut new: Value) {
    let mut all = list(definition, &["status", "conditions"]).to_vec();
    match all.iter_mut().find(|one| one["type"] == new["type"]) {
        Some(old) => {
            if old["status"] == new["status"] {
                new["lastTransitionTime"] = old["lastTransitionTime"].clone();
            }
            *old = new;
        }
        None => all.push(new),
    }
    put(definition, &["status", "conditions"], json!(all));
}

/// Accepts the names that no other definition of the group has.
fn accept(cluster: &Cluster, kind: KindId, definition: &mut Value) {
    let wanted = value::at(definition, &["spec", "names"]).clone();
    let (resources, kinds) = taken(cluster, kind, definition);
    let mut accepted = value::at(definition, &["status", "acceptedNames"]).clone();
    let mut refused: Option<(&str, String)> = None;
    for (field, reason, used) in [
        ("plural", "PluralConflict", &resources),
        ("singular", "SingularConflict", &resources),
        ("shortNames", "ShortNamesConflict", &resources),
        ("kind", "KindConflict", &kinds),
        ("listKind", "ListKindConflict", &kinds),
    ] {
        let names: Vec<&str> = match &wanted[field] {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let has: Vec<&str> = match &accepted[field] {
            Value::String(name) => vec![name],
            Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let clashes: Vec<String> = names
            .iter()
            .filter(|name| !has.contains(name) && used.contains(**name))
            .map(|name| format!("{name:?} is already in use"))
            .collect();
        match clashes.as_slice() {
            [] if wanted[field].is_null() => {}
            [] => put(&mut accepted, &[field], wanted[field].clone()),
            [one] => refused = Some((reason, one.clone())),
            many => refused = Some((reason, format!("[{}]", many.join(", ")))),
        }
    }
    if !wanted["categories"].is_null() {
        put(&mut accepted, &["categories"], wanted["categories"].clone());
    }
    put(definition, &["status", "acceptedNames"], accepted);
    let now = cluster.now();
    let fine = refused.is_none();
    let (reason, message) = refused.unwrap_or(("NoConflicts", "no conflicts found".to_owned()));
    set(definition, condition("NamesAccepted", if fine { "True" } else { "False" }, reason, &message, now));
    if !is_established(definition) {
        let established = if fine {
            condition("Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now)
        } else {
            condition("Established", "False", "NotAccepted", "not all names are accepted", now)
        };
        set(definition, established);
    }
}

/// The names that other definitions of the group have: of resources, and of kinds.
fn taken(cluster: &Cluster, kind: KindId, definition: &Value) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut resources, mut kinds) = (BTreeSet::new(), BTreeSet::new());
    for other in cluster.store().list(kind, None) {
        let other = other.value();
        if text(other, &["spec", "group"]) != text(definition, &["spec", "group"])
            || text(other, &["metadata", "name"]) == text(definition, &["metadata", "name"])
        {
            continue;
        }
        let names = value::at(other, &["status", "acceptedNames"]);
        let short = list(names, &["shortNames"]).iter().filter_map(Value::as_str);
        resources
            .extend([text(names, &["plural"]), text(names, &["singular"])].into_iter().chain(short).map(str::to_owned));
        kinds.extend([text(names, &["kind"]), text(names, &["listKind"])].map(str::to_owned));
    }
    (resources, kinds)
}

/// Deletes the objects of a definition that goes; the definition goes with the last of them.
fn clean(cluster: &mut Cluster, kind: KindId, definition: &Object) {
    let spec = value::at(definition.value(), &["spec"]);
    let of = cluster.store.find(text(spec, &["group"]), text(spec, &["names", "plural"]));
    if let Some(of) = of {
        let all: Vec<_> = cluster.store.list(of, None).cloned().collect();
        for object in all {
            let held = !list(object.value(), &["metadata", "finalizers"]).is_empty();
            if !held {
                cluster.store.remove(of, object.namespace(), object.name());
            } else if !object.is_leaving() {
                let mut leaving = Value::clone(object.value());
                let now = when::seconds(cluster.now());
                put(&mut leaving, &["metadata", "deletionTimestamp"], json!(now));
                put(&mut leaving, &["metadata", "deletionGracePeriodSeconds"], json!(0));
                let generation = value::int(&leaving, &["metadata", "generation"]).unwrap_or_default();
                put(&mut leaving, &["metadata", "generation"], json!(generation + 1));
                cluster.store.put(of, leaving);
            }
        }
        if cluster.store.list(of, None).next().is_some() {
            let mut waits = Value::clone(definition.value());
            let why = "CustomResource deletion is in progress";
            set(&mut waits, condition("Terminating", "True", "InstanceDeletionInProgress", why, cluster.now()));
            if waits != **definition.value() {
                cluster.store.put(kind, waits);
            }
            return;
        }
    }
    let others = list(definition.value(), &["metadata", "finalizers"]).iter().any(|one| one != CLEANUP);
    if others {
        return;
    }
    let name = definition.name().to_owned();
    if let Some(last) = cluster.store.remove(kind, "", &name) {
        cluster.after(kind, &last, true);
    }
}

/// No new objects come while the definition goes.
pub fn admit(cluster: &Cluster, row: &KindRow, name: &str) -> Result<(), Refusal> {
    let kind = cluster.store().find("apiextensions.k8s.io", "customresourcedefinitions");
    let definition = kind.and_then(|kind| cluster.store().get(kind, "", &row.resource()));
    if definition.is_some_and(|definition| is_terminating(definition.value())) {
        let why = "create not allowed while custom resource definition is terminating";
        return Err(Refusal::forbidden(&row.plural, &row.group, name, why));
    }
    Ok(())
}

/// The last object of a kind may be what its definition waits for.
pub fn emptied(cluster: &mut Cluster, of: KindId) {
    let name = cluster.store.kind(of).resource();
    let Some(kind) = cluster.store.find("apiextensions.k8s.io", "customresourcedefinitions") else { return };
    let Some(definition) = cluster.store.get(kind, "", &name).cloned() else { return };
    if definition.is_leaving() && cluster.store.list(of, None).next().is_none() {
        clean(cluster, kind, &definition);
    }
}
