//! A small MCP server over streamable HTTP whose every answer a test decides: well-meaning or hostile.

use std::{
    io::{Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::{Value, json};

/// What the test answers to a method with these params.
pub type Answer = dyn Fn(&str, &Value) -> Value + Send + Sync;

/// The server.
pub struct McpServer {
    pub url: String,
    /// Calls of tools: name and arguments.
    pub called: Arc<Mutex<Vec<(String, Value)>>>,
}

/// A tool as it is listed.
pub fn tool(name: &str, doc: &str, read_only: bool) -> Value {
    json!({"name": name, "description": doc, "annotations": {"readOnlyHint": read_only},
        "inputSchema": {"type": "object", "properties": {"target": {"type": "string"}}}})
}

/// An answer of text.
pub fn text(text: &str) -> Value {
    json!({"content": [{"type": "text", "text": text}]})
}

/// A server that says hello as any, and else answers as the test says.
pub fn mcp_server(answer: impl Fn(&str, &Value) -> Value + Send + Sync + 'static) -> McpServer {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let called: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let (answer, all): (Arc<Answer>, _) = (Arc::new(answer), Arc::clone(&called));
    thread::spawn(move || {
        for tcp in listener.incoming() {
            let (tcp, answer, all) = (tcp.unwrap(), Arc::clone(&answer), Arc::clone(&all));
            thread::spawn(move || serve(tcp, &*answer, &all));
        }
    });
    McpServer { url, called }
}

fn serve(mut tcp: std::net::TcpStream, answer: &Answer, called: &Mutex<Vec<(String, Value)>>) {
    let Some((head, body)) = request(&mut tcp) else { return };
    let reply = |tcp: &mut std::net::TcpStream, status: &str, body: &str| {
        let head = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let _ = tcp.write_all(head.as_bytes());
        let _ = tcp.write_all(body.as_bytes());
    };
    if !head.starts_with("POST") {
        return reply(&mut tcp, "405 Method Not Allowed", "");
    }
    let said: Value = serde_json::from_str(&body).unwrap_or(Value::Null);
    let (method, params, id) = (said["method"].as_str().unwrap_or_default(), &said["params"], &said["id"]);
    if id.is_null() {
        return reply(&mut tcp, "202 Accepted", "");
    }
    let result = match method {
        "initialize" => Ok(json!({"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
            "serverInfo": {"name": "played", "version": "1"}})),
        "tools/list" => Ok(answer(method, params)),
        "tools/call" => {
            let call = (params["name"].as_str().unwrap_or_default().to_owned(), params["arguments"].clone());
            called.lock().unwrap().push(call);
            Ok(answer(method, params))
        }
        other => Err(json!({"code": -32601, "message": format!("no method {other}")})),
    };
    let body = match result {
        Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
        Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
    };
    reply(&mut tcp, "200 OK", &body.to_string());
}

fn request(tcp: &mut impl Read) -> Option<(String, String)> {
    let (mut raw, mut more) = (Vec::new(), [0; 8192]);
    loop {
        if let Some(end) = raw.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&raw[..end]).into_owned();
            let lower = head.to_lowercase();
            let length = lower.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
            if raw.len() >= end + 4 + length.unwrap_or(0) {
                return Some((head, String::from_utf8_lossy(&raw[end + 4..]).into_owned()));
            }
        }
        match tcp.read(&mut more) {
            Ok(count @ 1..) => raw.extend_from_slice(&more[..count]),
            _ => return None,
        }
    }
}
