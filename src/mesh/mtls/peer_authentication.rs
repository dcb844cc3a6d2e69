//! PeerAuthentications as rows (security.istio.io/v1).

use std::{collections::BTreeMap, fmt};

use compact_str::CompactString;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use crate::{
    base::Uid,
    cluster::{Kind, Manifest, Row},
};

/// What a workload takes from its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Mode {
    /// Plain text alone.
    Disable,
    /// Both; Istio's default.
    #[default]
    Permissive,
    /// Mutual TLS alone.
    Strict,
}

impl Mode {
    /// The mode of that word; `UNSET` and what nobody knows is none.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "DISABLE" => Some(Self::Disable),
            "PERMISSIVE" => Some(Self::Permissive),
            "STRICT" => Some(Self::Strict),
            _ => None,
        }
    }

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Disable => "DISABLE",
            Self::Permissive => "PERMISSIVE",
            Self::Strict => "STRICT",
        }
    }
}

/// A policy by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicyRef {
    /// Its namespace.
    pub namespace: CompactString,
    /// Its name.
    pub name: CompactString,
}

impl fmt::Display for PolicyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl Serialize for PolicyRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One PeerAuthentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerAuthenticationRow {
    /// `metadata.uid`, or a fold of namespace and name.
    pub uid: Uid,
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// `metadata.creationTimestamp`: the oldest among equals counts.
    pub created: Option<Timestamp>,
    /// `spec.selector.matchLabels`; empty: all workloads of the namespace, in the root namespace of the mesh.
    pub selector: BTreeMap<CompactString, CompactString>,
    /// `spec.mtls.mode`; `None`: unset, so that what is above it holds.
    pub mode: Option<Mode>,
    /// `spec.portLevelMtls` by port of the workload; `None`: unset, so that the policy's own mode holds.
    pub ports: BTreeMap<u16, Option<Mode>>,
}

impl Row for PeerAuthenticationRow {
    fn uid(&self) -> Uid {
        self.uid
    }
}

impl PeerAuthenticationRow {
    /// The kind of these objects.
    pub fn kind() -> Kind {
        Kind::namespaced("security.istio.io", "v1", "PeerAuthentication", "peerauthentications")
    }

    /// Reads one. Fields of the wrong type count as unset.
    pub fn decode(object: &Manifest) -> Self {
        let namespace = object.namespace().unwrap_or("default");
        let mode = |value: &Value| value.get("mode").and_then(Value::as_str).and_then(Mode::of);
        let selector = object.at(&["spec", "selector", "matchLabels"]).and_then(Value::as_object);
        let ports = object.at(&["spec", "portLevelMtls"]).and_then(Value::as_object);
        Self {
            uid: object.uid().unwrap_or_else(|| Uid::parse(&format!("{namespace}/{}", object.name()))),
            namespace: namespace.into(),
            name: object.name().into(),
            created: object.created(),
            selector: selector
                .into_iter()
                .flatten()
                .filter_map(|(key, value)| Some((key.as_str().into(), value.as_str()?.into())))
                .collect(),
            mode: object.at(&["spec", "mtls"]).and_then(mode),
            ports: ports
                .into_iter()
                .flatten()
                .filter_map(|(port, value)| Some((port.parse().ok()?, mode(value))))
                .collect(),
        }
    }

    /// Its name with its namespace.
    pub fn policy_ref(&self) -> PolicyRef {
        PolicyRef { namespace: self.namespace.clone(), name: self.name.clone() }
    }

    /// Whether it picks workloads by labels.
    pub fn selects(&self) -> bool {
        !self.selector.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Manifest, Mode, PeerAuthenticationRow};

    #[test]
    fn a_policy_is_read_with_its_ports() {
        let row = PeerAuthenticationRow::decode(&Manifest(json!({
            "metadata": {"name": "db", "namespace": "shop", "creationTimestamp": "2026-01-01T00:00:00Z"},
            "spec": {
                "selector": {"matchLabels": {"app": "db", "odd": 1}},
                "mtls": {"mode": "STRICT"},
                "portLevelMtls": {"8080": {"mode": "DISABLE"}, "9090": {"mode": "UNSET"}, "x": {"mode": "STRICT"}},
            },
        })));
        assert_eq!((row.mode, row.selects(), row.selector.len()), (Some(Mode::Strict), true, 1));
        assert_eq!(row.ports.into_iter().collect::<Vec<_>>(), [(8080, Some(Mode::Disable)), (9090, None)]);
    }

    #[test]
    fn what_is_odd_is_unset() {
        for spec in
            [json!({}), json!({"mtls": "STRICT"}), json!({"mtls": {"mode": "UNSET"}}), json!({"mtls": {"mode": 3}})]
        {
            let row = PeerAuthenticationRow::decode(&Manifest(json!({"metadata": {"name": "x"}, "spec": spec})));
            assert_eq!((row.mode, row.selects(), row.ports.is_empty()), (None, false, true), "{spec}");
        }
    }
}
