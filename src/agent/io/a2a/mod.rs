//! The A2A wire, 0.3 and 1.0: a message to an agent that has its own tools, and the stream of its task.
//!
//! Answers are read by which members they have, not by the version that was asked for, and states in both spellings: agents
//! between the two versions are common. Only the person's words are sent, never the conversation: the agent keeps its own.

mod card;
mod stream;

pub use card::{Dial, Version, read};
pub use stream::Stream;

use serde_json::{Value, json};

pub(super) use card::PLACES;

use super::provider::Asked;
use crate::{
    agent::{
        message,
        remote::{Remote, approves},
    },
    base::{redact, sanitize},
};

/// The header of the version.
pub(super) const HEADER: &str = "a2a-version";

/// The body of a request that sends the person's last words.
pub fn body(asked: &Asked<'_>) -> Value {
    let (dial, said) = (asked.dial, message::asked(asked.messages).unwrap_or_default());
    let new = dial.version == Version::V10;
    let mut parts = Vec::new();
    let nothing = Remote::default();
    let remote = asked.remote.unwrap_or(&nothing);
    let task = remote.task.as_ref().filter(|_| remote.waits);
    if task.is_some() && remote.confirms {
        let mut decision = json!({"decision_type": if approves(said) { "approve" } else { "reject" }});
        if !approves(said) {
            decision["rejection_reason"] = json!(redact::text(said));
        }
        parts.push(if new {
            json!({"data": decision, "mediaType": "application/json"})
        } else {
            json!({"kind": "data", "data": decision})
        });
    }
    // The words of a person may hold a secret that was copied from somewhere.
    let text = redact::text(said);
    parts.push(if new { json!({"text": text}) } else { json!({"kind": "text", "text": text}) });
    let mut message = json!({
        "role": if new { "ROLE_USER" } else { "user" }, "messageId": asked.id, "parts": parts,
    });
    if !new {
        message["kind"] = json!("message");
    }
    if !remote.context.is_empty() {
        message["contextId"] = json!(remote.context);
    }
    if let Some(task) = task {
        message["taskId"] = json!(task);
    }
    let method = match (new, dial.streams) {
        (true, true) => "SendStreamingMessage",
        (true, false) => "SendMessage",
        (false, true) => "message/stream",
        (false, false) => "message/send",
    };
    let mut params = json!({"message": message});
    if !new && !dial.streams {
        params["configuration"] = json!({"blocking": true});
    }
    call(asked.id, method, &params)
}

/// The body that cancels a task.
pub(super) fn cancel(version: Version, task: &str) -> Value {
    let method = if version == Version::V10 { "CancelTask" } else { "tasks/cancel" };
    call("cancel", method, &json!({"id": task}))
}

/// The body that asks for a task.
pub(super) fn get(version: Version, task: &str) -> Value {
    let method = if version == Version::V10 { "GetTask" } else { "tasks/get" };
    call("get", method, &json!({"id": task}))
}

fn call(id: &str, method: &str, params: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
}

/// Words of an agent that stand beside its text.
fn words(text: &str) -> String {
    let line = sanitize::lines(text).into_owned();
    redact::text(&line).chars().take(400).collect()
}
