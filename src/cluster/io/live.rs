//! [`Api`] over a link: the one door through which brink writes to a real cluster.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, header::CONTENT_TYPE};
use jiff::Timestamp;
use kube::client::Body;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use super::{
    cluster_id,
    connect::Link,
    failure,
    openapi::DryRuns,
    wire::{JSON, Whole},
};
use crate::cluster::{
    Kind, Manifest, ObjectRef,
    api::{Answer, Api, Preconditions, Read, Trouble, Write},
    cause::Cause,
    warrant::Warrant,
};

/// Objects per page of a list; small enough that a page is never a burden.
const PAGE: usize = 500;

/// The name brink's writes carry in `metadata.managedFields`.
pub const MANAGER: &str = "brink";

/// What may not stand bare in a query value.
const QUERY: &AsciiSet =
    &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'+').add(b'<').add(b'>').add(b'?');

/// What may not stand bare in a path segment.
const SEGMENT: &AsciiSet = &QUERY.add(b'/').add(b'`').add(b'{').add(b'}').add(b'\\').add(b'^').add(b'|');

/// Encodes a query value.
pub(super) fn query(value: &str) -> String {
    utf8_percent_encode(value, QUERY).to_string()
}

/// The URL path of an object, its names encoded: a name with a slash must not reach another object.
pub(super) fn object_path(target: &ObjectRef) -> String {
    format!("{}/{}", collection_path(&target.kind, target.namespace.as_deref()), segment(&target.name))
}

