//! Websockets into pods: exec, attach and port-forward, by the protocols of the API server (`v4.channel.k8s.io` and
//! `v5.channel.k8s.io`). The first byte of each frame is its channel.

mod attach;
mod exec;
mod forward;
mod status;

use std::sync::Arc;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, header};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, frame::coding::CloseCode},
    },
};

use super::{body::Body, machine::Machine, serve::Shared};
use crate::{
    api::{Refusal, Request, Response},
    base::value::text,
};

/// The subprotocols, the newest first.
const PROTOCOLS: [&str; 2] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

/// Channels of exec and attach.
const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const ERROR: u8 = 3;
const RESIZE: u8 = 4;
/// Of the fifth version: the channel named behind it is closed.
const CLOSE: u8 = 255;

/// A websocket whose frames have channels.
struct Channels {
    socket: WebSocketStream<TokioIo<Upgraded>>,
}

/// What came.
enum Came {
    Data(u8, Bytes),
    /// The client sends nothing more on a channel.
    Closed(u8),
    Over,
}

impl Channels {
    async fn next(&mut self) -> Came {
        loop {
            match self.socket.next().await {
                Some(Ok(Message::Binary(frame))) if frame.len() == 2 && frame[0] == CLOSE => {
                    return Came::Closed(frame[1]);
                }
                Some(Ok(Message::Binary(frame))) if !frame.is_empty() => return Came::Data(frame[0], frame.slice(1..)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Came::Over,
                Some(Ok(_)) => {}
            }
        }
    }

    /// Whether somebody still listens.
    async fn send(&mut self, channel: u8, bytes: &[u8]) -> bool {
        // As a real node does, large things go in pieces.
        for piece in bytes.chunks(32 << 10) {
            let frame = [&[channel], piece].concat();
            if self.socket.send(Message::Binary(frame.into())).await.is_err() {
                return false;
            }
        }
        true
    }

    async fn end(mut self) {
        // Whoever is gone need not be told.
        let _ = self.socket.close(Some(CloseFrame { code: CloseCode::Normal, reason: "".into() })).await;
    }
}

/// Answers an upgrade that the API allowed, and goes on with the connection as soon as the client knows.
pub(super) fn begin<M: Machine>(
    shared: &Arc<Shared<M>>,
    request: &Request,
    headers: &HeaderMap,
    upgrade: OnUpgrade,
    allowed: Response,
) -> Result<hyper::Response<Body>, Refusal> {
    let said = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let offered: Vec<&str> = said(header::SEC_WEBSOCKET_PROTOCOL).split(',').map(str::trim).collect();
    let Some(protocol) = PROTOCOLS.into_iter().find(|known| offered.contains(known)) else {
        return Err(Refusal::bad(format!("no protocol is understood of {offered:?}")));
    };
    let accept = derive_accept_key(said(header::SEC_WEBSOCKET_KEY).as_bytes());
    let pod: Value = match allowed.body {
        crate::api::Body::Whole(bytes) => serde_json::from_slice(&bytes).unwrap_or_default(),
        crate::api::Body::Stream(_) => Value::Null,
    };
    let (shared, request) = (Arc::clone(shared), request.clone());
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        let channels = Channels { socket };
        let mut gate = shared.gate.subscribe();
        let going = async {
            match request.path.rsplit('/').next() {
                Some("exec") => exec::run(&shared, &request, &pod, channels).await,
                Some("attach") => attach::run(&shared, &request, &pod, channels).await,
                _ => forward::run(&shared, &request, &pod, channels).await,
            }
        };
        tokio::select! {
            () = going => {}
            // All connections break.
            _ = gate.changed() => {}
            () = replaced(&shared, &pod) => {}
        }
    });
    let answer = hyper::Response::builder()
        .status(101)
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_ACCEPT, accept)
        .header(header::SEC_WEBSOCKET_PROTOCOL, protocol)
        .body(Body::Whole(None));
    Ok(answer.unwrap_or_else(|_| hyper::Response::new(Body::Whole(None))))
}

/// Ends when the pod is gone: its connections break with it.
async fn replaced<M: Machine>(shared: &Shared<M>, pod: &Value) {
    let mut steps = shared.steps.subscribe();
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}",
        text(pod, &["metadata", "namespace"]),
        text(pod, &["metadata", "name"])
    );
    loop {
        if steps.changed().await.is_err() {
            return;
        }
        let now = shared.ask(|machine| machine.request(&whole(shared, &path, &[])));
        let uid = match now.body {
            crate::api::Body::Whole(bytes) => serde_json::from_slice::<Value>(&bytes).unwrap_or_default(),
            crate::api::Body::Stream(_) => Value::Null,
        };
        if text(&uid, &["metadata", "uid"]) != text(pod, &["metadata", "uid"]) {
            return;
        }
        // Often enough to be believed, seldom enough to cost nothing.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

/// A read of somebody who may see everything.
fn whole<M>(shared: &Shared<M>, path: &str, query: &[(&str, &str)]) -> Request {
    Request {
        method: "GET".to_owned(),
        path: path.to_owned(),
        query: query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        token: shared.everybody.clone(),
        ..Request::default()
    }
}

/// The container that is meant: the one named, else the first.
fn container<'r>(request: &'r Request, pod: &'r Value) -> &'r str {
    request.ask("container").unwrap_or_else(|| text(&pod["spec"]["containers"][0], &["name"]))
}
