//! Namespaces as rows: what a person switches between, and what the mesh does there.

use std::collections::BTreeMap;

use compact_str::CompactString;
use jiff::Timestamp;

use super::{Manifest, delta::Row, pods::MeshMode};
use crate::base::{Uid, sanitize};

/// One namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct NamespaceRow {
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.name`.
    pub name: CompactString,
    /// Being deleted.
    pub terminating: bool,
    /// What new pods get by the namespace's labels (`istio-injection`, `istio.io/rev`, `istio.io/dataplane-mode`).
    pub mesh: MeshMode,
    /// `metadata.labels`: what a Gateway selects namespaces by.
    pub labels: BTreeMap<String, String>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
}

impl Row for NamespaceRow {
    fn uid(&self) -> Uid {
        self.uid
    }
}

impl NamespaceRow {
    /// The row of a namespace; `None` when it has no uid.
    pub fn of(namespace: &Manifest) -> Option<Self> {
        let mesh = if namespace.label("istio.io/dataplane-mode") == Some("ambient") {
            MeshMode::Ambient
        } else if namespace.label("istio-injection") == Some("enabled")
            || namespace.label("istio-injection").is_none() && namespace.label("istio.io/rev").is_some()
        {
            MeshMode::Sidecar
        } else {
            MeshMode::None
        };
        Some(Self {
            uid: namespace.uid()?,
            name: CompactString::from(sanitize::line(namespace.name())),
            terminating: namespace.terminating(),
            mesh,
            labels: namespace.labels().map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
            created: namespace.created(),
        })
    }
}
