//! Whether a GitOps controller owns an object, and what it will do about a change.
//!
//! Sources: Argo CD "Resource tracking" and "Automated sync policy"; Flux kustomize-controller and helm-controller, v1 and v2.

use serde_json::Value;

use crate::cluster::{Manifest, ObjectRef};

/// An owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitOps {
    /// Who, such as `Argo CD application shop`.
    pub owner: String,
    /// What it will do, and when.
    pub reverts: &'static str,
}

/// The GitOps owner of an object, by its own labels and annotations.
pub fn owner(object: &Manifest, place: &ObjectRef) -> Option<GitOps> {
    if let Some(id) = object.annotation("argocd.argoproj.io/tracking-id") {
        // The annotation counts only when it names this very object: copies (a Service's EndpointSlices) carry it too.
        let namespace = place.namespace.as_deref().unwrap_or_default();
        let own = format!("{}/{}:{namespace}/{}", place.kind.group, place.kind.kind, place.name);
        let (app, rest) = id.split_once(':').unwrap_or((id, ""));
        if rest == own {
            return Some(GitOps {
                owner: format!("Argo CD application {app}"),
                reverts: "with self-heal it reverts the change about 5 s after it sees it; without, at the next sync",
            });
        }
    }
    // Argo CD's older way is a label that Helm writes as well: it counts once Argo CD is among the writers.
    let written =
        object.at(&["metadata", "managedFields"]).and_then(Value::as_array).into_iter().flatten().any(|entry| {
            entry.get("manager").and_then(Value::as_str).is_some_and(|manager| manager.starts_with("argocd"))
        });
    let instance = object.label("app.kubernetes.io/instance").filter(|_| written);
    if let Some(app) = object.label("argocd.argoproj.io/instance").or(instance) {
        return Some(GitOps {
            owner: format!("Argo CD application {app}"),
            reverts: "with self-heal it reverts the change about 5 s after it sees it; without, at the next sync",
        });
    }
    let flux = |what: &str| {
        object.label(&format!("{what}.toolkit.fluxcd.io/name")).map(|name| {
            let namespace = object.label(&format!("{what}.toolkit.fluxcd.io/namespace")).unwrap_or("flux-system");
            format!("{namespace}/{name}")
        })
    };
    if let Some(name) = flux("kustomize") {
        let off = ["disabled"];
        let key = "kustomize.toolkit.fluxcd.io/reconcile";
        let paused = object.label(key).or_else(|| object.annotation(key)).is_some_and(|value| off.contains(&value));
        return Some(GitOps {
            owner: format!("Flux Kustomization {name}"),
            reverts: if paused {
                "its reconciliation is disabled on this object"
            } else {
                "it reverts the change at its next reconciliation"
            },
        });
    }
    flux("helm").map(|name| GitOps {
        owner: format!("Flux HelmRelease {name}"),
        reverts: "it reverts the change only with drift detection, or at the next upgrade",
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::owner;
    use crate::{
        cluster::{Manifest, ObjectRef},
        fault::known,
    };

    #[test]
    fn a_tracking_id_counts_only_for_the_object_it_names() {
        let place = ObjectRef::new(known::deployment(), "shop", "web");
        let tracked = |id: &str| Manifest(json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": id}}}));
        assert_eq!(
            owner(&tracked("store:apps/Deployment:shop/web"), &place).map(|one| one.owner).as_deref(),
            Some("Argo CD application store")
        );
        assert_eq!(owner(&tracked("store:apps/Deployment:shop/api"), &place), None);
    }

    #[test]
    fn the_label_helm_writes_too_counts_once_argo_cd_wrote() {
        let place = ObjectRef::new(known::deployment(), "shop", "web");
        let by = |manager: &str| {
            Manifest(json!({"metadata": {"labels": {"app.kubernetes.io/instance": "store"},
                "managedFields": [{"manager": manager}]}}))
        };
        assert_eq!(owner(&by("helm"), &place), None);
        assert_eq!(owner(&by("argocd-controller"), &place).unwrap().owner, "Argo CD application store");
    }

    #[test]
    fn flux_labels_name_the_owner() {
        let place = ObjectRef::new(known::deployment(), "shop", "web");
        let object = Manifest(json!({"metadata": {"labels": {
            "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}}}));
        assert_eq!(owner(&object, &place).unwrap().owner, "Flux Kustomization flux-system/apps");
        let release = Manifest(json!({"metadata": {"labels": {"helm.toolkit.fluxcd.io/name": "web"}}}));
        assert!(owner(&release, &place).unwrap().reverts.contains("drift detection"));
        assert_eq!(owner(&Manifest(json!({"metadata": {}})), &place), None);
    }
}
