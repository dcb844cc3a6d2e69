//! The door of the scripted model: Chat Completions and Messages on loopback, streamed at a reader's pace.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use hyper::{Request, Response, StatusCode, body::Incoming, header};
use jiff::Timestamp;
use tokio::net::TcpListener;

use super::{body::Body, plain};
use crate::model::{self, Answer, Rules};

/// The longest conversation that is read.
const LONGEST: usize = 16 << 20;
/// Between two pieces of a stream.
const PACE: Duration = Duration::from_millis(12);

/// Who answers.
#[derive(Debug)]
pub struct Speaker {
    /// By these rules.
    pub rules: Rules,
    /// Where streams are cut follows from it.
    pub seed: u64,
}

/// Lets clients in, until the task is aborted.
pub async fn accept(listener: TcpListener, speaker: Arc<Speaker>) {
    plain::accept(listener, move |request| handle(request, Arc::clone(&speaker))).await;
}

async fn handle(request: Request<Incoming>, speaker: Arc<Speaker>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().trim_end_matches('/').trim_start_matches("/v1");
    let body = plain::whole(body, LONGEST).await;
    let answer = match (parts.method.as_str(), path) {
        ("POST", "/chat/completions") => {
            let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
            model::chat_completions(&speaker.rules, &body, speaker.seed, now)
        }
        ("POST", "/messages") => model::messages(&speaker.rules, &body, speaker.seed),
        ("GET", "/models") => Answer::whole(200, &model::models()),
        _ => {
            let words = "want POST /v1/chat/completions, POST /v1/messages or GET /v1/models";
            Answer::whole(404, &serde_json::json!({"error": {"message": words, "type": "not_found_error"}}))
        }
    };
    spoken(answer)
}

fn spoken(answer: Answer) -> Response<Body> {
    let mut response = Response::builder().header(header::CONTENT_TYPE, answer.content);
    for (name, value) in &answer.headers {
        response = response.header(*name, value);
    }
    response = response.status(StatusCode::from_u16(answer.status).unwrap_or_default());
    let (into, body) = Body::stream();
    tokio::spawn(async move {
        for chunk in answer.chunks {
            // Whoever stops reading has heard enough. A stream that is to break off just ends before its last event.
            if into.send(Bytes::from(chunk)).await.is_err() {
                return;
            }
            tokio::time::sleep(PACE).await;
        }
    });
    response.body(body).unwrap_or_else(|_| Response::new(Body::Whole(None)))
}
