//! Reads Gateway of networking.istio.io/v1, which is not the Gateway of the Gateway API.

use std::collections::BTreeMap;

use compact_str::CompactString;
use jiff::Timestamp;
use serde_json::Value;

use super::{Scoped, destination_rule::texts};
use crate::{
    cluster::Manifest,
    mesh::json::{Node, Notes},
};

/// One Gateway of Istio's.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IstioGatewayRow {
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// Labels of the proxies that it configures; empty: all.
    pub selector: BTreeMap<String, String>,
    /// Its servers, in order.
    pub servers: Vec<Server>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

/// One port that is listened on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Server {
    /// Its name, where it has one.
    pub name: Option<CompactString>,
    /// The hosts it serves, and of whose VirtualServices.
    pub hosts: Vec<Scoped>,
    /// `port.number`.
    pub port: u16,
    /// `port.protocol`, upper case: `HTTP`, `HTTPS`, `GRPC`, `HTTP2`, `TLS`, `TCP`.
    pub protocol: CompactString,
    /// `tls.mode`.
    pub tls: Option<CompactString>,
    /// `tls.httpsRedirect`: plain requests are sent to `https` with 301.
    pub https_redirect: bool,
}

impl IstioGatewayRow {
    /// Reads a Gateway. Total: what is odd is noted.
    pub fn decode(manifest: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
        let servers: Vec<_> = spec.list("servers", &mut notes).collect();
        Self {
            namespace: manifest.namespace().unwrap_or("default").into(),
            name: manifest.name().into(),
            servers: servers.into_iter().map(|node| Server::decode(node, &mut notes)).collect(),
            selector: texts(spec, "selector", &mut notes),
            created: manifest.created(),
            notes: notes.into_inner(),
        }
    }
}

impl Server {
    fn decode(node: Node<'_>, notes: &mut Notes) -> Self {
        let port = node.get("port");
        let tls = node.get("tls");
        Self {
            name: node.word("name", notes),
            hosts: node.words("hosts", notes).iter().map(|host| Scoped::parse(host)).collect(),
            port: port.and_then(|port| port.number("number", notes)).unwrap_or(0),
            protocol: port
                .and_then(|port| port.text("protocol", notes))
                .unwrap_or_default()
                .to_ascii_uppercase()
                .into(),
            tls: tls.and_then(|tls| tls.word("mode", notes)),
            https_redirect: tls
                .and_then(|tls| tls.get("httpsRedirect"))
                .is_some_and(|node| node.value() == &Value::Bool(true)),
        }
    }
}
