//! A model that says given things in order, on either wire, and keeps what it was sent.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use brink::agent::wire::Wire;
use serde_json::{Value, json};

/// One answer of the model.
#[derive(Debug, Clone)]
pub enum Say {
    /// Words, which end the ask.
    Text(&'static str),
    /// A tool call: name, arguments.
    Call(&'static str, Value),
}

/// Its address, and the bodies it was sent.
pub struct Player {
    pub url: String,
    pub sent: Arc<Mutex<Vec<String>>>,
}

/// A model that says these things; the last again and again.
pub fn model(wire: Wire, says: Vec<Say>) -> Player {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let sent: Arc<Mutex<Vec<String>>> = Arc::default();
    let all = sent.clone();
    thread::spawn(move || {
        for (at, tcp) in listener.incoming().enumerate() {
            let mut tcp = tcp.unwrap();
            if let Some(body) = body(&mut tcp) {
                all.lock().unwrap().push(body);
            }
            let said = said(wire, at, &says[at.min(says.len() - 1)]);
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\ncontent-length: ";
            let _ = tcp.write_all(format!("{head}{}\r\n\r\n{said}", said.len()).as_bytes());
        }
    });
    Player { url, sent }
}

/// Reads a request to the end of its body.
fn body(tcp: &mut impl Read) -> Option<String> {
    let (mut raw, mut more) = (Vec::new(), [0; 8192]);
    loop {
        if let Some(end) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if raw.len() >= end + 4 + length.unwrap_or(0) {
                return Some(String::from_utf8_lossy(&raw[end + 4..]).into_owned());
            }
        }
        match tcp.read(&mut more) {
            Ok(count @ 1..) => raw.extend_from_slice(&more[..count]),
            _ => return None,
        }
    }
}

fn said(wire: Wire, at: usize, say: &Say) -> String {
    match wire {
        Wire::OpenAi => {
            let delta = match say {
                Say::Text(text) => json!({"content": text}),
                Say::Call(name, arguments) => {
                    json!({"tool_calls": [{"index": 0, "id": format!("c{at}"), "function": {"name": name, "arguments": arguments.to_string()}}]})
                }
            };
            let first = json!({"choices": [{"index": 0, "delta": delta}]});
            let last = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]});
            format!("data: {first}\n\ndata: {last}\n\ndata: [DONE]\n\n")
        }
        Wire::Anthropic => {
            let (block, delta, stop) = match say {
                Say::Text(text) => {
                    (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": text}), "end_turn")
                }
                Say::Call(name, arguments) => (
                    json!({"type": "tool_use", "id": format!("c{at}"), "name": name, "input": {}}),
                    json!({"type": "input_json_delta", "partial_json": arguments.to_string()}),
                    "tool_use",
                ),
            };
            let events = [
                json!({"type": "message_start", "message": {"id": "m", "usage": {"input_tokens": 9, "output_tokens": 1}}}),
                json!({"type": "content_block_start", "index": 0, "content_block": block}),
                json!({"type": "content_block_delta", "index": 0, "delta": delta}),
                json!({"type": "content_block_stop", "index": 0}),
                json!({"type": "message_delta", "delta": {"stop_reason": stop}, "usage": {"output_tokens": 9}}),
                json!({"type": "message_stop"}),
            ];
            let lines =
                events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap()));
            lines.collect()
        }
        Wire::A2a | Wire::Analyze => unreachable!("a model speaks here"),
    }
}
