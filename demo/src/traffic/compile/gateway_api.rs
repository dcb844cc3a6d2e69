//! HTTPRoute and GRPCRoute: which rule gets a request.
//!
//! First the most specific hostname, then among the routes of that hostname the best match: exact path, longest prefix,
//! method, number of header matches, number of query matches; then the oldest route, then the first by namespace and name,
//! then the first rule in the list (Gateway API, HTTPRouteRule.matches).

use std::{cmp::Reverse, sync::Arc};

use serde_json::Value;

use crate::traffic::{
    json,
    request::{Request, Text, host_rank, under},
    span,
};

use super::{
    attached::Attached,
    certificates::{Certificates, Shows},
    kinds,
    rules::{Action, Missing, Retries, Rewrite, Rule, Target},
    services::Services,
};

/// A route.
#[derive(Debug, Clone)]
pub(super) struct Route {
    pub(super) namespace: String,
    grpc: bool,
    seniority: (String, String),
    pub(super) hostnames: Vec<String>,
    pub(super) parents: Vec<Parent>,
    rules: Vec<(Vec<Match>, Rule)>,
}

/// A parent it wants.
#[derive(Debug, Clone)]
pub(super) struct Parent {
    /// `Gateway` or `Service`.
    pub(super) kind: String,
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) section: Option<String>,
    pub(super) port: Option<u16>,
}

#[derive(Debug, Clone, Default)]
struct Match {
    path: Option<Path>,
    method: Option<String>,
    headers: Vec<(String, Text)>,
    query: Vec<(String, Text)>,
}

#[derive(Debug, Clone)]
enum Path {
    Exact(String),
    Prefix(String),
    Regex(Text),
}

/// How good a match is; greater is better.
type Rank = (bool, usize, bool, usize, usize);

/// ReferenceGrants: who may send to a namespace's Services.
#[derive(Debug, Clone, Default)]
pub(super) struct Grants(Vec<(String, String, String, Option<String>)>);

impl Grants {
    pub(super) fn add(&mut self, object: &Value) {
        for from in json::list(object, &["spec", "from"]) {
            for to in json::list(object, &["spec", "to"]) {
                if matches!(json::word(to, &["group"]), "" | "core") && json::word(to, &["kind"]) == "Service" {
                    self.0.push((
                        json::namespace(object).to_owned(),
                        json::word(from, &["kind"]).to_owned(),
                        json::word(from, &["namespace"]).to_owned(),
                        json::text(to, &["name"]).map(str::to_owned),
                    ));
                }
            }
        }
    }

    fn allows(&self, kind: &str, from: &str, to: &str, name: &str) -> bool {
        from == to
            || self.0.iter().any(|(target, by, whose, only)| {
                target == to && by == kind && whose == from && only.as_deref().is_none_or(|only| only == name)
            })
    }
}

/// What a route may lead to.
#[derive(Clone, Copy)]
pub(super) struct Ends<'a> {
    pub(super) services: &'a Services,
    pub(super) grants: &'a Grants,
    pub(super) attached: &'a Attached,
}

impl Route {
    pub(super) fn read(object: &Value, kind: &str, ends: &Ends<'_>) -> Self {
        let namespace = json::namespace(object).to_owned();
        let name: Arc<str> = format!("{namespace}/{}", json::name(object)).into();
        let parents = json::list(object, &["spec", "parentRefs"]).iter().map(|parent| Parent {
            kind: json::text(parent, &["kind"]).unwrap_or("Gateway").to_owned(),
            namespace: json::text(parent, &["namespace"]).unwrap_or(&namespace).to_owned(),
            name: json::word(parent, &["name"]).to_owned(),
            section: json::text(parent, &["sectionName"]).map(str::to_owned),
            port: json::port(parent, &["port"]),
        });
        let rules = json::list(object, &["spec", "rules"]).iter().map(|rule| {
            let matches: Vec<Match> = json::list(rule, &["matches"])
                .iter()
                .map(|one| if kind == "GRPCRoute" { grpc_match(one) } else { http_match(one) })
                .collect();
            let matches = if matches.is_empty() { vec![Match::default()] } else { matches };
            let prefix = matches.iter().find_map(|one| match &one.path {
                Some(Path::Prefix(prefix)) => Some(prefix.as_str()),
                _ => None,
            });
            let rule = read_rule(rule, kind, &name, &namespace, prefix.unwrap_or("/"), ends);
            (matches, rule)
        });
        Self {
            grpc: kind == "GRPCRoute",
            seniority: json::seniority(object),
            hostnames: json::texts(object, &["spec", "hostnames"]),
            parents: parents.collect(),
            rules: rules.collect(),
            namespace,
        }
    }

