//! Reading: one object, a list, page by page, and in which form.

use std::sync::Arc;

use base64::Engine as _;
use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    refusal::Refusal,
    table,
    wire::{JSON, Request, Response},
    write::as_version,
};
use crate::{
    base::{field_selector::FieldSelector, label_selector::LabelSelector, value},
    store::{KindId, KindRow, Object, pages::Page},
};

/// The form of objects in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As they are.
    Whole,
    /// Their metadata alone.
    Partial,
    /// Cells for a person.
    Table(&'static str, table::Include),
}

/// The form that an `Accept` header asks for first of all we can give.
pub fn form(request: &Request) -> Result<Form, Refusal> {
    let include = match request.ask("includeObject") {
        Some("None") => table::Include::None,
        Some("Object") => table::Include::Object,
        _ => table::Include::Metadata,
    };
    if request.accept.is_empty() {
        return Ok(Form::Whole);
    }
    for one in request.accept.split(',') {
        let mut parts = one.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default();
        if !matches!(media, "application/json" | "*/*" | "application/*" | "text/*") {
            continue;
        }
        let (mut form, mut version) = ("", "");
        for part in parts {
            match part.split_once('=') {
                Some(("as", value)) => form = value,
                Some(("v", value)) => version = value,
                _ => {}
            }
        }
        match (form, version) {
            ("", _) => return Ok(Form::Whole),
            ("Table", "v1") => return Ok(Form::Table("v1", include)),
            ("Table", "v1beta1") => return Ok(Form::Table("v1beta1", include)),
            ("PartialObjectMetadata" | "PartialObjectMetadataList", "v1") => return Ok(Form::Partial),
            _ => {}
        }
    }
    let message = "only the following media types are accepted: application/json";
    Err(Refusal::new(406, "NotAcceptable", message))
}

/// Which objects of a kind are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// The namespace, `None` for all.
    pub namespace: Option<String>,
    labels: LabelSelector,
    fields: FieldSelector,
}

impl Wanted {
    /// Reads the selectors of a request.
    pub fn read(row: &KindRow, namespace: &str, request: &Request) -> Result<Self, Refusal> {
        let unable = |why: &str| {
            Refusal::bad(format!(
                "Unable to find {:?} that match label selector {:?}, field selector {:?}: {why}",
                format!("{}, Resource={}", row.api_version(&row.storage), row.plural),
                request.ask("labelSelector").unwrap_or_default(),
                request.ask("fieldSelector").unwrap_or_default(),
            ))
        };
        let labels =
            LabelSelector::parse(request.ask("labelSelector").unwrap_or_default()).map_err(|why| unable(&why))?;
        let fields =
            FieldSelector::parse(request.ask("fieldSelector").unwrap_or_default()).map_err(|why| unable(&why))?;
        let more = row.selectable.iter().flat_map(|(_, fields)| fields).map(String::as_str);
        let supported: Vec<&str> = selectable(row).iter().copied().chain(more).collect();
        if let Some(field) = fields.unsupported(&supported) {
            if row.custom {
                return Err(Refusal::bad(format!("field label not supported: {field}")));
            }
            return Err(unable(&format!("field label not supported: {field}")));
        }
        Ok(Self { namespace: (!namespace.is_empty()).then(|| namespace.to_owned()), labels, fields })
    }

    /// Whether an object is one of them.
    pub fn has(&self, object: &Object) -> bool {
        self.namespace.as_deref().is_none_or(|namespace| namespace == object.namespace())
            && (self.labels.is_empty() || self.labels.matches(object.labels()))
            && (self.fields.is_empty() || self.fields.matches(object.value()))
    }

    /// All of them.
    pub fn all(&self, cluster: &Cluster, kind: KindId) -> Vec<Arc<Object>> {
        cluster.store().list(kind, self.namespace.as_deref()).filter(|object| self.has(object)).cloned().collect()
    }
}

/// The fields by which lists of a kind can be narrowed.
fn selectable(row: &KindRow) -> &'static [&'static str] {
    match (row.group.as_str(), row.plural.as_str()) {
        ("", "pods") => &[
            "metadata.name",
            "metadata.namespace",
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.podIPs",
            "status.nominatedNodeName",
        ],
        ("", "events") => &[
            "metadata.name",
            "metadata.namespace",
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
        ],
        ("", "secrets") => &["metadata.name", "metadata.namespace", "type"],
        ("", "namespaces") => &["metadata.name", "status.phase"],
        ("", "nodes") => &["metadata.name", "spec.unschedulable"],
        ("apps", "replicasets") => &["metadata.name", "metadata.namespace", "status.replicas"],
        ("batch", "jobs") => &["metadata.name", "metadata.namespace", "status.successful"],
        _ if row.namespaced => &["metadata.name", "metadata.namespace"],
        _ => &["metadata.name"],
    }
}

