//! One request and its answer, with failures told apart.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::{Request, Response, header::DATE};
use http_body_util::{BodyExt, Limited};
use jiff::Timestamp;
use kube::client::Body;
use serde::Deserialize;

use super::{clock::http_date, connect::Link, failure};
use crate::{
    base::sanitize,
    cluster::{
        api::{Refusal, Trouble},
        cause::Cause,
    },
};

/// How long an ordinary request may take, connecting included. Connecting has its own shorter limit, so that a request that
/// never left is told apart from one that got no answer.
pub(super) const PATIENCE: Duration = Duration::from_secs(32);

/// The most an answer may weigh.
const HEAVIEST: usize = 512 << 20;

/// The most of a failure's body that is read.
const STATUS: usize = 1 << 20;

/// A whole answer.
#[derive(Debug)]
pub(super) struct Whole {
    pub body: Bytes,
    pub date: Option<Timestamp>,
}

/// `Status` of meta/v1, as far as it is used.
#[derive(Debug, Deserialize, Default)]
#[serde(default)]
pub(super) struct Status {
    kind: Option<String>,
    pub message: Option<String>,
    pub reason: Option<String>,
    pub code: Option<u16>,
    details: Option<Details>,
}

#[derive(Debug, Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    retry_after_seconds: Option<u64>,
}

impl Status {
    /// A status whose fields came in another encoding, where zero and empty mean unsaid.
    pub(super) fn told(code: i32, reason: String, message: String) -> Self {
        Self {
            code: u16::try_from(code).ok().filter(|code| *code != 0),
            reason: Some(reason).filter(|reason| !reason.is_empty()),
            message: Some(message).filter(|message| !message.is_empty()),
            ..Self::default()
        }
    }
}

impl Link {
    /// Sends a request and waits for the head of the answer; a failure status becomes [`Trouble::Refused`].
    pub(super) async fn open(&self, request: Request<Body>) -> Result<Response<Body>, Trouble> {
        let sending = self.client().send(request);
        let answer = match tokio::time::timeout(PATIENCE, sending).await {
            Err(_) => {
                return Err(Trouble::Unknown {
                    server: self.server().to_owned(),
                    why: failure::why(Cause::AnswerTimeout, &format!("{} s", PATIENCE.as_secs())),
                });
            }
            Ok(Err(error)) => return Err(failure::trouble(self.server(), &error)),
            Ok(Ok(answer)) => answer,
        };
        if answer.status().is_success() { Ok(answer) } else { Err(refused(answer).await) }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn fetch(&self, request: Request<Body>) -> Result<Whole, Trouble> {
        let answer = self.open(request).await?;
        let date = date(&answer);
        let unknown = |cause: Cause, detail: &str| Trouble::Unknown {
            server: self.server().to_owned(),
            why: failure::why(cause, detail),
        };
        let reading = Limited::new(answer.into_body(), HEAVIEST).collect();
        // A big list over a thin link takes its time; what must not happen is to wait for ever.
        match tokio::time::timeout(PATIENCE * 4, reading).await {
            Err(_) => Err(unknown(Cause::AnswerTimeout, "the answer stopped half-way")),
            Ok(Err(error)) => Err(unknown(Cause::Cut, &error.to_string())),
            Ok(Ok(body)) => Ok(Whole { body: body.to_bytes(), date }),
        }
    }

    /// GET of a path, whole.
    pub(super) async fn get(&self, path: &str, accept: &'static str) -> Result<Whole, Trouble> {
        self.fetch(self.request("GET", path, accept, Body::empty())?).await
    }

    /// Builds a request. A path comes from kinds and names; one that is no path is refused here.
    pub(super) fn request(
        &self,
        method: &str,
        path: &str,
        accept: &'static str,
        body: Body,
    ) -> Result<Request<Body>, Trouble> {
        Request::builder().method(method).uri(path).header(http::header::ACCEPT, accept).body(body).map_err(|error| {
            Trouble::Unreachable {
                server: self.server().to_owned(),
                why: failure::why(Cause::Other, &format!("`{}` is no path: {error}", sanitize::line(path))),
            }
        })
    }
}

/// Plain JSON.
pub(super) const JSON: &str = "application/json";

pub(super) fn date(answer: &Response<Body>) -> Option<Timestamp> {
    http_date(answer.headers().get(DATE)?.to_str().ok()?)
}

/// Reads the failure a server answered with.
async fn refused(answer: Response<Body>) -> Trouble {
    let code = answer.status();
    let date = date(&answer);
    let header = answer.headers().get(http::header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let reading = Limited::new(answer.into_body(), STATUS).collect();
    let body = match tokio::time::timeout(Duration::from_secs(5), reading).await {
        Ok(Ok(body)) => body.to_bytes(),
        _ => Bytes::new(),
    };
    let status: Option<Status> = serde_json::from_slice(&body).ok();
    let status = status.filter(|status| status.kind.as_deref() == Some("Status"));
    let (reason, message, details) = match status {
        Some(status) => (status.reason, status.message, status.details),
        None => (None, Some(foreign(code, &body)), None),
    };
    let standard = code.canonical_reason().unwrap_or("failure");
    let seconds = details.and_then(|details| details.retry_after_seconds).or(header);
    let message =
        message.filter(|message| !message.is_empty()).unwrap_or_else(|| format!("{} {standard}", code.as_u16()));
    Trouble::Refused(Refusal {
        code: code.as_u16(),
        reason: sanitize::line(&reason.unwrap_or_else(|| standard.replace(' ', ""))).into_owned(),
        message: sanitize::line(&folded(&message)).into_owned(),
        retry_after: seconds.map(Duration::from_secs),
        date,
    })
}

/// A refused patch comes back with the whole object quoted in the message, be it a Secret: only what is wrong is kept.
fn folded(message: &str) -> Cow<'_, str> {
    const QUOTED: &str = "Invalid value: \"{";
    let Some(from) = message.find(QUOTED) else { return Cow::Borrowed(message) };
    let Some(to) = message.rfind("}\": ").filter(|to| *to > from) else { return Cow::Borrowed(message) };
    let (front, back) = (message.get(..from).unwrap_or_default(), message.get(to + 4..).unwrap_or_default());
    Cow::Owned(format!("{}{}", front.trim_start_matches([' ', '"']), back.trim_start()))
}

/// A failure in words that are not the API server's: a proxy's page, or another service.
fn foreign(code: http::StatusCode, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    let head = format!("{} {}", code.as_u16(), code.canonical_reason().unwrap_or_default());
    if text.is_empty() {
        return head;
    }
    if text.starts_with('<') {
        return format!("{head}: an HTML page, not the API server (a proxy or a log-in page?)");
    }
    let short: String = text.chars().take(300).collect();
    format!("{head}: {short}")
}

#[cfg(test)]
mod tests {
    use super::folded;

    #[test]
    fn an_object_quoted_in_a_refusal_goes() {
        let message = " \"\" is invalid: patch: Invalid value: \"{\\\"data\\\":{\\\"p\\\":\\\"c2VjcmV0\\\"}}\": strict decoding error: unknown field \"spec.x\"";
        assert_eq!(folded(message), "is invalid: patch: strict decoding error: unknown field \"spec.x\"");
        for plain in ["pods \"x\" not found", "spec.replicas: Invalid value: -1: must be greater than or equal to 0"] {
            assert_eq!(folded(plain), plain);
        }
    }
}
