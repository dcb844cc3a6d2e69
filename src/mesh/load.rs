//! The world from files instead of a cluster: manifests in YAML or JSON, several documents in a file.
//!
//! What the files do not hold is unknown, not absent: without a Gateway every named Gateway is taken as one listener, without
//! a Service no backend is called missing.

use std::collections::BTreeMap;

use serde_json::Value;
use thiserror::Error;

use super::{
    backend_tls::BackendTlsRow,
    gateways::{GatewayRow, Gateways, Seen},
    ingress_class::IngressClassRow,
    istio,
    resolve::{Grant, World},
    routes::{RouteKind, RouteRow},
    service,
};
use crate::cluster::Manifest;

/// What a file says wrongly, and where.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}:{line}:{column}: {what}")]
pub struct LoadError {
    /// The file as named.
    pub file: String,
    /// From 1; 0 when not known.
    pub line: u64,
    /// From 1; 0 when not known.
    pub column: u64,
    /// What is wrong.
    pub what: String,
}

/// Everything the resolver can use, read from files.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Loaded {
    /// Routes of all kinds.
    pub routes: Vec<RouteRow>,
    /// Gateways and ListenerSets.
    pub gateways: Vec<GatewayRow>,
    /// How far Gateways were looked for; `None` for files, where one says that all are there.
    pub seen: Option<Seen>,
    /// Kinds of routes that may not be read.
    pub unread: Vec<RouteKind>,
    /// Istio's own objects.
    pub istio: istio::Rows,
    /// IngressClasses; `None`: nobody looked.
    pub classes: Option<Vec<IngressClassRow>>,
    tls_policies: Vec<BackendTlsRow>,
    grants: Vec<Grant>,
    namespaces: BTreeMap<String, BTreeMap<String, String>>,
    /// Objects of other kinds, which have no say in routing.
    pub ignored: usize,
}

impl Loaded {
    /// Reads one file's text. Nothing of it is taken when any of it is wrong.
    pub fn read(&mut self, file: &str, text: &str) -> Result<(), LoadError> {
        let options = serde_saphyr::options! { with_snippet: false };
        let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options).map_err(|error| {
            let at = error.location();
            LoadError {
                file: file.to_owned(),
                line: at.map_or(0, |at| at.line()),
                column: at.map_or(0, |at| at.column()),
                what: words(&error.to_string()),
            }
        })?;
        let mut objects = Vec::new();
        for (at, document) in documents.into_iter().enumerate() {
            flatten(document, &mut objects).map_err(|what| LoadError {
                file: file.to_owned(),
                line: 0,
                column: 0,
                what: format!("document {}: {what}", at + 1),
            })?;
        }
        for object in objects {
            self.take(&object);
        }
        Ok(())
    }

    /// Adds one object, of any kind.
    pub fn take(&mut self, object: &Manifest) {
        if let Some(kind) = RouteKind::of(object) {
            self.routes.push(RouteRow::decode(kind, object));
            return;
        }
        if self.istio.take(object) {
            return;
        }
        self.istio.workload(object);
        let group = object.api_version().split_once('/').map_or("", |(group, _)| group);
        match (group, object.kind()) {
            ("gateway.networking.k8s.io", "Gateway") => self.gateways.push(GatewayRow::decode(object)),
            ("gateway.networking.k8s.io", "ListenerSet") | ("gateway.networking.x-k8s.io", "XListenerSet") => {
                self.gateways.push(GatewayRow::decode(object));
            }
            ("gateway.networking.k8s.io", "ReferenceGrant") => self.grants.extend(Grant::decode(object)),
            // Istio's rows have taken it.
            ("", "Service") => {}
            ("gateway.networking.k8s.io", "BackendTLSPolicy") => self.tls_policies.push(BackendTlsRow::decode(object)),
            ("networking.k8s.io", "IngressClass") => {
                self.classes.get_or_insert_default().push(IngressClassRow::decode(object));
            }
            ("", "Namespace") => {
                let labels = object.labels().map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
                self.namespaces.insert(object.name().to_owned(), labels);
            }
            _ => self.ignored += 1,
        }
    }

    /// The world these objects describe.
    pub fn world(&self) -> World<'_> {
        let complete = !self.istio.services.is_empty();
        let any = self.gateways.iter().any(|row| row.hangs_on.is_none());
        let told = || if any { Seen::Everywhere } else { Seen::Nowhere };
        let seen = self.seen.clone().unwrap_or_else(told);
        World {
            routes: self.routes.iter().collect(),
            unread: self.unread.clone(),
            gateways: Gateways { rows: self.gateways.iter().collect(), seen },
            services: complete.then(|| service::ports(&self.istio.services)),
            service_rows: complete.then_some(&self.istio.services),
            classes: self.classes.as_deref(),
            tls_policies: (!self.tls_policies.is_empty()).then_some(&self.tls_policies),
            grants: (complete || !self.grants.is_empty()).then(|| self.grants.clone()),
            namespaces: (!self.namespaces.is_empty()).then_some(&self.namespaces),
            istio: self.istio.known(complete),
        }
    }
}

impl Grant {
    /// What a ReferenceGrant (gateway.networking.k8s.io/v1beta1) permits: every `from` with every `to`.
    pub fn decode(object: &Manifest) -> Vec<Self> {
        let list = |field| object.at(&["spec", field]).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let text = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut all = Vec::new();
        for from in list("from") {
            for to in list("to") {
                all.push(Self {
                    from: (text(from, "group"), text(from, "kind")),
                    from_namespace: text(from, "namespace"),
                    to: (text(to, "group"), text(to, "kind")),
                    to_namespace: object.namespace().unwrap_or("default").to_owned(),
                    to_name: Some(text(to, "name")).filter(|name| !name.is_empty()),
                });
            }
        }
        all
    }
}

/// Objects of a document: itself, or the items of a list.
fn flatten(document: Value, into: &mut Vec<Manifest>) -> Result<(), String> {
    let Value::Object(mut map) = document else {
        return Err("a manifest is a map with apiVersion and kind".to_owned());
    };
    let kind = map.get("kind").and_then(Value::as_str).ok_or("it has no kind")?;
    if !map.get("apiVersion").is_some_and(Value::is_string) {
        return Err(format!("{kind} has no apiVersion"));
    }
    if kind.ends_with("List")
        && let Some(Value::Array(items)) = map.remove("items")
    {
        return items.into_iter().try_for_each(|item| flatten(item, into));
    }
    into.push(Manifest(Value::Object(map)));
    Ok(())
}

/// The parser's words without the position, which stands before them already, on one line.
fn words(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
    let line = match line.strip_prefix("line ").and_then(|rest| rest.split_once(": ")) {
        Some((_, words)) => words,
        None => line,
    };
    match line.rfind(" at line ") {
        Some(at) => line[..at].to_owned(),
        None => line.to_owned(),
    }
}
