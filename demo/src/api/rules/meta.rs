//! Rules of names, labels, annotations, finalizers and owners.

use serde_json::{Value, json};

use super::{forbidden, wrong};
use crate::{
    base::{
        syntax,
        value::{self, list, text},
    },
    schema::validate::Cause,
    store::KindRow,
};

/// The name of a new object.
pub fn name(row: &KindRow, new: &Value, causes: &mut Vec<Cause>) {
    let given = value::at(new, &["metadata", "name"]);
    let name = given.as_str().unwrap_or_default();
    if row.group == "rbac.authorization.k8s.io" {
        let why = match name {
            "." | ".." => format!("may not be '{name}'"),
            name if name.contains('/') => "may not contain '/'".to_owned(),
            name if name.contains('%') => "may not contain '%'".to_owned(),
            _ => return,
        };
        causes.push(Cause::invalid("metadata.name", given, &why));
        return;
    }
    let found = match (row.group.as_str(), row.plural.as_str()) {
        ("", "services") => syntax::label_1035(name),
        ("", "namespaces") => syntax::label(name),
        _ => syntax::subdomain(name),
    };
    causes.extend(found.iter().map(|why| Cause::invalid("metadata.name", given, why)));
}

/// What every object says of itself.
pub fn check(row: &KindRow, old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    for (key, label) in value::at(new, &["metadata", "labels"]).as_object().into_iter().flatten() {
        let of_key = syntax::qualified(key);
        let of_value = syntax::label_value(label.as_str().unwrap_or_default());
        // Four checks of a change find the same.
        for _ in 0..if old.is_some() { 4 } else { 1 } {
            causes.extend(of_key.iter().map(|why| Cause::invalid("metadata.labels", &json!(key), why)));
            causes.extend(of_value.iter().map(|why| Cause::invalid("metadata.labels", label, why)));
        }
    }
    for key in value::at(new, &["metadata", "annotations"]).as_object().into_iter().flatten().map(|(key, _)| key) {
        let found = syntax::qualified(&key.to_lowercase());
        causes.extend(found.iter().map(|why| Cause::invalid("metadata.annotations", &json!(key), why)));
    }
    finalizers(row, old, new, causes);
    owners(new, causes);
}

fn finalizers(row: &KindRow, old: Option<&Value>, new: &Value, causes: &mut Vec<Cause>) {
    const STANDARD: [&str; 4] = ["foregroundDeletion", "orphan", "kubernetes", "foregroundDeletion"];
    let all = list(new, &["metadata", "finalizers"]);
    for one in all {
        let name = one.as_str().unwrap_or_default();
        causes.extend(syntax::qualified(name).iter().map(|why| Cause::invalid("metadata.finalizers", one, why)));
    }
    for (at, one) in all.iter().enumerate() {
        let name = one.as_str().unwrap_or_default();
        if !row.custom && !name.contains('/') && !STANDARD.contains(&name) {
            let why = "name is neither a standard finalizer name nor is it fully qualified";
            causes.push(Cause::invalid(format!("metadata.finalizers[{at}]"), one, why));
        }
    }
    let Some(old) = old.filter(|old| !value::at(old, &["metadata", "deletionTimestamp"]).is_null()) else { return };
    let before = list(old, &["metadata", "finalizers"]);
    let fresh: Vec<String> = all
        .iter()
        .filter(|one| !before.contains(one))
        .filter_map(Value::as_str)
        .map(|one| format!("{one:?}"))
        .collect();
    if !fresh.is_empty() {
        let why = format!(
            "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
            fresh.join(", ")
        );
        // Two checks of the real server find it.
        causes.push(forbidden("metadata.finalizers", &why));
        causes.push(forbidden("metadata.finalizers", &why));
    }
}

fn owners(new: &Value, causes: &mut Vec<Cause>) {
    const PLACE: &str = "metadata.ownerReferences";
    let all = list(new, &["metadata", "ownerReferences"]);
    let mut managing: Option<String> = None;
    for one in all {
        for (field, name) in [("apiVersion", "version"), ("kind", "kind"), ("name", "name"), ("uid", "uid")] {
            if text(one, &[field]).is_empty() {
                let why = if field == "apiVersion" { "version must not be empty" } else { "must not be empty" };
                causes.push(Cause::invalid(
                    format!("{PLACE}.{}", if field == "apiVersion" { "apiVersion" } else { name }),
                    &json!(""),
                    why,
                ));
            }
        }
        if one["controller"] == json!(true) {
            let this = format!("{}/{}", text(one, &["kind"]), text(one, &["name"]));
            if let Some(first) = &managing {
                let why = format!(
                    "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {this}"
                );
                causes.push(wrong(PLACE, &json!(all), &why));
            } else {
                managing = Some(this);
            }
        }
    }
}
