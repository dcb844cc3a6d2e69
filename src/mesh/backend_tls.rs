//! BackendTLSPolicy (gateway.networking.k8s.io/v1): which Services a Gateway speaks TLS to, and as whom.

use compact_str::CompactString;
use jiff::Timestamp;
use serde_json::Value;

use super::{
    json::{Node, Notes},
    resolve::World,
    routes::Backend,
};
use crate::cluster::{Kind, Manifest};

/// One policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BackendTlsRow {
    /// Its namespace, and that of the Services it is for.
    pub namespace: CompactString,
    /// Its name.
    pub name: CompactString,
    /// The Services it is for, each with the name of the port where it is for that alone.
    pub targets: Vec<(CompactString, Option<CompactString>)>,
    /// `validation.hostname`: the name in the handshake.
    pub hostname: CompactString,
    /// Why every controller that spoke refuses it; a conflict with another policy is none.
    pub refused: Option<CompactString>,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
}

impl BackendTlsRow {
    /// The kind as the API server serves it.
    pub fn kind() -> Kind {
        Kind::namespaced("gateway.networking.k8s.io", "v1", "BackendTLSPolicy", "backendtlspolicies")
    }

    /// Reads a policy. Total: what is odd is left out.
    pub fn decode(manifest: &Manifest) -> Self {
        let mut notes = Notes::default();
        let null = Value::Null;
        let spec = Node::root(manifest.at(&["spec"]).unwrap_or(&null));
        let targets: Vec<_> = spec.list("targetRefs", &mut notes).collect();
        let targets = targets.into_iter().filter(|node| {
            node.text("group", &mut Notes::default()).unwrap_or_default().is_empty()
                && node.text("kind", &mut Notes::default()) == Some("Service")
        });
        let targets = targets.map(|node| {
            let word = |field| node.word(field, &mut Notes::default());
            (word("name").unwrap_or_default(), word("sectionName"))
        });
        let targets = targets.collect();
        let status = manifest.at(&["status"]).map(Node::root);
        let ancestors: Vec<_> = status.map(|node| node.list("ancestors", &mut notes).collect()).unwrap_or_default();
        let verdicts: Vec<(bool, CompactString)> = ancestors.into_iter().filter_map(accepted).collect();
        let refused = verdicts.iter().all(|(yes, _)| !yes);
        Self {
            namespace: manifest.namespace().unwrap_or("default").into(),
            name: manifest.name().into(),
            targets,
            hostname: spec
                .get("validation")
                .and_then(|node| node.word("hostname", &mut Notes::default()))
                .unwrap_or_default(),
            refused: verdicts.into_iter().map(|(_, why)| why).find(|why| why != "Conflicted").filter(|_| refused),
            created: manifest.created(),
        }
    }
}

/// What one controller says of it.
fn accepted(ancestor: Node<'_>) -> Option<(bool, CompactString)> {
    let mut notes = Notes::default();
    let conditions: Vec<_> = ancestor.list("conditions", &mut notes).collect();
    let node = conditions.into_iter().find(|node| node.text("type", &mut Notes::default()) == Some("Accepted"))?;
    Some((node.text("status", &mut notes) == Some("True"), node.word("reason", &mut notes).unwrap_or_default()))
}

/// The policy for a backend: one for its port before one for the whole Service, then the older, then the first by name.
pub(super) fn of<'a>(world: &World<'a>, backend: &Backend) -> Option<&'a BackendTlsRow> {
    if !backend.is_service() {
        return None;
    }
    let row = world.service_rows.and_then(|all| all.get(&format!("{}/{}", backend.namespace, backend.name)));
    let policies = world.tls_policies?.iter().filter(|one| one.namespace == backend.namespace);
    let meant = policies.filter_map(|policy| {
        let whole = policy.targets.iter().filter(|(name, _)| *name == backend.name).map(|(_, section)| match section {
            None => Some(true),
            Some(section) => {
                let named = row.and_then(|row| row.port(section));
                (named.is_some() && named == backend.port).then_some(false)
            }
        });
        whole.flatten().min().map(|whole| (whole, policy))
    });
    meant.min_by_key(|(whole, one)| (*whole, one.created.is_none(), one.created, &one.name)).map(|(_, policy)| policy)
}
