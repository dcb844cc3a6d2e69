//! A client that keeps asking until the model is done, and a cluster that answers its calls.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::{
    model::{Rules, chat_completions, messages},
    world::{named, names},
};

pub static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::own().unwrap());

/// The rules of every world that comes along, with its name.
pub static WORLDS: LazyLock<Vec<(&str, Rules)>> = LazyLock::new(|| {
    let rules = |name| match named(name).unwrap().rules {
        Some((path, text)) => Rules::with(&path, &text).unwrap(),
        None => RULES.clone(),
    };
    names().map(|name| (name, rules(name))).collect()
});

/// Which wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    OpenAi,
    Anthropic,
}

/// What came of one request.
#[derive(Debug, Clone, Default)]
pub struct Turn {
    pub text: String,
    pub call: Option<(String, String, String)>,
    pub stop: String,
}

/// A whole conversation.
#[derive(Debug, Default)]
pub struct Played {
    pub said: Vec<String>,
    pub calls: Vec<(String, Value)>,
    pub found: Vec<String>,
}

pub fn tools() -> Vec<(&'static str, Value)> {
    let text = json!({"type": "string"});
    let schema = |fields: &[(&str, Value)], required: &[&str]| {
        let properties: serde_json::Map<String, Value> =
            fields.iter().map(|(name, kind)| ((*name).to_owned(), kind.clone())).collect();
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
    };
    let t = || text.clone();
    vec![
        ("list", schema(&[("kind", t()), ("namespace", t()), ("labels", t())], &["kind"])),
        ("get", schema(&[("kind", t()), ("name", t()), ("namespace", t())], &["kind", "name"])),
        ("events", schema(&[("namespace", t()), ("name", t()), ("limit", json!({"type": "integer"}))], &[])),
        ("logs", schema(&[("pod", t()), ("namespace", t()), ("tail", json!({"type": "integer"}))], &["pod"])),
        ("query_metrics", schema(&[("promql", t()), ("namespace", t())], &[])),
        ("list_routes", schema(&[("namespace", t())], &[])),
        (
            "propose_fault",
            schema(
                &[
                    ("kind", t()),
                    ("target", t()),
                    ("namespace", t()),
                    ("params", json!({"type": "object"})),
                    ("duration", t()),
                    ("hypothesis", t()),
                    ("expect", t()),
                    ("why", t()),
                ],
                &["kind"],
            ),
        ),
        ("propose_fix", schema(&[("yaml", t()), ("namespace", t()), ("why", t())], &["yaml"])),
    ]
}

/// Reads an OpenAI stream.
pub fn read_openai(stream: &[u8]) -> Turn {
    let text = std::str::from_utf8(stream).unwrap();
    let mut turn = Turn::default();
    for data in text.split("\n\n").filter_map(|event| event.strip_prefix("data: ")) {
        if data == "[DONE]" {
            continue;
        }
        let chunk: Value = serde_json::from_str(data).unwrap();
        let Some(choice) = chunk["choices"].get(0) else { continue };
        turn.text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        if let Some(call) = choice["delta"]["tool_calls"].get(0) {
            let known = turn.call.get_or_insert_with(Default::default);
            known.0.push_str(call["id"].as_str().unwrap_or_default());
            known.1.push_str(call["function"]["name"].as_str().unwrap_or_default());
            known.2.push_str(call["function"]["arguments"].as_str().unwrap_or_default());
        }
        if let Some(stop) = choice["finish_reason"].as_str() {
            stop.clone_into(&mut turn.stop);
        }
    }
    turn
}

/// Reads an Anthropic stream.
pub fn read_anthropic(stream: &[u8]) -> Turn {
    let text = std::str::from_utf8(stream).unwrap();
    let mut turn = Turn::default();
    for event in text.split("\n\n").filter(|event| !event.is_empty()) {
        let (name, data) = event.split_once("\ndata: ").unwrap();
        let data: Value = serde_json::from_str(data).unwrap();
        assert_eq!(Some(data["type"].as_str().unwrap()), name.strip_prefix("event: "));
        if data["content_block"]["type"] == "tool_use" {
            let word = |field: &str| data["content_block"][field].as_str().unwrap().to_owned();
            turn.call = Some((word("id"), word("name"), String::new()));
        }
        turn.text.push_str(data["delta"]["text"].as_str().unwrap_or_default());
        if let Some(call) = &mut turn.call {
            call.2.push_str(data["delta"]["partial_json"].as_str().unwrap_or_default());
        }
        if let Some(stop) = data["delta"]["stop_reason"].as_str() {
            stop.clone_into(&mut turn.stop);
        }
    }
    turn
}

