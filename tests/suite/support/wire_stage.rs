//! A server on this machine that plays recorded answers, one for each request, and keeps what it was sent.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::Mutex,
};

/// What the server does with one request.
#[derive(Clone)]
pub enum Play {
    /// A status with headers and a body.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// A stream of events, in writes of so many bytes; `cut`: the connection breaks after the last.
    Stream { bytes: Vec<u8>, piece: usize, cut: bool },
    /// The same of one JSON document.
    Document { bytes: Vec<u8>, piece: usize, cut: bool },
    /// These events, and then nothing, ever.
    Begin(String),
    /// Nothing, ever.
    Hang,
    /// The connection breaks before an answer.
    Drop,
}

pub struct Stage {
    pub url: String,
    pub seen: Arc<Mutex<Vec<(String, Value)>>>,
    hung_up: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Stage {
    /// Connections that were left open and at which the other side hung up.
    pub fn hung_up(&self) -> usize {
        self.hung_up.load(Ordering::SeqCst)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Plays one of these for each request; the last one again and again.
pub async fn stage(plays: Vec<Play>) -> Stage {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let seen: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
    let all = seen.clone();
    let hung_up: Arc<AtomicUsize> = Arc::default();
    let left = Arc::clone(&hung_up);
    let task = tokio::spawn(async move {
        let mut at = 0;
        let mut open = tokio::task::JoinSet::new();
        let mut leave = |mut tcp: tokio::net::TcpStream| {
            let left = Arc::clone(&left);
            open.spawn(async move {
                while tcp.read(&mut [0; 64]).await.is_ok_and(|count| count > 0) {}
                left.fetch_add(1, Ordering::SeqCst);
            });
        };
        while let Ok((mut tcp, _)) = listener.accept().await {
            let (mut raw, mut end) = (Vec::new(), None);
            loop {
                if end.is_none() {
                    end = raw.windows(4).position(|four| four == b"\r\n\r\n");
                }
                if let Some(end) = end {
                    let head = String::from_utf8_lossy(&raw[..end]).to_lowercase();
                    let length =
                        head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
                    if raw.len() >= end + 4 + length.unwrap_or(0usize) {
                        let body = serde_json::from_slice(&raw[end + 4..]).unwrap_or(Value::Null);
                        all.lock().await.push((head, body));
                        break;
                    }
                }
                if tcp.read_buf(&mut raw).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            let play = plays[at.min(plays.len() - 1)].clone();
            at += 1;
            match play {
                Play::Whole(code, headers, body) => {
                    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
                    let head = format!(
                        "HTTP/1.1 {code} X\r\nconnection: close\r\ncontent-length: {}\r\n{headers}\r\n",
                        body.len()
                    );
                    let _ = tcp.write_all(format!("{head}{body}").as_bytes()).await;
                }
                Play::Stream { ref bytes, piece, cut } | Play::Document { ref bytes, piece, cut } => {
                    tcp.set_nodelay(true).unwrap();
                    let events = matches!(play, Play::Stream { .. });
                    let kind = if events { "text/event-stream" } else { "application/json" };
                    let head = format!(
                        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
                    );
                    let _ = tcp.write_all(head.as_bytes()).await;
                    for part in bytes.chunks(piece.max(1)) {
                        let mut chunk = format!("{:x}\r\n", part.len()).into_bytes();
                        chunk.extend_from_slice(part);
                        chunk.extend_from_slice(b"\r\n");
                        if tcp.write_all(&chunk).await.is_err() {
                            break;
                        }
                        tokio::task::yield_now().await;
                    }
                    if !cut {
                        let _ = tcp.write_all(b"0\r\n\r\n").await;
                    }
                }
                Play::Begin(bytes) => {
                    let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
                    let chunk = format!("{head}{:x}\r\n{bytes}\r\n", bytes.len());
                    let _ = tcp.write_all(chunk.as_bytes()).await;
                    leave(tcp);
                }
                Play::Hang => leave(tcp),
                Play::Drop => {}
            }
        }
    });
    Stage { url, seen, hung_up, task }
}
