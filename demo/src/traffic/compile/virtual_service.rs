//! VirtualServices and the Gateways of Istio: rules in their order, the first that matches wins.

use std::sync::Arc;

use serde_json::Value;

use crate::traffic::{
    json::{self, Labels},
    request::{Request, Text, host_rank},
    span,
};

use super::{
    rules::{Action, Fault, Missing, Retries, Rewrite, Rule, Target},
    services::Services,
};

/// A VirtualService.
#[derive(Debug, Clone)]
pub(super) struct VirtualService {
    pub(super) seniority: (String, String),
    hosts: Vec<String>,
    services: Vec<u32>,
    /// `mesh`, or `NAMESPACE/NAME` of Gateways.
    gateways: Vec<String>,
    rules: Vec<(Vec<Match>, Rule)>,
}

#[derive(Debug, Clone)]
struct Match {
    uri: Option<Text>,
    method: Option<Text>,
    authority: Option<Text>,
    headers: Vec<(String, Text)>,
    without: Vec<(String, Text)>,
    query: Vec<(String, Text)>,
    source_labels: Labels,
    source_namespace: Option<String>,
    gateways: Vec<String>,
    port: Option<u16>,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    /// `mesh` or the Gateway's `NAMESPACE/NAME`.
    pub(super) gateway: &'a str,
    pub(super) namespace: &'a str,
    pub(super) labels: Option<&'a Labels>,
}

impl VirtualService {
    pub(super) fn read(object: &Value, services: &Services) -> Self {
        let namespace = json::namespace(object);
        let name: Arc<str> = format!("{namespace}/{}", json::name(object)).into();
        let qualified = |gateways: Vec<String>| -> Vec<String> {
            let full = |one: String| {
                if one == "mesh" || one.contains('/') { one } else { format!("{namespace}/{one}") }
            };
            gateways.into_iter().map(full).collect()
        };
        let gateways = qualified(json::texts(object, &["spec", "gateways"]));
        let hosts = json::texts(object, &["spec", "hosts"]);
        let rules = json::list(object, &["spec", "http"]).iter().map(|rule| {
            let matches = json::list(rule, &["match"]).iter().map(|one| {
                let text = |field: &str| one.get(field).map(Text::istio);
                let ignore_case = one.get("ignoreUriCase").and_then(Value::as_bool) == Some(true);
                Match {
                    uri: if ignore_case { one.get("uri").map(caseless) } else { text("uri") },
                    method: text("method"),
                    authority: text("authority"),
                    headers: texts(one, "headers"),
                    without: texts(one, "withoutHeaders"),
                    query: texts(one, "queryParams"),
                    source_labels: json::labels(one, &["sourceLabels"]),
                    source_namespace: json::text(one, &["sourceNamespace"]).map(str::to_owned),
                    gateways: qualified(json::texts(one, &["gateways"])),
                    port: json::port(one, &["port"]),
                }
            });
            (matches.collect(), read_rule(rule, &name, namespace, services))
        });
        Self {
            seniority: json::seniority(object),
            rules: rules.collect(),
            services: hosts.iter().filter_map(|host| services.by_host(host, namespace)).collect(),
            gateways: if gateways.is_empty() { vec!["mesh".to_owned()] } else { gateways },
            hosts,
        }
    }

    /// Whether it holds for this host at this gateway (or the mesh), and how specific its host is.
    pub(super) fn holds(&self, gateway: &str, host: &str, service: Option<u32>) -> Option<(bool, usize)> {
        if self.rules.is_empty() || !self.gateways.iter().any(|one| one == gateway) {
            return None;
        }
        if service.is_some_and(|service| self.services.contains(&service)) {
            return Some((true, usize::MAX));
        }
        self.hosts.iter().filter_map(|pattern| host_rank(pattern, host)).max()
    }

    /// The first rule that matches.
    pub(super) fn choose(&self, request: &Request, asker: Asker<'_>) -> Option<&Rule> {
        let matching = self
            .rules
            .iter()
            .find(|(matches, _)| matches.is_empty() || matches.iter().any(|one| one.matches(request, asker)));
        matching.map(|(_, rule)| rule)
    }
}

