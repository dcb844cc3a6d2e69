//! The one write path. It plans a write and changes nothing; what is not a dry run is committed as it was planned, so a preview
//! cannot differ from the write.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    admit, builtin,
    cluster::{Cluster, Schema, split},
    patch::{self, Form},
    refusal::Refusal,
    rules, trouble,
};
use crate::{
    base::{
        value::{self, put, text},
        when,
    },
    schema::{
        default, fields, prune,
        validate::{self, Cause},
    },
    store::{KindId, KindRow, Object},
};

/// What becomes of fields that the kind does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Unknown {
    /// Dropped in silence.
    Ignore,
    /// Dropped, with a warning.
    #[default]
    Warn,
    /// Refused.
    Strict,
}

/// Which part of an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Everything but the status.
    Whole,
    /// The status alone.
    Status,
    /// A namespace's own finalizers.
    Finalize,
}

/// What is to be written.
#[derive(Debug, Clone)]
pub enum Wish {
    /// A new object.
    Create(Value),
    /// Another state of an object.
    Replace(Value),
    /// A change of an object.
    Patch(Form, Value),
}

/// One write, as it was asked for.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// The kind.
    pub kind: KindId,
    /// The version spoken.
    pub version: &'a str,
    /// The namespace, empty for cluster-scoped kinds.
    pub namespace: &'a str,
    /// The name of the path, empty for a creation.
    pub name: &'a str,
    /// The part.
    pub part: Part,
    /// Who writes.
    pub manager: &'a str,
    /// What happens to unknown fields.
    pub unknown: Unknown,
}

/// A planned write.
#[derive(Debug)]
pub struct Write {
    /// The kind.
    pub kind: KindId,
    /// What will be stored, or was last.
    pub object: Value,
    /// What the write does to the store.
    pub fate: Fate,
    /// For a person.
    pub warnings: Vec<String>,
}

/// What a write does to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// A new object.
    New,
    /// Another state.
    Changed,
    /// Nothing: it is as it was.
    Same,
    /// The object goes.
    Gone,
}

/// Plans a creation, a replacement or a patch.
pub fn plan(cluster: &Cluster, call: &Call<'_>, wish: Wish) -> Result<Write, Refusal> {
    let row = cluster.store().kind(call.kind);
    let schema = cluster.schema(call.kind, call.version);
    match wish {
        Wish::Create(object) => create(cluster, call, row, schema.as_ref(), object),
        Wish::Replace(object) => {
            let given = text(&object, &["metadata", "name"]).to_owned();
            if !given.is_empty() && !call.name.is_empty() && given != call.name {
                let message =
                    format!("the name of the object ({given}) does not match the name on the URL ({})", call.name);
                return Err(Refusal::bad(message));
            }
            let old = existing(cluster, call, row, if call.name.is_empty() { &given } else { call.name })?;
            update(cluster, call, row, schema.as_ref(), &old, object, false)
        }
        Wish::Patch(form, body) => {
            let old = existing(cluster, call, row, call.name)?;
            let spoken = as_version(row, old.value(), call.version);
            let object = patch::apply(form, &spoken, &body, schema.as_ref())?;
            for field in ["name", "namespace"] {
                let (before, now) =
                    (value::at(&spoken, &["metadata", field]), value::at(&object, &["metadata", field]));
                if before != now {
                    return Err(Refusal::bad(format!("the {field} of the object may not change by a patch")));
                }
            }
            update(cluster, call, row, schema.as_ref(), &old, object, true)
        }
    }
}

/// Commits what was planned.
pub fn commit(cluster: &mut Cluster, write: Write) -> Arc<Object> {
    let (namespace, name) = (
        text(&write.object, &["metadata", "namespace"]).to_owned(),
        text(&write.object, &["metadata", "name"]).to_owned(),
    );
    let stored = match write.fate {
        Fate::New => {
            cluster.count();
            cluster.store.put(write.kind, write.object)
        }
        Fate::Changed => cluster.store.put(write.kind, write.object),
        Fate::Same => match cluster.store.get(write.kind, &namespace, &name) {
            Some(same) => return Arc::clone(same),
            None => cluster.store.put(write.kind, write.object),
        },
        Fate::Gone => {
            // The last state carries what the write changed in it.
            let last = cluster.store.put(write.kind, write.object);
            cluster.store.remove(write.kind, &namespace, &name).unwrap_or(last)
        }
    };
    cluster.after(write.kind, &stored, write.fate == Fate::Gone);
    stored
}

