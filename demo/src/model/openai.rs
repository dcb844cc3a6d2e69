//! OpenAI's Chat Completions.

use serde_json::{Value, json};

use super::{
    conversation::{Call, Conversation, Found, Tool, Turn},
    engine::Reply,
    pieces::{Answer, deltas},
    played::{played, text},
    rules::Rules,
    wirefault::WireFault,
};

/// Answers `POST …/chat/completions`. `seed` cuts the pieces, `now` is Unix seconds.
pub fn answer(rules: &Rules, body: &[u8], seed: u64, now: u64) -> Answer {
    let conversation = match read(body) {
        Ok(conversation) => conversation,
        Err(words) => return refused(400, "invalid_request_error", &words),
    };
    let Ok(fault) = WireFault::of(&conversation.model) else {
        let words = format!("The model `{}` does not exist", conversation.model);
        return refused(404, "invalid_request_error", &words);
    };
    played(
        rules,
        &conversation,
        fault,
        seed,
        |reply, seed| whole(&conversation, reply, fault, seed, now),
        |reply, seed| events(&conversation, reply, fault, seed, now),
    )
}

/// Answers `GET …/models`.
pub fn models() -> Value {
    let model = |id: &str| json!({"id": id, "object": "model", "created": 0, "owned_by": "brink-demo"});
    json!({"object": "list", "data": WireFault::NAMES.map(model)})
}

fn refused(status: u16, kind: &str, words: &str) -> Answer {
    Answer::whole(status, &json!({"error": {"message": words, "type": kind, "param": null, "code": null}}))
}

fn read(body: &[u8]) -> Result<Conversation, String> {
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let word = |value: &Value, field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
    let mut conversation = Conversation {
        model: word(&body, "model").ok_or("you must provide a model parameter")?,
        stream: body.get("stream").and_then(Value::as_bool).unwrap_or(false),
        usage: body.pointer("/stream_options/include_usage").and_then(Value::as_bool).unwrap_or(false),
        ..Conversation::default()
    };
    let messages = body.get("messages").and_then(Value::as_array).filter(|all| !all.is_empty());
    for message in messages.ok_or("`messages` must be a list with at least one message")? {
        let content = message.get("content").map(text).unwrap_or_default();
        match message.get("role").and_then(Value::as_str) {
            Some("system" | "developer") => conversation.system.push_str(&content),
            Some("user") => conversation.turns.push(Turn::User(content)),
            Some("assistant") => {
                let calls = message.get("tool_calls").and_then(Value::as_array);
                let calls = calls.into_iter().flatten().map(|call| Call {
                    id: word(call, "id").unwrap_or_default(),
                    name: call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default().to_owned(),
                    given: call
                        .pointer("/function/arguments")
                        .and_then(Value::as_str)
                        .and_then(|given| serde_json::from_str(given).ok())
                        .unwrap_or_default(),
                });
                conversation.turns.push(Turn::Model(calls.collect()));
            }
            Some("tool") => conversation.turns.push(Turn::Result(Found {
                id: word(message, "tool_call_id").ok_or("a tool message needs tool_call_id")?,
                failed: content.trim_start().starts_with("error:"),
                text: content,
            })),
            other => return Err(format!("`{}` is not a role", other.unwrap_or_default())),
        }
    }
    for tool in body.get("tools").and_then(Value::as_array).into_iter().flatten() {
        let function = tool.get("function").unwrap_or(&Value::Null);
        conversation.tools.push(Tool {
            name: word(function, "name").ok_or("a tool needs a function with a name")?,
            schema: function.get("parameters").cloned().unwrap_or_else(|| json!({})),
        });
    }
    Ok(conversation)
}

fn arguments(call: &Value, fault: Option<WireFault>) -> String {
    let text = call.to_string();
    if fault == Some(WireFault::BadJson) {
        return format!("{},", text.trim_end_matches('}'));
    }
    text
}

fn finish(reply: &Reply, fault: Option<WireFault>) -> &'static str {
    match fault {
        Some(WireFault::Refuse) => "content_filter",
        Some(WireFault::Length) => "length",
        _ if reply.call.is_some() => "tool_calls",
        _ => "stop",
    }
}

fn usage(conversation: &Conversation, reply: &Reply) -> Value {
    let (prompt, completion) = (conversation.tokens(), reply.text.len() / 4 + 20);
    json!({"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion})
}

fn whole(conversation: &Conversation, reply: &Reply, fault: Option<WireFault>, seed: u64, now: u64) -> Value {
    let calls = reply.call.iter().map(|(name, given)| {
        json!({"id": format!("call_{seed:016x}"), "type": "function", "function": {"name": name, "arguments": arguments(given, fault)}})
    });
    let calls: Vec<Value> = calls.collect();
    let mut message = json!({"role": "assistant", "content": reply.text});
    if !calls.is_empty() {
        message["tool_calls"] = calls.into();
    }
    json!({
        "id": format!("chatcmpl-{seed:016x}"), "object": "chat.completion", "created": now, "model": conversation.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish(reply, fault)}], "usage": usage(conversation, reply),
    })
}

fn events(conversation: &Conversation, reply: &Reply, fault: Option<WireFault>, seed: u64, now: u64) -> Vec<String> {
    let chunk = |choices: Value, usage: Option<Value>| {
        let mut chunk = json!({
            "id": format!("chatcmpl-{seed:016x}"), "object": "chat.completion.chunk", "created": now,
            "model": conversation.model, "choices": choices,
        });
        if let Some(usage) = usage {
            chunk["usage"] = usage;
        }
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value| chunk(json!([{"index": 0, "delta": delta, "finish_reason": null}]), None);
    let mut events = vec![delta(json!({"role": "assistant", "content": ""}))];
    events.extend(deltas(&reply.text, seed, 12).into_iter().map(|piece| delta(json!({"content": piece}))));
    if let Some((name, given)) = &reply.call {
        let id = format!("call_{seed:016x}");
        events.push(delta(json!({"tool_calls": [
            {"index": 0, "id": id, "type": "function", "function": {"name": name, "arguments": ""}}]})));
        let pieces = deltas(&arguments(given, fault), seed, 9).into_iter();
        events
            .extend(pieces.map(|piece| delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}))));
    }
    events.push(chunk(json!([{"index": 0, "delta": {}, "finish_reason": finish(reply, fault)}]), None));
    if conversation.usage {
        events.push(chunk(json!([]), Some(usage(conversation, reply))));
    }
    events.push("data: [DONE]\n\n".to_owned());
    events
}
