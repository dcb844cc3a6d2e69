//! Port-forward: the ports of a pod over one websocket, each with a channel for its bytes and one for what went wrong.
//!
//! Behind a port that a container declares stands a small web server that says who answers; where a pod tells metrics, it
//! tells them here too. Every other port is closed.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{
    super::{machine::Machine, serve::Shared},
    Came, Channels, whole,
};
use crate::{
    api::{Body, Request},
    base::value::{list, text},
};

/// The head of a request may be so long.
const LONGEST: usize = 64 << 10;

pub(super) async fn run<M: Machine>(shared: &Shared<M>, request: &Request, pod: &Value, mut channels: Channels) {
    let ports: Vec<u16> = request
        .query
        .iter()
        .filter(|(name, _)| name == "ports" || name == "port")
        .flat_map(|(_, value)| value.split(','))
        .filter_map(|port| port.trim().parse().ok())
        .take(64)
        .collect();
    // Each channel begins with its port.
    for (at, port) in (0u8..).zip(&ports) {
        channels.send(2 * at, &port.to_le_bytes()).await;
        channels.send(2 * at + 1, &port.to_le_bytes()).await;
    }
    let mut heads: HashMap<u8, Vec<u8>> = HashMap::new();
    loop {
        let (channel, bytes) = match channels.next().await {
            Came::Over => return,
            Came::Closed(_) => continue,
            Came::Data(channel, bytes) => (channel, bytes),
        };
        let Some(port) = ports.get(usize::from(channel / 2)).copied().filter(|_| channel % 2 == 0) else { continue };
        if !listens(pod, port) && !tells(shared, pod, port) {
            let why = format!(
                "an error occurred forwarding {port} -> {port}: error forwarding port {port} to pod {}: failed to connect to \
                 localhost:{port} inside namespace: dial tcp4 127.0.0.1:{port}: connect: connection refused",
                text(pod, &["metadata", "uid"])
            );
            channels.send(channel + 1, why.as_bytes()).await;
            return channels.end().await;
        }
        let head = heads.entry(channel).or_default();
        head.extend_from_slice(&bytes);
        if head.len() > LONGEST {
            return channels.end().await;
        }
        while let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let asked: Vec<u8> = head.drain(..end + 4).collect();
            let answer = answer(shared, pod, port, &String::from_utf8_lossy(&asked));
            if !channels.send(channel, &answer).await {
                return;
            }
        }
    }
}

/// Whether a container declares the port.
fn listens(pod: &Value, port: u16) -> bool {
    let containers = list(pod, &["spec", "containers"]).iter().chain(list(pod, &["spec", "initContainers"]));
    let mut ports = containers.flat_map(|one| list(one, &["ports"]));
    ports.any(|one| one["containerPort"] == port)
}

fn tells<M: Machine>(shared: &Shared<M>, pod: &Value, port: u16) -> bool {
    metrics(shared, pod, port, "/").0 != 503
}

fn metrics<M: Machine>(shared: &Shared<M>, pod: &Value, port: u16, path: &str) -> (u16, Vec<u8>) {
    let (namespace, name) = (text(pod, &["metadata", "namespace"]), text(pod, &["metadata", "name"]));
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}:{port}/proxy{path}");
    let answer = shared.ask(|machine| machine.request(&whole(shared, &path, &[])));
    match answer.body {
        Body::Whole(bytes) => (answer.code, bytes.to_vec()),
        Body::Stream(_) => (answer.code, Vec::new()),
    }
}

fn answer<M: Machine>(shared: &Shared<M>, pod: &Value, port: u16, head: &str) -> Vec<u8> {
    let path = head.split_whitespace().nth(1).unwrap_or("/");
    let (code, kind, body) = match metrics(shared, pod, port, path) {
        (200, body) => ("200 OK", "text/plain; version=0.0.4", body),
        (404, _) if !listens(pod, port) => ("404 Not Found", "text/plain", b"no such path\n".to_vec()),
        _ => {
            let name = text(pod, &["metadata", "name"]);
            let said = json!({"pod": name, "port": port, "path": path, "from": "the simulated cluster of brink"});
            ("200 OK", "application/json", format!("{said}\n").into_bytes())
        }
    };
    let head = format!("HTTP/1.1 {code}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.into_bytes(), body].concat()
}
