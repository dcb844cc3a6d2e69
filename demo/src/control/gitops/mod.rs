//! GitOps: Argo CD and Flux keep objects as they stand in Git, which here is what the world's file names as their source.
//!
//! As in the real ones (Argo CD 3.5, kustomize-controller 1.9): Argo CD sees a difference at once, and puts it back five
//! seconds later where it may (`selfHeal`); Flux looks by its interval and puts back whatever it finds. Neither knows who
//! changed an object, nor takes away what nobody told it of.

mod drift;

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Value, json};

use super::{
    Controller,
    ctx::Ctx,
    events::{Mood, record as event},
    json,
    key::Key,
    kinds, names, pods, time,
};
use crate::base::objects::{Objects, Refused};

/// Where Argo CD lives.
pub const ARGO_HOME: &str = "argocd";
/// Where Flux lives.
pub const FLUX_HOME: &str = "flux-system";
/// How long Argo CD waits before it heals.
const HEALS: Duration = Duration::from_secs(5);

/// What stands in Git: by owner the objects it keeps, and by object its owner.
#[derive(Debug, Clone, Default)]
pub struct Git {
    wanted: BTreeMap<Key, Vec<(Key, Value)>>,
    owners: BTreeMap<Key, Key>,
}

impl Git {
    /// An owner and what it keeps.
    pub fn keep(&mut self, owner: &Key, wanted: Vec<(Key, Value)>) {
        self.owners.extend(wanted.iter().map(|(key, _)| (key.clone(), owner.clone())));
        self.wanted.insert(owner.clone(), wanted);
    }

    /// Whose an object is.
    pub fn owner(&self, object: &Key) -> Option<&Key> {
        self.owners.get(object)
    }
}

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(object) = ctx.get(key) else { return Ok(()) };
    if key.kind == kinds::APPLICATION { application(ctx, key, &object) } else { kustomization(ctx, key, &object) }
}

/// The objects that are not as Git has them.
fn drifted<O: Objects>(ctx: &Ctx<'_, O>, owner: &Key) -> Vec<(Key, Value)> {
    let all = ctx.state.git.wanted.get(owner).map(Vec::as_slice).unwrap_or_default();
    let differs = |(key, wanted): &&(Key, Value)| ctx.get(key).is_none_or(|live| !drift::within(wanted, &live));
    all.iter().filter(differs).cloned().collect()
}

/// Writes what Git has over what is there; what is gone is made anew.
fn put_back<O: Objects>(ctx: &mut Ctx<'_, O>, wanted: Vec<(Key, Value)>, manager: &str) -> Result<(), Refused> {
    for (key, wanted) in wanted {
        if ctx.get(&key).is_some() {
            ctx.edit(&key, manager, |live| drift::merge(&wanted, live))?;
        } else {
            ctx.create(key.kind, wanted, manager)?;
        }
    }
    Ok(())
}

fn application<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, object: &Value) -> Result<(), Refused> {
    const MANAGER: &str = "argocd-controller";
    let skipped = json::text(object, &["metadata", "annotations", "argocd.argoproj.io/skip-reconcile"]) == "true";
    if skipped || !pods::runs(ctx, ARGO_HOME, ("app.kubernetes.io/name", "argocd-application-controller")) {
        return Ok(());
    }
    let uid = json::text(object, &["metadata", "uid"]).to_owned();
    let mut wrong = drifted(ctx, key);
    let automated = json::at(object, &["spec", "syncPolicy", "automated"]);
    let auto = automated.is_object() && json::at(automated, &["enabled"]) != &Value::Bool(false);
    if wrong.is_empty() || !auto || !json::yes(automated, &["selfHeal"]) {
        ctx.state.heals.remove(&uid);
    } else {
        let due = *ctx.state.heals.entry(uid.clone()).or_insert_with(|| time::later(ctx.now, HEALS));
        if due > ctx.now {
            ctx.at(due, Controller::GitOps, key);
        } else {
            ctx.state.heals.remove(&uid);
            let said = format!("Initiated automated sync to '{}'", revision(ctx, key));
            event(ctx, key, Mood::Normal, "OperationStarted", &said, "argocd-application-controller");
            put_back(ctx, std::mem::take(&mut wrong), MANAGER)?;
            let said = "Partial sync operation succeeded";
            event(ctx, key, Mood::Normal, "OperationCompleted", said, "argocd-application-controller");
        }
    }
    let at = |key: &Key| wrong.iter().any(|(one, _)| one == key);
    let all = ctx.state.git.wanted.get(key).map(Vec::as_slice).unwrap_or_default();
    let resources: Vec<Value> = all
        .iter()
        .map(|(one, _)| {
            json!({
                "group": one.kind.group, "version": one.kind.version, "kind": one.kind.kind,
                "namespace": one.namespace, "name": one.name, "status": if at(one) { "OutOfSync" } else { "Synced" },
            })
        })
        .collect();
    let sync = json!({"status": if wrong.is_empty() { "Synced" } else { "OutOfSync" }, "revision": revision(ctx, key)});
    ctx.edit(key, MANAGER, |object| {
        json::set(object, &["status", "sync"], sync);
        json::set(object, &["status", "health"], json!({"status": "Healthy"}));
        json::set(object, &["status", "resources"], resources);
    })
}

