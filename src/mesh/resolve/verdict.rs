//! What the winning rule does with the request.

use std::collections::BTreeMap;

use super::{BackendShare, FilterStep, Grant, Outcome, RedirectTo, Request, World, kinds::Layer};
use crate::mesh::routes::{
    Backend, Filter, Parent, PathMatch, RouteKind, RouteRow, Rule, Verdict,
    rule::{PathEdit, Redirect},
};

/// How it ends, and with which status code.
pub(super) fn outcome(rule: &Rule, backends: &[BackendShare]) -> (Outcome, Option<u16>) {
    for filter in &rule.filters {
        match filter {
            Filter::Redirect(redirect) => return (Outcome::Redirect, Some(redirect.status)),
            Filter::DirectResponse { status } => return (Outcome::DirectResponse, Some(*status)),
            Filter::Extension { kind, .. } if kind == "DirectResponse" => return (Outcome::DirectResponse, None),
            Filter::RequestHeaders(_)
            | Filter::ResponseHeaders(_)
            | Filter::Mirror(_)
            | Filter::Rewrite { .. }
            | Filter::Extension { .. }
            | Filter::Fault(_)
            | Filter::Other(_) => {}
        }
    }
    if backends.iter().any(|backend| backend.valid && backend.weight > 0) {
        (Outcome::Forward, None)
    } else {
        (Outcome::NoBackend, Some(500))
    }
}

/// What the client is told when no rule matches: the status code, and what it is told instead of one.
pub(super) fn without_route(layer: Layer, request: &Request) -> (Option<u16>, Option<&'static str>) {
    match layer {
        Layer::Http if request.grpc.is_some() => (None, Some("a gRPC client is told UNIMPLEMENTED")),
        Layer::Http => (Some(404), None),
        Layer::Tls | Layer::Tcp => (None, Some("no route takes the connection: it is closed")),
    }
}

/// What the client is told instead of 500 when no backend of the rule is valid.
pub(super) fn without_backend(layer: Layer, request: &Request, route: &RouteRow) -> Option<&'static str> {
    match layer {
        Layer::Http if request.grpc.is_some() => Some("a gRPC client is told UNAVAILABLE"),
        Layer::Http if route.kind == RouteKind::Ingress => {
            Some("what is answered without a backend is up to the controller of the class")
        }
        Layer::Http => None,
        Layer::Tls | Layer::Tcp => Some("the connection is rejected"),
    }
}

/// The rule's backends with what is known of their validity.
pub(super) fn backends(
    route: &RouteRow,
    rule: &Rule,
    parent: &Parent,
    world: &World<'_>,
    notes: &mut Vec<String>,
) -> Vec<BackendShare> {
    let refused = parent.resolved_refs.as_ref().filter(|condition| condition.verdict == Verdict::False);
    let known = world.services.is_some();
    if let (Some(condition), false) = (refused, known)
        && rule.backends.len() > 1
    {
        notes.push(format!(
            "the controller says {}: {}; which backend it means is not known here",
            condition.reason, condition.message
        ));
    }
    rule.backends
        .iter()
        .map(|backend| {
            let foreign = backend.namespace != route.namespace;
            let granted = !foreign
                || match &world.grants {
                    Some(grants) => grants.iter().any(|grant| grant.allows(route, backend)),
                    None => refused.is_none_or(|condition| condition.reason != "RefNotPermitted"),
                };
            let there = match &world.services {
                Some(services) if backend.is_service() => serves(services, backend, route.kind == RouteKind::Ingress),
                // Only one can be meant.
                None if rule.backends.len() == 1 => refused
                    .is_none_or(|condition| !matches!(condition.reason.as_str(), "BackendNotFound" | "InvalidKind")),
                Some(_) | None => true,
            };
            BackendShare { r#ref: backend.label(), weight: backend.weight, valid: granted && there }
        })
        .collect()
}

/// A Service is valid when it exists and has the port; Gateway API requires one, an Ingress may know it by name.
fn serves(services: &BTreeMap<String, Vec<u16>>, backend: &Backend, by_name: bool) -> bool {
    services
        .get(&format!("{}/{}", backend.namespace, backend.name))
        .is_some_and(|ports| backend.port.map_or(by_name, |port| ports.contains(&port)))
}

impl Grant {
    /// Whether this permission covers a reference from `route` to `backend`.
    pub fn allows(&self, route: &RouteRow, backend: &Backend) -> bool {
        self.from == (route.kind.group().to_owned(), route.kind.name().to_owned())
            && self.from_namespace == route.namespace
            && self.to.0 == backend.group
            && self.to.1 == backend.kind
            && self.to_namespace == backend.namespace
            && self.to_name.as_ref().is_none_or(|name| *name == backend.name)
    }
}

/// Where a redirect sends the client.
pub(super) fn redirect(
    redirect: &Redirect,
    request: &Request,
    host: &str,
    path: &str,
    found: &PathMatch,
    port: u16,
) -> RedirectTo {
    let scheme = redirect.scheme.as_deref().unwrap_or(request.scheme.word());
    // The specification: no port said and a scheme said, its well-known one; no scheme either, the listener's.
    let port = redirect.port.unwrap_or(match redirect.scheme.as_deref() {
        Some("https") => 443,
        Some("http") => 80,
        _ => port,
    });
    RedirectTo {
        scheme: scheme.to_owned(),
        host: redirect.host.as_deref().unwrap_or(host).to_owned(),
        port,
        path: redirect.path.as_ref().map_or_else(|| path.to_owned(), |edit| edited(edit, path, found)),
    }
}

/// A path after its change.
pub(super) fn edited(edit: &PathEdit, path: &str, found: &PathMatch) -> String {
    match edit {
        PathEdit::Full(full) => full.to_string(),
        PathEdit::Prefix(new) => {
            let old = match found {
                PathMatch::Prefix(prefix) | PathMatch::TextPrefix(prefix) => prefix.as_str(),
                PathMatch::Exact(_) | PathMatch::Regex(_) | PathMatch::Other(_) => "",
            };
            let rest = path.strip_prefix(old).unwrap_or(path);
            let joined = format!("{}{rest}", new.trim_end_matches('/'));
            if joined.is_empty() { "/".to_owned() } else { joined }
        }
    }
}

/// A filter in the specification's words.
pub(super) fn step(filter: &Filter) -> FilterStep {
    let (name, detail) = match filter {
        Filter::RequestHeaders(words) => ("RequestHeaderModifier", words.clone()),
        Filter::ResponseHeaders(words) => ("ResponseHeaderModifier", words.clone()),
        Filter::Mirror(words) => ("RequestMirror", words.clone()),
        Filter::Redirect(redirect) => ("RequestRedirect", redirect.status.to_string()),
        Filter::Rewrite { host, path } => {
            let mut words = Vec::new();
            words.extend(host.as_ref().map(|host| format!("host {host}")));
            words.extend(path.as_ref().map(|path| match path {
                PathEdit::Full(full) => format!("path {full}"),
                PathEdit::Prefix(prefix) => format!("prefix {prefix}"),
            }));
            ("URLRewrite", words.join(", "))
        }
        Filter::Extension { kind, name } => ("ExtensionRef", format!("{kind} {name}")),
        Filter::DirectResponse { status } => ("directResponse", status.to_string()),
        Filter::Fault(words) => ("fault", words.clone()),
        Filter::Other(name) => (name.as_str(), String::new()),
    };
    FilterStep { r#type: name.to_owned(), detail }
}
