//! `metrics.k8s.io`: what pods and nodes use, in the words of a metrics server.
//!
//! The figures come from whoever measures; here they are put beside the pods and nodes they are of. Nothing of it is stored, so
//! there are no versions and no watches.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    cluster::Cluster,
    path::Target,
    read::{self, Form},
    refusal::Refusal,
    table::Include,
    wire::{Request, Response},
};
use crate::{
    base::{
        field_selector::FieldSelector,
        label_selector::LabelSelector,
        quantity,
        usage::{Amount, Usage},
        value, when,
    },
    store::Object,
};

/// The group.
pub const GROUP: &str = "metrics.k8s.io";
const VERSION: &str = "v1beta1";
const API: &str = "metrics.k8s.io/v1beta1";
/// The parts in which a kernel hands out memory, bytes.
const PAGE: f64 = 4096.0;

/// The group in the aggregated form of discovery.
pub fn group() -> Value {
    let resource = |plural: &str, kind: &str, scope: &str| {
        json!({
            "resource": plural, "responseKind": {"group": GROUP, "version": VERSION, "kind": kind}, "scope": scope,
            "singularResource": "", "verbs": ["get", "list"],
        })
    };
    let resources = [resource("nodes", "NodeMetrics", "Cluster"), resource("pods", "PodMetrics", "Namespaced")];
    json!({
        "metadata": {"name": GROUP},
        "versions": [{"version": VERSION, "resources": resources, "freshness": "Current"}],
    })
}

/// One of a list: its object, and what a row of a table says of it.
struct Metered {
    object: Value,
    used: Amount,
    window: String,
}

/// Answers a request to the group.
pub fn serve(
    cluster: &Cluster,
    usage: &Usage,
    target: &Target,
    verb: &str,
    request: &Request,
) -> Result<Response, Refusal> {
    let pods = match (target.version.as_str(), target.plural.as_str(), target.namespace.is_empty()) {
        (VERSION, "pods", nowhere) if !nowhere || target.name.is_empty() => true,
        (VERSION, "nodes", true) => false,
        _ => return Err(Refusal::no_such_path()),
    };
    if !target.subresource.is_empty() {
        return Err(Refusal::no_such_path());
    }
    let form = read::form(request)?;
    let wanted = Wanted::read(target, request)?;
    let kind = if pods { "PodMetrics" } else { "NodeMetrics" };
    match verb {
        "list" => {
            let all = if pods { of_pods(cluster, usage, &wanted) } else { of_nodes(cluster, usage, &wanted) };
            Ok(answer(kind, all, form))
        }
        "get" => {
            let mut all = if pods { of_pods(cluster, usage, &wanted) } else { of_nodes(cluster, usage, &wanted) };
            if all.is_empty() {
                return Err(absent(target, &kind.to_lowercase()));
            }
            let first = all.swap_remove(0);
            if matches!(form, Form::Whole) {
                return Ok(Response::json(200, &typed(kind, first.object)));
            }
            Ok(answer(kind, vec![first], form))
        }
        _ => Err(Refusal::method()),
    }
}

fn absent(target: &Target, word: &str) -> Refusal {
    let name = match target.namespace.as_str() {
        "" => Cow::Borrowed(&target.name),
        namespace => Cow::Owned(format!("{namespace}/{}", target.name)),
    };
    Refusal {
        details: json!({"name": name, "group": GROUP, "kind": word}),
        ..Refusal::new(404, "NotFound", format!("{word}.{GROUP} {name:?} not found"))
    }
}

/// Which of them.
struct Wanted<'a> {
    namespace: Option<&'a str>,
    name: &'a str,
    labels: LabelSelector,
    fields: FieldSelector,
}

impl<'a> Wanted<'a> {
    fn read(target: &'a Target, request: &Request) -> Result<Self, Refusal> {
        let fields = FieldSelector::parse(request.ask("fieldSelector").unwrap_or_default()).map_err(Refusal::bad)?;
        if let Some(field) = fields.unsupported(&["metadata.name", "metadata.namespace"]) {
            return Err(Refusal::bad(format!("field label not supported: {field}")));
        }
        Ok(Self {
            namespace: Some(target.namespace.as_str()).filter(|namespace| !namespace.is_empty()),
            name: &target.name,
            labels: LabelSelector::parse(request.ask("labelSelector").unwrap_or_default()).map_err(Refusal::bad)?,
            fields,
        })
    }

    fn has(&self, object: &Object) -> bool {
        (self.name.is_empty() || self.name == object.name())
            && (self.labels.is_empty() || self.labels.matches(object.labels()))
            && (self.fields.is_empty() || self.fields.matches(&object.tree()))
    }
}

