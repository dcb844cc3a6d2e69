//! Services as far as routing hangs on them: ports by name, whose pods, and where they are reached from outside.

use std::{collections::BTreeMap, net::IpAddr};

use compact_str::CompactString;
use serde_json::Value;

use super::json::{Node, Notes};
use crate::cluster::Manifest;

/// One Service (v1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceRow {
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// Its ports: name (empty: none) and number.
    pub ports: Vec<(CompactString, u16)>,
    /// `spec.selector`; empty: its endpoints are somebody else's business.
    pub selector: BTreeMap<String, String>,
    /// `spec.clusterIPs`, those that are addresses.
    pub inside: Vec<IpAddr>,
    /// Where it is reached from outside: what the load balancer was given, then `spec.externalIPs`.
    pub outside: Vec<CompactString>,
}

impl ServiceRow {
    /// Reads a Service. Total: what is odd is left out.
    pub fn decode(object: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(object.at(&["spec"]).unwrap_or(&null));
        let mut ports = Vec::new();
        for port in spec.list("ports", &mut notes) {
            let number: Option<u16> = port.number("port", &mut Notes::default());
            let name = port.word("name", &mut Notes::default()).unwrap_or_default();
            ports.extend(number.map(|number| (name, number)));
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
        self.ports.iter().find(|(known, _)| known == name).map(|(_, number)| *number)
    }

    /// Whether every pod it sends to carries all of these labels.
    pub fn only_sends_to(&self, labels: &BTreeMap<String, String>) -> bool {
        labels.iter().all(|(key, value)| self.selector.get(key) == Some(value))
    }

    /// Whether it sends to a pod with these labels.
    pub fn sends_to(&self, pod: &BTreeMap<String, String>) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|(key, value)| pod.get(key) == Some(value))
    }
}
