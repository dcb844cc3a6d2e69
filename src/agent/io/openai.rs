//! The Chat Completions wire: how a request is written, and what an event of the stream means.

use serde::Deserialize;
use serde_json::{Value, json};

use super::provider::{Asked, Decoder};
use crate::agent::{
    message::Message,
    schema, tools,
    wire::{Delta, Stop, Usage},
};

/// The body of a request.
pub fn body(asked: &Asked<'_>) -> Value {
    let mut messages = vec![json!({"role": "system", "content": asked.system})];
    for message in asked.messages {
        match message {
            Message::You(text) => messages.push(json!({"role": "user", "content": text})),
            Message::Model { text, calls } => {
                let mut said =
                    json!({"role": "assistant", "content": if text.is_empty() { Value::Null } else { json!(text) }});
                if !calls.is_empty() {
                    said["tool_calls"] = calls
                        .iter()
                        .map(|call| {
                            // Arguments that are no JSON are refused by some servers when they come back.
                            let sound = serde_json::from_str::<Value>(&call.arguments).is_ok_and(|value| value.is_object());
                            let arguments = if sound { call.arguments.as_str() } else { "{}" };
                            json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}})
                        })
                        .collect();
                }
                messages.push(said);
            }
            Message::Tools(answers) => messages.extend(
                answers.iter().map(|answer| json!({"role": "tool", "tool_call_id": answer.id, "content": answer.text})),
            ),
        }
    }
    let tools: Vec<Value> = tools::offered(&asked.model.tuning.privacy)
        .map(|row| {
            let function = json!({"name": row.name, "description": row.doc, "parameters": schema::schema(row.args)});
            json!({"type": "function", "function": function})
        })
        .chain(asked.offered.iter().map(|tool| {
            let function = json!({"name": tool.full, "description": tool.doc, "parameters": tool.schema});
            json!({"type": "function", "function": function})
        }))
        .collect();
    json!({
        "model": asked.model.name,
        "max_tokens": asked.model.max_tokens,
        "stream": true,
        "stream_options": {"include_usage": true},
        "messages": messages,
        "tools": tools,
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Counted>,
    error: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Choice {
    index: u64,
    delta: Option<Said>,
    finish_reason: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Said {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Option<Vec<Piece>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Piece {
    index: Option<usize>,
    id: Option<String>,
    function: Option<Function>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Function {
    name: Option<String>,
    arguments: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Counted {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// Reads the events of one stream.
#[derive(Debug, Clone, Default)]
pub struct Stream {
    /// Calls that have begun, and not ended.
    open: Vec<usize>,
}

impl Decoder for Stream {
    fn event(&mut self, _name: &str, data: &str) -> Vec<Delta> {
        if data.trim() == "[DONE]" {
            return Vec::new();
        }
        let chunk: Chunk = match serde_json::from_str(data) {
            Ok(chunk) => chunk,
            Err(error) => return vec![Delta::Error(format!("an event is not JSON: {error}"))],
        };
        let mut deltas = Vec::new();
        if let Some(error) = chunk.error {
            let words = error.get("message").and_then(Value::as_str).or(error.as_str());
            deltas.push(Delta::Error(words.unwrap_or("an error without words").to_owned()));
        }
        // One answer is asked for; a server that sends more is heard for the first.
        for choice in chunk.choices.unwrap_or_default().into_iter().filter(|choice| choice.index == 0) {
            let said = choice.delta.unwrap_or_default();
            deltas.extend(said.content.filter(|text| !text.is_empty()).map(Delta::Text));
            deltas.extend(said.refusal.filter(|text| !text.is_empty()).map(Delta::Refusal));
            for (place, piece) in said.tool_calls.unwrap_or_default().into_iter().enumerate() {
                self.piece(place, piece, &mut deltas);
            }
            if let Some(reason) = choice.finish_reason.filter(|reason| !reason.is_empty()) {
                deltas.extend(self.open.drain(..).map(|at| Delta::CallEnd { at }));
                deltas.push(Delta::Stop(match reason.as_str() {
                    "stop" => Stop::End,
                    "tool_calls" | "function_call" => Stop::Tools,
                    "length" => Stop::MaxTokens,
                    "content_filter" => Stop::Refused,
                    _ => Stop::Other(reason),
                }));
            }
        }
        if let Some(usage) = chunk.usage {
            deltas.push(Delta::Usage(Usage { input: usage.prompt_tokens, output: usage.completion_tokens }));
        }
        deltas
    }
}

impl Stream {
    /// The number tells pieces of several calls apart. A server that gives none sends whole calls, one after the other.
    fn piece(&mut self, place: usize, piece: Piece, deltas: &mut Vec<Delta>) {
        let function = piece.function.unwrap_or_default();
        let begins = function.name.as_ref().is_some_and(|name| !name.is_empty());
        let at = piece.index.unwrap_or_else(|| match (begins, self.open.last()) {
            (true, last) => last.map_or(place, |last| last + 1),
            (false, last) => last.copied().unwrap_or(place),
        });
        if begins && !self.open.contains(&at) {
            self.open.push(at);
        }
        if begins || piece.id.as_ref().is_some_and(|id| !id.is_empty()) {
            deltas.push(Delta::Call { at, id: piece.id.unwrap_or_default(), name: function.name.unwrap_or_default() });
        }
        match function.arguments {
            None | Some(Value::Null) => {}
            Some(Value::String(json)) if json.is_empty() => {}
            Some(Value::String(json)) => deltas.push(Delta::Piece { at, json }),
            // Some servers send the object itself.
            Some(whole) => deltas.push(Delta::Piece { at, json: whole.to_string() }),
        }
    }
}
