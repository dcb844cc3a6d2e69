//! What the server says of an object that it takes all the same.

use serde_json::Value;

use crate::{base::value::list, schema::definition, store::KindRow};

/// Finalizers of the server itself, which have no domain.
const OWN: [&str; 3] = ["orphan", "foregroundDeletion", "kubernetes"];

/// Warnings about a new state of an object: of what is new in it.
pub(super) fn of(row: &KindRow, old: Option<&Value>, new: &Value) -> Vec<String> {
    if row.custom {
        return finalizers(old, new);
    }
    if row.plural == "customresourcedefinitions" {
        let known = old.map(definition::strange_formats).unwrap_or_default();
        let strange = definition::strange_formats(new).into_iter().filter(|format| !known.contains(format));
        return strange.map(|format| format!("unrecognized format {format:?}")).collect();
    }
    Vec::new()
}

fn finalizers(old: Option<&Value>, new: &Value) -> Vec<String> {
    let of = |object: &Value| -> Vec<String> {
        list(object, &["metadata", "finalizers"]).iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let before = old.map(of).unwrap_or_default();
    let mut added: Vec<String> = of(new).into_iter().filter(|one| !before.contains(one)).collect();
    added.sort();
    added
        .into_iter()
        .filter(|one| !one.contains('/') && !OWN.contains(&one.as_str()))
        .map(|one| {
            let path = if one.contains('.') { " including a path (/)" } else { "" };
            format!(
                "metadata.finalizers: {one:?}: prefer a domain-qualified finalizer name{path} to avoid accidental conflicts with other finalizer writers"
            )
        })
        .collect()
}