    /// The rule of these routes that gets the request.
    pub(super) fn choose<'a>(routes: impl Iterator<Item = &'a Self>, request: &Request) -> Option<&'a Rule> {
        let candidates = routes.flat_map(|route| {
            route.rules.iter().enumerate().filter_map(move |(at, (matches, rule))| {
                let rank = matches.iter().filter_map(|one| one.rank(request)).max()?;
                Some(((Reverse(rank), &route.seniority, at), rule))
            })
        });
        candidates.min_by(|a, b| a.0.cmp(&b.0)).map(|(_, rule)| rule)
    }
}

impl Match {
    fn rank(&self, request: &Request) -> Option<Rank> {
        let (exact, length) = match &self.path {
            None => (false, 1),
            Some(Path::Exact(exact)) => (request.path == *exact).then_some((true, exact.len()))?,
            Some(Path::Prefix(prefix)) => under(&request.path, prefix).then_some((false, prefix.len()))?,
            Some(Path::Regex(regex)) => regex.matches(Some(&request.path)).then_some((false, 0))?,
        };
        let method = match &self.method {
            None => false,
            Some(method) => (*method == request.method).then_some(true)?,
        };
        let headers = self.headers.iter().all(|(name, text)| text.matches(request.header(name)));
        let query = self.query.iter().all(|(name, text)| text.matches(request.query.get(name).map(String::as_str)));
        (headers && query).then_some((exact, length, method, self.headers.len(), self.query.len()))
    }
}

fn pairs(value: &Value, field: &str) -> Vec<(String, Text)> {
    let read = |one: &Value| {
        let value = json::word(one, &["value"]);
        let text = match json::word(one, &["type"]) {
            "RegularExpression" => Text::regex(value),
            _ => Text::Exact(value.to_owned()),
        };
        (json::word(one, &["name"]).to_owned(), text)
    };
    json::list(value, &[field]).iter().map(read).collect()
}

fn http_match(one: &Value) -> Match {
    let path = one.get("path").map(|path| {
        let value = json::text(path, &["value"]).unwrap_or("/").to_owned();
        match json::word(path, &["type"]) {
            "Exact" => Path::Exact(value),
            "RegularExpression" => Path::Regex(Text::regex(&value)),
            _ => Path::Prefix(value),
        }
    });
    Match {
        path,
        method: json::text(one, &["method"]).map(str::to_owned),
        headers: pairs(one, "headers"),
        query: pairs(one, "queryParams"),
    }
}

/// gRPC methods are paths: `/SERVICE/METHOD`. A service alone is a prefix, a method alone a pattern.
fn grpc_match(one: &Value) -> Match {
    let path = one.get("method").map(|method| {
        let (service, name) = (json::word(method, &["service"]), json::word(method, &["method"]));
        match (service, name, json::word(method, &["type"]) == "RegularExpression") {
            (service, "", false) => Path::Prefix(format!("/{service}")),
            ("", name, false) => Path::Regex(Text::regex(&format!("/[^/]+/{}", regex::escape(name)))),
            (service, name, false) => Path::Exact(format!("/{service}/{name}")),
            (service, name, true) => {
                let any = |part: &str| if part.is_empty() { "[^/]+".to_owned() } else { part.to_owned() };
                Path::Regex(Text::regex(&format!("/{}/{}", any(service), any(name))))
            }
        }
    });
    Match { path, headers: pairs(one, "headers"), ..Match::default() }
}