/// The body of a first request.
pub fn ask(wire: Wire, model: &str, question: &str) -> Value {
    let system = "You help an operator.\n\nThe operator looks at the namespace infra of the context demo.";
    match wire {
        Wire::OpenAi => {
            let tools: Vec<Value> = tools()
                .into_iter()
                .map(|(name, schema)| json!({"type": "function", "function": {"name": name, "description": "", "parameters": schema}}))
                .collect();
            json!({"model": model, "stream": true, "stream_options": {"include_usage": true}, "tools": tools,
                "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}]})
        }
        Wire::Anthropic => {
            let tools: Vec<Value> = tools()
                .into_iter()
                .map(|(name, schema)| json!({"name": name, "description": "", "input_schema": schema}))
                .collect();
            json!({"model": model, "stream": true, "max_tokens": 1024, "tools": tools, "system": [{"type": "text", "text": system}],
                "messages": [{"role": "user", "content": [{"type": "text", "text": question}]}]})
        }
    }
}

/// Sends a request to a model of the common rules and reads what comes.
pub fn send(wire: Wire, body: &Value, seed: u64) -> Turn {
    sent(&RULES, wire, body, seed)
}

fn sent(rules: &Rules, wire: Wire, body: &Value, seed: u64) -> Turn {
    let body = body.to_string();
    let answer = match wire {
        Wire::OpenAi => chat_completions(rules, body.as_bytes(), seed, 1_795_698_245),
        Wire::Anthropic => messages(rules, body.as_bytes(), seed),
    };
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.chunks.concat()));
    match wire {
        Wire::OpenAi => read_openai(&answer.chunks.concat()),
        Wire::Anthropic => read_anthropic(&answer.chunks.concat()),
    }
}

/// Plays a conversation to its end by the common rules; `cluster` answers each call, `Err` with a failure.
pub fn play(wire: Wire, seed: u64, question: &str, cluster: impl Fn(&str, &Value) -> Result<String, String>) -> Played {
    play_by(&RULES, wire, seed, question, cluster)
}

/// The same by other rules.
pub fn play_by(
    rules: &Rules,
    wire: Wire,
    seed: u64,
    question: &str,
    cluster: impl Fn(&str, &Value) -> Result<String, String>,
) -> Played {
    let mut body = ask(wire, "scripted", question);
    let mut played = Played::default();
    for _ in 0..20 {
        let turn = sent(rules, wire, &body, seed);
        if !turn.text.is_empty() {
            played.said.push(turn.text.clone());
        }
        let Some((id, name, arguments)) = turn.call else {
            assert!(matches!(turn.stop.as_str(), "stop" | "end_turn"), "{}", turn.stop);
            return played;
        };
        assert!(matches!(turn.stop.as_str(), "tool_calls" | "tool_use"), "{}", turn.stop);
        let given: Value = serde_json::from_str(&arguments).unwrap();
        let (result, failed) = match cluster(&name, &given) {
            Ok(text) => (format!("<data source=\"{name}\">\n{text}\n</data>"), false),
            Err(words) => (format!("error: {words}"), true),
        };
        played.calls.push((name.clone(), given.clone()));
        played.found.push(result.clone());
        let history = body["messages"].as_array_mut().unwrap();
        match wire {
            Wire::OpenAi => {
                history.push(json!({"role": "assistant", "content": turn.text, "tool_calls": [
                    {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}]}));
                history.push(json!({"role": "tool", "tool_call_id": id, "content": result}));
            }
            Wire::Anthropic => {
                history.push(json!({"role": "assistant", "content": [
                    {"type": "text", "text": turn.text}, {"type": "tool_use", "id": id, "name": name, "input": given}]}));
                history.push(json!({"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": id, "content": result, "is_error": failed}]}));
            }
        }
    }
    panic!("it never ends: {:?}", played.calls);
}
