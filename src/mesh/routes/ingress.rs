//! Reads Ingress (networking.k8s.io/v1). Its parent is the class: whoever serves a class serves all its Ingresses as one.
//!
//! A rule with several paths becomes one rule for each path, since each has a backend of its own. Rules count on from there, and the
//! default backend is the last.

use compact_str::CompactString;
use serde_json::Value;

use super::{
    Parent, ParentKind, RouteKind, RouteRow, blank,
    rule::{Backend, Match, PathMatch, Rule},
};
use crate::{
    cluster::Manifest,
    mesh::json::{Node, Notes},
};

/// The name of the rule that stands for `spec.defaultBackend`.
pub(super) const DEFAULT: &str = "default backend";
/// What named the class before `spec.ingressClassName` did.
const LEGACY_CLASS: &str = "kubernetes.io/ingress.class";

pub(super) fn decode(manifest: &Manifest) -> RouteRow {
    let mut row = blank(RouteKind::Ingress, manifest);
    let mut notes = Notes::default();
    let null = Value::Null;
    let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
    let legacy = || manifest.at(&["metadata", "annotations", LEGACY_CLASS]).and_then(Value::as_str);
    let class = spec.text("ingressClassName", &mut notes).or_else(legacy).unwrap_or_default();
    row.parents = vec![Parent::new(ParentKind::IngressClass, "", class)];
    let rules: Vec<_> = spec.list("rules", &mut notes).collect();
    for node in rules {
        let host = node.text("host", &mut notes).unwrap_or_default().to_ascii_lowercase();
        let paths: Vec<_> = node.get("http").map(|http| http.list("paths", &mut notes).collect()).unwrap_or_default();
        for path in paths {
            let matches = vec![Match { path: path_match(path, &mut notes), ..Match::default() }];
            let backends = path.get("backend").map(|node| backend(node, &row.namespace, &mut notes));
            row.rules.push(Rule { matches, backends: backends.into_iter().collect(), ..Rule::default() });
            row.rule_hosts.push(host.as_str().into());
        }
    }
    if let Some(node) = spec.get("defaultBackend") {
        row.rules.push(Rule {
            name: Some(CompactString::const_new(DEFAULT)),
            matches: vec![Match::default()],
            backends: vec![backend(node, &row.namespace, &mut notes)],
            ..Rule::default()
        });
        row.rule_hosts.push(CompactString::default());
    }
    // One rule for any host makes the whole an Ingress for any host.
    if row.rule_hosts.iter().all(|host| !host.is_empty()) {
        for host in &row.rule_hosts {
            if !row.hosts.contains(host) {
                row.hosts.push(host.clone());
            }
        }
    }
    row.notes = notes.into_inner();
    row
}

fn path_match(node: Node<'_>, notes: &mut Notes) -> PathMatch {
    let value = node.text("path", notes).unwrap_or("/");
    match node.text("pathType", notes).unwrap_or("ImplementationSpecific") {
        "Exact" => PathMatch::Exact(value.into()),
        "Prefix" => PathMatch::Prefix(value.trim_end_matches('/').into()),
        "ImplementationSpecific" => {
            notes.add("ImplementationSpecific paths are up to the controller: taken as Prefix");
            PathMatch::Prefix(value.trim_end_matches('/').into())
        }
        other => {
            notes.add(format!("path of type {other} is not known to brink: taken as never true"));
            PathMatch::Other(format!("{other} {value}").into())
        }
    }
}

fn backend(node: Node<'_>, namespace: &str, notes: &mut Notes) -> Backend {
    let mut backend = Backend {
        group: CompactString::default(),
        kind: CompactString::const_new("Service"),
        namespace: namespace.into(),
        name: CompactString::default(),
        port: None,
        weight: 1,
        subset: None,
        filters: Vec::new(),
    };
    if let Some(service) = node.get("service") {
        backend.name = service.word("name", notes).unwrap_or_default();
        let port = service.get("port");
        backend.port = port.and_then(|port| port.number("number", notes));
        if let Some(name) = port.and_then(|port| port.text("name", notes)) {
            notes.add(format!("port {name} of {} is looked up by its name", backend.name));
        }
    } else if let Some(resource) = node.get("resource") {
        backend.group = resource.word("apiGroup", notes).unwrap_or_default();
        backend.kind = resource.word("kind", notes).unwrap_or_default();
        backend.name = resource.word("name", notes).unwrap_or_default();
    }
    backend
}
