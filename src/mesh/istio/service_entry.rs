//! Reads ServiceEntry (networking.istio.io/v1).

use compact_str::CompactString;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    cluster::Manifest,
    mesh::json::{Node, Notes},
};

/// One ServiceEntry: hosts that the mesh knows beside the cluster's Services.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServiceEntryRow {
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// Its hosts, lower case.
    pub hosts: Vec<CompactString>,
    /// Its ports: number and protocol, upper case.
    pub ports: Vec<(u16, CompactString)>,
    /// `MESH_EXTERNAL` (the default) or `MESH_INTERNAL`.
    pub location: CompactString,
    /// `NONE` (the default), `STATIC`, `DNS`, `DNS_ROUND_ROBIN`.
    pub resolution: CompactString,
    /// `exportTo`; empty: the mesh's default.
    pub export_to: Vec<CompactString>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

impl ServiceEntryRow {
    /// Reads a ServiceEntry. Total: what is odd is noted.
    pub fn decode(manifest: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
        let mut ports = Vec::new();
        for node in spec.list("ports", &mut notes).collect::<Vec<_>>() {
            let protocol = node.text("protocol", &mut notes).unwrap_or_default().to_ascii_uppercase();
            ports.extend(node.number("number", &mut notes).map(|number| (number, protocol.into())));
        }
        let lower = |host: &CompactString| host.to_ascii_lowercase();
        Self {
            namespace: manifest.namespace().unwrap_or("default").into(),
            name: manifest.name().into(),
            hosts: spec.words("hosts", &mut notes).iter().map(lower).collect(),
            ports,
            location: spec.word("location", &mut notes).unwrap_or(CompactString::const_new("MESH_EXTERNAL")),
            resolution: spec.word("resolution", &mut notes).unwrap_or(CompactString::const_new("NONE")),
            export_to: spec.words("exportTo", &mut notes),
            created: manifest.created(),
            notes: notes.into_inner(),
        }
    }
}
