//! Whether a GitOps controller owns an object, and what it will do about a change: foretold before, compared afterwards.
//!
//! Nothing here asks a cluster, and nothing suspends a reconciler: a forgotten suspend is worse than the fault.
//!
//! Sources: Argo CD 3.5 "Resource tracking", "Automated sync policy", "Diff customization"; Flux kustomize-controller 1.9 and
//! helm-controller 1.6 (`kustomize.toolkit.fluxcd.io/v1`, `helm.toolkit.fluxcd.io/v2`).

mod forecast;

use serde_json::Value;

pub use forecast::{Change, Does, Forecast, Foretold, Read, forecast};

use crate::cluster::{Kind, Manifest, ObjectRef};

/// Which controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reconciler {
    /// An Application (argoproj.io/v1alpha1).
    ArgoCd,
    /// A Kustomization (kustomize.toolkit.fluxcd.io/v1).
    Kustomization,
    /// A HelmRelease (helm.toolkit.fluxcd.io/v2).
    HelmRelease,
}

/// An owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Whose it is.
    pub by: Reconciler,
    /// Where it lives; `None`: in any namespace, found by its name.
    pub namespace: Option<String>,
    /// What it is called.
    pub name: String,
}

impl Owner {
    /// `Argo CD application shop`, `Flux Kustomization flux-system/apps`.
    pub fn called(&self) -> String {
        let place = self.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        let what = match self.by {
            Reconciler::ArgoCd => "Argo CD application",
            Reconciler::Kustomization => "Flux Kustomization",
            Reconciler::HelmRelease => "Flux HelmRelease",
        };
        format!("{what} {place}{}", self.name)
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self.by {
            Reconciler::ArgoCd => Kind::namespaced("argoproj.io", "v1alpha1", "Application", "applications"),
            Reconciler::Kustomization => {
                Kind::namespaced("kustomize.toolkit.fluxcd.io", "v1", "Kustomization", "kustomizations")
            }
            Reconciler::HelmRelease => Kind::namespaced("helm.toolkit.fluxcd.io", "v2", "HelmRelease", "helmreleases"),
        }
    }
}

/// The GitOps owner of an object, by its own labels and annotations.
pub fn owner(object: &Manifest, place: &ObjectRef) -> Option<Owner> {
    if let Some(id) = object.annotation("argocd.argoproj.io/tracking-id") {
        // The annotation counts only when it names this very object: copies (a Service's EndpointSlices) carry it too.
        let namespace = place.namespace.as_deref().unwrap_or_default();
        let own = format!("{}/{}:{namespace}/{}", place.kind.group, place.kind.kind, place.name);
        let (app, rest) = id.split_once(':').unwrap_or((id, ""));
        if rest == own {
            return Some(application(app));
        }
    }
    // Argo CD's older way is a label that Helm writes as well: it counts once Argo CD is among the writers.
    let written =
        object.at(&["metadata", "managedFields"]).and_then(Value::as_array).into_iter().flatten().any(|entry| {
            entry.get("manager").and_then(Value::as_str).is_some_and(|manager| manager.starts_with("argocd"))
        });
    let instance = object.label("app.kubernetes.io/instance").filter(|_| written);
    if let Some(app) = object.label("argocd.argoproj.io/instance").or(instance) {
        return Some(application(app));
    }
    [(Reconciler::Kustomization, "kustomize"), (Reconciler::HelmRelease, "helm")].into_iter().find_map(|(by, what)| {
        let name = object.label(&format!("{what}.toolkit.fluxcd.io/name"))?.to_owned();
        let namespace = object.label(&format!("{what}.toolkit.fluxcd.io/namespace")).unwrap_or("flux-system");
        Some(Owner { by, namespace: Some(namespace.to_owned()), name })
    })
}

/// Applications outside Argo CD's own namespace are called `NAMESPACE_NAME`.
fn application(app: &str) -> Owner {
    let (namespace, name) = match app.split_once('_') {
        Some((namespace, name)) => (Some(namespace.to_owned()), name),
        None => (None, app),
    };
    Owner { by: Reconciler::ArgoCd, namespace, name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::owner;
    use crate::{
        cluster::{Manifest, ObjectRef},
        fault::known,
    };

    fn called(object: serde_json::Value) -> Option<String> {
        let place = ObjectRef::new(known::deployment(), "shop", "web");
        owner(&Manifest(object), &place).map(|owner| owner.called())
    }

    #[test]
    fn a_tracking_id_counts_only_for_the_object_it_names() {
        let tracked = |id: &str| called(json!({"metadata": {"annotations": {"argocd.argoproj.io/tracking-id": id}}}));
        assert_eq!(tracked("store:apps/Deployment:shop/web").as_deref(), Some("Argo CD application store"));
        assert_eq!(tracked("team_store:apps/Deployment:shop/web").as_deref(), Some("Argo CD application team/store"));
        assert_eq!(tracked("store:apps/Deployment:shop/api"), None);
    }

    #[test]
    fn the_label_helm_writes_too_counts_once_argo_cd_wrote() {
        let by = |manager: &str| {
            called(json!({"metadata": {"labels": {"app.kubernetes.io/instance": "store"},
                "managedFields": [{"manager": manager}]}}))
        };
        assert_eq!(by("helm"), None);
        assert_eq!(by("argocd-controller").as_deref(), Some("Argo CD application store"));
    }

    #[test]
    fn flux_labels_name_the_owner() {
        let kustomization = called(json!({"metadata": {"labels": {
            "kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}}}));
        assert_eq!(kustomization.as_deref(), Some("Flux Kustomization flux-system/apps"));
        let release = called(json!({"metadata": {"labels": {"helm.toolkit.fluxcd.io/name": "web"}}}));
        assert_eq!(release.as_deref(), Some("Flux HelmRelease flux-system/web"));
        assert_eq!(called(json!({"metadata": {}})), None);
    }
}
