//! Reads what an action must know: before its form, the object and what there is to choose; at its check, what goes along.

use futures::future::join_all;
use serde_json::Value;

use super::{finding::get, sight::list};
use crate::{
    cluster::{
        Kind, Manifest, ObjectRef,
        api::{Api, Read, Trouble},
    },
    fault::{
        action::{ActionKind, Seen, intent, owned, revisions, seen::Scale},
        drivers::CompileError,
        intent::Fault,
        known,
        sight::Sight,
    },
};

/// Why an action has no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {fix}")]
pub struct CannotLook {
    /// What stands in the way.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl CannotLook {
    fn new(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { what: what.into(), fix: fix.into() }
    }

    fn link(object: &ObjectRef, trouble: &Trouble) -> Self {
        Self::new(
            format!("{} could not be read: {trouble}", object.short()),
            "check the connection with `brink doctor`",
        )
    }
}

/// Looks at an object before a person chooses: whether they may do it at all, and what there is to choose from.
pub async fn look<A: Api>(api: &A, action: ActionKind, object: &ObjectRef) -> Result<Seen, CannotLook> {
    if !action.fits(&object.kind) {
        let what = format!("{} cannot be done to {}: it needs {}", action.word(), object.short(), action.needs());
        return Err(CannotLook::new(what, "choose another object or another action"));
    }
    for right in rights(action, object) {
        if let Some(words) = refused(api, &right).await {
            return Err(CannotLook::new(format!("you may not {words}"), "ask for the right to; nothing was sent"));
        }
    }
    let live = match get(api, object).await {
        Ok(Some(live)) => live,
        Ok(None) => return Err(CannotLook::new(format!("{} is gone", object.short()), "choose another object")),
        Err(trouble) => return Err(CannotLook::link(object, &trouble)),
    };
    let mut seen = Seen { action, object: object.clone(), live, scale: None, revisions: Vec::new() };
    match action {
        ActionKind::Scale => seen.scale = Some(scale(api, object, &seen.live).await?),
        ActionKind::Rollback => {
            seen.revisions = of_revisions(api, object, &seen.live).await?;
            if seen.revisions.len() < 2 {
                let what = format!("{} has no earlier revision that is kept", object.short());
                return Err(CannotLook::new(what, "edit it with e; spec.revisionHistoryLimit says how many are kept"));
            }
        }
        _ => {}
    }
    Ok(seen)
}

/// A right: verb, kind, namespace, name, subresource.
type Right = (&'static str, Kind, Option<String>, Option<String>, Option<&'static str>);

/// The rights an action needs to be written; those of its undo are reviewed with the preview.
fn rights(action: ActionKind, object: &ObjectRef) -> Vec<Right> {
    let own = |verb| (verb, object.kind.clone(), object.namespace.clone(), Some(object.name.clone()), None);
    match action {
        ActionKind::Delete | ActionKind::Kill => vec![own("delete")],
        ActionKind::Trigger => vec![("create", known::job(), object.namespace.clone(), None, None)],
        ActionKind::Drain => vec![own("patch"), ("create", known::pod(), None, None, Some("eviction"))],
        _ => vec![own("patch")],
    }
}

/// What may not be done, in words; what cannot be asked is learnt from the server's answer.
async fn refused<A: Api>(api: &A, (verb, kind, namespace, name, subresource): &Right) -> Option<String> {
    let read = Read::Allowed {
        verb: (*verb).to_owned(),
        kind: kind.clone(),
        namespace: namespace.clone(),
        name: name.clone(),
        subresource: subresource.map(str::to_owned),
    };
    let answer = api.read(&read).await.ok()?;
    if answer.body.at(&["status", "allowed"]).and_then(Value::as_bool) != Some(false) {
        return None;
    }
    let sub = subresource.map(|sub| format!("/{sub}")).unwrap_or_default();
    let group = if kind.group.is_empty() { String::new() } else { format!(".{}", kind.group) };
    let place = namespace.as_ref().map(|namespace| format!(" in {namespace}")).unwrap_or_default();
    Some(format!("{verb} {}{sub}{group}{place}", kind.plural))
}

/// The scale subresource, and where the object keeps its number.
async fn scale<A: Api>(api: &A, object: &ObjectRef, live: &Manifest) -> Result<Scale, CannotLook> {
    let path = format!("{}/scale", object.path());
    let answer = match api.read(&Read::Path(path)).await {
        Ok(answer) => answer.body,
        Err(trouble) if trouble.not_found() => {
            let what = format!("{} cannot be scaled: its kind has no scale subresource", object.short());
            return Err(CannotLook::new(what, "edit it with e"));
        }
        Err(trouble) => return Err(CannotLook::link(object, &trouble)),
    };
    let replicas = answer.at(&["spec", "replicas"]).and_then(Value::as_u64).unwrap_or(0);
    let usual = vec!["spec".to_owned(), "replicas".to_owned()];
    let path = match object.kind.group.as_str() {
        "" | "apps" => usual,
        _ if live.at(&["spec", "replicas"]).and_then(Value::as_u64) == Some(replicas) => usual,
        _ => defined(api, object).await.unwrap_or(usual),
    };
    Ok(Scale { replicas: u32::try_from(replicas).unwrap_or(u32::MAX), path })
}