fn read_rule(rule: &Value, kind: &str, name: &Arc<str>, namespace: &str, prefix: &str, ends: &Ends<'_>) -> Rule {
    let targets = json::list(rule, &["backendRefs"]).iter().map(|backend| {
        let own = json::text(backend, &["namespace"]).unwrap_or(namespace);
        let called = json::word(backend, &["name"]);
        let service = matches!(json::word(backend, &["group"]), "" | "core")
            && matches!(json::word(backend, &["kind"]), "" | "Service")
            && ends.grants.allows(kind, namespace, own, called);
        let port = json::port(backend, &["port"]);
        let service = if service { ends.services.named(own, called) } else { None };
        let service = service.filter(|at| {
            let ports = &ends.services.all[*at as usize].ports;
            port.is_some_and(|port| ports.iter().any(|one| one.number == port))
        });
        let weight = backend.get("weight").and_then(Value::as_u64).unwrap_or(1) as u32;
        let backend = (json::word(backend, &["group"]), json::word(backend, &["kind"]));
        let model = (backend == (kinds::BACKEND.group, kinds::BACKEND.kind)).then(|| ends.attached.model(own, called));
        Target { service, model: model.flatten().cloned(), port, subset: None, weight }
    });
    let mut action = Action::Forward(targets.collect());
    let mut rewrite = None;
    for filter in json::list(rule, &["filters"]) {
        match json::word(filter, &["type"]) {
            "RequestRedirect" => {
                let code = json::port(filter, &["requestRedirect", "statusCode"]).unwrap_or(302);
                action = Action::Answer(code);
            }
            "ExtensionRef" => {
                let of = |field: &str| json::word(filter, &["extensionRef", field]);
                if (of("group"), of("kind")) == (kinds::DIRECT_RESPONSE.group, kinds::DIRECT_RESPONSE.kind) {
                    // One that is not there leaves the rule without an action.
                    action = Action::Answer(ends.attached.answer(namespace, of("name")).unwrap_or(500));
                }
            }
            "URLRewrite" => {
                let path = |field: &str| json::text(filter, &["urlRewrite", "path", field]).map(str::to_owned);
                rewrite = path("replaceFullPath")
                    .map(Rewrite::Full)
                    .or_else(|| path("replacePrefixMatch").map(|by| Rewrite::Prefix(prefix.to_owned(), by)));
            }
            _ => {}
        }
    }
    // "0s" disables a timeout.
    let timeout = |field: &str| {
        let span = json::text(rule, &["timeouts", field]).and_then(span::millis);
        span.filter(|span| *span > 0.0)
    };
    let retries = rule.get("retry").map(|retry| {
        let codes = json::list(retry, &["codes"]).iter().filter_map(|code| code.as_u64()?.try_into().ok()).collect();
        let attempts = retry.get("attempts").and_then(Value::as_u64).unwrap_or(2) as u32;
        Retries { attempts, connect: true, reset: true, codes, ..Retries::NEVER }
    });
    Rule {
        route: Arc::clone(name),
        action,
        rewrite,
        timeout: timeout("request"),
        per_try: timeout("backendRequest"),
        retries,
        fault: None,
        missing: Missing::Error,
    }
}

/// A listener of a Gateway.
#[derive(Debug, Clone)]
pub(super) struct Listener {
    name: String,
    port: u16,
    hostname: String,
    /// Namespaces whose routes it takes; `None`: all.
    takes: Option<Vec<String>>,
    /// The certificate it shows.
    shows: Shows,
}

/// A Gateway.
#[derive(Debug, Clone)]
pub(super) struct Gateway {
    pub(super) namespace: String,
    pub(super) name: String,
    /// Who answers for it.
    pub(super) controller: String,
    listeners: Vec<Listener>,
}