/// An object in another version: only `apiVersion` differs, since no kind here converts.
pub fn as_version(row: &KindRow, object: &Value, version: &str) -> Value {
    let mut object = object.clone();
    put(&mut object, &["apiVersion"], json!(row.api_version(version)));
    object
}

fn existing(cluster: &Cluster, call: &Call<'_>, row: &KindRow, name: &str) -> Result<Arc<Object>, Refusal> {
    cluster.store().get(call.kind, call.namespace, name).cloned().ok_or_else(|| Refusal::not_found(row, name))
}

/// Kind, version and namespace of a body must be those of the path; what is not said is filled in.
fn identify(call: &Call<'_>, row: &KindRow, object: &mut Value) -> Result<(), Refusal> {
    if !object.is_object() {
        return Err(Refusal::bad("the body of the request is no object"));
    }
    let wanted = row.api_version(call.version);
    let given = text(object, &["apiVersion"]);
    if !given.is_empty() && given != wanted {
        let (group, version) = split(given);
        let _ = (group, version);
        return Err(Refusal::bad(format!(
            "the API version in the data ({given}) does not match the expected API version ({wanted})"
        )));
    }
    let given = text(object, &["kind"]);
    if !given.is_empty() && given != row.kind {
        return Err(Refusal::bad(format!("{given} in version {:?} cannot be handled as a {}", call.version, row.kind)));
    }
    let mut whole = serde_json::Map::new();
    whole.insert("apiVersion".to_owned(), json!(row.api_version(&row.storage)));
    whole.insert("kind".to_owned(), json!(row.kind));
    if let Value::Object(map) = object.take() {
        whole.extend(map.into_iter().filter(|(name, _)| name != "apiVersion" && name != "kind"));
    }
    *object = Value::Object(whole);
    match value::at(object, &["metadata"]) {
        Value::Object(_) => {}
        Value::Null => put(object, &["metadata"], json!({})),
        _ => return Err(Refusal::bad("metadata of the object is no object")),
    }
    let namespace = text(object, &["metadata", "namespace"]);
    if row.namespaced {
        if !namespace.is_empty() && namespace != call.namespace {
            return Err(Refusal::bad(
                "the namespace of the provided object does not match the namespace sent on the request",
            ));
        }
        put(object, &["metadata", "namespace"], json!(call.namespace));
    } else {
        value::remove(object, &["metadata", "namespace"]);
    }
    Ok(())
}

fn create(
    cluster: &Cluster,
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&Schema>,
    mut object: Value,
) -> Result<Write, Refusal> {
    identify(call, row, &mut object)?;
    if row.namespaced && call.namespace.is_empty() {
        return Err(Refusal::bad("an empty namespace may not be set during creation"));
    }
    if !value::at(&object, &["metadata", "resourceVersion"]).is_null() {
        return Err(Refusal::bad("resourceVersion should not be set on objects to be created"));
    }
    let mut warnings = Vec::new();
    known(call, row, schema, &mut object, false, &mut warnings)?;
    let prefix = text(&object, &["metadata", "generateName"]).to_owned();
    if text(&object, &["metadata", "name"]).is_empty() {
        if prefix.is_empty() {
            return Err(Refusal::invalid(
                row,
                "",
                &[Cause::required("metadata.name", "name or generateName is required")],
            ));
        }
        let owner = value::list(&object, &["metadata", "ownerReferences"])
            .first()
            .map(|owner| text(owner, &["uid"]).to_owned());
        let name = cluster.name_for(call.kind, call.namespace, &prefix, &owner.unwrap_or_default());
        put(&mut object, &["metadata", "name"], json!(name));
    }
    let name = text(&object, &["metadata", "name"]).to_owned();
    if row.namespaced {
        admit::namespace(cluster, row, call.namespace, &name)?;
    }
    for field in
        ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"]
    {
        value::remove(&mut object, &["metadata", field]);
    }
    // A kubelet brings its node's status along.
    if row.has("status") && row.plural != "nodes" {
        value::remove(&mut object, &["status"]);
    }
    let uid = cluster.uid_for(row, &object);
    put(&mut object, &["metadata", "uid"], json!(uid));
    let now = when::seconds(cluster.now());
    put(&mut object, &["metadata", "creationTimestamp"], json!(now));
    if has_generation(row) {
        put(&mut object, &["metadata", "generation"], json!(1));
    }
    complete(row, schema, &mut object);
    admit::create(cluster, call.kind, &mut object);
    trouble::admit(cluster, &mut object)?;
    refuse(row, &name, schema, None, &object)?;
    if cluster.store().get(call.kind, call.namespace, &name).is_some() {
        return Err(Refusal::exists(row, &name));
    }
    let foreign = if row.has("status") { "status" } else { "" };
    let writer = fields::Writer { manager: call.manager, subresource: "", time: &now, foreign };
    fields::enter_update(None, &mut object, schema.and_then(Schema::node), writer);
    Ok(Write { kind: call.kind, object, fate: Fate::New, warnings })
}

