//! What a body says of itself, and what in it the kind does not have.

use serde_json::{Value, json};

use super::{Call, Unknown};
use crate::{
    api::{cluster::Schema, refusal::Refusal},
    base::value::{self, put, text},
    schema::{
        Node, prune,
        validate::{self, Cause},
    },
    store::KindRow,
};

/// Kind, version and namespace of a body must be those of the path; what is not said is filled in.
pub(super) fn identify(call: &Call<'_>, row: &KindRow, object: &mut Value) -> Result<(), Refusal> {
    if !object.is_object() {
        return Err(Refusal::bad("the body of the request is no object"));
    }
    let wanted = row.api_version(call.version);
    let given = text(object, &["apiVersion"]);
    if !given.is_empty() && given != wanted {
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

/// Takes out what the kind does not have, by the wish of the client.
pub(super) fn known(
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
    let unknown = match schema.and_then(Schema::own) {
        Some(own) => {
            let mut unknown = metadata(node, object);
            unknown.extend(own.prune(object));
            unknown
        }
        None => prune::prune(object, node),
    };
    let mut said: Vec<String> = call.doubled.iter().map(|path| format!("duplicate field {path:?}")).collect();
    said.extend(unknown.iter().map(|path| format!("unknown field {path:?}")));
    if said.is_empty() {
        return Ok(());
    }
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

/// Takes unknown fields out of the metadata of a custom object, which has the same in every kind.
fn metadata(node: Node<'_>, object: &mut Value) -> Vec<String> {
    let (Some(node), Some(metadata)) = (node.property("metadata"), object.get_mut("metadata")) else {
        return Vec::new();
    };
    prune::prune(metadata, node).into_iter().map(|path| format!("metadata.{path}")).collect()
}
