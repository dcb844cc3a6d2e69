//! kagent's controller as its HTTP clients see it (0.9): its agents, its tools, conversations and tasks, each in an envelope.

use serde_json::{Value, json};

use super::{a2a::Desk, tools};
use crate::{
    base::value::{at, list, text},
    store::Store,
};

/// What the controller calls itself.
const VERSION: &str = "0.9.12";

/// Answers a GET below the controller's root; `None`: there is no such path.
pub fn get(store: &Store, desk: &Desk, path: &str, user: &str) -> Option<(u16, Value)> {
    let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
    let data = |data: Value| Some((200, json!({"error": false, "data": data, "message": ""})));
    let missing = |what: String| Some((404, json!({"error": what})));
    match parts.as_slice() {
        ["health"] => Some((200, json!({"status": "OK"}))),
        ["version"] => Some((200, json!({"kagent_version": VERSION, "git_commit": "demo", "build_date": "unknown"}))),
        ["api", "agents"] => data(all(store, "agents").iter().map(agent).collect::<Vec<_>>().into()),
        ["api", "agents", namespace, name] => {
            let found = all(store, "agents").into_iter().find(|one| is(one, namespace, name));
            found.map_or_else(|| missing(format!("Agent {namespace}/{name} not found")), |one| data(agent(&one)))
        }
        ["api", "modelconfigs"] => data(all(store, "modelconfigs").iter().map(config).collect::<Vec<_>>().into()),
        ["api", "toolservers"] => data(all(store, "remotemcpservers").iter().map(server).collect::<Vec<_>>().into()),
        ["api", "tools"] => {
            let all = all(store, "remotemcpservers");
            let home = all.first().map(reference).unwrap_or_default();
            let told = tools::TOOLS.iter().filter(|tool| tool.server == tools::Server::Kagent).map(|tool| {
                json!({"id": tool.name, "server_name": home, "description": tool.about(), "group_kind": "RemoteMCPServer.kagent.dev"})
            });
            data(told.collect::<Vec<_>>().into())
        }
        ["api", "sessions"] => data(desk.sessions(user)),
        ["api", "sessions", id, "tasks"] => {
            desk.tasks_of(id, user).map_or_else(|| missing(format!("Session {id} not found")), data)
        }
        ["api", "tasks", id] => desk.task(id, user).map_or_else(|| missing(format!("Task {id} not found")), data),
        _ => None,
    }
}

fn all(store: &Store, plural: &str) -> Vec<Value> {
    let kind = store.find("kagent.dev", plural);
    kind.map(|kind| store.list(kind, None).map(|one| (*one.tree()).clone()).collect()).unwrap_or_default()
}

fn is(object: &Value, namespace: &str, name: &str) -> bool {
    text(object, &["metadata", "namespace"]) == namespace && text(object, &["metadata", "name"]) == name
}

fn reference(object: &Value) -> String {
    format!("{}/{}", text(object, &["metadata", "namespace"]), text(object, &["metadata", "name"]))
}

fn holds(object: &Value, condition: &str) -> bool {
    let all = list(object, &["status", "conditions"]).iter();
    all.filter(|one| text(one, &["type"]) == condition).any(|one| text(one, &["status"]) == "True")
}

fn agent(agent: &Value) -> Value {
    json!({
        "id": reference(agent).replace('/', "__NS__").replace('-', "_"),
        "agent": {"metadata": meta(agent), "spec": at(agent, &["spec"])},
        "modelConfigRef": format!(
            "{}/{}", text(agent, &["metadata", "namespace"]), text(agent, &["spec", "declarative", "modelConfig"])
        ),
        "tools": at(agent, &["spec", "declarative", "tools"]),
        "deploymentReady": holds(agent, "Ready"),
        "accepted": holds(agent, "Accepted"),
    })
}

fn meta(object: &Value) -> Value {
    json!({"name": text(object, &["metadata", "name"]), "namespace": text(object, &["metadata", "namespace"])})
}

/// The name of a key's Secret, never the key.
fn config(config: &Value) -> Value {
    json!({
        "ref": reference(config), "providerName": text(config, &["spec", "provider"]),
        "model": text(config, &["spec", "model"]), "apiKeySecret": text(config, &["spec", "apiKeySecret"]),
        "apiKeySecretKey": text(config, &["spec", "apiKeySecretKey"]),
    })
}

fn server(server: &Value) -> Value {
    json!({
        "ref": reference(server), "groupKind": "RemoteMCPServer.kagent.dev",
        "discoveredTools": list(server, &["status", "discoveredTools"]),
    })
}
