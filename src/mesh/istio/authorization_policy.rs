//! Reads AuthorizationPolicy (security.istio.io/v1): only whom it is for, not what it allows.

use compact_str::CompactString;
use serde_json::Value;

use super::{Labels, destination_rule::texts};
use crate::{
    cluster::{Kind, Manifest},
    mesh::json::{Node, Notes},
};

/// One AuthorizationPolicy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorizationPolicyRow {
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// `selector.matchLabels`; empty: all workloads of the namespace, in the root namespace of the mesh.
    pub selector: Labels,
}

impl AuthorizationPolicyRow {
    /// The kind of these objects.
    pub fn kind() -> Kind {
        Kind::namespaced("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies")
    }

    /// Reads one. Total: what is odd is left out.
    pub fn decode(manifest: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
        Self {
            namespace: manifest.namespace().unwrap_or("default").into(),
            name: manifest.name().into(),
            selector: spec.get("selector").map(|node| texts(node, "matchLabels", &mut notes)).unwrap_or_default(),
        }
    }
}
