//! Anthropic's Messages.

use serde_json::{Value, json};

use super::{
    conversation::{Call, Conversation, Found, Tool, Turn},
    engine::Reply,
    pieces::{Answer, deltas},
    played::{played, text},
    rules::Rules,
    wirefault::WireFault,
};

/// Answers `POST …/v1/messages`. `seed` cuts the pieces.
pub fn answer(rules: &Rules, body: &[u8], seed: u64) -> Answer {
    let conversation = match read(body) {
        Ok(conversation) => conversation,
        Err(words) => return refused(400, "invalid_request_error", &words),
    };
    let Ok(fault) = WireFault::of(&conversation.model) else {
        return refused(404, "not_found_error", &format!("model: {}", conversation.model));
    };
    played(
        rules,
        &conversation,
        fault,
        seed,
        |reply, seed| whole(&conversation, reply, fault, seed),
        |reply, seed| events(&conversation, reply, fault, seed),
    )
}

fn refused(status: u16, kind: &str, words: &str) -> Answer {
    Answer::whole(status, &json!({"type": "error", "error": {"type": kind, "message": words}}))
}

fn read(body: &[u8]) -> Result<Conversation, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let word = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    if body.get("max_tokens").and_then(Value::as_u64).is_none_or(|most| most == 0) {
        return Err("max_tokens: Field required".to_owned());
    }
    let mut conversation = Conversation {
        model: word(&body, "model").ok_or("model: Field required")?,
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
        system: body.get("system").map(text).unwrap_or_default(),
        ..Conversation::default()
    };
    let messages = body.get("messages").and_then(Value::as_array).filter(|all| !all.is_empty());
    for message in messages.ok_or("messages: at least one message is required")? {
        let content = message.get("content").unwrap_or(&Value::Null);
        let blocks = content.as_array().cloned().unwrap_or_default();
        let of = |kind: &'static str| {
            let blocks: Vec<Value> =
                blocks.iter().filter(|block| block.get("type") == Some(&json!(kind))).cloned().collect();
            blocks
        };
        match message.get("role").and_then(Value::as_str) {
            Some("assistant") => {
                let calls = of("tool_use").into_iter().map(|block| Call {
                    id: word(&block, "id").unwrap_or_default(),
                    name: word(&block, "name").unwrap_or_default(),
                    given: block.get("input").cloned().unwrap_or_default(),
                });
                conversation.turns.push(Turn::Model(calls.collect()));
            }
            Some("user") => {
                for block in of("tool_result") {
                    conversation.turns.push(Turn::Result(Found {
                        id: word(&block, "tool_use_id").ok_or("tool_result: tool_use_id: Field required")?,
                        text: block.get("content").map(text).unwrap_or_default(),
                        failed: block.get("is_error").and_then(Value::as_bool).unwrap_or(false),
                    }));
                }
                let said = text(content);
                if !said.is_empty() {
                    conversation.turns.push(Turn::User(said));
                }
            }
            other => return Err(format!("messages: `{}` is not a role", other.unwrap_or_default())),
        }
    }
    for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
        conversation.tools.push(Tool {
            name: word(tool, "name").ok_or("tools: name: Field required")?,
            schema: tool.get("input_schema").cloned().unwrap_or_else(|| json!({})),
        });
    }
    Ok(conversation)
}

fn stop(reply: &Reply, fault: Option<WireFault>) -> &'static str {
    match fault {
        Some(WireFault::Refuse) => "refusal",
        Some(WireFault::Length) => "max_tokens",
        _ if reply.call.is_some() => "tool_use",
        _ => "end_turn",
    }
}

fn head(conversation: &Conversation, seed: u64) -> Value {
    json!({
        "id": format!("msg_{seed:016x}"), "type": "message", "role": "assistant", "model": conversation.model, "content": [],
        "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": conversation.tokens(), "output_tokens": 1},
    })
}

fn whole(conversation: &Conversation, reply: &Reply, fault: Option<WireFault>, seed: u64) -> Value {
    let mut content = Vec::new();
    if !reply.text.is_empty() {
        content.push(json!({"type": "text", "text": reply.text}));
    }
    if let Some((name, given)) = &reply.call {
        content.push(json!({"type": "tool_use", "id": format!("toolu_{seed:016x}"), "name": name, "input": given}));
    }
    let mut whole = head(conversation, seed);
    whole["content"] = content.into();
    whole["stop_reason"] = stop(reply, fault).into();
    whole["usage"]["output_tokens"] = (reply.text.len() / 4 + 20).into();
    whole
}

fn events(conversation: &Conversation, reply: &Reply, fault: Option<WireFault>, seed: u64) -> Vec<String> {
    let event = |kind: &str, mut data: Value| {
        data["type"] = kind.into();
        format!("event: {kind}\ndata: {data}\n\n")
    };
    let mut events =
        vec![event("message_start", json!({"message": head(conversation, seed)})), event("ping", json!({}))];
    let mut index = 0;
    let mut block = |start: Value, deltas: Vec<Value>| {
        events.push(event("content_block_start", json!({"index": index, "content_block": start})));
        events.extend(
            deltas.into_iter().map(|delta| event("content_block_delta", json!({"index": index, "delta": delta}))),
        );
        events.push(event("content_block_stop", json!({"index": index})));
        index += 1;
    };
    if !reply.text.is_empty() {
        let pieces =
            deltas(&reply.text, seed, 12).into_iter().map(|piece| json!({"type": "text_delta", "text": piece}));
        block(json!({"type": "text", "text": ""}), pieces.collect());
    }
    if let Some((name, given)) = &reply.call {
        let mut text = given.to_string();
        if fault == Some(WireFault::BadJson) {
            text = format!("{},", text.trim_end_matches('}'));
        }
        // The first piece of arguments may be empty.
        let pieces = std::iter::once(String::new()).chain(deltas(&text, seed, 9));
        let pieces = pieces.map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
        let start = json!({"type": "tool_use", "id": format!("toolu_{seed:016x}"), "name": name, "input": {}});
        block(start, pieces.collect());
    }
    let output = reply.text.len() / 4 + 20;
    let ended = json!({"delta": {"stop_reason": stop(reply, fault), "stop_sequence": null}, "usage": {"output_tokens": output}});
    events.push(event("message_delta", ended));
    events.push(event("message_stop", json!({})));
    events
}
