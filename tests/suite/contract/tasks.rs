//! Tasks of agents as both versions of A2A tell them.

use serde_json::{Value, json};

use crate::suite::support::wire_stage::Play;

/// A2A 0.3 and 1.0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Old,
    New,
}

/// An agent's card in a version.
pub fn card(version: Version, streams: bool) -> Play {
    let mut card = json!({"name": "k8s_agent", "capabilities": {"streaming": streams}});
    match version {
        Version::Old => {
            card["url"] = json!("http://kagent-controller.kagent:8083/x");
            card["protocolVersion"] = json!("0.3.0");
        }
        Version::New => {
            card["supportedInterfaces"] =
                json!([{"url": "http://elsewhere.example/", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}]);
        }
    }
    Play::Whole(200, vec![("content-type", "application/json".to_owned())], card.to_string())
}

pub fn part(version: Version, text: &str) -> Value {
    match version {
        Version::Old => json!({"kind": "text", "text": text}),
        Version::New => json!({"text": text}),
    }
}

/// A status of the task `t1`, with parts of the agent's message.
pub fn status(version: Version, state: &str, parts: &[Value]) -> Value {
    let word = match version {
        Version::Old => state.to_owned(),
        Version::New => format!("TASK_STATE_{}", state.to_uppercase().replace('-', "_")),
    };
    let role = if version == Version::New { "ROLE_AGENT" } else { "agent" };
    let mut status = json!({"state": word});
    if !parts.is_empty() {
        status["message"] = json!({"role": role, "messageId": "m", "parts": parts});
    }
    let update = json!({"taskId": "t1", "contextId": "c1", "status": status});
    item(version, "status-update", "statusUpdate", update)
}

/// A piece of the task's answer.
pub fn artifact(version: Version, text: &str, append: bool) -> Value {
    let artifact = json!({"artifactId": "a", "parts": [part(version, text)]});
    let update = json!({"taskId": "t1", "contextId": "c1", "artifact": artifact, "append": append});
    item(version, "artifact-update", "artifactUpdate", update)
}

fn item(version: Version, old: &str, new: &str, mut value: Value) -> Value {
    match version {
        Version::Old => {
            value["kind"] = json!(old);
            value
        }
        Version::New => json!({ new: value }),
    }
}

/// Results of an agent as a stream.
pub fn stream(items: &[Value]) -> String {
    items.iter().map(|item| format!("data: {}\n\n", json!({"jsonrpc": "2.0", "id": "1", "result": item}))).collect()
}

/// The answer of a task: text in pieces, why it stopped in OpenAI's words.
pub fn task(version: Version, text: &[&str], stop: &str) -> String {
    let mut items = vec![status(version, "submitted", &[]), status(version, "working", &[])];
    items.extend(text.iter().enumerate().map(|(at, text)| artifact(version, text, at > 0)));
    let end = if stop == "content_filter" { "rejected" } else { "completed" };
    items.extend((!stop.is_empty()).then(|| status(version, end, &[])));
    stream(&items)
}
