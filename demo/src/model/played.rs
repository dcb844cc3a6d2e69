//! What both wires do with a conversation they have read.

use serde_json::Value;

use super::{
    conversation::Conversation,
    engine::{self, Reply},
    pieces::Answer,
    rules::Rules,
    wirefault::WireFault,
};

/// Plays the model's part: the reply, bent by the fault that was asked for, whole or as the wire's events. Both are told the
/// seed of this conversation.
pub fn played(
    rules: &Rules,
    conversation: &Conversation,
    fault: Option<WireFault>,
    seed: u64,
    whole: impl Fn(&Reply, u64) -> Value,
    events: impl Fn(&Reply, u64) -> Vec<String>,
) -> Answer {
    if let Some(answer) = fault.and_then(WireFault::status) {
        return answer;
    }
    let mut reply = engine::reply(rules, conversation);
    if let Some(fault) = fault {
        reply = fault.bend(reply, conversation);
    }
    let seed = seed ^ conversation.fingerprint();
    if !conversation.stream {
        return Answer::whole(200, &whole(&reply, seed));
    }
    let answer = Answer::stream(&events(&reply, seed), seed);
    if fault == Some(WireFault::Cut) { answer.broken() } else { answer }
}

/// The text of content, which is text or a list of blocks.
pub fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => {
            blocks.iter().filter_map(|block| block.get("text").and_then(Value::as_str)).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}