/// The URL path of a collection, its namespace encoded.
pub(super) fn collection_path(kind: &Kind, namespace: Option<&str>) -> String {
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

/// A real API server.
#[derive(Debug, Clone)]
pub struct Live {
    link: Link,
    read_only: bool,
    dry_runs: DryRuns,
}

impl Live {
    /// The API server at the other end of a link. With `read_only` no write leaves, whatever warrant it bears; dry runs do.
    pub fn new(link: Link, read_only: bool) -> Self {
        Self { link, read_only, dry_runs: DryRuns::default() }
    }

    /// The link underneath.
    pub fn link(&self) -> &Link {
        &self.link
    }

    /// Whether writes are refused here.
    pub fn read_only(&self) -> bool {
        self.read_only
    }

    fn odd(&self, what: &str) -> Trouble {
        Trouble::Unknown { server: self.link.server().to_owned(), why: failure::why(Cause::Protocol, what) }
    }

    fn answer(&self, whole: &Whole) -> Result<Answer, Trouble> {
        let body = serde_json::from_slice(&whole.body)
            .map_err(|error| self.odd(&format!("no JSON at line {}, column {}", error.line(), error.column())))?;
        Ok(Answer { body: Manifest(body), date: whole.date })
    }

    async fn path(&self, path: &str) -> Result<Answer, Trouble> {
        let whole = self.link.get(path, JSON).await?;
        self.answer(&whole)
    }

    /// All pages of a collection as one List.
    async fn list(&self, kind: &Kind, namespace: Option<&str>, labels: &str) -> Result<Answer, Trouble> {
        let path = collection_path(kind, namespace);
        let selector = if labels.is_empty() { String::new() } else { format!("&labelSelector={}", query(labels)) };
        let mut token = String::new();
        let mut restarts = 0;
        let mut items: Vec<Value> = Vec::new();
        loop {
            let next = if token.is_empty() { String::new() } else { format!("&continue={}", query(&token)) };
            let page = match self.path(&format!("{path}?limit={PAGE}{selector}{next}")).await {
                // The snapshot the pages came from was compacted: begin again rather than mix two.
                Err(trouble) if trouble.code() == Some(410) && !token.is_empty() && restarts < 3 => {
                    restarts += 1;
                    token.clear();
                    items.clear();
                    continue;
                }
                page => page?,
            };
            let mut body = page.body;
            if let Some(Value::Array(more)) = body.0.get_mut("items").map(Value::take) {
                items.extend(more);
            }
            body.text(&["metadata", "continue"]).unwrap_or_default().clone_into(&mut token);
            if token.is_empty() {
                if let Some(list) = body.0.as_object_mut() {
                    list.insert("items".to_owned(), Value::Array(items));
                }
                return Ok(Answer { body, date: page.date });
            }
        }
    }

    async fn allowed(&self, review: Value) -> Result<Answer, Trouble> {
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
        let whole = self.link.fetch(self.post(path, &review)?).await?;
        self.answer(&whole)
    }

    fn post(&self, path: &str, body: &Value) -> Result<Request<Body>, Trouble> {
        self.with_body("POST", path, JSON, body)
    }

    fn with_body(
        &self,
        method: &str,
        path: &str,
        content: &'static str,
        body: &Value,
    ) -> Result<Request<Body>, Trouble> {
        let mut request = self.link.request(method, path, JSON, Body::from(Bytes::from(body.to_string())))?;
        request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content));
        Ok(request)
    }

    async fn send(&self, write: &Write, dry: bool) -> Result<Answer, Trouble> {
        let whole = self.link.fetch(self.build(write, dry)?).await?;
        self.answer(&whole)
    }

    fn build(&self, write: &Write, dry: bool) -> Result<Request<Body>, Trouble> {
        const PATCH: &str = "application/json-patch+json";
        // A dry run rejects fields the kind does not have; the write itself only warns, since an undo must be able to put
        // back whatever the server once held.
        let validation = if dry { "&fieldValidation=Strict&dryRun=All" } else { "" };
        let options = format!("?fieldManager={MANAGER}{validation}");
        let bare = if dry { "?dryRun=All" } else { "" };
        match write {
            Write::Create(target, manifest) => {
                let path = collection_path(&target.kind, target.namespace.as_deref());
                self.post(&format!("{path}{options}"), &manifest.0)
            }
            Write::Replace(target, manifest) => {
                self.with_body("PUT", &format!("{}{options}", object_path(target)), JSON, &manifest.0)
            }
            Write::Patch(target, operations) => {
                let path = format!("{}{options}", object_path(target));
                self.with_body("PATCH", &path, PATCH, &Value::Array(operations.clone()))
            }
            Write::Scale(target, operations) => {
                let path = format!("{}/scale{options}", object_path(target));
                self.with_body("PATCH", &path, PATCH, &Value::Array(operations.clone()))
            }
            Write::Delete(target, preconditions) => {
                let options = delete_options("v1", "DeleteOptions", preconditions, dry);
                self.with_body("DELETE", &format!("{}{bare}", object_path(target)), JSON, &options)
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
                self.post(&format!("{}/eviction{bare}", object_path(target)), &eviction)
            }
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

impl Api for Live {
    async fn read(&self, read: &Read) -> Result<Answer, Trouble> {
        match read {
            Read::Get(target) => self.path(&object_path(target)).await,
            Read::List { kind, namespace, labels } => self.list(kind, namespace.as_deref(), labels).await,
            Read::Path(path) => self.path(path).await,
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
                self.allowed(review).await
            }
        }
    }

    async fn dry_run(&self, write: &Write) -> Result<Answer, Trouble> {
        self.dry_runs.require(&self.link, write).await?;
        self.send(write, true).await
    }

    async fn write(&self, warrant: &Warrant, write: &Write) -> Result<Answer, Trouble> {
        if self.read_only {
            return Err(Trouble::NoWarrant(format!("brink runs read-only ({})", write.target().short())));
        }
        cluster_id::require(self, self.link.known(), warrant).await?;
        self.send(write, false).await
    }

    fn now(&self) -> Timestamp {
        self.link.clock().now()
    }

    async fn sleep(&self, span: Duration) {
        self.link.clock().sleep(span).await;
    }

    fn server(&self) -> &str {
        self.link.server()
    }
}
