//! The door of the world's Prometheus: its HTTP API in plain text on loopback, as inside a cluster.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{Request, Response, body::Incoming, header, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use tokio::net::TcpListener;

use super::{http::query, machine::Machine, serve::Shared};

/// The longest form that is read.
const LONGEST: usize = 1 << 20;

/// Lets clients in, until the task is aborted.
pub async fn accept<M: Machine>(listener: TcpListener, shared: Arc<Shared<M>>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => {
                    let shared = Arc::clone(&shared);
                    connections.spawn(async move {
                        let service = service_fn(move |request| handle(request, Arc::clone(&shared)));
                        let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(tcp), service).await;
                    });
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn handle<M: Machine>(
    request: Request<Incoming>,
    shared: Arc<Shared<M>>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let form = Limited::new(body, LONGEST).collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut params = query(parts.uri.query().unwrap_or_default());
    params.extend(query(&String::from_utf8_lossy(&form)));
    let path = parts.uri.path();
    let (code, kind, text) = if matches!(path, "/-/ready" | "/-/healthy") {
        (200, "text/plain", "Prometheus Server is Ready.\n".to_owned())
    } else {
        let (code, answer) = shared.with(|machine| machine.metrics(path, &params));
        (code, "application/json", answer.to_string())
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = hyper::StatusCode::from_u16(code).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    Ok(response)
}
