//! The one write path. It plans a write and changes nothing; what is not a dry run is committed as it was planned, so a preview
//! cannot differ from the write.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    events,
    patch::{self, Form},
    refusal::Refusal,
};
use crate::{
    base::value::{self, put, text},
    schema::managers::Managers,
    store::{KindId, KindRow, Object},
};

mod apply;
mod body;
mod complete;
mod create;
mod owners;
mod update;
mod warn;

use owners::Owners;

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
    /// What a manager wants of an object, there or not.
    Apply {
        /// What it wants.
        config: Value,
        /// Whether also of fields that others own.
        force: bool,
    },
}

/// How another state of an object was said.
#[derive(Debug, Clone, Copy)]
enum By<'a> {
    /// As a whole.
    Body,
    /// By a patch or an apply.
    Patch,
    /// By a strategic patch, which refusals show.
    Strategic(&'a Value),
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
    /// Fields that stand twice in the body.
    pub doubled: &'a [String],
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

/// Plans a creation, a replacement, a patch or an apply.
pub fn plan(cluster: &Cluster, call: &Call<'_>, wish: Wish) -> Result<Write, Refusal> {
    let row = cluster.store().kind(call.kind);
    let schema = cluster.schema(call.kind, call.version);
    match wish {
        Wish::Create(object) => create::create(cluster, call, row, schema.as_ref(), object, Owners::Noted),
        Wish::Replace(object) => {
            let given = text(&object, &["metadata", "name"]).to_owned();
            if !given.is_empty() && !call.name.is_empty() && given != call.name {
                let message =
                    format!("the name of the object ({given}) does not match the name on the URL ({})", call.name);
                return Err(Refusal::bad(message));
            }
            if given.is_empty() && !call.name.is_empty() {
                let why = "was undeterminable: name must be provided";
                return Err(Refusal::bad(format!("the name of the object ({} based on URL) {why}", call.name)));
            }
            let old = existing(cluster, call, row, if call.name.is_empty() { &given } else { call.name })?;
            update::update(cluster, call, schema.as_ref(), &old, object, By::Body, Owners::Noted)
        }
        Wish::Patch(form, body) => {
            let old = existing(cluster, call, row, call.name)?;
            let spoken = as_version(row, old.value(), call.version);
            let object = patch::apply(form, &spoken, &body, schema.as_ref())?;
            for field in ["name", "namespace"] {
                let (before, now) =
                    (value::at(&spoken, &["metadata", field]), value::at(&object, &["metadata", field]));
                if before != now {
                    let why = match (field, now.as_str()) {
                        ("name", Some(now)) => {
                            format!("the name of the object ({now}) does not match the name on the URL ({})", call.name)
                        }
                        ("name", None) => format!(
                            "the name of the object ({} based on URL) was undeterminable: name must be provided",
                            call.name
                        ),
                        _ => "the namespace of the provided object does not match the namespace sent on the request"
                            .to_owned(),
                    };
                    return Err(Refusal::bad(why));
                }
            }
            let by = if form == Form::Strategic { By::Strategic(&body) } else { By::Patch };
            update::update(cluster, call, schema.as_ref(), &old, object, by, Owners::Noted)
        }
        Wish::Apply { config, force } => apply::apply(cluster, call, row, schema.as_ref(), &config, force),
    }
}

/// Plans another state of an object whose owners are known already.
pub fn plan_owned(cluster: &Cluster, call: &Call<'_>, object: Value, managers: Managers) -> Result<Write, Refusal> {
    let row = cluster.store().kind(call.kind);
    let schema = cluster.schema(call.kind, call.version);
    let old = existing(cluster, call, row, call.name)?;
    update::update(cluster, call, schema.as_ref(), &old, object, By::Body, Owners::Known(managers))
}

/// Commits what was planned.
pub fn commit(cluster: &mut Cluster, mut write: Write) -> Arc<Object> {
    if events::is_newer(cluster.store().kind(write.kind)) {
        write.object = events::older(&write.object);
    }
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

/// An object in another version: only `apiVersion` differs, since no kind here converts but events.
pub fn as_version(row: &KindRow, object: &Value, version: &str) -> Value {
    if events::is_newer(row) {
        return events::newer(object);
    }
    let mut object = object.clone();
    put(&mut object, &["apiVersion"], json!(row.api_version(version)));
    object
}

fn existing(cluster: &Cluster, call: &Call<'_>, row: &KindRow, name: &str) -> Result<Arc<Object>, Refusal> {
    let found = cluster.store().get(call.kind, call.namespace, name).ok_or_else(|| Refusal::not_found(row, name))?;
    Ok(if events::is_newer(row) { Arc::new(found.shown(events::newer(found.value()))) } else { Arc::clone(found) })
}
