//! What a route attaches to, and what the controllers behind it said (`status.parents`).

use compact_str::CompactString;

/// What kind of thing a parent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ParentKind {
    /// A Gateway of gateway.networking.k8s.io.
    Gateway,
    /// A ListenerSet of gateway.networking.k8s.io.
    ListenerSet,
    /// A Service: the route steers traffic inside the mesh (GAMMA).
    Service,
    /// A Gateway of networking.istio.io, as VirtualServices name it.
    IstioGateway,
    /// All sidecars of the mesh, as VirtualServices without gateways mean it.
    Mesh,
    /// A class of Ingresses, by name alone; an empty name: none is said.
    IngressClass,
    /// Something brink has no rule for.
    Other,
}

/// One parent of a route.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Parent {
    /// What it is.
    pub kind: ParentKind,
    /// Its namespace; empty for [`ParentKind::Mesh`] and [`ParentKind::IngressClass`].
    pub namespace: CompactString,
    /// Its name.
    pub name: CompactString,
    /// Only this listener.
    pub section: Option<CompactString>,
    /// Only this port.
    pub port: Option<u16>,
    /// The condition `Accepted`; `None` when no controller wrote it.
    pub accepted: Option<Condition>,
    /// The condition `ResolvedRefs`.
    pub resolved_refs: Option<Condition>,
    /// The condition `PartiallyInvalid`.
    pub partially_invalid: Option<Condition>,
    /// Whose word it is (`controllerName`).
    pub controller: Option<CompactString>,
}

/// The value of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// `True`.
    True,
    /// `False`.
    False,
    /// `Unknown`, or anything else.
    Unknown,
}

/// One condition (meta/v1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// Its value.
    pub verdict: Verdict,
    /// CamelCase reason, such as `NotAllowedByListeners`.
    pub reason: CompactString,
    /// The controller's words.
    pub message: String,
    /// The generation it speaks of; 0 when not said. Older than the row's generation: not up to date.
    pub observed: i64,
}

impl Parent {
    /// A parent nobody spoke for yet.
    pub fn new(kind: ParentKind, namespace: &str, name: &str) -> Self {
        Self {
            kind,
            namespace: namespace.into(),
            name: name.into(),
            section: None,
            port: None,
            accepted: None,
            resolved_refs: None,
            partially_invalid: None,
            controller: None,
        }
    }

    /// `ns/name`, with the listener or port when only one is meant; `mesh` for all sidecars.
    pub fn label(&self) -> String {
        let mut text = match self.kind {
            ParentKind::Mesh => return "mesh".to_owned(),
            ParentKind::IngressClass if self.name.is_empty() => return "no class".to_owned(),
            ParentKind::IngressClass => return format!("class {}", self.name),
            ParentKind::Service => format!("svc {}/{}", self.namespace, self.name),
            ParentKind::Gateway | ParentKind::ListenerSet | ParentKind::IstioGateway | ParentKind::Other => {
                format!("{}/{}", self.namespace, self.name)
            }
        };
        if let Some(section) = &self.section {
            text.push('#');
            text.push_str(section);
        }
        if let Some(port) = self.port {
            text.push_str(&format!(":{port}"));
        }
        text
    }

    /// The same parent, whatever was said about it.
    pub fn same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.namespace == other.namespace
            && self.name == other.name
            && self.section == other.section
            && self.port == other.port
    }
}
