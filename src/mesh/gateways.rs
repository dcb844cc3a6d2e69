//! Gateways and their listeners: where requests come in, and who may attach.
//!
//! Read from Gateway (gateway.networking.k8s.io/v1). Istio's own Gateway kind only matters by name (it is what a
//! VirtualService names), so it has no row here.

use std::collections::BTreeMap;

use compact_str::{CompactString, format_compact};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    json::{Node, Notes},
    routes::{Parent, RouteKind},
};
use crate::{
    base::Uid,
    cluster::{Kind, Manifest, Row, Scope},
};

/// How far Gateways could be seen. What could not be seen may be there: it is unknown, not absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Seen {
    /// Nobody looked, or nobody may.
    #[default]
    Nowhere,
    /// Only in this namespace, where the reader's rights end.
    Namespace(CompactString),
    /// Only in these, where they end there.
    Namespaces(Vec<CompactString>),
    /// In every namespace.
    Everywhere,
}

impl Seen {
    /// All that a scope covers.
    pub fn within(scope: &Scope) -> Self {
        match scope.names().as_slice() {
            [] => Self::Everywhere,
            [only] => Self::Namespace((*only).into()),
            names => Self::Namespaces(names.iter().map(|name| (*name).into()).collect()),
        }
    }

    /// Whether a Gateway of this namespace would have been seen.
    pub fn covers(&self, namespace: &str) -> bool {
        match self {
            Self::Nowhere => false,
            Self::Namespace(seen) => seen == namespace,
            Self::Namespaces(seen) => seen.iter().any(|seen| seen == namespace),
            Self::Everywhere => true,
        }
    }
}

/// Gateways as far as they are known.
#[derive(Debug, Clone, Default)]
pub struct Gateways<'a> {
    /// Those that were seen.
    pub rows: Vec<&'a GatewayRow>,
    /// Where one that is not among them is absent rather than unknown.
    pub seen: Seen,
}

impl<'a> Gateways<'a> {
    /// All there are.
    pub fn all(rows: impl IntoIterator<Item = &'a GatewayRow>) -> Self {
        Self { rows: rows.into_iter().collect(), seen: Seen::Everywhere }
    }
}

/// One Gateway as a row, or one ListenerSet.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayRow {
    /// `metadata.uid`, or a fold of namespace and name.
    pub uid: Uid,
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// `spec.gatewayClassName`.
    pub class: CompactString,
    /// Of a ListenerSet the Gateway it hangs on, as `(namespace, name)`; `None`: this is a Gateway.
    pub hangs_on: Option<(CompactString, CompactString)>,
    /// Whose ListenerSets may hang on it.
    pub allowed_listeners: AllowedNamespaces,
    /// Its listeners, in order.
    pub listeners: Vec<Listener>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

/// One listener.
#[derive(Debug, Clone, PartialEq)]
pub struct Listener {
    /// Its name, unique in the Gateway.
    pub name: CompactString,
    /// The hostname it serves, lower case; `None`: all.
    pub hostname: Option<CompactString>,
    /// The port.
    pub port: u16,
    /// `HTTP`, `HTTPS`, `TLS`, `TCP`, `UDP`, `HBONE`, or a name of the implementation's.
    pub protocol: CompactString,
    /// Whether TLS is handed on as it is (`tls.mode: Passthrough`) instead of ended here.
    pub passthrough: bool,
    /// Whose routes may attach.
    pub namespaces: AllowedNamespaces,
    /// Route kinds that may attach, of other groups as `GROUP/KIND`; empty: those of the protocol.
    pub kinds: Vec<CompactString>,
}

/// `allowedRoutes.namespaces`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedNamespaces {
    /// The Gateway's own (the default).
    Same,
    /// Any.
    All,
    /// None.
    None,
    /// Those whose labels match.
    Selector(LabelSelector),
}

/// The label that the API server puts on every namespace: its name.
const NAME: &str = "kubernetes.io/metadata.name";

