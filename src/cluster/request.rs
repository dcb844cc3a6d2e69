//! What a read or a write is to an API server: method, path, body. Whoever sends it, over a link or into a simulated server,
//! sends the same.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::{
    Kind, ObjectRef,
    api::{Preconditions, Read, Write},
};

/// The name brink's writes carry in `metadata.managedFields`.
pub const MANAGER: &str = "brink";

/// The media type of nearly every body.
const JSON: &str = "application/json";
/// That of an RFC 6902 patch.
const PATCH: &str = "application/json-patch+json";

/// What may not stand bare in a query value.
const QUERY: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>').add(b'?');

/// What may not stand bare in a path segment.
const SEGMENT: &AsciiSet = &QUERY.add(b'/').add(b'`').add(b'{').add(b'}').add(b'\\').add(b'^').add(b'|');

/// One request.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// `GET`, `POST`, …
    pub method: &'static str,
    /// Path and query, percent-encoded.
    pub path: String,
    /// The media type of the body.
    pub content: &'static str,
    /// The body; none for a read.
    pub body: Option<Value>,
}

impl Sent {
    fn get(path: String) -> Self {
        Self { method: "GET", path, content: JSON, body: None }
    }

    fn with(method: &'static str, path: String, content: &'static str, body: Value) -> Self {
        Self { method, path, content, body: Some(body) }
    }
}

/// A read; a list is asked for in one piece.
pub fn of_read(read: &Read) -> Sent {
    match read {
        Read::Get(target) => Sent::get(object_path(target)),
        Read::List { kind, namespace, labels } => {
            let selector = if labels.is_empty() { String::new() } else { format!("?labelSelector={}", query(labels)) };
            Sent::get(format!("{}{selector}", collection_path(kind, namespace.as_deref())))
        }
        Read::Path(path) => Sent::get(path.clone()),
        Read::Allowed { verb, kind, namespace, name, subresource } => {
            let attributes = json!({
                "verb": verb,
                "group": kind.group,
                "version": kind.version,
                "resource": kind.plural,
                "subresource": subresource.as_deref().unwrap_or_default(),
                "namespace": namespace.as_deref().unwrap_or_default(),
                "name": name.as_deref().unwrap_or_default(),
            });
            let review = json!({
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": attributes},
            });
            let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned();
            Sent::with("POST", path, JSON, review)
        }
    }
}

/// A write, or its dry run.
pub fn of_write(write: &Write, dry: bool) -> Sent {
    // A dry run rejects fields the kind does not have; the write itself only warns, since an undo must be able to put
    // back whatever the server once held.
    let validation = if dry { "&fieldValidation=Strict&dryRun=All" } else { "" };
    let options = format!("?fieldManager={MANAGER}{validation}");
    let bare = if dry { "?dryRun=All" } else { "" };
    match write {
        Write::Create(target, manifest) => {
            let path = collection_path(&target.kind, target.namespace.as_deref());
            Sent::with("POST", format!("{path}{options}"), JSON, manifest.0.clone())
        }
        Write::Replace(target, manifest) => {
            Sent::with("PUT", format!("{}{options}", object_path(target)), JSON, manifest.0.clone())
        }
        Write::Patch(target, operations) => {
            let path = format!("{}{options}", object_path(target));
            Sent::with("PATCH", path, PATCH, Value::Array(operations.clone()))
        }
        Write::Scale(target, operations) => {
            let path = format!("{}/scale{options}", object_path(target));
            Sent::with("PATCH", path, PATCH, Value::Array(operations.clone()))
        }
        Write::Delete(target, preconditions, removal) => {
            let mut options = delete_options("v1", "DeleteOptions", preconditions, dry);
            options["propagationPolicy"] = json!(removal.propagation.word());
            if let Some(grace) = removal.grace {
                options["gracePeriodSeconds"] = json!(grace);
            }
            Sent::with("DELETE", format!("{}{bare}", object_path(target)), JSON, options)
        }
        Write::Evict(target, preconditions) => {
            let mut delete = delete_options("v1", "DeleteOptions", preconditions, dry);
            if let Some(options) = delete.as_object_mut() {
                options.remove("propagationPolicy");
            }
            let eviction = json!({
                "apiVersion": "policy/v1",
                "kind": "Eviction",
                "metadata": {"name": target.name, "namespace": target.namespace},
                "deleteOptions": delete,
            });
            Sent::with("POST", format!("{}/eviction{bare}", object_path(target)), JSON, eviction)
        }
    }
}

fn delete_options(version: &str, kind: &str, preconditions: &Preconditions, dry: bool) -> Value {
    let mut options = json!({"apiVersion": version, "kind": kind, "propagationPolicy": "Background"});
    let mut must = serde_json::Map::new();
    if let Some(uid) = &preconditions.uid {
        must.insert("uid".to_owned(), json!(uid));
    }
    if let Some(version) = &preconditions.resource_version {
        must.insert("resourceVersion".to_owned(), json!(version));
    }
    if !must.is_empty() {
        options["preconditions"] = Value::Object(must);
    }
    if dry {
        // In the body as well as in the query: with a body the server reads options from it alone.
        options["dryRun"] = json!(["All"]);
    }
    options
}

/// Encodes a query value.
pub fn query(value: &str) -> String {
    utf8_percent_encode(value, QUERY).to_string()
}

/// The URL path of an object, its names encoded: a name with a slash must not reach another object.
pub fn object_path(target: &ObjectRef) -> String {
    format!("{}/{}", collection_path(&target.kind, target.namespace.as_deref()), segment(&target.name))
}

/// The URL path of a collection, its namespace encoded.
pub fn collection_path(kind: &Kind, namespace: Option<&str>) -> String {
    kind.path(namespace.map(segment).as_deref())
}

fn segment(name: &str) -> String {
    // `.` and `..` are steps of a path; written out, the server refuses them as names. So is an empty name, which would
    // turn a request for one object into one for its collection.
    match name {
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        "" => "%20".to_owned(),
        name => utf8_percent_encode(name, SEGMENT).to_string(),
    }
}
