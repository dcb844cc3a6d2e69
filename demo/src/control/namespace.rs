//! Namespaces: a new one gets its service account and root certificates, an ended one is emptied before it goes.

use serde_json::json;

use super::{ctx::Ctx, json, key::Key, kinds, pods::MANAGER};
use crate::base::objects::{Objects, Refused};

/// Stands for a certificate: clients only look whether it is there.
const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nZGVtbw==\n-----END CERTIFICATE-----\n";

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    if !row.terminating {
        return furnish(ctx, key);
    }
    let content = ctx.state.rows.content(&key.name);
    for object in &content {
        if ctx.row(object).is_some_and(|row| !row.terminating) {
            ctx.delete(object, None)?;
        }
    }
    let left = ctx.state.rows.content(&key.name);
    if left.is_empty() {
        // The finalizer of the namespace itself stands for its content.
        ctx.edit(key, MANAGER, |space| drop(json::remove(space, &["spec", "finalizers"])))?;
        return ctx.remove(key, Some(&row.uid));
    }
    let said = format!("Some resources are remaining: {} objects", left.len());
    let stamp = ctx.stamp();
    let held = ctx.get(key);
    let since = held
        .as_deref()
        .and_then(|held| json::condition(json::list(held, &["status", "conditions"]), "NamespaceContentRemaining"))
        .map_or(stamp, |one| json::text(one, &["lastTransitionTime"]).to_owned());
    let status = json!({"phase": "Terminating", "conditions": [{
        "type": "NamespaceContentRemaining", "status": "True", "reason": "SomeResourcesRemain", "message": said,
        "lastTransitionTime": since,
    }]});
    ctx.set_status(key, MANAGER, status)
}

fn furnish<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let space = key.name.as_str();
    if ctx.state.rows.get(kinds::SERVICE_ACCOUNT, space, "default").is_none() {
        let account = json!({
            "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": space},
        });
        ctx.create(kinds::SERVICE_ACCOUNT, account, MANAGER)?;
    }
    let mesh = ctx.state.rows.get(kinds::NAMESPACE, "", "istio-system").is_some();
    let maps = [
        ("kube-root-ca.crt", "ca.crt", MANAGER, true),
        ("istio-ca-root-cert", "root-cert.pem", "pilot-discovery", mesh),
    ];
    for (name, file, manager, wanted) in maps {
        if wanted && ctx.state.rows.get(kinds::CONFIG_MAP, space, name).is_none() {
            let mut map = json!({
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": space},
            });
            json::set(&mut map, &["data", file], CERTIFICATE);
            ctx.create(kinds::CONFIG_MAP, map, manager)?;
        }
    }
    let phase = ctx.get(key).map(|held| json::text(&held, &["status", "phase"]).to_owned());
    if phase.as_deref() == Some("") { ctx.set_status(key, MANAGER, json!({"phase": "Active"})) } else { Ok(()) }
}
