//! kagent's controller: it looks whether models, tool servers and agents are as they should be, and deploys the agents that are.

use serde_json::{Value, json};

use super::{
    Controller,
    ctx::{Ctx, LAG, owner_reference},
    json,
    key::Key,
    kinds, pods,
};
use crate::base::{
    kagent::{HOME, TOOLS},
    objects::{Objects, Refused},
};

const MANAGER: &str = "kagent-controller";
/// What an agent of it runs.
const IMAGE: &str = "cr.kagent.dev/kagent-dev/kagent/app:0.9.12";

/// Whether something is as it should be, with a reason in one word and in a sentence.
type Found = Result<(&'static str, String), (&'static str, String)>;

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(object) = ctx.get(key) else { return Ok(()) };
    let leaving = ctx.row(key).is_some_and(|row| row.terminating);
    if leaving || !pods::runs(ctx, HOME, ("app.kubernetes.io/component", "controller")) {
        return Ok(());
    }
    match key.kind {
        kinds::MODEL_CONFIG => {
            let found = model(ctx, &key.namespace, &object);
            say(ctx, key, &object, &[("Accepted", found)], None)?;
            again(ctx, &key.namespace);
            Ok(())
        }
        kinds::REMOTE_MCP_SERVER => {
            let found = tools(ctx, &key.namespace, &object);
            let discovered = found.is_ok().then(|| {
                let told = TOOLS.iter().map(|(name, about)| json!({"name": name, "description": about}));
                told.collect::<Vec<_>>()
            });
            say(ctx, key, &object, &[("Accepted", found)], discovered)?;
            again(ctx, &key.namespace);
            Ok(())
        }
        _ => agent(ctx, key, &object),
    }
}

/// The agents of a namespace are looked at once more.
fn again<O: Objects>(ctx: &mut Ctx<'_, O>, namespace: &str) {
    let names: Vec<String> = ctx.state.rows.within(kinds::AGENT, namespace).map(|(name, _)| name.to_owned()).collect();
    for name in names {
        ctx.after(LAG, Controller::Kagent, &Key::new(kinds::AGENT, namespace, &name));
    }
}

/// A model's key must be where its configuration says.
fn model<O: Objects>(ctx: &Ctx<'_, O>, namespace: &str, config: &Value) -> Found {
    let (secret, field) =
        (json::text(config, &["spec", "apiKeySecret"]), json::text(config, &["spec", "apiKeySecretKey"]));
    if !secret.is_empty() {
        let held = ctx.get(&Key::new(kinds::SECRET, namespace, secret));
        let fails = |what: String| Err(("ModelConfigReconcileFailed", what));
        match held {
            None => return fails(format!("failed to get secret {secret}: Secret \"{secret}\" not found")),
            Some(held) if json::text(&held, &["data", field]).is_empty() => {
                return fails(format!("key {field} not found in secret {secret}"));
            }
            Some(_) => {}
        }
    }
    Ok(("ModelConfigReconciled", "Model configuration accepted".to_owned()))
}

/// A tool server must answer: some pod of the Service that its address names is ready.
fn tools<O: Objects>(ctx: &Ctx<'_, O>, namespace: &str, server: &Value) -> Found {
    let url = json::text(server, &["spec", "url"]);
    let host = url.split_once("://").map_or(url, |(_, rest)| rest).split(['/', ':']).next().unwrap_or_default();
    let mut parts = host.split('.');
    let (service, home) = (parts.next().unwrap_or_default(), parts.next().unwrap_or(namespace));
    let row = ctx.row(&Key::new(kinds::SERVICE, home, service));
    let Some(selector) = row.and_then(|row| row.selector.clone()) else {
        return Err(("ReconcileFailed", format!("failed to connect to {url}: no such host")));
    };
    let ready =
        ctx.state.rows.within(kinds::POD, home).any(|(_, pod)| selector.matches(&pod.labels) && pods::ready(pod));
    if ready {
        Ok(("Reconciled", "Remote MCP server configuration accepted".to_owned()))
    } else {
        Err(("ReconcileFailed", format!("failed to connect to {url}: connection refused")))
    }
}

