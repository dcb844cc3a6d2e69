//! The way to a provider: an address, or a Service of the cluster through its API server. Both give the same answers.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt as _, stream};
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;
use kube::client::Body;
use reqwest::{Client, Response, Url};
use thiserror::Error;
use tokio::time::timeout;

use crate::{
    base::{innermost, is_loopback, sanitize},
    cluster::io::connect::Link,
};

/// A way.
#[derive(Clone)]
pub(super) enum Line {
    /// To an address.
    Direct(Client),
    /// Through the API server, which proves itself and knows who asks. A key of a provider never goes this way.
    Cluster(Link),
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub(super) enum Lost {
    /// Nothing came for too long.
    #[error("nothing came for too long")]
    Stalled,
    /// No connection, or it broke.
    #[error("{why}")]
    Broken {
        /// What the link said.
        why: String,
        /// Whether the request certainly never arrived.
        unsent: bool,
    },
}

/// What is wrong with an answer that was asked for by reqwest.
pub(super) fn lost(error: &reqwest::Error) -> Lost {
    if error.is_timeout() && !error.is_connect() {
        return Lost::Stalled;
    }
    Lost::Broken { why: sanitize::line(&innermost(error)).into_owned(), unsent: error.is_connect() }
}

impl Line {
    /// One request. `target` is an address, or a path of the API server.
    pub async fn send(
        &self,
        method: Method,
        target: &str,
        headers: HeaderMap,
        body: Vec<u8>,
        stall: Duration,
    ) -> Result<Response, Lost> {
        match self {
            Self::Direct(http) => {
                let sending = http.request(method, target).headers(headers).body(body).send();
                sending.await.map_err(|error| lost(&error))
            }
            Self::Cluster(link) => {
                let broken = |why: String, unsent| Lost::Broken { why: sanitize::line(&why).into_owned(), unsent };
                let mut request = http::Request::builder()
                    .method(method)
                    .uri(target)
                    .body(Body::from(body))
                    .map_err(|error| broken(error.to_string(), true))?;
                request.headers_mut().extend(headers);
                let sent = timeout(stall, link.client().send(request)).await.map_err(|_| Lost::Stalled)?;
                let answer = sent.map_err(|error| broken(innermost(&error), false))?;
                let (parts, body) = answer.into_parts();
                let body = reqwest::Body::wrap_stream(patient(body, stall));
                Ok(Response::from(http::Response::from_parts(parts, body)))
            }
        }
    }
}

/// The same bytes; an error once nothing came for too long.
fn patient(body: Body, stall: Duration) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send + 'static {
    let stream = body.into_data_stream().boxed();
    stream::unfold(Some(stream), move |stream| async move {
        let mut stream = stream?;
        match timeout(stall, stream.next()).await {
            Err(_) => Some((Err(std::io::ErrorKind::TimedOut.into()), None)),
            Ok(None) => None,
            Ok(Some(Ok(bytes))) => Some((Ok(bytes), Some(stream))),
            Ok(Some(Err(error))) => Some((Err(std::io::Error::other(error)), None)),
        }
    })
}

/// Whether an address is on this machine, by what it says.
pub(super) fn on_this_machine(url: &Url) -> bool {
    is_loopback(url.host_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::on_this_machine;

    #[test]
    fn only_what_cannot_be_elsewhere_is_on_this_machine() {
        let local = |url: &str| on_this_machine(&url.parse().unwrap());
        for here in
            ["http://127.0.0.1:8080/v1", "http://localhost/v1", "https://[::1]:1/", "http://127.1/", "http://127.9.9.9"]
        {
            assert!(local(here), "{here}");
        }
        for away in [
            "http://localhost.evil.example/",
            "http://127.0.0.1.nip.io/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "http://127.0.0.1@evil.example/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert!(!local(away), "{away}");
        }
    }
}
