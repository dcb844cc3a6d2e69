//! PeerAuthentication and AuthorizationPolicy: which connections and requests a proxy takes.

use serde_json::Value;

use crate::traffic::{
    json::{self, Labels},
    request::{Request, Text},
};

use super::pods::Group;

/// How strictly a port asks for mutual TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    Permissive,
    Strict,
}

/// A PeerAuthentication.
#[derive(Debug, Clone)]
pub(super) struct PeerAuthentication {
    seniority: (String, String),
    namespace: String,
    selector: Option<Labels>,
    mode: Option<Mode>,
    ports: Vec<(u16, Option<Mode>)>,
}

fn mode(word: &str) -> Option<Mode> {
    match word {
        "DISABLE" => Some(Mode::Disable),
        "PERMISSIVE" => Some(Mode::Permissive),
        "STRICT" => Some(Mode::Strict),
        _ => None,
    }
}

impl PeerAuthentication {
    pub(super) fn read(object: &Value) -> Self {
        let selector = json::labels(object, &["spec", "selector", "matchLabels"]);
        let ports = json::at(object, &["spec", "portLevelMtls"]).and_then(Value::as_object);
        Self {
            seniority: json::seniority(object),
            namespace: json::namespace(object).to_owned(),
            selector: (!selector.is_empty()).then_some(selector),
            mode: mode(json::word(object, &["spec", "mtls", "mode"])),
            ports: ports
                .into_iter()
                .flatten()
                .filter_map(|(port, value)| Some((port.parse().ok()?, mode(json::word(value, &["mode"])))))
                .collect(),
        }
    }

    /// What holds at a port of these pods: of the workload, else of the namespace, else of the mesh; the oldest of equals.
    pub(super) fn at(all: &[Self], group: &Group, port: u16, root: &str) -> Mode {
        let holds = |one: &&Self| {
            one.namespace == *group.namespace
                && one.selector.as_ref().is_some_and(|wanted| json::carries(&group.labels, wanted))
        };
        let oldest = |found: Vec<&Self>| found.into_iter().min_by(|a, b| a.seniority.cmp(&b.seniority)).cloned();
        let own = oldest(all.iter().filter(holds).collect());
        let whole = |namespace: &str| {
            oldest(all.iter().filter(|one| one.selector.is_none() && one.namespace == namespace).collect())
        };
        let by_port = own.as_ref().and_then(|own| own.ports.iter().find(|(one, _)| *one == port)?.1);
        by_port
            .or_else(|| own?.mode)
            .or_else(|| whole(&group.namespace)?.mode)
            .or_else(|| whole(root)?.mode)
            .unwrap_or(Mode::Permissive)
    }
}

/// An AuthorizationPolicy.
#[derive(Debug, Clone)]
pub(super) struct AuthorizationPolicy {
    pub(super) name: String,
    namespace: String,
    selector: Labels,
    /// Kind and name of what it is aimed at instead.
    targets: Vec<(String, String)>,
    deny: bool,
    rules: Vec<Policy>,
}

#[derive(Debug, Clone, Default)]
struct Policy {
    from: Vec<Vec<(Field, bool, Vec<Text>)>>,
    to: Vec<Vec<(Field, bool, Vec<Text>)>>,
    when: Vec<(Field, bool, Vec<Text>)>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Principal,
    Namespace,
    Host,
    Path,
    Method,
    Port,
    Header(String),
    /// Not understood: an ALLOW rule with it never matches, a DENY rule ignores it (fails closed both ways).
    Unknown,
}

/// Who asks, as the proxy of the called pod knows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Peer<'a> {
    /// Namespace and service account, when mutual TLS tells them.
    pub(super) identity: Option<(&'a str, &'a str)>,
    /// Whether the proxy reads requests; a ztunnel sees connections only.
    pub(super) reads: bool,
}

impl AuthorizationPolicy {
    /// `None` for actions that refuse nothing here (AUDIT, CUSTOM).
    pub(super) fn read(object: &Value) -> Option<Self> {
        let deny = match json::word(object, &["spec", "action"]) {
            "" | "ALLOW" => false,
            "DENY" => true,
            _ => return None,
        };
        let targets = json::list(object, &["spec", "targetRefs"]).iter();
        Some(Self {
            name: format!("{}/{}", json::namespace(object), json::name(object)),
            namespace: json::namespace(object).to_owned(),
            selector: json::labels(object, &["spec", "selector", "matchLabels"]),
            targets: targets
                .map(|one| (json::word(one, &["kind"]).to_owned(), json::word(one, &["name"]).to_owned()))
                .collect(),
            deny,
            rules: json::list(object, &["spec", "rules"]).iter().map(Policy::read).collect(),
        })
    }

    /// Whether it names what it is for, rather than selecting pods.
    pub(super) fn is_aimed(&self) -> bool {
        !self.targets.is_empty()
    }