impl Gateway {
    pub(super) fn read(
        object: &Value,
        controller: &str,
        namespaces: &[(String, json::Labels)],
        certificates: &Certificates,
    ) -> Self {
        let namespace = json::namespace(object).to_owned();
        let listeners = json::list(object, &["spec", "listeners"]).iter().map(|listener| {
            let from = json::at(listener, &["allowedRoutes", "namespaces"]);
            let takes = match from.and_then(|from| json::text(from, &["from"])).unwrap_or("Same") {
                "All" => None,
                "Selector" => {
                    let selector = from.and_then(|from| from.get("selector")).unwrap_or(&Value::Null);
                    let chosen = namespaces.iter().filter(|(_, labels)| json::selects(selector, labels));
                    Some(chosen.map(|(name, _)| name.clone()).collect())
                }
                _ => Some(vec![namespace.clone()]),
            };
            Listener {
                name: json::word(listener, &["name"]).to_owned(),
                port: json::port(listener, &["port"]).unwrap_or_default(),
                hostname: json::word(listener, &["hostname"]).to_owned(),
                takes,
                shows: certificates.shown(listener, &namespace),
            }
        });
        Self {
            listeners: listeners.collect(),
            name: json::name(object).to_owned(),
            controller: controller.to_owned(),
            namespace,
        }
    }

    /// Whether it listens on this port.
    pub(super) fn listens(&self, port: u16) -> bool {
        // Without its certificate a listener is not programmed.
        self.listeners.iter().any(|listener| listener.port == port && listener.shows != Shows::Missing)
    }

    /// Until when the certificate is good that a client is shown who asks for this host; `None`: it is shown none.
    pub(super) fn shows(&self, request: &Request) -> Option<f64> {
        let here = self.listeners.iter().filter(|listener| listener.port == request.port);
        let ranked = here.filter_map(|listener| Some((host_rank(&listener.hostname, &request.host)?, listener)));
        match ranked.max_by_key(|(rank, _)| *rank)?.1.shows {
            Shows::Until(until) => Some(until),
            Shows::Missing | Shows::Nothing => None,
        }
    }

    /// The rule that gets the request.
    pub(super) fn choose<'a>(&self, routes: &'a [Route], request: &Request) -> Option<&'a Rule> {
        // The listener with the most specific hostname has the request to itself.
        let here = self.listeners.iter().filter(|listener| listener.port == request.port);
        let ranked: Vec<_> =
            here.filter_map(|listener| Some((host_rank(&listener.hostname, &request.host)?, listener))).collect();
        let own = ranked.iter().map(|(rank, _)| *rank).max()?;
        let listeners = || ranked.iter().filter(|(rank, _)| *rank == own).map(|(_, listener)| *listener);
        // Of its routes, those with the most specific hostname.
        let mut best: Option<(bool, usize)> = None;
        let mut chosen: Vec<&Route> = Vec::new();
        for route in routes.iter().filter(|route| listeners().any(|listener| self.attached(listener, route))) {
            let hosts = route.hostnames.iter().filter_map(|host| host_rank(host, &request.host));
            let host = if route.hostnames.is_empty() { Some(own) } else { hosts.max() };
            let Some(rank) = host.map(|host| host.max(own)) else { continue };
            if best.is_none_or(|best| rank > best) {
                best = Some(rank);
                chosen.clear();
            }
            if best == Some(rank) {
                chosen.push(route);
            }
        }
        // A listener takes one kind of route for a host: that of the oldest.
        let kind = chosen.iter().min_by(|a, b| a.seniority.cmp(&b.seniority)).map(|route| route.grpc);
        chosen.retain(|route| Some(route.grpc) == kind);
        Route::choose(chosen.into_iter(), request)
    }

    fn attached(&self, listener: &Listener, route: &Route) -> bool {
        listener.takes.as_ref().is_none_or(|takes| takes.contains(&route.namespace))
            && route.parents.iter().any(|parent| {
                parent.kind == "Gateway"
                    && parent.namespace == self.namespace
                    && parent.name == self.name
                    && parent.section.as_ref().is_none_or(|section| *section == listener.name)
                    && parent.port.is_none_or(|port| port == listener.port)
            })
    }
}