fn of_pods(cluster: &Cluster, usage: &Usage, wanted: &Wanted<'_>) -> Vec<Metered> {
    let store = cluster.store();
    let Some(pods) = store.find("", "pods") else { return Vec::new() };
    let running = |pod: &&std::sync::Arc<Object>| pod.phase() == "Running";
    let all = store.list(pods, wanted.namespace).filter(running).filter(|pod| wanted.has(pod));
    all.filter_map(|pod| {
        let known = usage.pod(pod.namespace(), pod.name())?;
        let containers: Vec<Value> =
            known.containers.iter().map(|(name, used)| json!({"name": name, "usage": said(*used)})).collect();
        let window = window(known.window);
        Some(Metered {
            object: json!({
                "metadata": metadata(cluster, pod), "timestamp": when::seconds(known.at), "window": window,
                "containers": containers,
            }),
            used: known.of(None)?,
            window,
        })
    })
    .collect()
}

/// A node uses what its pods use.
fn of_nodes(cluster: &Cluster, usage: &Usage, wanted: &Wanted<'_>) -> Vec<Metered> {
    let store = cluster.store();
    let (Some(nodes), Some(pods)) = (store.find("", "nodes"), store.find("", "pods")) else { return Vec::new() };
    let mut sums: BTreeMap<&str, (Amount, Timestamp, std::time::Duration)> = BTreeMap::new();
    for pod in store.list(pods, None) {
        let Some(known) = usage.pod(pod.namespace(), pod.name()) else { continue };
        let Some(used) = known.of(None) else { continue };
        let sum = sums.entry(pod.node()).or_default();
        *sum = (sum.0.and(used), sum.1.max(known.at), sum.2.max(known.window));
    }
    let all = store.list(nodes, None).filter(|node| wanted.has(node));
    all.filter_map(|node| {
        let (used, at, span) = *sums.get(node.name())?;
        let window = window(span);
        Some(Metered {
            object: json!({
                "metadata": metadata(cluster, node), "timestamp": when::seconds(at), "window": window, "usage": said(used),
            }),
            used,
            window,
        })
    })
    .collect()
}

fn metadata(cluster: &Cluster, of: &Object) -> Value {
    let mut metadata = json!({"name": of.name()});
    if !of.namespace().is_empty() {
        metadata["namespace"] = json!(of.namespace());
    }
    metadata["creationTimestamp"] = json!(when::seconds(cluster.now()));
    if of.labels().is_object() {
        metadata["labels"] = of.labels().clone();
    }
    metadata
}

fn said(used: Amount) -> Value {
    json!({"cpu": quantity::cores(used.cores), "memory": quantity::bytes(paged(used.memory))})
}

fn paged(memory: f64) -> f64 {
    (memory / PAGE).ceil() * PAGE
}

/// A span as Go writes it.
fn window(span: std::time::Duration) -> String {
    let seconds = span.as_secs_f64();
    if seconds < 60.0 { format!("{seconds}s") } else { format!("{}m{}s", (seconds / 60.0).floor(), seconds % 60.0) }
}

fn typed(kind: &str, object: Value) -> Value {
    let mut typed = json!({"kind": kind, "apiVersion": API});
    if let (Some(typed), Value::Object(fields)) = (typed.as_object_mut(), object) {
        typed.extend(fields);
    }
    typed
}

fn answer(kind: &str, all: Vec<Metered>, form: Form) -> Response {
    let body = match form {
        Form::Whole => {
            let items: Vec<Value> = all.into_iter().map(|one| one.object).collect();
            json!({"kind": format!("{kind}List"), "apiVersion": API, "metadata": {}, "items": items})
        }
        Form::Partial => {
            let items: Vec<Value> = all.iter().map(|one| read::partial(&one.object)).collect();
            json!({
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": {}, "items": items,
            })
        }
        Form::Table(v, include) => {
            let columns: Vec<Value> =
                [("Name", "name"), ("cpu", "quantity"), ("memory", "quantity"), ("Window", "duration")]
                    .iter()
                    .map(|(name, format)| json!({"name": name, "type": "string", "format": format, "priority": 0}))
                    .collect();
            let rows: Vec<Value> = all.into_iter().map(|one| row(kind, one, v, include)).collect();
            json!({
                "kind": "Table", "apiVersion": format!("meta.k8s.io/{v}"), "metadata": {}, "columnDefinitions": columns,
                "rows": rows,
            })
        }
    };
    Response::json(200, &body)
}

fn row(kind: &str, one: Metered, v: &str, include: Include) -> Value {
    let name = value::at(&one.object, &["metadata", "name"]).clone();
    let used = said(one.used);
    let object = match include {
        Include::None => Value::Null,
        Include::Metadata => {
            let mut partial = read::partial(&one.object);
            partial["apiVersion"] = json!(format!("meta.k8s.io/{v}"));
            partial
        }
        Include::Object => typed(kind, one.object),
    };
    json!({"cells": [name, used["cpu"], used["memory"], one.window], "object": object})
}