    fn holds(&self, group: &Group, services: &[&str], root: &str) -> bool {
        if !self.targets.is_empty() {
            return self.namespace == *group.namespace
                && self.targets.iter().any(|(kind, name)| match kind.as_str() {
                    "Service" => services.contains(&name.as_str()),
                    "Gateway" => {
                        group.labels.get("gateway.networking.k8s.io/gateway-name").is_some_and(|own| own == name)
                    }
                    _ => false,
                });
        }
        (self.namespace == root || self.namespace == *group.namespace) && json::carries(&group.labels, &self.selector)
    }

    /// Whether these pods take the request; the name of the policy that refuses it.
    pub(super) fn refuses<'a>(
        all: &'a [Self],
        group: &Group,
        services: &[&str],
        root: &str,
        request: &Request,
        port: u16,
        peer: Peer<'_>,
    ) -> Option<&'a str> {
        let holding = || all.iter().filter(|one| one.holds(group, services, root));
        let matches = |one: &&Self| one.rules.iter().any(|rule| rule.matches(request, port, peer, one.deny));
        if let Some(denied) = holding().filter(|one| one.deny).find(matches) {
            return Some(&denied.name);
        }
        let mut allows = holding().filter(|one| !one.deny).peekable();
        match allows.peek() {
            None => None,
            Some(_) if holding().filter(|one| !one.deny).any(|one| matches(&one)) => None,
            Some(first) => Some(&first.name),
        }
    }
}

impl Policy {
    fn read(rule: &Value) -> Self {
        let clauses = |field: &str, inner: &str| -> Vec<Vec<(Field, bool, Vec<Text>)>> {
            let read = |one: &Value| clause(one.get(inner).unwrap_or(&Value::Null));
            json::list(rule, &[field]).iter().map(read).collect()
        };
        let mut when = Vec::new();
        for one in json::list(rule, &["when"]) {
            let key = json::word(one, &["key"]);
            let field = match key {
                "source.namespace" => Field::Namespace,
                "source.principal" => Field::Principal,
                "destination.port" => Field::Port,
                "request.headers[:authority]" => Field::Host,
                _ => match key.strip_prefix("request.headers[").and_then(|key| key.strip_suffix(']')) {
                    Some(header) => Field::Header(header.to_owned()),
                    None => Field::Unknown,
                },
            };
            for (list, negated) in [("values", false), ("notValues", true)] {
                let texts = patterns(one, list);
                if !texts.is_empty() {
                    when.push((field.clone(), negated, texts));
                }
            }
        }
        Self { from: clauses("from", "source"), to: clauses("to", "operation"), when }
    }

    fn matches(&self, request: &Request, port: u16, peer: Peer<'_>, deny: bool) -> bool {
        let one = |(field, negated, texts): &(Field, bool, Vec<Text>)| {
            let unread = matches!(field, Field::Host | Field::Path | Field::Method | Field::Header(_)) && !peer.reads;
            if *field == Field::Unknown || unread {
                return deny;
            }
            let port = port.to_string();
            let principal =
                peer.identity.map(|(namespace, account)| format!("cluster.local/ns/{namespace}/sa/{account}"));
            let value = match field {
                Field::Principal => principal.as_deref(),
                Field::Namespace => peer.identity.map(|(namespace, _)| namespace),
                Field::Host => Some(request.host.as_str()),
                Field::Path => Some(request.path.as_str()),
                Field::Method => Some(request.method.as_str()),
                Field::Port => Some(port.as_str()),
                Field::Header(name) => request.header(name),
                Field::Unknown => None,
            };
            texts.iter().any(|text| text.matches(value)) != *negated
        };
        let any = |clauses: &[Vec<(Field, bool, Vec<Text>)>]| {
            clauses.is_empty() || clauses.iter().any(|clause| clause.iter().all(one))
        };
        any(&self.from) && any(&self.to) && self.when.iter().all(one)
    }
}

fn patterns(value: &Value, field: &str) -> Vec<Text> {
    json::texts(value, &[field]).iter().map(|text| Text::policy(text)).collect()
}

fn clause(value: &Value) -> Vec<(Field, bool, Vec<Text>)> {
    let map = value.as_object();
    let fields = map.into_iter().flatten().filter_map(|(name, _)| {
        let (field, negated) = match name.as_str() {
            "principals" => (Field::Principal, false),
            "notPrincipals" => (Field::Principal, true),
            "namespaces" => (Field::Namespace, false),
            "notNamespaces" => (Field::Namespace, true),
            "hosts" => (Field::Host, false),
            "notHosts" => (Field::Host, true),
            "paths" => (Field::Path, false),
            "notPaths" => (Field::Path, true),
            "methods" => (Field::Method, false),
            "notMethods" => (Field::Method, true),
            "ports" => (Field::Port, false),
            "notPorts" => (Field::Port, true),
            _ => (Field::Unknown, false),
        };
        let texts = patterns(value, name);
        (!texts.is_empty()).then_some((field, negated, texts))
    });
    fields.collect()
}