fn kustomization<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, object: &Value) -> Result<(), Refused> {
    const MANAGER: &str = "kustomize-controller";
    if !pods::runs(ctx, FLUX_HOME, ("app", "kustomize-controller")) || json::yes(object, &["spec", "suspend"]) {
        return Ok(());
    }
    let uid = json::text(object, &["metadata", "uid"]).to_owned();
    let interval = time::duration(json::text(object, &["spec", "interval"])).unwrap_or(Duration::from_mins(10));
    let asked = json::text(object, &["metadata", "annotations", "reconcile.fluxcd.io/requestedAt"]).to_owned();
    let now = !asked.is_empty() && asked != json::text(object, &["status", "lastHandledReconcileAt"]);
    if let Some(due) = ctx.state.heals.get(&uid).copied().filter(|due| *due > ctx.now && !now) {
        ctx.at(due, Controller::GitOps, key);
        return Ok(());
    }
    let due = time::later(ctx.now, interval);
    ctx.state.heals.insert(uid, due);
    ctx.at(due, Controller::GitOps, key);
    // What is told to be left alone is.
    let left = |one: &Key| {
        ctx.get(one).is_some_and(|live| {
            let key = "kustomize.toolkit.fluxcd.io/reconcile";
            let noted = |place: &str| json::text(&live, &["metadata", place, key]) == "disabled";
            noted("annotations") || noted("labels")
        })
    };
    let wrong: Vec<(Key, Value)> = drifted(ctx, key).into_iter().filter(|(one, _)| !left(one)).collect();
    put_back(ctx, wrong, MANAGER)?;
    let (at, revision) = (ctx.stamp(), revision(ctx, key));
    let said = format!("Applied revision: {revision}");
    event(ctx, key, Mood::Normal, "ReconciliationSucceeded", &said, MANAGER);
    let held = json::at(object, &["status", "history"]).get(0).cloned().unwrap_or(Value::Null);
    let first = match json::text(&held, &["firstReconciled"]) {
        "" => at.clone(),
        first => first.to_owned(),
    };
    let since = json::condition(json::list(object, &["status", "conditions"]), "Ready")
        .map_or_else(|| at.clone(), |one| json::text(one, &["lastTransitionTime"]).to_owned());
    let status = json!({
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "ReconciliationSucceeded", "message": said,
            "lastTransitionTime": since, "observedGeneration": json::int(object, &["metadata", "generation"]),
        }],
        "history": [{
            "digest": revision, "firstReconciled": first, "lastReconciled": at, "lastReconciledDuration": "180ms",
            "lastReconciledStatus": "ReconciliationSucceeded",
            "totalReconciliations": json::int(&held, &["totalReconciliations"]).unwrap_or_default() + 1,
        }],
        "lastAppliedRevision": revision, "lastAttemptedRevision": revision, "lastHandledReconcileAt": asked,
        "observedGeneration": json::int(object, &["metadata", "generation"]),
    });
    ctx.set_status(key, MANAGER, status)
}

/// What Git is at: it never moves here.
fn revision<O: Objects>(ctx: &Ctx<'_, O>, key: &Key) -> String {
    let seed = json!([key.namespace, key.name, ctx.state.seed]);
    format!("main@sha1:{}", names::hash(&seed))
}
