//! Reads Service (core/v1): which pods are behind it, and on which of their ports.

use compact_str::CompactString;
use serde_json::Value;

use super::{Labels, destination_rule::texts};
use crate::{
    cluster::{Kind, Manifest},
    mesh::json::{Node, Notes},
};

/// One Service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceRow {
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// Labels of the pods behind it; empty: nobody says.
    pub selector: Labels,
    /// Its ports.
    pub ports: Vec<ServicePort>,
}

/// A port of a Service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServicePort {
    /// Its number.
    pub port: u16,
    /// The number at the pods; `None`: the pods say, by a name.
    pub target: Option<u16>,
}

impl ServiceRow {
    /// The kind of these objects.
    pub fn kind() -> Kind {
        Kind::namespaced("", "v1", "Service", "services")
    }

    /// Reads one. Total: what is odd is left out.
    pub fn decode(manifest: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
        let mut ports = Vec::new();
        for node in spec.list("ports", &mut notes).collect::<Vec<_>>() {
            let Some(port) = node.number("port", &mut notes) else { continue };
            let target = match node.get("targetPort").map(Node::value) {
                None | Some(Value::Number(_)) => node.number("targetPort", &mut notes).or(Some(port)),
                Some(_) => None,
            };
            ports.push(ServicePort { port, target });
        }
        Self {
            namespace: manifest.namespace().unwrap_or("default").into(),
            name: manifest.name().into(),
            selector: texts(spec, "selector", &mut notes),
            ports,
        }
    }

    /// `NS/NAME`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}
