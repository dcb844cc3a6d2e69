//! IngressClasses (networking.k8s.io/v1): who serves the Ingresses of a class, and which class those get that name none.

use compact_str::{CompactString, format_compact};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    json::{Node, Notes},
    resolve::World,
    routes::{Parent, ParentKind, RouteRow},
};
use crate::cluster::{Kind, Manifest};

/// Marks the class that new Ingresses get that name none.
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";

/// One IngressClass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IngressClassRow {
    /// Its name.
    pub name: CompactString,
    /// `spec.controller`, such as `k8s.io/ingress-nginx`.
    pub controller: CompactString,
    /// `spec.parameters` as `KIND NAME` or `KIND NS/NAME`.
    pub parameters: Option<CompactString>,
    /// Whether it is marked as the default.
    pub default: bool,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
}

impl IngressClassRow {
    /// The kind as the API server serves it.
    pub fn kind() -> Kind {
        Kind::cluster_wide("networking.k8s.io", "v1", "IngressClass", "ingressclasses")
    }

    /// Reads an IngressClass. Total: what is odd is left out.
    pub fn decode(manifest: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
        let parameters = spec.get("parameters").map(|node| {
            let mut word = |field| node.word(field, &mut notes).unwrap_or_default();
            let (kind, namespace, name) = (word("kind"), word("namespace"), word("name"));
            if namespace.is_empty() {
                format_compact!("{kind} {name}")
            } else {
                format_compact!("{kind} {namespace}/{name}")
            }
        });
        Self {
            name: manifest.name().into(),
            controller: spec.word("controller", &mut Notes::default()).unwrap_or_default(),
            parameters,
            default: manifest.at(&["metadata", "annotations", DEFAULT]).and_then(Value::as_str) == Some("true"),
            created: manifest.created(),
        }
    }

    /// `controller NAME, parameters KIND NAME`.
    pub fn words(&self) -> String {
        let parameters = self.parameters.as_ref().map(|one| format!(", parameters {one}")).unwrap_or_default();
        format!("controller {}{parameters}", self.controller)
    }
}

/// The name of the class a route is of through this parent. An Ingress that names none has the one that was the default when it was
/// made; where two are, the API server makes no such Ingress, and nobody knows.
pub(super) fn of<'a>(world: &World<'a>, route: &RouteRow, parent: &'a Parent) -> &'a str {
    if parent.kind != ParentKind::IngressClass || !parent.name.is_empty() {
        return &parent.name;
    }
    let Some(classes) = world.classes else { return "" };
    let mut defaults = classes.iter().filter(|class| class.default);
    match (defaults.next(), defaults.next()) {
        (Some(class), None) if made_under(class, route) => &class.name,
        _ => "",
    }
}

/// Whether the class was there when the Ingress was made: only then it was given to it. Files are made when they are applied.
fn made_under(class: &IngressClassRow, route: &RouteRow) -> bool {
    match (class.created, route.created) {
        (Some(class), Some(route)) => class <= route,
        (_, None) | (None, Some(_)) => true,
    }
}
