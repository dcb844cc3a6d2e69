//! Istio's root namespace: a policy there holds for the whole mesh.
//!
//! Source: istio.io, "Global Mesh Options", `rootNamespace`; the mesh config is the `mesh` key of the ConfigMap `istio`, or
//! `istio-REVISION`, beside istiod.

use serde::Deserialize;

use super::known;
use crate::cluster::{Manifest, ObjectRef};

/// Where it is unless the mesh config says otherwise, or may not be read.
pub const DEFAULT: &str = "istio-system";

/// What of the mesh config counts here.
#[derive(Deserialize)]
struct MeshConfig {
    #[serde(rename = "rootNamespace", default)]
    root_namespace: String,
}

/// The ConfigMap that holds the mesh config of this istiod.
pub fn config_of(istiod: &Manifest) -> Option<ObjectRef> {
    let revision = istiod.label("istio.io/rev").filter(|revision| !revision.is_empty() && *revision != "default");
    let name = revision.map_or_else(|| "istio".to_owned(), |revision| format!("istio-{revision}"));
    Some(ObjectRef::new(known::config_map(), istiod.namespace()?, &name))
}

/// The root namespace by a mesh config; `None` for a config that cannot be read or does not say.
pub fn told_by(config: &Manifest) -> Option<String> {
    let mesh: MeshConfig = serde_saphyr::from_str(config.text(&["data", "mesh"])?).ok()?;
    Some(mesh.root_namespace).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{config_of, told_by};
    use crate::cluster::Manifest;

    #[rstest]
    #[case(json!({"data": {"mesh": "accessLogFile: /dev/stdout\nrootNamespace: mesh-root\ndefaultConfig:\n  image: {}\n"}}), Some("mesh-root"))]
    #[case(json!({"data": {"mesh": "accessLogFile: /dev/stdout\n"}}), None)]
    #[case(json!({"data": {"mesh": "rootNamespace: ''\n"}}), None)]
    #[case(json!({"data": {"mesh": "rootNamespace: [a, b]\n"}}), None)]
    #[case(json!({"data": {"mesh": "rootNamespace: {"}}), None)]
    #[case(json!({"data": {"mesh": ""}}), None)]
    #[case(json!({"data": {"other": "rootNamespace: x"}}), None)]
    #[case(json!({}), None)]
    fn the_root_is_what_the_mesh_config_says(#[case] config: Value, #[case] expected: Option<&str>) {
        assert_eq!(told_by(&Manifest(config)).as_deref(), expected);
    }

    #[rstest]
    #[case(json!({}), "mesh/istio")]
    #[case(json!({"istio.io/rev": "default"}), "mesh/istio")]
    #[case(json!({"istio.io/rev": "1-29"}), "mesh/istio-1-29")]
    fn every_revision_has_its_own_config(#[case] labels: Value, #[case] expected: &str) {
        let istiod = Manifest(json!({"metadata": {"name": "istiod", "namespace": "mesh", "labels": labels}}));
        let object = config_of(&istiod).unwrap();
        assert_eq!(format!("{}/{}", object.namespace.unwrap_or_default(), object.name), expected);
    }
}
