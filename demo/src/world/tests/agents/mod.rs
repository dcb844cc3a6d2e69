//! The agents of a world: tasks in both versions, confirmations, the canary analysis, tools and load.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{World, ask, living, time};
use crate::{
    agents::Asked,
    api::{Body, Request, Response},
};

mod approving;
mod asking;
mod beside;
mod calling;

/// Both wires, by their header.
const WIRES: [&str; 2] = ["0.3", "1.0"];

/// A request to an agent in a version, with the method's name in it.
fn request(wire: &str, old: &str, params: &Value) -> Value {
    let method = match (wire, old) {
        ("1.0", "message/send") => "SendMessage",
        ("1.0", "message/stream") => "SendStreamingMessage",
        ("1.0", "tasks/get") => "GetTask",
        ("1.0", "tasks/cancel") => "CancelTask",
        ("1.0", "tasks/resubscribe") => "SubscribeToTask",
        (_, old) => old,
    };
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

/// Params of a message with these words, and whatever else the message says.
fn words(wire: &str, text: &str, more: &Value) -> Value {
    let part = if wire == "1.0" { json!({"text": text}) } else { json!({"kind": "text", "text": text}) };
    said(wire, &part, more)
}

fn said(wire: &str, part: &Value, more: &Value) -> Value {
    let role = if wire == "1.0" { "ROLE_USER" } else { "user" };
    let mut message = json!({"messageId": "m1", "role": role, "parts": [part]});
    for (name, value) in more.as_object().into_iter().flatten() {
        message[name] = value.clone();
    }
    json!({"message": message})
}

/// Sends a body to an agent; the answers, of a stream one by one. Time passes until it is over.
fn tell(world: &mut World, agent: &str, wire: &str, body: &[u8]) -> Vec<Value> {
    let headers = [("a2a-version".to_owned(), wire.to_owned())];
    let path = format!("/api/a2a/kagent/{agent}/");
    let asked = Asked { method: "POST", path: &path, query: &[], headers: &headers, root: "http://here", body };
    let response = world.visit(&asked);
    assert_eq!(response.code, 200);
    heard(world, response)
}

fn heard(world: &mut World, response: Response) -> Vec<Value> {
    let mut stream = match response.body {
        Body::Whole(bytes) => return vec![serde_json::from_slice(&bytes).unwrap()],
        Body::Stream(stream) => stream,
    };
    let mut told = Vec::new();
    for _ in 0..1200 {
        let pulled = world.pull(&mut stream);
        for chunk in pulled.chunks {
            let text = std::str::from_utf8(&chunk).unwrap();
            let text = text.strip_prefix("data: ").unwrap_or(text);
            told.push(serde_json::from_str(text.trim()).unwrap());
        }
        if pulled.ended {
            return told;
        }
        pass(world, 100);
    }
    panic!("it never ends: {told:#?}")
}

fn pass(world: &mut World, millis: u64) {
    let to = time::later(world.cluster().now(), Duration::from_millis(millis));
    world.advance(to);
}

/// Sends a message and waits for its answer: the task.
fn send(world: &mut World, agent: &str, wire: &str, params: &Value) -> Value {
    let body = request(wire, "message/send", params).to_string();
    let told = tell(world, agent, wire, body.as_bytes());
    let [one] = told.as_slice() else { panic!("{told:#?}") };
    let result = &one["result"];
    if wire == "1.0" { result["task"].clone() } else { result.clone() }
}

/// What comes back of a request that is answered at once.
fn at_once(world: &mut World, agent: &str, wire: &str, method: &str, params: &Value) -> Value {
    let told = tell(world, agent, wire, request(wire, method, params).to_string().as_bytes());
    told.into_iter().next().unwrap()
}

fn state(task: &Value) -> String {
    let state = task["status"]["state"].as_str().unwrap_or_default();
    state.trim_start_matches("TASK_STATE_").to_lowercase().replace('_', "-")
}

fn answer(task: &Value) -> &str {
    task["artifacts"][0]["parts"][0]["text"].as_str().unwrap_or_default()
}

/// The data parts of a task with this `kagent_type`.
fn data<'a>(task: &'a Value, kind: &str) -> Vec<&'a Value> {
    let messages = task["history"].as_array().into_iter().flatten();
    let parts = messages.flat_map(|message| message["parts"].as_array().into_iter().flatten());
    parts.filter(|part| part["metadata"]["kagent_type"] == kind).map(|part| &part["data"]).collect()
}

fn post(path: &str, headers: &[(&str, &str)], body: &Value) -> Request {
    Request {
        method: "POST".to_owned(),
        path: path.to_owned(),
        token: "t".to_owned(),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body: Bytes::from(body.to_string()),
        ..Request::default()
    }
}
