//! What routes and rules of a mesh name: the Gateways they hang on and the Services they send to.

use serde_json::Value;

use super::{Link, Relation, Target};
use crate::{
    base::sanitize,
    cluster::Manifest,
    mesh::{
        istio::DestinationRuleRow,
        routes::{Backend, Filter, Parent, ParentKind, RouteKind, RouteRow, Rule},
    },
};

const GATEWAY_API: &str = "gateway.networking.k8s.io";

/// Of a route of any kind.
pub(super) fn of(kind: RouteKind, object: &Manifest) -> Vec<Link> {
    let row = RouteRow::decode(kind, object);
    let mut links: Vec<Link> = row.parents.iter().filter_map(parent).collect();
    for rule in &row.rules {
        links.extend(sent(&rule.backends));
        links.extend(copied(rule));
        links.extend(rule.delegate.iter().map(|(namespace, name)| {
            Link::down(Relation::Delegates, target("networking.istio.io", "VirtualService", namespace, name))
        }));
    }
    for stream in &row.streams {
        links.extend(sent(&stream.backends));
    }
    if kind == RouteKind::Ingress {
        let tls = object.at(&["spec", "tls"]).and_then(Value::as_array).into_iter().flatten();
        let secrets = tls.filter_map(|one| one.get("secretName")?.as_str());
        links.extend(secrets.map(|name| Link::down(Relation::Certificate, target("", "Secret", &row.namespace, name))));
    }
    links
}

fn target(group: &str, kind: &str, namespace: &str, name: &str) -> Target {
    Target::new(group, kind, namespace, &sanitize::line(name))
}

/// `None` of what is no object.
fn parent(parent: &Parent) -> Option<Link> {
    let (group, kind) = match parent.kind {
        ParentKind::Gateway => (GATEWAY_API, "Gateway"),
        ParentKind::ListenerSet => (GATEWAY_API, "ListenerSet"),
        ParentKind::Service => ("", "Service"),
        ParentKind::IstioGateway => ("networking.istio.io", "Gateway"),
        ParentKind::IngressClass if !parent.name.is_empty() => ("networking.k8s.io", "IngressClass"),
        ParentKind::IngressClass | ParentKind::Mesh | ParentKind::Other => return None,
    };
    let class = parent.kind == ParentKind::IngressClass;
    let link = Link::up(Relation::Attaches, target(group, kind, &parent.namespace, &parent.name));
    let detail = match (&parent.section, parent.port) {
        (Some(section), _) => format!("listener {section}"),
        (None, Some(port)) => format!("port {port}"),
        (None, None) => String::new(),
    };
    Some(Link { optional: class, ..link.with(detail) })
}

fn backend(backend: &Backend) -> Option<Target> {
    // A host outside is no object.
    (backend.kind != "Host" && !backend.name.is_empty())
        .then(|| target(&backend.group, &backend.kind, &backend.namespace, &backend.name))
}

/// Where the requests of one rule go, with their shares where they are shared.
fn sent(backends: &[Backend]) -> impl Iterator<Item = Link> + use<'_> {
    let sum: u64 = backends.iter().map(|one| u64::from(one.weight)).sum();
    backends.iter().filter_map(move |one| {
        let share = (backends.len() > 1).then(|| match u64::from(one.weight).checked_mul(100)?.checked_div(sum) {
            Some(share) => Some(format!("{share}%")),
            None => Some("0%".to_owned()),
        });
        let subset = one.subset.as_ref().map(|subset| format!("subset {subset}"));
        let detail: Vec<String> = subset.into_iter().chain(share.flatten()).collect();
        Some(Link::down(Relation::Routes, backend(one)?).with(detail.join(" ")))
    })
}

fn copied(rule: &Rule) -> impl Iterator<Item = Link> + use<'_> {
    rule.filters.iter().filter_map(|filter| match filter {
        Filter::Mirror(mirror) => Some(Link::down(Relation::Mirrors, backend(&mirror.to)?)),
        _ => None,
    })
}

/// Of a DestinationRule: the Service it is for.
pub(super) fn destination_rule(object: &Manifest) -> Vec<Link> {
    let row = DestinationRuleRow::decode(object);
    let (namespace, name) = row.service();
    // A whole host of no Service is one outside.
    if name.contains('.') || name.is_empty() {
        return Vec::new();
    }
    let subsets: Vec<&str> = row.subsets.iter().map(|subset| subset.name.as_str()).collect();
    let link = Link::up(Relation::Configures, target("", "Service", &namespace, &name));
    vec![if subsets.is_empty() { link } else { link.with(format!("subsets {}", subsets.join(", "))) }]
}
