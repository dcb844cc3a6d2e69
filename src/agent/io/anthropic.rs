//! The Messages wire: how a request is written, and what an event of the stream means.

use serde::Deserialize;
use serde_json::{Value, json};

use super::provider::{Asked, Decoder};
use crate::agent::{
    message::Message,
    schema, tools,
    wire::{Delta, Stop, Usage},
};

/// The body of a request. Tools and system prompt never change through a conversation, so the provider may cache them.
pub fn body(asked: &Asked<'_>) -> Value {
    let mut messages: Vec<Value> = Vec::new();
    for message in asked.messages {
        match message {
            Message::You(text) => messages.push(json!({"role": "user", "content": [{"type": "text", "text": text}]})),
            Message::Model { text, calls } => {
                let mut content = Vec::new();
                // An empty text block is refused.
                if !text.trim().is_empty() {
                    content.push(json!({"type": "text", "text": text}));
                }
                content.extend(calls.iter().map(|call| {
                    let input = serde_json::from_str::<Value>(&call.arguments).ok().filter(Value::is_object);
                    json!({"type": "tool_use", "id": call.id, "name": call.name, "input": input.unwrap_or_else(|| json!({}))})
                }));
                messages.push(json!({"role": "assistant", "content": content}));
            }
            Message::Tools(answers) => {
                let content: Vec<Value> = answers
                    .iter()
                    .map(|answer| {
                        json!({"type": "tool_result", "tool_use_id": answer.id, "content": answer.text, "is_error": !answer.ok})
                    })
                    .collect();
                messages.push(json!({"role": "user", "content": content}));
            }
        }
    }
    let tools: Vec<Value> = tools::offered(&asked.model.tuning.privacy)
        .map(|row| json!({"name": row.name, "description": row.doc, "input_schema": schema::schema(row.args)}))
        .chain(
            asked
                .offered
                .iter()
                .map(|tool| json!({"name": tool.full, "description": tool.doc, "input_schema": tool.schema})),
        )
        .collect();
    json!({
        "model": asked.model.name,
        "max_tokens": asked.model.max_tokens,
        "stream": true,
        "system": [{"type": "text", "text": asked.system, "cache_control": {"type": "ephemeral"}}],
        "messages": messages,
        "tools": tools,
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    index: usize,
    message: Option<Begun>,
    content_block: Option<Block>,
    delta: Option<Change>,
    usage: Option<Counted>,
    error: Option<Failed>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Begun {
    usage: Option<Counted>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Block {
    #[serde(rename = "type")]
    kind: String,
    text: String,
    id: String,
    name: String,
    input: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Change {
    #[serde(rename = "type")]
    kind: String,
    text: String,
    partial_json: String,
    stop_reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Counted {
    #[serde(rename = "input_tokens")]
    input: Option<u64>,
    #[serde(rename = "cache_creation_input_tokens")]
    cached_now: Option<u64>,
    #[serde(rename = "cache_read_input_tokens")]
    cached_before: Option<u64>,
    #[serde(rename = "output_tokens")]
    output: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Failed {
    #[serde(rename = "type")]
    kind: String,
    message: String,
}

impl Counted {
    fn usage(&self) -> Usage {
        let parts = [self.input, self.cached_now, self.cached_before];
        let input = parts.iter().any(Option::is_some).then(|| parts.iter().flatten().sum());
        Usage { input, output: self.output }
    }
}

/// Reads the events of one stream.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// Calls that have begun, and not ended.
    open: Vec<usize>,
}

impl Decoder for Stream {
    fn event(&mut self, _name: &str, data: &str) -> Vec<Delta> {
        let event: Event = match serde_json::from_str(data) {
            Ok(event) => event,
            Err(error) => return vec![Delta::Error(format!("an event is not JSON: {error}"))],
        };
        let at = event.index;
        let mut deltas = Vec::new();
        match event.kind.as_str() {
            "message_start" => {
                let usage = event.message.and_then(|begun| begun.usage).unwrap_or_default().usage();
                deltas.push(Delta::Usage(usage));
            }
            "content_block_start" => {
                let block = event.content_block.unwrap_or_default();
                match block.kind.as_str() {
                    "text" if !block.text.is_empty() => deltas.push(Delta::Text(block.text)),
                    "tool_use" => {
                        self.open.push(at);
                        deltas.push(Delta::Call { at, id: block.id, name: block.name });
                        // Gateways that translate may give the whole input at once.
                        if block.input.as_object().is_some_and(|map| !map.is_empty()) {
                            deltas.push(Delta::Piece { at, json: block.input.to_string() });
                        }
                    }
                    _ => {}
                }
            }
            "content_block_delta" => {
                let change = event.delta.unwrap_or_default();
                match change.kind.as_str() {
                    "text_delta" if !change.text.is_empty() => deltas.push(Delta::Text(change.text)),
                    "input_json_delta" if !change.partial_json.is_empty() && self.open.contains(&at) => {
                        deltas.push(Delta::Piece { at, json: change.partial_json });
                    }
                    _ => {}
                }
            }
            "content_block_stop" if self.open.contains(&at) => {
                self.open.retain(|open| *open != at);
                deltas.push(Delta::CallEnd { at });
            }
            "message_delta" => {
                if let Some(usage) = event.usage {
                    deltas.push(Delta::Usage(usage.usage()));
                }
                if let Some(reason) = event.delta.and_then(|change| change.stop_reason) {
                    deltas.push(Delta::Stop(match reason.as_str() {
                        "end_turn" | "stop_sequence" => Stop::End,
                        "tool_use" => Stop::Tools,
                        "max_tokens" => Stop::MaxTokens,
                        "model_context_window_exceeded" => Stop::ContextFull,
                        "refusal" => Stop::Refused,
                        _ => Stop::Other(reason),
                    }));
                }
            }
            "error" => {
                let failed = event.error.unwrap_or_default();
                let words = if failed.message.is_empty() { failed.kind } else { failed.message };
                deltas.push(Delta::Error(words));
            }
            // `ping`, `message_stop`, and what later versions bring.
            _ => {}
        }
        deltas
    }
}
