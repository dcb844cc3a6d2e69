//! Reads Sidecar (networking.istio.io/v1): only what narrows a workload's reach, so `ingress` is left out.

use std::collections::BTreeMap;

use compact_str::CompactString;
use jiff::Timestamp;
use serde_json::Value;

use super::{Scoped, destination_rule::texts};
use crate::{
    cluster::Manifest,
    mesh::json::{Node, Notes},
};

/// One Sidecar.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SidecarRow {
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// `workloadSelector.labels`; empty: the whole namespace.
    pub selector: BTreeMap<String, String>,
    /// `egress`, in order; empty: as without a Sidecar.
    pub egress: Vec<Egress>,
    /// `outboundTrafficPolicy.mode`: `ALLOW_ANY` or `REGISTRY_ONLY`; `None`: the mesh's.
    pub outbound: Option<CompactString>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

/// One listener towards other workloads.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Egress {
    /// Only this port; `None`: all.
    pub port: Option<u16>,
    /// The hosts that are reached through it.
    pub hosts: Vec<Scoped>,
}

impl SidecarRow {
    /// Reads a Sidecar. Total: what is odd is noted.
    pub fn decode(manifest: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
        let egress: Vec<_> = spec.list("egress", &mut notes).collect();
        let egress = egress.into_iter().map(|node| Egress {
            port: node.get("port").and_then(|port| port.number("number", &mut notes)),
            hosts: node.words("hosts", &mut notes).iter().map(|host| Scoped::parse(host)).collect(),
        });
        Self {
            namespace: manifest.namespace().unwrap_or("default").into(),
            name: manifest.name().into(),
            egress: egress.collect(),
            selector: spec.get("workloadSelector").map(|node| texts(node, "labels", &mut notes)).unwrap_or_default(),
            outbound: spec.get("outboundTrafficPolicy").and_then(|node| node.word("mode", &mut notes)),
            created: manifest.created(),
            notes: notes.into_inner(),
        }
    }
}