impl AllowedNamespaces {
    /// Whether objects of `namespace` are let in; `own` is the namespace of who says so. Of labels that are not known only the
    /// one every namespace has is asked: nothing says no.
    pub fn admits(&self, own: &str, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> bool {
        match self {
            Self::Same => own == namespace,
            Self::All => true,
            Self::None => false,
            Self::Selector(selector) => {
                let mut known = labels.cloned().unwrap_or_default();
                known.entry(NAME.to_owned()).or_insert_with(|| namespace.to_owned());
                let mut asked = selector.clone();
                if labels.is_none() {
                    asked.labels.retain(|key, _| key == NAME);
                    asked.expressions.retain(|(key, ..)| key == NAME);
                }
                asked.selects(&known)
            }
        }
    }
}

/// A label selector (meta/v1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSelector {
    /// All must be equal.
    pub labels: BTreeMap<String, String>,
    /// All must hold: key, operator (`In`, `NotIn`, `Exists`, `DoesNotExist`), values.
    pub expressions: Vec<(String, String, Vec<String>)>,
}

impl LabelSelector {
    /// Whether these labels are selected. An operator of no known name selects nothing.
    pub fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.expressions.iter().all(|(key, operator, values)| match operator.as_str() {
                "In" => labels.get(key).is_some_and(|value| values.contains(value)),
                "NotIn" => labels.get(key).is_none_or(|value| !values.contains(value)),
                "Exists" => labels.contains_key(key),
                "DoesNotExist" => !labels.contains_key(key),
                _ => false,
            })
    }

    fn decode(node: Node<'_>, notes: &mut Notes) -> Self {
        let labels = node
            .entries("matchLabels", notes)
            .filter_map(|(key, value)| Some((key.to_owned(), value.value().as_str()?.to_owned())))
            .collect();
        let mut expressions = Vec::new();
        for expression in node.list("matchExpressions", notes) {
            let key = expression.text("key", notes).unwrap_or_default().to_owned();
            let operator = expression.text("operator", notes).unwrap_or_default().to_owned();
            let values = expression.words("values", notes).iter().map(ToString::to_string).collect();
            expressions.push((key, operator, values));
        }
        Self { labels, expressions }
    }
}

impl Row for GatewayRow {
    fn uid(&self) -> Uid {
        self.uid
    }
}

impl GatewayRow {
    /// The kind as the API server serves it.
    pub fn kind() -> Kind {
        Kind::namespaced("gateway.networking.k8s.io", "v1", "Gateway", "gateways")
    }

    /// Reads a Gateway or a ListenerSet. Total: what is odd is noted.
    pub fn decode(manifest: &Manifest) -> Self {
        let mut notes = Notes::default();
        let namespace = manifest.namespace().unwrap_or("default");
        let name = manifest.name();
        let null = Value::Null;
        let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
        let set = manifest.kind().ends_with("ListenerSet");
        let parent = spec.get("parentRef");
        let listeners = spec.list("listeners", &mut notes).collect::<Vec<_>>();
        Self {
            uid: manifest.uid().unwrap_or_else(|| Uid::parse(&format!("{} {namespace}/{name}", manifest.kind()))),
            namespace: namespace.into(),
            name: name.into(),
            class: spec.word("gatewayClassName", &mut notes).unwrap_or_default(),
            hangs_on: set.then(|| {
                let to = parent.and_then(|node| node.word("namespace", &mut notes));
                let name = parent.and_then(|node| node.word("name", &mut notes));
                (to.unwrap_or_else(|| namespace.into()), name.unwrap_or_default())
            }),
            allowed_listeners: allowed(spec.get("allowedListeners"), AllowedNamespaces::None, &mut notes),
            listeners: listeners.into_iter().map(|node| Listener::decode(node, &mut notes)).collect(),
            created: manifest.created(),
            notes: notes.into_inner(),
        }
    }

    /// Whether it is a ListenerSet of this Gateway.
    pub fn hangs_on(&self, gateway: &Self) -> bool {
        self.hangs_on.as_ref().is_some_and(|(namespace, name)| {
            gateway.hangs_on.is_none() && *namespace == gateway.namespace && *name == gateway.name
        })
    }

