//! What GitOps keeps in a world: `gitops: [{app: NAME, by: argocd, source: PATH, selfHeal: true}]`, or `by: flux` with an
//! `interval`. Git holds what the source says; its objects are tracked as the real controllers track them.

use serde_json::{Value, json};

use super::{
    Trouble,
    file::{Sources, WorldFile},
    manifest::Manifest,
};
use crate::{
    base::{kinds, section::Section, trouble::suggest},
    control::{
        Key,
        gitops::{ARGO_HOME, FLUX_HOME, Git},
        json,
    },
};

const FIELDS: &[&str] = &["app", "by", "source", "selfHeal", "interval"];
const BY: [&str; 2] = ["argocd", "flux"];

/// Reads the section.
pub(super) fn read(section: Section<'_>, sources: &Sources, world: &mut WorldFile) -> Result<Git, Trouble> {
    let mut git = Git::default();
    for one in section.list()? {
        let entry = Section::new(section.file, one, section.path);
        let fields = entry.fields(FIELDS)?;
        let text = |name: &str| -> Result<Option<String>, Trouble> {
            let found = fields.iter().find(|(key, _)| key.value == name);
            found.map(|(_, at)| Section::new(section.file, at, name).text()).transpose()
        };
        let needed = |name: &str| {
            text(name)?.ok_or_else(|| entry.wrong(&format!("has no `{name}`"), "write app, by and source"))
        };
        let (app, by, source) = (needed("app")?, needed("by")?, needed("source")?);
        let Some((_, range)) = sources.iter().find(|(name, _)| name == source.trim_end_matches('/')) else {
            return Err(
                entry.wrong(&format!("keeps `{source}`, which is no source of `manifests`"), "name one of them")
            );
        };
        let heals =
            fields.iter().find(|(key, _)| key.value == "selfHeal").is_some_and(|(_, at)| at.value.value() == true);
        let (kind, owner) = match by.as_str() {
            "argocd" => (
                kinds::APPLICATION,
                json!({
                    "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
                    "metadata": {"name": app, "namespace": ARGO_HOME},
                    "spec": {
                        "project": "default",
                        "source": {"repoURL": "https://git.example.com/apps.git", "path": source, "targetRevision": "main"},
                        "destination": {"server": "https://kubernetes.default.svc"},
                        "syncPolicy": {"automated": {"selfHeal": heals, "prune": false}},
                    },
                }),
            ),
            "flux" => (
                kinds::KUSTOMIZATION,
                json!({
                    "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                    "metadata": {"name": app, "namespace": FLUX_HOME},
                    "spec": {
                        "interval": text("interval")?.unwrap_or_else(|| "10m".to_owned()), "prune": false,
                        "path": format!("./{source}"), "sourceRef": {"kind": "GitRepository", "name": "apps"},
                    },
                }),
            ),
            other => return Err(entry.wrong(&format!("is kept by `{other}`"), suggest(other, BY))),
        };
        let key = Key::new(kind, json::text(&owner, &["metadata", "namespace"]), &app);
        let mut kept = Vec::new();
        for manifest in &mut world.manifests[range.clone()] {
            // What Git has bears no mark: the mark is put on as it is applied.
            kept.push((manifest.key.clone(), manifest.object.clone()));
            mark(&mut manifest.object, &manifest.key, &key);
        }
        let line = world.manifests.last().map_or(1, |one| one.line);
        world.manifests.push(Manifest { key: key.clone(), object: owner, file: section.file.to_owned(), line });
        git.keep(&key, kept);
    }
    Ok(git)
}

/// By what a controller knows an object as its own.
fn mark(object: &mut Value, key: &Key, owner: &Key) {
    if owner.kind == kinds::APPLICATION {
        let id = format!("{}:{}/{}:{}/{}", owner.name, key.kind.group, key.kind.kind, key.namespace, key.name);
        json::set(object, &["metadata", "annotations", "argocd.argoproj.io/tracking-id"], id);
        return;
    }
    for (field, value) in [("name", &owner.name), ("namespace", &owner.namespace)] {
        json::set(object, &["metadata", "labels", &format!("kustomize.toolkit.fluxcd.io/{field}")], value.as_str());
    }
}
