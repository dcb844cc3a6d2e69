//! Reads DestinationRule (networking.istio.io/v1).

use std::collections::BTreeMap;

use compact_str::CompactString;
use jiff::Timestamp;
use serde_json::Value;

use super::Policy;
use crate::{
    cluster::Manifest,
    mesh::{
        host,
        json::{Node, Notes},
    },
};

/// One DestinationRule.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DestinationRuleRow {
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// `host`, lower case, as written otherwise: a short name is a service of its own namespace.
    pub host: CompactString,
    /// Its subsets, in order.
    pub subsets: Vec<Subset>,
    /// `trafficPolicy`.
    pub policy: Policy,
    /// `exportTo`; empty: the mesh's default.
    pub export_to: Vec<CompactString>,
    /// `workloadSelector.matchLabels`: only for these clients; empty: for all.
    pub selector: BTreeMap<String, String>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
    /// What could not be read, in words.
    pub notes: Vec<String>,
}

/// A named part of a host's endpoints.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subset {
    /// Its name, unique in the rule.
    pub name: CompactString,
    /// Labels of its endpoints.
    pub labels: BTreeMap<String, String>,
    /// Its own `trafficPolicy`, which stands before the rule's.
    pub policy: Policy,
}

impl DestinationRuleRow {
    /// The service its host means, by namespace and name: a short name is one of its own namespace, a whole one of a Service
    /// says both, and anything else is a host outside, whole.
    pub fn service(&self) -> (CompactString, CompactString) {
        let mut parts = self.host.splitn(4, '.');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(name), None, _) => (self.namespace.clone(), name.into()),
            (Some(name), Some(namespace), Some("svc")) => (namespace.into(), name.into()),
            _ => (self.namespace.clone(), self.host.clone()),
        }
    }

    /// Reads a DestinationRule. Total: what is odd is noted.
    pub fn decode(manifest: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
        let subsets: Vec<_> = spec.list("subsets", &mut notes).collect();
        let subsets = subsets.into_iter().map(|node| Subset {
            name: node.word("name", &mut notes).unwrap_or_default(),
            labels: texts(node, "labels", &mut notes),
            policy: Policy::decode(node, &mut notes),
        });
        Self {
            namespace: manifest.namespace().unwrap_or("default").into(),
            name: manifest.name().into(),
            subsets: subsets.collect(),
            host: spec.text("host", &mut notes).unwrap_or_default().to_ascii_lowercase().into(),
            policy: Policy::decode(spec, &mut notes),
            export_to: spec.words("exportTo", &mut notes),
            selector: spec
                .get("workloadSelector")
                .map(|node| texts(node, "matchLabels", &mut notes))
                .unwrap_or_default(),
            created: manifest.created(),
            notes: notes.into_inner(),
        }
    }

    /// The whole host: one without a dot is a Service of its own namespace.
    pub fn meant(&self) -> String {
        host::meant(&self.host, &self.namespace)
    }
}

/// A map of text to text; other values are left out and noted.
pub(super) fn texts<'a>(node: Node<'a>, field: &'a str, notes: &mut Notes) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (key, value) in node.entries(field, notes).collect::<Vec<_>>() {
        match value.value().as_str() {
            Some(text) => drop(all.insert(key.to_owned(), text.to_owned())),
            None => notes.add(format!("{field}: {key} is not text")),
        }
    }
    all
}
