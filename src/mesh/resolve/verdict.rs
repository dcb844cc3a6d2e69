//! What the winning rule does with the request.

use std::collections::{BTreeMap, BTreeSet};

use super::{BackendShare, FilterStep, Grant, MirrorTo, Outcome, Request, World, kinds::Layer};
use crate::mesh::{
    backend_tls,
    routes::{
        Backend, Condition, Filter, Match, Parent, ParentKind, PathMatch, RouteKind, RouteRow, Rule, Verdict,
        rule::PathEdit,
    },
};

/// How it ends, and with which status code.
pub(super) fn outcome(rule: &Rule, backends: &[BackendShare]) -> (Outcome, Option<u16>) {
    // The specification: a filter that is not known is not skipped, who would go through it gets an error.
    if rule.filters.iter().any(|filter| matches!(filter, Filter::Unknown(_))) {
        return (Outcome::DirectResponse, Some(500));
    }
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
            | Filter::Other(_)
            | Filter::Unknown(_) => {}
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
        Layer::Tls | Layer::Tcp | Layer::Udp => (None, Some("no route takes the connection: it is closed")),
    }
}

/// What the client is told instead of 500 when no backend of the rule is valid.
pub(super) fn without_backend(layer: Layer, request: &Request, route: &RouteRow, rule: &Rule) -> Option<&'static str> {
    match layer {
        // GRPCRoute, `backendRefs`: none at all is another thing than none that is valid.
        Layer::Http if request.grpc.is_some() && rule.backends.is_empty() => {
            Some("a gRPC client is told UNIMPLEMENTED")
        }
        Layer::Http if request.grpc.is_some() => Some("a gRPC client is told UNAVAILABLE"),
        Layer::Http if route.kind == RouteKind::Ingress => {
            Some("what is answered without a backend is up to the controller of the class")
        }
        Layer::Http => None,
        Layer::Tls | Layer::Tcp | Layer::Udp => Some("the connection is rejected"),
    }
}

