//! The door of the world's Prometheus: its HTTP API, as inside a cluster.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, header};
use serde_json::Value;
use tokio::net::TcpListener;

use super::{http::query, machine::Machine, plain, serve::Shared};

/// The longest form that is read.
const LONGEST: usize = 1 << 20;

/// Lets clients in, until the task is aborted.
pub async fn accept<M: Machine>(listener: TcpListener, shared: Arc<Shared<M>>) {
    plain::accept(listener, move |request| handle(request, Arc::clone(&shared))).await;
}

async fn handle<M: Machine>(request: Request<Incoming>, shared: Arc<Shared<M>>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let form = plain::whole(body, LONGEST).await;
    let mut params = query(parts.uri.query().unwrap_or_default());
    params.extend(query(&String::from_utf8_lossy(&form)));
    let path = parts.uri.path();
    let (code, answer) = shared.with(|machine| machine.metrics(path, &params));
    let (kind, text) = match answer {
        Value::String(text) => ("text/plain; version=0.0.4; charset=utf-8", text),
        other => ("application/json", other.to_string()),
    };
    let mut response = Response::new(Full::new(Bytes::from(text)));
    *response.status_mut() = hyper::StatusCode::from_u16(code).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}
