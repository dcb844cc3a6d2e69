//! Proxies: HTTP CONNECT, plain or over TLS, and SOCKS 5. Whatever host is asked for, the connection goes to one port here.

use std::sync::{Arc, Mutex};

use rustls::ServerConfig;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

/// What a proxy was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// `host:port`.
    pub to: String,
    /// `Proxy-Authorization`, or `user:password` of SOCKS.
    pub login: Option<String>,
}

/// How it speaks.
#[derive(Clone)]
pub enum Speech {
    Connect,
    ConnectOverTls(Arc<ServerConfig>),
    /// With `Some`, this login is demanded.
    Socks(Option<&'static str>),
    /// Answers 407 to everything.
    Locked,
}

/// A running proxy; it ends when dropped.
pub struct Proxy {
    pub port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    pub async fn start(speech: Speech, target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let all = asked.clone();
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let Ok((tcp, _)) = listener.accept().await else { return };
                let (speech, all) = (speech.clone(), all.clone());
                connections.spawn(async move {
                    match speech {
                        Speech::Connect => connect(tcp, target, &all, false).await,
                        Speech::Locked => connect(tcp, target, &all, true).await,
                        Speech::ConnectOverTls(tls) => {
                            let tls = TlsAcceptor::from(tls).accept(tcp).await.ok()?;
                            connect(tls, target, &all, false).await
                        }
                        Speech::Socks(login) => socks(tcp, target, &all, login).await,
                    }
                });
            }
        });
        Self { port, asked, task }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }
}

async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    target: u16,
    all: &Mutex<Vec<Asked>>,
    locked: bool,
) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let login = head
        .lines()
        .find_map(|line| line.to_lowercase().starts_with("proxy-authorization:").then(|| line[20..].trim().to_owned()));
    all.lock().unwrap().push(Asked { to: head.split(' ').nth(1)?.to_owned(), login });
    if locked {
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await.ok()?;
        return None;
    }
    let mut onward = TcpStream::connect(("127.0.0.1", target)).await.ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
    stream.flush().await.ok()?;
    copy_bidirectional(&mut stream, &mut onward).await.ok()?;
    None
}

/// RFC 1928, with the login of RFC 1929.
async fn socks(
    mut stream: TcpStream,
    target: u16,
    all: &Mutex<Vec<Asked>>,
    demanded: Option<&'static str>,
) -> Option<()> {
    let mut two = [0; 2];
    stream.read_exact(&mut two).await.ok()?;
    let mut methods = vec![0; usize::from(two[1])];
    stream.read_exact(&mut methods).await.ok()?;
    let mut login = None;
    if demanded.is_some() {
        if !methods.contains(&2) {
            stream.write_all(&[5, 0xff]).await.ok()?;
            return None;
        }
        stream.write_all(&[5, 2]).await.ok()?;
        stream.read_u8().await.ok()?;
        let mut parts = Vec::new();
        for _ in 0..2 {
            let mut text = vec![0; usize::from(stream.read_u8().await.ok()?)];
            stream.read_exact(&mut text).await.ok()?;
            parts.push(String::from_utf8(text).ok()?);
        }
        let given = parts.join(":");
        let right = demanded == Some(given.as_str());
        login = Some(given);
        stream.write_all(&[1, u8::from(!right)]).await.ok()?;
        if !right {
            return None;
        }
    } else {
        stream.write_all(&[5, 0]).await.ok()?;
    }
    let mut four = [0; 4];
    stream.read_exact(&mut four).await.ok()?;
    let host = match four[3] {
        1 => {
            let mut ip = [0; 4];
            stream.read_exact(&mut ip).await.ok()?;
            std::net::Ipv4Addr::from(ip).to_string()
        }
        3 => {
            let mut name = vec![0; usize::from(stream.read_u8().await.ok()?)];
            stream.read_exact(&mut name).await.ok()?;
            String::from_utf8(name).ok()?
        }
        _ => return None,
    };
    let port = stream.read_u16().await.ok()?;
    all.lock().unwrap().push(Asked { to: format!("{host}:{port}"), login });
    let mut onward = TcpStream::connect(("127.0.0.1", target)).await.ok()?;
    stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 0]).await.ok()?;
    copy_bidirectional(&mut stream, &mut onward).await.ok()?;
    None
}