/// What the requests get that are meant for an invalid backend beside valid ones.
pub(super) fn in_part(layer: Layer, request: &Request, backends: &[BackendShare]) -> Option<String> {
    let lost: Vec<&BackendShare> = backends.iter().filter(|one| !one.valid && one.weight > 0).collect();
    if lost.is_empty() {
        return None;
    }
    let percent = shown(lost.iter().map(|one| one.share).sum());
    let names: Vec<&str> = lost.iter().map(|one| one.r#ref.as_str()).collect();
    let what = match layer {
        Layer::Http if request.grpc.is_some() => "of the calls get UNAVAILABLE",
        Layer::Http => "of the requests get 500",
        Layer::Tls | Layer::Tcp | Layer::Udp => "of the connections are rejected",
    };
    Some(format!("{percent} % {what}: {} cannot be sent to", names.join(", ")))
}

/// A share to a tenth, without needless digits.
pub(super) fn shown(percent: f64) -> String {
    let text = format!("{percent:.1}");
    text.strip_suffix(".0").map(ToOwned::to_owned).unwrap_or(text)
}

/// What of the rule goes against the specification, so that its controller may refuse it.
pub(super) fn odd(rule: &Rule, found: &Match) -> Vec<String> {
    let mut all = Vec::new();
    let redirects = rule.filters.iter().any(|filter| matches!(filter, Filter::Redirect(_)));
    let rewrites = rule.filters.iter().any(|filter| matches!(filter, Filter::Rewrite { .. }));
    if redirects && rewrites {
        all.push("a redirect and a rewrite may not stand in one rule: its controller may refuse it".to_owned());
    }
    if redirects && !rule.backends.is_empty() {
        all.push("a rule that redirects may have no backends: its controller may refuse it".to_owned());
    }
    let edits = rule.filters.iter().filter_map(|filter| match filter {
        Filter::Redirect(redirect) => redirect.path.as_ref(),
        Filter::Rewrite { path, .. } => path.as_ref(),
        _ => None,
    });
    let prefix = edits.into_iter().any(|edit| matches!(edit, PathEdit::Prefix(_)));
    if prefix && (rule.matches.len() != 1 || !matches!(found.path, PathMatch::Prefix(_))) {
        all.push(
            "ReplacePrefixMatch goes with exactly one match by PathPrefix: its controller may refuse the rule"
                .to_owned(),
        );
    }
    for filter in &rule.filters {
        if let Filter::Unknown(name) = filter {
            all.push(format!("filter {name} is not known: requests through it are answered with an error"));
        }
    }
    if let (Some(request), Some(backend)) = (rule.timeouts.request_ms, rule.timeouts.backend_ms)
        && request > 0
        && backend > request
    {
        all.push(
            "the limit of one try may not be longer than that of the request: its controller may refuse it".to_owned(),
        );
    }
    all
}

/// The rule's backends with what is known of their validity. `secured`: policies for TLS to backends count.
pub(super) fn backends(
    route: &RouteRow,
    rule: &Rule,
    parent: &Parent,
    world: &World<'_>,
    secured: bool,
    notes: &mut Vec<String>,
) -> Vec<BackendShare> {
    let judge = Judge::new(route, parent, world, notes);
    let sum: u64 = rule.backends.iter().map(|backend| u64::from(backend.weight)).sum();
    let mut share = |backend: &Backend| {
        let mut one = BackendShare::new(backend.label(), backend.weight, sum, judge.valid(backend));
        one.filters = backend.filters.iter().map(step).collect();
        if let Some(policy) = backend_tls::of(world, backend).filter(|_| secured) {
            one.tls = Some(policy.hostname.to_string());
            if let Some(why) = &policy.refused {
                // Nobody may go on in plain text instead.
                notes.push(format!("BackendTLSPolicy {}/{} is not met: {why}", policy.namespace, policy.name));
                one.valid = false;
            }
        }
        one
    };
    rule.backends.iter().map(&mut share).collect()
}

/// Who gets copies of the rule's requests.
pub(super) fn mirrors(route: &RouteRow, rule: &Rule, parent: &Parent, world: &World<'_>) -> Vec<MirrorTo> {
    let judge = Judge::new(route, parent, world, &mut Vec::new());
    let mirror = |filter: &Filter| match filter {
        Filter::Mirror(mirror) => {
            Some(MirrorTo { r#ref: mirror.to.label(), percent: mirror.percent(), valid: judge.valid(&mirror.to) })
        }
        _ => None,
    };
    rule.filters.iter().filter_map(mirror).collect()
}

/// What decides whether a reference of a route can be followed.
struct Judge<'a> {
    route: &'a RouteRow,
    world: &'a World<'a>,
    /// Inside the mesh routes may send anywhere (GEP-1294).
    mesh: bool,
    /// What the controller says of the references, where it says no.
    refused: Option<&'a Condition>,
    /// The one it must mean.
    meant: Option<String>,
}

impl<'a> Judge<'a> {
    fn new(route: &'a RouteRow, parent: &'a Parent, world: &'a World<'a>, notes: &mut Vec<String>) -> Self {
        let refused = parent.resolved_refs.as_ref().filter(|condition| condition.verdict == Verdict::False);
        let mut meant = BTreeSet::new();
        if let Some(condition) = refused {
            let can_be = |backend: &&Backend| match condition.reason.as_str() {
                "InvalidKind" => !backend.is_service(),
                "RefNotPermitted" => backend.namespace != route.namespace,
                // Known Services are looked up.
                "BackendNotFound" => !backend.is_service() || world.services.is_none(),
                "UnsupportedProtocol" => true,
                _ => false,
            };
            meant.extend(route.rules.iter().flat_map(|rule| &rule.backends).filter(can_be).map(Backend::label));
            if meant.len() > 1 && world.services.is_none() {
                notes.push(format!(
                    "the controller says {}: {}; which backend it means is not known here",
                    condition.reason, condition.message
                ));
            }
        }
        let only = if meant.len() == 1 { meant.pop_first() } else { None };
        Self { route, world, mesh: parent.kind == ParentKind::Service, refused, meant: only }
    }

    fn valid(&self, backend: &Backend) -> bool {
        let granted = self.mesh
            || backend.namespace == self.route.namespace
            || match &self.world.grants {
                Some(grants) => grants.iter().any(|grant| grant.allows(self.route, backend)),
                None => self.refused.is_none_or(|condition| condition.reason != "RefNotPermitted"),
            };
        let there = match &self.world.services {
            Some(services) if backend.is_service() => serves(services, backend, self.route.kind == RouteKind::Ingress),
            Some(_) | None => true,
        };
        granted && there && self.meant.as_ref().is_none_or(|meant| *meant != backend.label())
    }
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

/// A filter in the specification's words.
pub(super) fn step(filter: &Filter) -> FilterStep {
    let (name, detail) = match filter {
        Filter::RequestHeaders(edits) => ("RequestHeaderModifier", edits.words()),
        Filter::ResponseHeaders(edits) => ("ResponseHeaderModifier", edits.words()),
        Filter::Mirror(mirror) => ("RequestMirror", mirror.words()),
        Filter::Redirect(redirect) => ("RequestRedirect", redirect.status.to_string()),
        Filter::Rewrite { host, path } => {
            let mut words = Vec::new();
            words.extend(host.as_ref().map(|host| format!("host {host}")));
            words.extend(path.as_ref().map(|path| match path {
                PathEdit::Full(full) => format!("path {full}"),
                PathEdit::Prefix(prefix) => format!("prefix {prefix}"),
                PathEdit::Regex { find, with } => format!("{find} to {with}"),
            }));
            ("URLRewrite", words.join(", "))
        }
        Filter::Extension { kind, name } => ("ExtensionRef", format!("{kind} {name}")),
        Filter::DirectResponse { status } => ("directResponse", status.to_string()),
        Filter::Fault(words) => ("fault", words.clone()),
        Filter::Other(name) | Filter::Unknown(name) => (name.as_str(), String::new()),
    };
    FilterStep { r#type: name.to_owned(), detail }
}