fn update(
    cluster: &Cluster,
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&Schema>,
    old: &Object,
    mut object: Value,
    patched: bool,
) -> Result<Write, Refusal> {
    let name = old.name().to_owned();
    identify(call, row, &mut object)?;
    let said = |path: &[&str]| text(&object, path).to_owned();
    let uid = said(&["metadata", "uid"]);
    if !uid.is_empty() && uid != old.uid() {
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", old.uid());
        return Err(Refusal::conflict(row, &name, &why));
    }
    let version = said(&["metadata", "resourceVersion"]);
    if !version.is_empty() && version != old.version.to_string() {
        return Err(Refusal::stale(row, &name));
    }
    let mut warnings = Vec::new();
    known(call, row, schema, &mut object, patched, &mut warnings)?;
    let before = old.value();
    keep_identity(before, &mut object);
    let status = row.has("status");
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
            object = Value::clone(before);
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
    trouble::admit(cluster, &mut object)?;
    if has_generation(row) && call.part == Part::Whole && differs(before, &object) {
        let generation = value::int(before, &["metadata", "generation"]).unwrap_or_default();
        put(&mut object, &["metadata", "generation"], json!(generation + 1));
    }
    refuse(row, &name, schema, Some(before), &object)?;
    let node = schema.and_then(Schema::node);
    let subresource = match call.part {
        Part::Whole => "",
        Part::Status => "status",
        Part::Finalize => "finalize",
    };
    let now = when::seconds(cluster.now());
    let foreign = if status && call.part == Part::Whole { "status" } else { "" };
    let writer = fields::Writer { manager: call.manager, subresource, time: &now, foreign };
    if value::at(&object, &["metadata", "managedFields"]).is_null() {
        restore_in(before, &mut object, "managedFields");
    }
    fields::enter_update(Some(before), &mut object, node, writer);
    put(&mut object, &["metadata", "resourceVersion"], value::at(before, &["metadata", "resourceVersion"]).clone());
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

/// Kinds whose generation counts the changes of their spec.
fn has_generation(row: &KindRow) -> bool {
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

/// Takes out what the kind does not have, by the wish of the client.
fn known(
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&Schema>,
    object: &mut Value,
    patched: bool,
    warnings: &mut Vec<String>,
) -> Result<(), Refusal> {
    let Some(node) = schema.and_then(Schema::node) else { return Ok(()) };
    // A body of the wrong types cannot even be read as the kind.
    if !row.custom
        && let Some(wrong) =
            validate::validate(object, node).into_iter().find(|cause| cause.reason == "FieldValueTypeInvalid")
    {
        let message = format!(
            "{} in version {:?} cannot be handled as a {}: {}: {}",
            row.kind, call.version, row.kind, wrong.field, wrong.message
        );
        return Err(Refusal::bad(message));
    }
    let unknown = prune::prune(object, node);
    if unknown.is_empty() {
        return Ok(());
    }
    let said: Vec<String> = unknown.iter().map(|path| format!("unknown field {path:?}")).collect();
    match call.unknown {
        Unknown::Ignore => {}
        Unknown::Warn => warnings.extend(said),
        Unknown::Strict => {
            let what = format!("strict decoding error: {}", said.join(", "));
            if patched {
                let cause = Cause::invalid("patch", &json!(""), &what);
                return Err(Refusal::invalid(row, "", &[cause]));
            }
            return Err(Refusal::bad(format!(
                "{} in version {:?} cannot be handled as a {}: {what}",
                row.kind, call.version, row.kind
            )));
        }
    }
    Ok(())
}

fn complete(row: &KindRow, schema: Option<&Schema>, object: &mut Value) {
    if let Some(node) = schema.and_then(Schema::node) {
        default::default(object, node);
    }
    builtin::default(row, object);
    admit::always(row, object);
}

fn refuse(row: &KindRow, name: &str, schema: Option<&Schema>, old: Option<&Value>, new: &Value) -> Result<(), Refusal> {
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