/// The body of one object in a version.
pub fn body(row: &KindRow, object: &Object, version: &str) -> Bytes {
    if version == row.storage {
        object.body()
    } else {
        Bytes::from(as_version(row, object.value(), version).to_string())
    }
}

/// The metadata of an object alone.
pub fn partial(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value::at(object, &["metadata"])})
}

/// An answer that is one object.
pub fn one(cluster: &Cluster, kind: KindId, version: &str, object: &Arc<Object>, form: Form, code: u16) -> Response {
    let row = cluster.store().kind(kind);
    match form {
        Form::Whole => Response::bytes(code, JSON, body(row, object, version)),
        Form::Partial => Response::json(code, &partial(object.value())),
        Form::Table(v, include) => {
            let mut table = table::render(cluster, row, version, std::slice::from_ref(object), include, v, true);
            value::put(&mut table, &["metadata"], json!({"resourceVersion": object.version.to_string()}));
            Response::json(code, &table)
        }
    }
}

/// `GET` of a collection.
pub fn list(
    cluster: &mut Cluster,
    kind: KindId,
    version: &str,
    namespace: &str,
    request: &Request,
) -> Result<Response, Refusal> {
    let form = form(request)?;
    let wanted = Wanted::read(cluster.store().kind(kind), namespace, request)?;
    let limit = request.ask("limit").map(str::parse::<usize>).transpose();
    let limit = limit.map_err(|_| Refusal::bad("limit: not a number"))?.unwrap_or_default();
    let now = cluster.now();
    let page = match request.ask("continue") {
        Some(token) => {
            let number = read_token(token).ok_or_else(|| Refusal::bad("continue key is not valid"))?;
            let page = cluster.pages.go_on(number, limit, now);
            page.ok_or_else(|| Refusal::expired("the continue token is too old: the list it belongs to is forgotten; start the list again without it"))?
        }
        None => {
            let version = cluster.store().version();
            let all = wanted.all(cluster, kind);
            cluster.pages.begin(all, limit, version, now)
        }
    };
    Ok(answer(cluster, kind, version, &page, form, &wanted))
}

fn answer(cluster: &Cluster, kind: KindId, version: &str, page: &Page, form: Form, wanted: &Wanted) -> Response {
    let row = cluster.store().kind(kind);
    let mut metadata = json!({"resourceVersion": page.version.to_string()});
    if let Some((token, left)) = page.next {
        metadata["continue"] = json!(write_token(token, page.version));
        // A filtered list does not know how many are left, in the real server.
        if wanted.labels.is_empty() && wanted.fields.is_empty() {
            metadata["remainingItemCount"] = json!(left);
        }
    }
    match form {
        Form::Table(v, include) => {
            let mut table = table::render(cluster, row, version, &page.items, include, v, true);
            value::put(&mut table, &["metadata"], metadata);
            Response::json(200, &table)
        }
        Form::Partial => {
            let items: Vec<Value> = page.items.iter().map(|object| partial(object.value())).collect();
            let list = json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items,
            });
            Response::json(200, &list)
        }
        Form::Whole => {
            let head = format!(
                "{{\"kind\":{},\"apiVersion\":{},\"metadata\":{metadata},\"items\":[",
                json!(row.list_kind),
                json!(row.api_version(version))
            );
            let mut text = BytesMut::new();
            text.put_slice(head.as_bytes());
            for (at, object) in page.items.iter().enumerate() {
                if at > 0 {
                    text.put_u8(b',');
                }
                text.put(body(row, object, version));
            }
            text.put_slice(b"]}");
            Response::bytes(200, JSON, text.freeze())
        }
    }
}

fn write_token(number: u64, version: u64) -> String {
    let said = json!({"v": "meta.k8s.io/v1", "rv": version, "page": number});
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(said.to_string())
}

fn read_token(token: &str) -> Option<u64> {
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).ok()?;
    let said: Value = serde_json::from_slice(&text).ok()?;
    said["page"].as_u64()
}
