//! A server of HTTP/1.1 that does what a test tells it.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// A request as it arrived.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// The client's certificate, DER.
    pub certificate: Option<Vec<u8>>,
    /// The name the client asked for in the handshake.
    pub sni: Option<String>,
}

impl Seen {
    /// All values of a header.
    pub fn header(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether the query has this `name=value`.
    pub fn asks(&self, pair: &str) -> bool {
        self.path.split_once('?').is_some_and(|(_, query)| query.split('&').any(|one| one == pair))
    }

    /// The path without its query.
    pub fn plain(&self) -> &str {
        self.path.split('?').next().unwrap_or_default()
    }
}

/// What comes back.
pub enum Reply {
    /// A whole answer.
    Whole(u16, Vec<(&'static str, String)>, String),
    /// Status 200, then pieces as they come: `Some` is sent, `None` breaks the connection, the sender's end ends the answer.
    Stream(mpsc::UnboundedReceiver<Option<String>>),
    /// The connection breaks without an answer.
    Cut,
}

impl Reply {
    /// 200 with JSON.
    pub fn json(body: &serde_json::Value) -> Self {
        Self::Whole(200, vec![("content-type", "application/json".into())], body.to_string())
    }

    /// A failure Status.
    pub fn status(code: u16, reason: &str, message: &str) -> Self {
        let body = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason, "message": message});
        Self::Whole(code, vec![("content-type", "application/json".into())], body.to_string())
    }
}

type Answer = dyn Fn(&Seen) -> Reply + Send + Sync;

/// A running server; it ends when dropped.
pub struct Server {
    pub port: u16,
    pub secure: bool,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Plain HTTP.
    pub async fn plain(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(answer)).await
    }

    /// HTTP over TLS.
    pub async fn tls(tls: Arc<ServerConfig>, answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        Self::start(Some(tls), Arc::new(answer)).await
    }

    async fn start(tls: Option<Arc<ServerConfig>>, answer: Arc<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (secure, all) = (tls.is_some(), seen.clone());
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((tcp, _)) = listener.accept().await {
                let (tls, answer, all) = (tls.clone(), answer.clone(), all.clone());
                connections.spawn(async move {
                    let mut first = Seen::default();
                    match tls {
                        None => serve(tcp, first, &answer, &all).await,
                        Some(tls) => {
                            let Ok(stream) = TlsAcceptor::from(tls).accept(tcp).await else { return };
                            let (_, session) = stream.get_ref();
                            first.sni = session.server_name().map(str::to_owned);
                            first.certificate = session.peer_certificates().map(|chain| chain[0].to_vec());
                            serve(stream, first, &answer, &all).await;
                        }
                    }
                });
            }
        });
        Self { port, secure, seen, task }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.secure { "https" } else { "http" }, self.port)
    }

    /// The requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    first: Seen,
    answer: &Arc<Answer>,
    all: &Mutex<Vec<Seen>>,
) {
    let mut buffer = Vec::new();
    while let Some(seen) = request(&mut stream, &mut buffer, &first).await {
        all.lock().unwrap().push(seen.clone());
        match answer(&seen) {
            Reply::Whole(code, headers, body) => {
                let mut head = format!("HTTP/1.1 {code} X\r\ncontent-length: {}\r\n", body.len());
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                if stream.write_all(format!("{head}\r\n{body}").as_bytes()).await.is_err() {
                    return;
                }
                let _ = stream.flush().await;
            }
            Reply::Stream(mut pieces) => {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
                if stream.write_all(head.as_bytes()).await.is_err() || stream.flush().await.is_err() {
                    return;
                }
                while let Some(piece) = pieces.recv().await {
                    let Some(piece) = piece else { return };
                    if stream.write_all(format!("{:x}\r\n{piece}\r\n", piece.len()).as_bytes()).await.is_err() {
                        return;
                    }
                    let _ = stream.flush().await;
                }
                if stream.write_all(b"0\r\n\r\n").await.is_err() {
                    return;
                }
                let _ = stream.flush().await;
            }
            Reply::Cut => return,
        }
    }
}

async fn request<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    buffer: &mut Vec<u8>,
    first: &Seen,
) -> Option<Seen> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end;
        }
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
        // TLS at a plain port: answered as web servers do.
        if buffer.first() == Some(&0x16) {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
            return None;
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).ok()?;
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut words = lines.next()?.split(' ');
    let mut seen = Seen { method: words.next()?.to_owned(), path: words.next()?.to_owned(), ..first.clone() };
    seen.headers =
        lines.filter_map(|line| line.split_once(':')).map(|(k, v)| (k.to_lowercase(), v.trim().to_owned())).collect();
    let length: usize = seen.header("content-length").first().map_or(0, |length| length.parse().unwrap());
    while buffer.len() < length {
        if stream.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    }
    seen.body = String::from_utf8(buffer.drain(..length).collect()).ok()?;
    Some(seen)
}