/// `specReplicasPath` of a custom kind (apiextensions.k8s.io/v1); `None` where its definition may not be read.
async fn defined<A: Api>(api: &A, object: &ObjectRef) -> Option<Vec<String>> {
    let definitions =
        Kind::cluster_wide("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions");
    let name = format!("{}.{}", object.kind.plural, object.kind.group);
    let definition = get(api, &ObjectRef::new(definitions, "", &name)).await.ok()??;
    let versions = definition.at(&["spec", "versions"])?.as_array()?;
    let version = versions.iter().find(|one| one.get("name").and_then(Value::as_str) == Some(&object.kind.version))?;
    let path = version.pointer("/subresources/scale/specReplicasPath")?.as_str()?;
    Some(path.trim_start_matches('.').split('.').map(str::to_owned).collect())
}

async fn of_revisions<A: Api>(
    api: &A,
    object: &ObjectRef,
    live: &Manifest,
) -> Result<Vec<revisions::Revision>, CannotLook> {
    let kind = match object.kind.kind.as_str() {
        "StatefulSet" | "DaemonSet" => known::controller_revision(),
        _ => known::replica_set(),
    };
    match list(api, &kind, object.namespace.as_deref(), "").await {
        Ok(Some(all)) => Ok(revisions::of(live, &all)),
        Ok(None) => {
            let what = format!("you may not list {}, which hold the revisions", kind.plural);
            Err(CannotLook::new(what, "ask for the right to list them"))
        }
        Err(error) => Err(CannotLook::new(error.to_string(), "check the connection with `brink doctor`")),
    }
}

/// Kinds that are usually owned by others, within a namespace.
fn owned_kinds() -> Vec<Kind> {
    vec![
        known::replica_set(),
        known::pod(),
        known::controller_revision(),
        known::job(),
        known::deployment(),
        known::stateful_set(),
        known::daemon_set(),
        known::service(),
        known::config_map(),
        known::endpoint_slice(),
    ]
}

/// Adds to a sight what an action must see beyond its object.
pub async fn more<A: Api>(api: &A, fault: &Fault, sight: &mut Sight) -> Result<(), CompileError> {
    match intent::of(fault) {
        Some(ActionKind::Delete | ActionKind::Kill) => along(api, sight).await,
        Some(ActionKind::Drain) => everywhere(api, sight).await,
        _ => Ok(()),
    }
}

async fn along<A: Api>(api: &A, sight: &mut Sight) -> Result<(), CompileError> {
    // Pods own nothing; what a cluster-scoped object owns may be anywhere.
    let owners = sight.given.iter().filter(|given| given.object.kind.kind != "Pod");
    let owners: Vec<(Option<String>, String)> = owners
        .filter_map(|given| {
            Some((given.object.namespace.clone(), given.live.as_ref()?.text(&["metadata", "uid"])?.to_owned()))
        })
        .collect();
    let mut places: Vec<Option<&str>> = owners.iter().map(|(namespace, _)| namespace.as_deref()).collect();
    places.sort_unstable();
    places.dedup();
    let kinds = owned_kinds();
    let asked = places.iter().flat_map(|place| kinds.iter().map(|kind| list(api, kind, *place, "")));
    let mut all = Vec::new();
    for answer in join_all(asked).await {
        all.extend(answer?.unwrap_or_default());
    }
    for (_, uid) in &owners {
        sight.along.extend(owned::along(uid, &all).into_iter().cloned());
    }
    Ok(())
}

/// A drain asks about the pods and the budgets of all namespaces.
async fn everywhere<A: Api>(api: &A, sight: &mut Sight) -> Result<(), CompileError> {
    let nodes: Vec<&str> = sight.given.iter().map(|given| given.object.name.as_str()).collect();
    let (pods, budgets) = (known::pod(), known::disruption_budget());
    let (pods, budgets) = futures::join!(list(api, &pods, None, ""), list(api, &budgets, None, ""));
    match pods? {
        Some(pods) => sight.pods = pods,
        None => sight.unreadable.push("pods".to_owned()),
    }
    // Budgets of namespaces without a pod of these nodes say nothing about them.
    let here: Vec<String> = sight
        .pods
        .iter()
        .filter(|pod| pod.text(&["spec", "nodeName"]).is_some_and(|node| nodes.contains(&node)))
        .filter_map(|pod| pod.namespace().map(str::to_owned))
        .collect();
    let of_here =
        |budget: &Manifest| budget.namespace().is_some_and(|namespace| here.iter().any(|one| one == namespace));
    sight.budgets = budgets?.unwrap_or_default().into_iter().filter(of_here).collect();
    Ok(())
}
