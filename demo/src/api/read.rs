//! Reading: one object, a list, page by page, and in which form.

use std::sync::Arc;

use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use super::{
    admit,
    cluster::Cluster,
    events, options,
    refusal::Refusal,
    table,
    token::Token,
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
        None | Some("Metadata") => table::Include::Metadata,
        Some(other) if request.accept.contains("as=Table") => {
            return Err(Refusal::bad(format!(
                "Unable to convert to Table as requested: includeObject: Invalid value: {other:?}: must be 'Metadata', 'Object', 'None', or empty"
            )));
        }
        Some(_) => table::Include::Metadata,
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
    let message = if request.accept.contains("as=") {
        "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf"
    } else {
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch"
    };
    let details = if message.starts_with("406") { json!({}) } else { Value::Null };
    Err(Refusal { details, ..Refusal::new(406, "NotAcceptable", message) })
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
        let labels = LabelSelector::parse(request.ask("labelSelector").unwrap_or_default()).map_err(Refusal::bad)?;
        let fields = FieldSelector::parse(request.ask("fieldSelector").unwrap_or_default()).map_err(Refusal::bad)?;
        let own = selectable(row);
        let more = row.selectable.iter().flat_map(|(_, fields)| fields).map(String::as_str);
        let known: Vec<&str> = own.iter().copied().chain(more).collect();
        if let Some(field) = fields.unsupported(&known) {
            // Kinds without fields of their own say which all kinds have.
            return Err(Refusal::bad(if row.custom || own.len() > 2 || own == ["metadata.name", "status.phase"] {
                format!("field label not supported: {field}")
            } else {
                format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
            }));
        }
        let fields = fields.spoken(|field| if events::is_newer(row) { events::field(field) } else { field.to_owned() });
        Ok(Self { namespace: (!namespace.is_empty()).then(|| namespace.to_owned()), labels, fields })
    }

    /// Whether an object is one of them.
    pub fn has(&self, object: &Object) -> bool {
        self.namespace.as_deref().is_none_or(|namespace| namespace == object.namespace())
            && (self.labels.is_empty() || self.labels.matches(object.labels()))
            && (self.fields.is_empty() || self.fields.matches(&object.tree()))
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
        ("events.k8s.io", "events") => &[
            "metadata.name",
            "metadata.namespace",
            "reason",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
            "regarding.apiVersion",
            "regarding.resourceVersion",
            "regarding.fieldPath",
            "reportingController",
            "type",
        ],
        ("", "services") => &["metadata.name", "metadata.namespace", "spec.clusterIP", "spec.type"],
        ("", "replicationcontrollers") => &["metadata.name", "metadata.namespace", "status.replicas"],
        ("", "namespaces") => &["metadata.name", "status.phase"],
        ("", "nodes") => &["metadata.name", "spec.unschedulable"],
        ("batch", "jobs") => &["metadata.name", "metadata.namespace", "status.successful"],
        _ if row.namespaced => &["metadata.name", "metadata.namespace"],
        _ => &["metadata.name"],
    }
}

/// The body of one object in a version.
pub fn body(row: &KindRow, object: &Object, version: &str) -> Bytes {
    if version == row.storage && !events::is_newer(row) {
        object.body()
    } else {
        Bytes::from(as_version(row, &object.tree(), version).to_string())
    }
}

/// The metadata of an object alone.
pub fn partial(object: &Value) -> Value {
    let mut partial = json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": value::at(object, &["metadata"]),
    });
    // That annotation stands for a field; what has no fields does not have it.
    if value::text(object, &["kind"]) == "DaemonSet"
        && let Some(said) = partial["metadata"]["annotations"].as_object_mut()
    {
        said.shift_remove(admit::ROLLED);
        if said.is_empty() {
            value::remove(&mut partial, &["metadata", "annotations"]);
        }
    }
    partial
}

