//! The recorded facts of a real API server; `demo/pack/header.json` says of which.

use std::{
    collections::BTreeMap,
    io::Read as _,
    sync::{Arc, LazyLock, OnceLock},
};

use flate2::read::GzDecoder;
use serde_json::Value;

/// A recorded OpenAPI v3 document.
pub struct Recorded {
    /// `api/v1`, `apis/apps/v1`.
    pub path: &'static str,
    /// As it is stored.
    pub packed: &'static [u8],
    parsed: OnceLock<Arc<Value>>,
}

macro_rules! documents {
    ($($path:literal: $file:literal),* $(,)?) => {
        [$(Recorded { path: $path, packed: include_bytes!(concat!("../../pack/openapi/", $file, ".json.gz")), parsed: OnceLock::new() }),*]
    };
}

static DOCUMENTS: [Recorded; 17] = documents! {
    "api/v1": "api_v1",
    "apis/admissionregistration.k8s.io/v1": "admissionregistration.k8s.io_v1",
    "apis/apiextensions.k8s.io/v1": "apiextensions.k8s.io_v1",
    "apis/apps/v1": "apps_v1",
    "apis/authentication.k8s.io/v1": "authentication.k8s.io_v1",
    "apis/authorization.k8s.io/v1": "authorization.k8s.io_v1",
    "apis/autoscaling/v1": "autoscaling_v1",
    "apis/autoscaling/v2": "autoscaling_v2",
    "apis/batch/v1": "batch_v1",
    "apis/coordination.k8s.io/v1": "coordination.k8s.io_v1",
    "apis/discovery.k8s.io/v1": "discovery.k8s.io_v1",
    "apis/events.k8s.io/v1": "events.k8s.io_v1",
    "apis/networking.k8s.io/v1": "networking.k8s.io_v1",
    "apis/policy/v1": "policy_v1",
    "apis/rbac.authorization.k8s.io/v1": "rbac.authorization.k8s.io_v1",
    "apis/scheduling.k8s.io/v1": "scheduling.k8s.io_v1",
    "apis/storage.k8s.io/v1": "storage.k8s.io_v1",
};

macro_rules! part {
    ($name:ident, $file:literal, $what:literal) => {
        #[doc = $what]
        pub fn $name() -> &'static Value {
            static PART: LazyLock<Value> =
                LazyLock::new(|| parse(include_bytes!(concat!("../../pack/", $file, ".json.gz"))));
            &PART
        }
    };
}

part!(discovery, "discovery", "Groups with their versions, in the form of aggregated discovery.");
part!(columns, "columns", "`columnDefinitions` by path of the collection.");
part!(definitions, "crds", "CustomResourceDefinitions.");
part!(chaos_mesh, "chaos-mesh", "CustomResourceDefinitions of the faults of Chaos Mesh.");
part!(argo_cd, "argo-cd", "CustomResourceDefinitions of Argo CD.");
part!(flux, "flux", "CustomResourceDefinitions of Flux.");
part!(litmus, "litmus", "CustomResourceDefinitions of Litmus.");
part!(kgateway, "kgateway", "CustomResourceDefinitions of kgateway.");
part!(agentgateway, "agentgateway", "CustomResourceDefinitions of agentgateway.");
part!(dapr, "dapr", "CustomResourceDefinitions of Dapr.");
part!(kagent, "kagent", "CustomResourceDefinitions of kagent.");
part!(roles, "roles", "ClusterRoles and their bindings that every cluster has.");
part!(proto, "proto", "Field numbers of the protobuf encoding by type, and the types of kinds.");
part!(version, "version", "What `/version` says.");

/// All recorded documents.
pub fn documents() -> &'static [Recorded] {
    &DOCUMENTS
}

/// The recorded document of a group version.
pub fn document(path: &str) -> Option<&'static Recorded> {
    DOCUMENTS.iter().find(|one| one.path == path)
}

/// Column definitions by kind, without the parse of a `Value` per question.
pub fn columns_of(path: &str) -> Option<&'static Value> {
    static INDEX: LazyLock<BTreeMap<&'static str, &'static Value>> = LazyLock::new(|| {
        columns().as_object().into_iter().flatten().map(|(path, value)| (path.as_str(), value)).collect()
    });
    INDEX.get(path).copied()
}

impl Recorded {
    /// The document, parsed on first use.
    pub fn parsed(&self) -> Arc<Value> {
        Arc::clone(self.parsed.get_or_init(|| Arc::new(parse(self.packed))))
    }

    /// The document as text.
    pub fn text(&self) -> Vec<u8> {
        inflate(self.packed)
    }
}

fn inflate(packed: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    // The pack is part of the program and a test parses all of it; what cannot be read would read as empty here.
    let _ = GzDecoder::new(packed).read_to_end(&mut text);
    text
}

fn parse(packed: &[u8]) -> Value {
    serde_json::from_slice(&inflate(packed)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    #[test]
    fn every_part_can_be_read_and_says_nothing_in_prose() {
        fn prose(value: &Value) -> bool {
            match value {
                Value::Object(map) => {
                    map.iter().any(|(name, inner)| name == "description" && inner.is_string() || prose(inner))
                }
                Value::Array(list) => list.iter().any(prose),
                _ => false,
            }
        }
        for document in super::documents() {
            assert!(document.parsed()["paths"].is_object(), "{}", document.path);
            assert!(!prose(&document.parsed()), "{}", document.path);
        }
        for part in [
            super::discovery(),
            super::columns(),
            super::definitions(),
            super::chaos_mesh(),
            super::litmus(),
            super::kgateway(),
            super::agentgateway(),
            super::dapr(),
            super::kagent(),
            super::argo_cd(),
            super::flux(),
            super::roles(),
            super::proto(),
            super::version(),
        ] {
            assert!(!part.is_null());
            assert!(!prose(part));
        }
    }
}
