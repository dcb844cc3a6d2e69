//! What a body says of itself, and what in it the kind does not have.

use serde_json::{Value, json};

use super::{By, Call, Unknown};
use crate::{
    api::{cluster::Schema, refusal::Refusal},
    base::value::{self, put, text},
    schema::{
        Node, prune, strategic,
        unmarshal::{self, Reader},
        validate::Cause,
    },
    store::KindRow,
};

/// Kind, version and namespace of a body must be those of the path; what is not said is filled in.
pub(super) fn identify(call: &Call<'_>, row: &KindRow, object: &mut Value) -> Result<(), Refusal> {
    if !object.is_object() {
        return Err(Refusal::bad("the body of the request is no object"));
    }
    let wanted = row.api_version(call.version);
    if let Some(refusal) = stranger(row, call.version, object) {
        return Err(refusal);
    }
    unreadable(row, call.version, object)?;
    let given = text(object, &["apiVersion"]);
    if !given.is_empty() && given != wanted {
        return Err(Refusal::bad(format!(
            "the API version in the data ({given}) does not match the expected API version ({wanted})"
        )));
    }
    let given = text(object, &["kind"]);
    if !given.is_empty() && given != row.kind && row.custom {
        let other = KindRow { kind: given.to_owned(), ..row.clone() };
        let cause = Cause::invalid("kind", &json!(given), &format!("must be {}", row.kind));
        return Err(Refusal::invalid(&other, text(object, &["metadata", "name"]), &[cause]));
    }
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
        other if !row.custom => {
            let found = match other {
                Value::Bool(_) => "bool",
                Value::Number(_) => "number",
                Value::String(_) => "string",
                _ => "array",
            };
            return Err(Refusal::bad(format!(
                "{0} in version {1:?} cannot be handled as a {0}: json: cannot unmarshal {found} into Go struct field {0}.metadata of type v1.ObjectMeta",
                row.kind, call.version
            )));
        }
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

/// Texts that stand for something else and cannot be read as that: times, bytes, amounts.
fn unreadable(row: &KindRow, version: &str, object: &Value) -> Result<(), Refusal> {
    let wrong = |why: String| {
        Err(Refusal::bad(format!("{0} in version {version:?} cannot be handled as a {0}: {why}", row.kind)))
    };
    let made = value::at(object, &["metadata", "creationTimestamp"]);
    if let Some(made) = made.as_str().filter(|made| made.parse::<jiff::Timestamp>().is_err()) {
        return wrong(format!(
            "parsing time {made:?} as \"2006-01-02T15:04:05Z07:00\": cannot parse {made:?} as \"2006\""
        ));
    }
    if row.custom {
        return Ok(());
    }
    if row.plural == "secrets" {
        for data in value::at(object, &["data"]).as_object().into_iter().flatten().filter_map(|(_, data)| data.as_str())
        {
            let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '\n' | '\r');
            if let Some(at) = data.find(|c| !known(c)) {
                return wrong(format!("illegal base64 data at input byte {at}"));
            }
        }
    }
    for spec in [value::at(object, &["spec"]), value::at(object, &["spec", "template", "spec"])] {
        let containers = value::list(spec, &["containers"]).iter().chain(value::list(spec, &["initContainers"]));
        for kind in containers
            .flat_map(|one| [value::at(one, &["resources", "limits"]), value::at(one, &["resources", "requests"])])
        {
            let amounts = kind.as_object().into_iter().flatten().filter_map(|(_, amount)| amount.as_str());
            if amounts.into_iter().any(|amount| crate::base::quantity::read(amount).is_none()) {
                return wrong(
                    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
                        .to_owned(),
                );
            }
        }
    }
    Ok(())
}

/// Why a body is of another kind, in the words of the real server's decoder.
fn stranger(row: &KindRow, version: &str, object: &Value) -> Option<Refusal> {
    let (api, kind) = (text(object, &["apiVersion"]), text(object, &["kind"]));
    let (group, spoken) = if api.is_empty() { (row.group.as_str(), version) } else { crate::api::cluster::split(api) };
    let kind = if kind.is_empty() { row.kind.as_str() } else { kind };
    if kind == row.kind && group == row.group && (spoken == version || row.custom || spoken.contains("beta")) {
        return None;
    }
    if row.custom {
        if kind == row.kind || group != row.group {
            return None;
        }
        let cause = Cause::invalid("kind", &json!(kind), &format!("must be {}", row.kind));
        let name = text(object, &["metadata", "name"]);
        let told = KindRow { kind: kind.to_owned(), ..row.clone() };
        return Some(Refusal::invalid(&told, name, &[cause]));
    }
    let single = kind.strip_suffix("List").unwrap_or(kind);
    let registered = crate::api::pack::discovery().as_array().into_iter().flatten().any(|one| {
        text(one, &["group"]) == group
            && value::list(one, &["versions"]).iter().any(|one| {
                text(one, &["version"]) == spoken
                    && value::list(one, &["resources"]).iter().any(|one| text(one, &["responseKind", "kind"]) == single)
            })
    });
    let short = |group: &str| group.split('.').next().filter(|one| !one.is_empty()).unwrap_or("core").to_owned();
    let why = if registered {
        format!("converting ({spoken}.{kind}) to ({}.{}): unknown conversion", short(&row.group), row.kind)
    } else {
        let api = if api.is_empty() { row.api_version(version) } else { api.to_owned() };
        format!("no kind {kind:?} is registered for version {api:?} in scheme \"pkg/runtime/scheme.go:111\"")
    };
    Some(Refusal::bad(format!("{kind} in version {spoken:?} cannot be handled as a {}: {why}", row.kind)))
}

/// A body of the wrong types cannot even be read as a built-in kind.
pub(super) fn readable(
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&Schema>,
    object: &Value,
    by: By<'_>,
) -> Result<(), Refusal> {
    let Some(node) = schema.and_then(Schema::node).filter(|_| !row.custom) else { return Ok(()) };
    let reader = if matches!(by, By::Strategic(_)) { Reader::Converter } else { Reader::Json };
    let Some(why) = unmarshal::read(object, node, &row.kind, reader) else { return Ok(()) };
    Err(match by {
        By::Body => Refusal::bad(format!(
            "{} in version {:?} cannot be handled as a {}: {why}",
            row.kind, call.version, row.kind
        )),
        By::Patch => of_patch(&object.to_string(), &why),
        By::Strategic(patch) => of_patch(&strategic::printed(patch), &why),
    })
}

/// What a patch leaves cannot be read. The refusal shows it and names no kind.
fn of_patch(shown: &str, why: &str) -> Refusal {
    Refusal::invalid_as("", "", "", &[Cause::invalid("patch", &json!(shown), why)])
}

/// Takes out what the kind does not have, by the wish of the client.
pub(super) fn known(
    call: &Call<'_>,
    row: &KindRow,
    schema: Option<&Schema>,
    object: &mut Value,
    by: By<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), Refusal> {
    let Some(node) = schema.and_then(Schema::node) else { return Ok(()) };
    // Patched objects were read before.
    if matches!(by, By::Body) {
        readable(call, row, schema, object, by)?;
    }
    // Only a refusal shows the object, as it was before anything was taken out of it.
    let shown = (call.unknown == Unknown::Strict && matches!(by, By::Patch)).then(|| object.to_string());
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
            match by {
                By::Body => {}
                By::Patch => return Err(of_patch(&shown.unwrap_or_default(), &what)),
                By::Strategic(patch) => return Err(of_patch(&strategic::printed(patch), &what)),
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