    /// The workloads that carry its traffic, by the names implementations give them: the Gateway's own name (kgateway,
    /// agentgateway) and `NAME-CLASS` (Istio), in its namespace.
    pub fn workloads(&self) -> [CompactString; 2] {
        [self.name.clone(), CompactString::from(format!("{}-{}", self.name, self.class))]
    }
}

/// A kind of `allowedRoutes.kinds`.
fn kind(node: Node<'_>, notes: &mut Notes) -> Option<CompactString> {
    let kind = node.word("kind", notes)?;
    match node.text("group", notes) {
        None | Some("gateway.networking.k8s.io") => Some(kind),
        Some(group) => Some(format_compact!("{group}/{kind}")),
    }
}

/// `namespaces` of `allowedRoutes` or `allowedListeners`.
fn allowed(node: Option<Node<'_>>, when_silent: AllowedNamespaces, notes: &mut Notes) -> AllowedNamespaces {
    let from = node.and_then(|node| node.get("namespaces"));
    match from.and_then(|node| node.text("from", notes)) {
        None => when_silent,
        Some("Same") => AllowedNamespaces::Same,
        Some("All") => AllowedNamespaces::All,
        Some("None") => AllowedNamespaces::None,
        Some("Selector") => AllowedNamespaces::Selector(
            from.and_then(|node| node.get("selector"))
                .map(|node| LabelSelector::decode(node, notes))
                .unwrap_or_default(),
        ),
        Some(other) => {
            notes.add(format!("routes or listeners are allowed from `{other}`, which brink does not know"));
            AllowedNamespaces::None
        }
    }
}

impl Listener {
    /// Whether a reference to its Gateway means this listener, by name and port where it says them.
    pub fn is_named_by(&self, parent: &Parent) -> bool {
        parent.section.as_ref().is_none_or(|section| *section == self.name)
            && parent.port.is_none_or(|port| port == self.port)
    }

    /// Whether HTTP routes can attach at all.
    pub fn speaks_http(&self) -> bool {
        matches!(self.protocol.as_str(), "HTTP" | "HTTPS")
    }

    /// Whether routes of this kind may attach.
    pub fn takes_kind(&self, kind: RouteKind) -> bool {
        let protocol = self.protocol.as_str();
        let fits = match kind {
            RouteKind::Http | RouteKind::Grpc => self.speaks_http(),
            RouteKind::Tls => protocol == "TLS",
            // Of TLS that ends here the stream inside is left.
            RouteKind::Tcp => protocol == "TCP" || protocol == "TLS" && !self.passthrough,
            RouteKind::Udp => protocol == "UDP",
            RouteKind::VirtualService | RouteKind::Ingress => false,
        };
        // Kinds that do not go with a protocol do not count; what goes with an implementation's own is its business.
        let own = !matches!(protocol, "HTTP" | "HTTPS" | "TLS" | "TCP" | "UDP");
        if self.kinds.is_empty() { fits } else { (fits || own) && self.kinds.iter().any(|name| name == kind.name()) }
    }

    /// Whether routes of `namespace` may attach. `labels` are that namespace's, when known; with a selector and no labels
    /// the answer is yes (nothing says no).
    pub fn takes_namespace(&self, own: &str, namespace: &str, labels: Option<&BTreeMap<String, String>>) -> bool {
        self.namespaces.admits(own, namespace, labels)
    }

    fn decode(node: Node<'_>, notes: &mut Notes) -> Self {
        let allowed = node.get("allowedRoutes");
        let namespaces = self::allowed(allowed, AllowedNamespaces::Same, notes);
        let mode = node.get("tls").and_then(|node| node.text("mode", notes));
        let kinds = allowed.map(|node| node.list("kinds", notes).collect::<Vec<_>>()).unwrap_or_default();
        Self {
            name: node.word("name", notes).unwrap_or_default(),
            hostname: node
                .text("hostname", notes)
                .filter(|host| !host.is_empty())
                .map(|host| CompactString::from(host.to_ascii_lowercase())),
            port: node.number("port", notes).unwrap_or(0),
            protocol: node.word("protocol", notes).unwrap_or_default(),
            passthrough: mode == Some("Passthrough"),
            namespaces,
            kinds: kinds.into_iter().filter_map(|node| kind(node, notes)).collect(),
        }
    }
}
