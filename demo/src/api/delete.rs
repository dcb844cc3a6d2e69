//! Deletion: preconditions, finalizers, grace, propagation.

use std::sync::Arc;

use jiff::ToSpan as _;
use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    custom,
    refusal::Refusal,
    trouble,
    write::{self, Fate, Write},
};
use crate::{
    base::{
        value::{self, put, text},
        when,
    },
    schema::validate::Cause,
    store::{KindId, KindRow, Object},
};

/// How to delete.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct How {
    /// Seconds a pod has to end.
    pub grace: Option<i64>,
    /// `Background`, `Foreground` or `Orphan`.
    pub propagation: Option<String>,
    /// The uid the object must have.
    pub uid: Option<String>,
    /// The version the object must have.
    pub version: Option<String>,
    /// Only say what would be.
    pub dry_run: bool,
}

impl How {
    /// Reads `DeleteOptions`, from the body where there is one.
    pub fn read(body: &Value) -> Result<Self, Refusal> {
        let said = |path: &[&str]| value::at(body, path).as_str().map(str::to_owned);
        let propagation = said(&["propagationPolicy"]).or_else(|| {
            value::at(body, &["orphanDependents"])
                .as_bool()
                .map(|orphan| if orphan { "Orphan" } else { "Background" }.to_owned())
        });
        let mut causes = Vec::new();
        if let Some(given) = said(&["propagationPolicy"]) {
            if !matches!(given.as_str(), "Background" | "Foreground" | "Orphan") {
                let known = ["Foreground", "Background", "Orphan", "nil"];
                causes.push(Cause::unsupported("propagationPolicy", &json!(given), known));
            } else if value::at(body, &["orphanDependents"]).is_boolean() {
                let why = "orphanDependents and deletionPropagation cannot be both set";
                causes.push(Cause::invalid("propagationPolicy", &json!(given), why));
            }
        }
        let dry = value::list(body, &["dryRun"]);
        if dry.iter().any(|one| one != "All") {
            causes.push(Cause::unsupported("dryRun", &json!(dry), ["All"]));
        }
        if !causes.is_empty() {
            return Err(Refusal::of_options("DeleteOptions", &causes));
        }
        Ok(Self {
            grace: value::int(body, &["gracePeriodSeconds"]),
            propagation,
            uid: said(&["preconditions", "uid"]),
            version: said(&["preconditions", "resourceVersion"]),
            dry_run: !dry.is_empty(),
        })
    }
}

/// Plans the deletion of an object.
pub fn plan(cluster: &Cluster, kind: KindId, old: &Arc<Object>, how: &How) -> Result<Write, Refusal> {
    let row = cluster.store().kind(kind);
    must(row, old, how)?;
    trouble::let_go(cluster)?;
    let mut object = write::as_version(row, old.value(), &row.storage);
    let (finalizers, before) = finalizers(old.value(), how);
    if finalizers != before {
        put(&mut object, &["metadata", "finalizers"], json!(finalizers));
    }
    let seconds = grace(row, old.value(), how);
    let namespace = row.plural == "namespaces" && row.group.is_empty();
    let held = namespace && !value::list(old.value(), &["spec", "finalizers"]).is_empty();
    let definition = row.plural == "customresourcedefinitions";
    if definition {
        custom::leave(&mut object, cluster.now());
    }
    let waits = definition || seconds > 0 || !finalizers.is_empty() || held;
    if !waits {
        // Kinds with a time to end are told their end also when it is now.
        if row.plural == "pods" && row.group.is_empty() && !old.is_leaving() {
            put(&mut object, &["metadata", "deletionTimestamp"], json!(when::seconds(cluster.now())));
            put(&mut object, &["metadata", "deletionGracePeriodSeconds"], json!(0));
            let generation = value::int(&object, &["metadata", "generation"]).unwrap_or_default();
            put(&mut object, &["metadata", "generation"], json!(generation + 1));
        }
        return Ok(Write { kind, object, fate: Fate::Gone, warnings: Vec::new() });
    }
    let at = cluster.now().checked_add(seconds.seconds()).unwrap_or_else(|_| cluster.now());
    let shorter = value::int(old.value(), &["metadata", "deletionGracePeriodSeconds"]).is_none_or(|has| seconds < has);
    if !old.is_leaving() || (shorter && !namespace) {
        put(&mut object, &["metadata", "deletionTimestamp"], json!(when::seconds(at)));
        put(&mut object, &["metadata", "deletionGracePeriodSeconds"], json!(seconds));
        if let Some(generation) = value::int(&object, &["metadata", "generation"]).filter(|_| !old.is_leaving()) {
            put(&mut object, &["metadata", "generation"], json!(generation + 1));
        }
        if definition {
            value::remove(&mut object, &["metadata", "deletionGracePeriodSeconds"]);
            let generation = value::at(old.value(), &["metadata", "generation"]).clone();
            put(&mut object, &["metadata", "generation"], generation);
        }
        if namespace {
            put(&mut object, &["status", "phase"], json!("Terminating"));
            value::remove(&mut object, &["metadata", "deletionGracePeriodSeconds"]);
        }
    }
    let fate = if object == **old.value() { Fate::Same } else { Fate::Changed };
    Ok(Write { kind, object, fate, warnings: Vec::new() })
}

fn must(row: &KindRow, old: &Object, how: &How) -> Result<(), Refusal> {
    if let Some(uid) = how.uid.as_deref().filter(|uid| *uid != old.uid()) {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
            old.uid()
        );
        return Err(Refusal::outdated(row, old.name(), &why));
    }
    if let Some(version) = how.version.as_deref().filter(|version| *version != old.version.to_string()) {
        let why = format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({}). The object might have been modified",
            old.version
        );
        return Err(Refusal::outdated(row, old.name(), &why));
    }
    Ok(())
}

/// Finalizers after the deletion was asked for, and before.
fn finalizers(object: &Value, how: &How) -> (Vec<String>, Vec<String>) {
    let before: Vec<String> =
        value::list(object, &["metadata", "finalizers"]).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let mut after = before.clone();
    let wanted = match how.propagation.as_deref() {
        Some("Foreground") => Some("foregroundDeletion"),
        Some("Orphan") => Some("orphan"),
        _ => None,
    };
    if how.propagation.is_some() {
        after.retain(|one| one != "foregroundDeletion" && one != "orphan");
    }
    after.extend(wanted.map(str::to_owned));
    (after, before)
}

/// A pod that runs somewhere has time to end; nothing else has.
fn grace(row: &KindRow, object: &Value, how: &How) -> i64 {
    let over = matches!(text(object, &["status", "phase"]), "Succeeded" | "Failed");
    if row.plural != "pods" || !row.group.is_empty() || over || text(object, &["spec", "nodeName"]).is_empty() {
        return 0;
    }
    how.grace.or_else(|| value::int(object, &["spec", "terminationGracePeriodSeconds"])).unwrap_or(30).max(0)
}
