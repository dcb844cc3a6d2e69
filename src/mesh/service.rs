//! Services as far as routing hangs on them: their ports, whose pods, and where they are reached from outside.

use std::{collections::BTreeMap, net::IpAddr};

use compact_str::CompactString;
use serde_json::Value;

use super::json::{Node, Notes};
use crate::cluster::{Kind, Manifest};

/// One Service (v1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceRow {
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// `spec.selector`; empty: its endpoints are somebody else's business.
    pub selector: BTreeMap<String, String>,
    /// `spec.clusterIPs`, those that are addresses.
    pub inside: Vec<IpAddr>,
    /// Where it is reached from outside: what the load balancer was given, then `spec.externalIPs`.
    pub outside: Vec<CompactString>,
}

/// A port of a Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServicePort {
    /// Its name; empty: none.
    pub name: CompactString,
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

    /// Reads a Service. Total: what is odd is left out.
    pub fn decode(object: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(object.at(&["spec"]).unwrap_or(&null));
        let mut ports = Vec::new();
        for node in spec.list("ports", &mut Notes::default()) {
            let Some(port) = node.number("port", &mut notes) else { continue };
            let name = node.word("name", &mut notes).unwrap_or_default();
            let target = match node.get("targetPort").map(Node::value) {
                None | Some(Value::Number(_)) => node.number("targetPort", &mut notes).or(Some(port)),
                Some(_) => None,
            };
            ports.push(ServicePort { name, port, target });
        }
        let selector = spec.entries("selector", &mut notes);
        let selector = selector.filter_map(|(key, value)| Some((key.to_owned(), value.value().as_str()?.to_owned())));
        let mut inside = spec.words("clusterIPs", &mut notes);
        inside.extend(spec.word("clusterIP", &mut notes).filter(|one| !inside.contains(one)));
        let balancer = object.at(&["status", "loadBalancer"]).map(Node::root);
        let given: Vec<_> = balancer.map(|node| node.list("ingress", &mut notes).collect()).unwrap_or_default();
        let given = given.into_iter().filter_map(|node: Node<'_>| {
            node.word("ip", &mut Notes::default()).or_else(|| node.word("hostname", &mut Notes::default()))
        });
        let mut outside: Vec<CompactString> = given.collect();
        outside.extend(spec.words("externalIPs", &mut notes));
        Self {
            namespace: object.namespace().unwrap_or("default").into(),
            name: object.name().into(),
            ports,
            selector: selector.collect(),
            inside: inside.iter().filter_map(|one| one.parse().ok()).collect(),
            outside,
        }
    }

    /// `NS/NAME`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The number of a port by its name.
    pub fn port(&self, name: &str) -> Option<u16> {
        self.ports.iter().find(|one| one.name == name).map(|one| one.port)
    }
}

/// The numbers of their ports by `NS/NAME`, the form that [`World::services`](super::resolve::World::services) has.
pub fn ports(rows: &BTreeMap<String, ServiceRow>) -> BTreeMap<String, Vec<u16>> {
    rows.iter().map(|(key, row)| (key.clone(), row.ports.iter().map(|one| one.port).collect())).collect()
}
