//! What a pod or a Service answers when it is reached through the API server (`…/proxy/…`).

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, header::ACCEPT_ENCODING};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jiff::Timestamp;
use kube::client::Body;

use super::{connect::Link, failure};
use crate::cluster::{Kind, ObjectRef, api::Trouble, cause::Cause, request::object_path};

/// Something behind the API server that speaks HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    kind: Kind,
    namespace: String,
    /// `NAME:PORT`; `https:NAME:PORT` where it speaks TLS.
    name: String,
}

impl Behind {
    /// A port of a pod.
    pub fn pod(namespace: &str, name: &str, port: u16) -> Self {
        let kind = Kind::namespaced("", "v1", "Pod", "pods");
        Self { kind, namespace: namespace.to_owned(), name: format!("{name}:{port}") }
    }

    /// A port of a Service, by its number.
    pub fn service(namespace: &str, name: &str, port: u16, tls: bool) -> Self {
        let kind = Kind::namespaced("", "v1", "Service", "services");
        let scheme = if tls { "https:" } else { "" };
        Self { kind, namespace: namespace.to_owned(), name: format!("{scheme}{name}:{port}") }
    }

    /// The path of the API server that leads to its `path`, which begins with a slash and may have a query.
    pub fn path(&self, path: &str) -> String {
        format!("{}/proxy{path}", object_path(&ObjectRef::new(self.kind.clone(), &self.namespace, &self.name)))
    }
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When its head came, by the server's clock: a large body takes its time, and tells of the moment before.
    pub at: Timestamp,
    /// The body.
    pub body: Bytes,
}

/// GET through the API server: at most `most` bytes, within `patience`, the whole answer included.
pub async fn get(
    link: &Link,
    path: &str,
    headers: &HeaderMap,
    patience: Duration,
    most: usize,
) -> Result<Heard, Trouble> {
    let mut request = link.request("GET", path, "*/*", Body::empty())?;
    request.headers_mut().extend(headers.clone());
    // Whoever stands in between unpacks nothing for us.
    request.headers_mut().insert(ACCEPT_ENCODING, http::HeaderValue::from_static("identity"));
    let unknown = |cause: Cause, detail: &str| Trouble::Unknown {
        server: link.server().to_owned(),
        why: failure::why(cause, detail),
    };
    let work = async {
        let answer = link.open(request).await?;
        let at = link.clock().now();
        match Limited::new(answer.into_body(), most).collect().await {
            Ok(body) => Ok(Heard { at, body: body.to_bytes() }),
            Err(error) if error.is::<LengthLimitError>() => {
                Err(unknown(Cause::Other, &format!("the answer is larger than {} MiB", most >> 20)))
            }
            Err(error) => Err(unknown(Cause::Cut, &error.to_string())),
        }
    };
    match tokio::time::timeout(patience, work).await {
        Ok(answer) => answer,
        Err(_) => Err(unknown(Cause::AnswerTimeout, &format!("{} s", patience.as_secs_f64()))),
    }
}

#[cfg(test)]
mod tests {
    use super::Behind;

    #[test]
    fn paths_lead_through_the_api_server_and_nowhere_else() {
        let pod = Behind::pod("shop", "web-1", 15020);
        assert_eq!(pod.path("/metrics?usedonly"), "/api/v1/namespaces/shop/pods/web-1:15020/proxy/metrics?usedonly");
        let service = Behind::service("monitoring", "prometheus", 9090, true);
        assert_eq!(service.path("/x"), "/api/v1/namespaces/monitoring/services/https:prometheus:9090/proxy/x");
        let odd = Behind::pod("shop", "../secrets/x", 1);
        assert_eq!(odd.path("/"), "/api/v1/namespaces/shop/pods/..%2Fsecrets%2Fx:1/proxy/");
    }
}