fn agent<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, object: &Value) -> Result<(), Refused> {
    let accepted = accepted(ctx, key, object);
    if accepted.is_ok() && json::text(object, &["spec", "type"]) != "BYO" {
        deploy(ctx, key, object)?;
    }
    let deployment = ctx.get(&Key::new(kinds::DEPLOYMENT, &key.namespace, &key.name));
    let count = |path: &[&str]| deployment.as_ref().and_then(|one| json::int(one, path)).unwrap_or_default();
    let (ready, wanted) = (count(&["status", "readyReplicas"]), count(&["spec", "replicas"]));
    let ready = if ready > 0 {
        Ok(("DeploymentReady", "Deployment is ready".to_owned()))
    } else {
        Err(("DeploymentNotReady", format!("Deployment is not ready, {ready}/{wanted} pods are ready")))
    };
    say(ctx, key, object, &[("Accepted", accepted), ("Ready", ready)], None)
}

/// An agent's model and its tool servers must be there, and must be accepted.
fn accepted<O: Objects>(ctx: &Ctx<'_, O>, key: &Key, object: &Value) -> Found {
    let fails = |what: String| Err(("ReconcileFailed", what));
    let named = json::text(object, &["spec", "declarative", "modelConfig"]);
    let named = if named.is_empty() { "default-model-config" } else { named };
    if json::text(object, &["spec", "type"]) != "BYO" {
        let Some(config) = ctx.get(&Key::new(kinds::MODEL_CONFIG, &key.namespace, named)) else {
            return fails(format!("failed to get model config {named}: ModelConfig.kagent.dev \"{named}\" not found"));
        };
        if let Err((_, why)) = model(ctx, &key.namespace, &config) {
            return fails(why);
        }
    }
    for tool in json::list(object, &["spec", "declarative", "tools"]) {
        let (kind, name) = (json::text(tool, &["mcpServer", "kind"]), json::text(tool, &["mcpServer", "name"]));
        let known = || ctx.row(&Key::new(kinds::REMOTE_MCP_SERVER, &key.namespace, name)).is_some();
        if kind == "RemoteMCPServer" && !known() {
            return fails(format!(
                "failed to get remote mcp server {name}: RemoteMCPServer.kagent.dev \"{name}\" not found"
            ));
        }
    }
    Ok(("Reconciled", "Agent configuration accepted".to_owned()))
}

/// The Deployment and the Service of an agent, both under its name.
fn deploy<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key, object: &Value) -> Result<(), Refused> {
    let labels = json!({"app": "kagent", "kagent": key.name});
    let uid = json::text(object, &["metadata", "uid"]);
    let meta = json!({
        "name": key.name, "namespace": key.namespace, "labels": labels, "ownerReferences": [owner_reference(key, uid, true)],
    });
    if ctx.row(&Key::new(kinds::DEPLOYMENT, &key.namespace, &key.name)).is_none() {
        let container = json!({
            "name": "kagent", "image": IMAGE, "args": ["--host", "0.0.0.0", "--port", "8080"],
            "ports": [{"containerPort": 8080, "name": "http"}],
            "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
        });
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta,
            "spec": {
                "replicas": 1, "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        });
        ctx.create(kinds::DEPLOYMENT, deployment, MANAGER)?;
    }
    if ctx.row(&Key::new(kinds::SERVICE, &key.namespace, &key.name)).is_none() {
        let service = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": meta,
            "spec": {"selector": labels, "ports": [{"name": "http", "port": 8080, "targetPort": 8080}]},
        });
        ctx.create(kinds::SERVICE, service, MANAGER)?;
    }
    Ok(())
}

/// Writes what was found as conditions; when one changed is kept as long as it does not change.
fn say<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    object: &Value,
    found: &[(&str, Found)],
    tools: Option<Vec<Value>>,
) -> Result<(), Refused> {
    let held = json::list(object, &["status", "conditions"]);
    let told = found.iter().map(|(kind, found)| {
        let (status, (reason, message)) = match found {
            Ok(why) => ("True", why),
            Err(why) => ("False", why),
        };
        let since = json::condition(held, kind)
            .filter(|one| json::text(one, &["status"]) == status)
            .map_or_else(|| ctx.stamp(), |one| json::text(one, &["lastTransitionTime"]).to_owned());
        json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since})
    });
    let mut status = json!({
        "conditions": told.collect::<Vec<_>>(), "observedGeneration": json::int(object, &["metadata", "generation"]),
    });
    if let Some(tools) = tools {
        json::set(&mut status, &["discoveredTools"], tools);
    }
    ctx.set_status(key, MANAGER, status)
}