impl Match {
    fn matches(&self, request: &Request, asker: Asker<'_>) -> bool {
        let text = |text: &Option<Text>, value: &str| text.as_ref().is_none_or(|text| text.matches(Some(value)));
        let header = |(name, text): &(String, Text)| text.matches(request.header(name));
        let labelled = self.source_labels.is_empty()
            || asker.labels.is_some_and(|labels| json::carries(labels, &self.source_labels));
        text(&self.uri, &request.path)
            && text(&self.method, &request.method)
            && text(&self.authority, &request.host)
            && self.headers.iter().all(header)
            && !self.without.iter().any(header)
            && self.query.iter().all(|(name, text)| text.matches(request.query.get(name).map(String::as_str)))
            && labelled
            && self.source_namespace.as_ref().is_none_or(|own| own == asker.namespace)
            && (self.gateways.is_empty() || self.gateways.iter().any(|one| one == asker.gateway))
            && self.port.is_none_or(|port| port == request.port)
    }
}

fn caseless(value: &Value) -> Text {
    let pattern =
        |prefix: &str, text: &str, suffix: &str| Text::regex(&format!("(?i){prefix}{}{suffix}", regex::escape(text)));
    match Text::istio(value) {
        Text::Exact(exact) => pattern("", &exact, ""),
        Text::Prefix(prefix) => pattern("", &prefix, ".*"),
        other => other,
    }
}

fn texts(value: &Value, field: &str) -> Vec<(String, Text)> {
    let map = value.get(field).and_then(Value::as_object);
    map.into_iter().flatten().map(|(name, text)| (name.clone(), Text::istio(text))).collect()
}

fn read_rule(rule: &Value, name: &Arc<str>, namespace: &str, services: &Services) -> Rule {
    let routes = json::list(rule, &["route"]);
    let targets = routes.iter().map(|route| Target {
        model: None,
        service: services.by_host(json::word(route, &["destination", "host"]), namespace),
        port: json::port(route, &["destination", "port", "number"]),
        subset: json::text(route, &["destination", "subset"]).map(str::to_owned),
        // One destination alone takes all, whatever its weight.
        weight: match route.get("weight").and_then(Value::as_u64) {
            _ if routes.len() == 1 => 1,
            Some(weight) => weight as u32,
            None => 0,
        },
    });
    let mut action = Action::Forward(targets.collect());
    if let Some(redirect) = rule.get("redirect") {
        action = Action::Answer(json::port(redirect, &["redirectCode"]).unwrap_or(301));
    } else if let Some(direct) = rule.get("directResponse") {
        action = Action::Answer(json::port(direct, &["status"]).unwrap_or(200));
    }
    let prefix = json::list(rule, &["match"]).iter().find_map(|one| json::text(one, &["uri", "prefix"]));
    let rewrite = json::text(rule, &["rewrite", "uri"]).map(|by| match prefix {
        Some(prefix) => Rewrite::Prefix(prefix.to_owned(), by.to_owned()),
        None => Rewrite::Full(by.to_owned()),
    });
    let span = |path: &[&str]| json::text(rule, path).and_then(span::millis).filter(|span| *span > 0.0);
    let fault = rule.get("fault").map(Fault::istio);
    // Envoy does not enable timeouts and retries of a route with a client-side fault (networking.istio.io HTTPFaultInjection).
    let faulty = fault.is_some();
    Rule {
        route: Arc::clone(name),
        action,
        rewrite,
        timeout: span(&["timeout"]).filter(|_| !faulty),
        per_try: span(&["retries", "perTryTimeout"]).filter(|_| !faulty),
        retries: if faulty { Some(Retries::NEVER) } else { rule.get("retries").map(Retries::istio) },
        fault,
        missing: Missing::NoCluster,
    }
}

/// A Gateway of Istio.
#[derive(Debug, Clone)]
pub(super) struct IstioGateway {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) selector: Labels,
    servers: Vec<(u16, Vec<String>)>,
}

impl IstioGateway {
    pub(super) fn read(object: &Value) -> Self {
        let servers = json::list(object, &["spec", "servers"])
            .iter()
            .filter_map(|server| Some((json::port(server, &["port", "number"])?, json::texts(server, &["hosts"]))));
        Self {
            namespace: json::namespace(object).to_owned(),
            name: json::name(object).to_owned(),
            selector: json::labels(object, &["spec", "selector"]),
            servers: servers.collect(),
        }
    }

    /// Whether it takes requests for this host on this port.
    pub(super) fn takes(&self, request: &Request) -> bool {
        self.servers.iter().any(|(port, hosts)| {
            let bare = |host: &String| host.split_once('/').map_or(host.clone(), |(_, host)| host.to_owned());
            *port == request.port && hosts.iter().any(|host| host_rank(&bare(host), &request.host).is_some())
        })
    }
}
