//! The door of the agents: kagent's controller and the agent of the canary analysis, as a port-forward would bring them here.

use std::sync::Arc;

use hyper::{Request, Response, body::Incoming, header};
use tokio::net::TcpListener;

use super::{
    body::Body,
    connection,
    http::{decode, query},
    machine::Machine,
    plain,
    serve::Shared,
};
use crate::agents::Asked;

/// The longest request that is read.
const LONGEST: usize = 1 << 20;

/// Lets clients in, until the task is aborted.
pub async fn accept<M: Machine>(listener: TcpListener, shared: Arc<Shared<M>>) {
    plain::accept(listener, move |request| handle(request, Arc::clone(&shared))).await;
}

async fn handle<M: Machine>(request: Request<Incoming>, shared: Arc<Shared<M>>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = plain::whole(body, LONGEST).await;
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    let asked = Asked {
        method: parts.method.as_str(),
        path: &decode(parts.uri.path()),
        query: &query(parts.uri.query().unwrap_or_default()),
        headers: &headers,
        root: &format!("http://{host}"),
        body: &body,
    };
    let response = shared.with(|machine| machine.visit(&asked));
    connection::told(&shared, response, false, true)
}
