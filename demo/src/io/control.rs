//! The control door, for tests and scripts: trouble with the API, forgetting, the clock. It asks for a token of its own.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Request, Response, body::Incoming, header::AUTHORIZATION};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{
    machine::Machine,
    plain,
    serve::{Shared, lock},
    trouble::Rule,
};
use crate::base::when;

/// The longest rule that is read.
const LONGEST: usize = 1 << 16;

/// Lets tests in, until the task is aborted.
pub async fn accept<M: Machine>(listener: TcpListener, token: String, shared: Arc<Shared<M>>) {
    let token: Arc<str> = token.into();
    plain::accept(listener, move |request| handle(request, Arc::clone(&token), Arc::clone(&shared))).await;
}

async fn handle<M: Machine>(
    request: Request<Incoming>,
    token: Arc<str>,
    shared: Arc<Shared<M>>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let given = parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if given != Some(&*token) {
        return said(401, &json!({"error": "the control door asks for its token"}));
    }
    let body = plain::whole(body, LONGEST).await;
    let (code, answer) = act(parts.method.as_str(), parts.uri.path(), &body, &shared);
    said(code, &answer)
}

fn act<M: Machine>(method: &str, path: &str, body: &[u8], shared: &Shared<M>) -> (u16, Value) {
    match (method, path) {
        ("GET", "/health") => (200, json!({"ok": true})),
        ("GET", "/rules") => (200, lock(&shared.book).list()),
        ("POST", "/rules") => match Rule::read(body) {
            Ok(rule) => {
                let shut = rule.shuts();
                let answer = json!(rule);
                lock(&shared.book).put(rule);
                stand(shared);
                if shut {
                    shared.gate.send_modify(|count| *count += 1);
                }
                (201, answer)
            }
            Err(why) => (400, json!({"error": why})),
        },
        ("DELETE", "/rules") => {
            lock(&shared.book).clear();
            stand(shared);
            (200, json!([]))
        }
        ("DELETE", _) if path.starts_with("/rules/") => {
            let id = path.trim_start_matches("/rules/");
            if lock(&shared.book).remove(id) {
                stand(shared);
                (200, lock(&shared.book).list())
            } else {
                (404, json!({"error": format!("no rule {id:?}")}))
            }
        }
        ("POST", "/compact") => {
            shared.with(Machine::compact);
            (200, json!({"ok": true}))
        }
        ("POST", _) if path.starts_with("/checkpoint/") => {
            shared.with(|machine| machine.checkpoint(path.trim_start_matches("/checkpoint/")));
            (201, json!({"ok": true}))
        }
        ("POST", _) if path.starts_with("/restore/") => {
            let name = path.trim_start_matches("/restore/");
            if shared.with(|machine| machine.restore(name)) {
                (200, json!({"ok": true}))
            } else {
                (404, json!({"error": format!("no checkpoint {name:?}")}))
            }
        }
        ("GET", "/streams") => (200, json!({"open": shared.streams.load(std::sync::atomic::Ordering::Relaxed)})),
        ("GET", "/clock") => (200, json!({"now": when::micros(shared.clock.now()), "rate": shared.clock.rate()})),
        _ => (
            404,
            json!({"error": "want /health, /rules, /compact, /checkpoint/NAME, /restore/NAME, /streams or /clock"}),
        ),
    }
}

/// Tells the machine which trouble stands from now on.
fn stand<M: Machine>(shared: &Shared<M>) {
    let (standing, floods) = lock(&shared.book).standing();
    shared.with(|machine| machine.set_trouble(standing, floods));
}

fn said(code: u16, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = hyper::StatusCode::from_u16(code).unwrap_or_default();
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("application/json"));
    response
}