/// An answer that is one object.
pub fn one(cluster: &Cluster, kind: KindId, version: &str, object: &Arc<Object>, form: Form, code: u16) -> Response {
    let row = cluster.store().kind(kind);
    match form {
        Form::Whole => Response::bytes(code, JSON, body(row, object, version)),
        Form::Partial => Response::json(code, &partial(object.value())),
        Form::Table(v, include) => {
            let mut table = table::render(cluster, row, version, std::slice::from_ref(object), include, v, true);
            // What is not stored has no version.
            if object.version > 0 {
                value::put(&mut table, &["metadata"], json!({"resourceVersion": object.version.to_string()}));
            }
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
    options::of_list(request, false)?;
    // Less than nothing is no limit.
    let limit = usize::try_from(options::number(request, "limit")?.unwrap_or_default()).unwrap_or_default();
    let at = options::version(request).map_err(|why| Refusal::bad(format!("invalid resource version: {why}")))?;
    let now = cluster.now();
    let page = match request.ask("continue") {
        Some(token) => {
            if at.is_some() {
                return Err(Refusal::bad("specifying resource version is not allowed when using continue"));
            }
            let token = Token::read(token)?;
            match token.page.map(|page| cluster.pages.go_on(page, limit, now)) {
                Some(page) => page.ok_or_else(|| token.too_old())?,
                None => {
                    let version = cluster.store().version();
                    let (all, at) = match token.version {
                        Some(at) if at < version => {
                            let past = cluster.store().at(kind, wanted.namespace.as_deref(), at);
                            (past.map_err(|_| token.too_old())?, at)
                        }
                        _ => (wanted.all(cluster, kind), version),
                    };
                    let behind =
                        |object: &Arc<Object>| wanted.has(object) && token.start <= Token::place(&wanted, object);
                    let rest = all.into_iter().filter(behind).collect();
                    cluster.pages.begin(rest, limit, at, now)
                }
            }
        }
        None => {
            let version = cluster.store().version();
            match at.filter(|at| request.ask("resourceVersionMatch") == Some("Exact") && *at < version) {
                Some(at) => {
                    let past = cluster.store().at(kind, wanted.namespace.as_deref(), at).map_err(|expired| {
                        Refusal::expired(format!("too old resource version: {at} ({})", expired.oldest))
                    })?;
                    let all = past.into_iter().filter(|object| wanted.has(object)).collect();
                    cluster.pages.begin(all, limit, at, now)
                }
                None => {
                    let all = wanted.all(cluster, kind);
                    cluster.pages.begin(all, limit, version, now)
                }
            }
        }
    };
    Ok(answer(cluster, kind, version, &page, form, &wanted))
}

fn answer(cluster: &Cluster, kind: KindId, version: &str, page: &Page, form: Form, wanted: &Wanted) -> Response {
    let row = cluster.store().kind(kind);
    let mut metadata = json!({"resourceVersion": page.version.to_string()});
    if row.custom && matches!(form, Form::Whole) {
        metadata = json!({"continue": "", "resourceVersion": page.version.to_string()});
    }
    if let Some((token, left)) = page.next {
        let last = page.items.last().map(|last| Token::place(wanted, last)).unwrap_or_default();
        let token = Token { version: Some(page.version), start: format!("{last}\0"), page: Some(token) };
        metadata["continue"] = json!(token.write());
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
            let items: Vec<Value> = page.items.iter().map(|object| partial(&object.tree())).collect();
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
                let item = body(row, object, version);
                // Items of built-in kinds do not say what the list says of all of them.
                let head =
                    format!("{{\"apiVersion\":{},\"kind\":{},", json!(row.api_version(version)), json!(row.kind));
                match item.strip_prefix(head.as_bytes()).filter(|_| !row.custom) {
                    Some(rest) => {
                        text.put_u8(b'{');
                        text.put_slice(rest);
                    }
                    None => text.put(item),
                }
            }
            text.put_slice(b"]}");
            Response::bytes(200, JSON, text.freeze())
        }
    }
}
