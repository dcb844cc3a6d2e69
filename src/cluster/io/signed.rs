//! Every request on its way out: address, credentials, impersonation; every answer on its way in: the server's clock.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use futures::future::BoxFuture;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{AUTHORIZATION, DATE, USER_AGENT},
    uri::PathAndQuery,
};
use kube::client::Body;
use tower::{BoxError, Service, ServiceExt};

use super::{
    clock::{Clock, http_date},
    connect_error::ConnectError,
    credentials::{Credentials, Signature},
    dial::{Answer, Pool},
    kubeconfig::Chosen,
};
use crate::cluster::address::Address;

/// The whole way of a request, as a service.
#[derive(Clone)]
pub(super) struct Signed {
    pub pool: Arc<Pool>,
    pub server: Uri,
    pub credentials: Arc<Credentials>,
    pub clock: Clock,
    pub headers: HeaderMap,
}

impl Service<Request<Body>> for Signed {
    type Response = Answer;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Answer, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let way = self.clone();
        Box::pin(async move { way.go(request).await })
    }
}

impl Signed {
    async fn go(&self, request: Request<Body>) -> Result<Answer, BoxError> {
        // A read may be sent twice; a write whose credentials were refused is the caller's to repeat.
        let again = (request.method() == Method::GET).then(|| {
            let mut copy = Request::new(Body::empty());
            *copy.uri_mut() = request.uri().clone();
            *copy.headers_mut() = request.headers().clone();
            copy
        });
        let signature = self.credentials.sign().await?;
        let generation = signature.generation;
        let answer = self.send(request, signature).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        match (self.credentials.renew(generation).await, again) {
            (Some(Ok(signature)), Some(request)) => self.send(request, signature).await,
            (Some(Err(error)), Some(_)) => Err(error.into()),
            (_, _) => Ok(answer),
        }
    }

    async fn send(&self, mut request: Request<Body>, signature: Signature) -> Result<Answer, BoxError> {
        *request.uri_mut() = rebased(&self.server, request.uri())?;
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.append(name.clone(), value.clone());
        }
        if let Some(authorization) = signature.header {
            headers.insert(AUTHORIZATION, authorization);
        }
        let answer = self.pool.connections(signature.certificate).oneshot(request).await?;
        if let Some(date) = answer.headers().get(DATE).and_then(|date| http_date(date.to_str().ok()?)) {
            self.clock.hear(date);
        }
        Ok(answer)
    }
}

/// Puts the server's address, and the path it may have, before a path.
fn rebased(server: &Uri, path: &Uri) -> Result<Uri, http::Error> {
    let mut parts = server.clone().into_parts();
    let front = server.path().trim_end_matches('/');
    let tail = path.path_and_query().map_or("/", PathAndQuery::as_str);
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{front}{tail}"))?);
    Ok(Uri::from_parts(parts)?)
}

/// The headers of every request: who asks, and whom they act as.
pub(super) fn headers(address: &Address, chosen: &Chosen) -> Result<HeaderMap, ConnectError> {
    let mut headers = HeaderMap::new();
    let agent = concat!("brink/", env!("CARGO_PKG_VERSION"));
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    let mut add = |name: &str, value: &str, field: &'static str| -> Result<(), ConnectError> {
        let wrong = || ConnectError::BadUser {
            user: chosen.user_name.clone(),
            field,
            why: "it has characters no HTTP header has".to_owned(),
        };
        let name = HeaderName::try_from(name).map_err(|_| wrong())?;
        headers.append(name, HeaderValue::try_from(value).map_err(|_| wrong())?);
        Ok(())
    };
    let user = &chosen.user;
    // The flags replace the kubeconfig's entries as a whole: groups of one with the user of the other are nobody's wish.
    let flags = address.as_user.is_some() || !address.as_groups.is_empty() || address.as_uid.is_some();
    if flags {
        if address.as_user.is_none() {
            return Err(ConnectError::BadUser {
                user: chosen.user_name.clone(),
                field: "--as",
                why: "--as-group and --as-uid need it: the server impersonates no group without a user".to_owned(),
            });
        }
        if let Some(name) = &address.as_user {
            add("impersonate-user", name, "--as")?;
        }
        if let Some(uid) = &address.as_uid {
            add("impersonate-uid", uid, "--as-uid")?;
        }
        for group in &address.as_groups {
            add("impersonate-group", group, "--as-group")?;
        }
    } else {
        for name in user.impersonate.iter().filter(|name| !name.is_empty()) {
            add("impersonate-user", name, "as")?;
        }
        for uid in user.impersonate_uid.iter().filter(|uid| !uid.is_empty()) {
            add("impersonate-uid", uid, "as-uid")?;
        }
        for group in user.impersonate_groups.iter().flatten() {
            add("impersonate-group", group, "as-groups")?;
        }
        for (key, values) in user.impersonate_user_extra.iter().flatten() {
            for value in values {
                add(&format!("impersonate-extra-{}", escaped(key)), value, "as-user-extra")?;
            }
        }
    }
    Ok(headers)
}

/// Extra keys become header names: what may not stand in one is percent-encoded, as client-go does.
fn escaped(key: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&'*+-.^_`|~".contains(&byte);
    key.to_lowercase().bytes().fold(String::new(), |mut out, byte| {
        if plain(byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::{escaped, rebased};

    #[test]
    fn a_server_behind_a_path_keeps_it() {
        let of =
            |server: &str, path: &str| rebased(&server.parse().unwrap(), &path.parse().unwrap()).unwrap().to_string();
        assert_eq!(of("https://h:6443", "/api/v1/pods?watch=1"), "https://h:6443/api/v1/pods?watch=1");
        assert_eq!(of("https://h/k8s/clusters/c1/", "/version"), "https://h/k8s/clusters/c1/version");
    }

    #[test]
    fn extra_keys_become_header_names() {
        assert_eq!(escaped("Acme.com/project"), "acme.com%2Fproject");
    }
}
