//! Where a Prometheus HTTP API is, and who asks.

use std::{fs, path::Path};

use reqwest::{Certificate, ClientBuilder, Identity, RequestBuilder, Url};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::mesh::wanted::Access;

/// Why an address is none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{given}` is not the address of a Prometheus: {why}; write it like http://prometheus.monitoring:9090")]
pub struct BadEndpoint {
    /// What was given, without a password.
    pub given: String,
    /// What is wrong with it.
    pub why: String,
}

/// A base address with credentials kept apart, so that no message can show them.
#[derive(Debug, Clone)]
pub struct Endpoint {
    base: Url,
    login: Login,
    access: Access,
}

/// How to prove who asks.
#[derive(Debug, Clone, Default)]
enum Login {
    #[default]
    None,
    Basic(String, SecretString),
    Bearer(SecretString),
}

impl Endpoint {
    /// Reads an address: `http` or `https`, with `user:password@` for basic authentication and a path prefix if there is
    /// one. A trailing `/api/v1` is taken off.
    pub fn parse(text: &str) -> Result<Self, BadEndpoint> {
        let text = text.trim();
        let bad = |why: &str| BadEndpoint { given: without_password(text), why: why.to_owned() };
        let mut base = Url::parse(text).map_err(|error| bad(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(bad("only http and https are spoken"));
        }
        if base.host_str().is_none_or(str::is_empty) {
            return Err(bad("it names no host"));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(bad("it has a query or a fragment"));
        }
        let login = match (decoded(base.username()), base.password().map(decoded)) {
            (user, None) if user.is_empty() => Login::None,
            (user, password) => Login::Basic(user, password.unwrap_or_default().into()),
        };
        if base.set_username("").is_err() || base.set_password(None).is_err() {
            return Err(bad("its user name cannot be read"));
        }
        let path = base.path().trim_end_matches('/');
        let path = path.strip_suffix("/api/v1").unwrap_or(path).to_owned();
        base.set_path(&format!("{path}/"));
        Ok(Self { base, login, access: Access::default() })
    }

    /// The same, with more ways to prove who asks.
    #[must_use]
    pub fn with(self, access: Access) -> Self {
        Self { access, ..self }
    }

    /// The same, asking with a bearer token.
    #[must_use]
    pub fn with_bearer(self, token: SecretString) -> Self {
        Self { login: Login::Bearer(token), ..self }
    }

    /// Whether asking is by TLS.
    pub fn secure(&self) -> bool {
        self.base.scheme() == "https"
    }

    /// The address for people; it never carries credentials.
    pub fn label(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    /// The address of a path below the base, such as `api/v1/query`.
    pub(super) fn at(&self, path: &str) -> Url {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        url
    }

    /// Gives a client the certificates: whom to trust, and who we are. Why not, in words.
    pub(super) fn certified(&self, client: ClientBuilder) -> Result<ClientBuilder, String> {
        let Access { ca, certificate, key, .. } = &self.access;
        if !self.secure() {
            return Ok(client);
        }
        let mut client = client;
        if let Some(path) = ca {
            let authorities = Certificate::from_pem_bundle(&file(path)?)
                .map_err(|_| format!("{} holds no certificate in PEM", path.display()))?;
            client = client.tls_certs_only(authorities);
        }
        if let Some(path) = certificate {
            let mut pem = file(path)?;
            if let Some(key) = key {
                pem.push(b'\n');
                pem.extend(file(key)?);
            }
            let identity = Identity::from_pem(&pem)
                .map_err(|_| format!("{} holds no certificate with its key in PEM", path.display()))?;
            client = client.identity(identity);
        }
        Ok(client)
    }

    /// Adds the credentials to a request. A token is read from its file anew. Why not, in words.
    pub(super) fn sign(&self, request: RequestBuilder) -> Result<RequestBuilder, String> {
        let signed = match (&self.login, &self.access.token_file) {
            (Login::Basic(user, password), _) => request.basic_auth(user, Some(password.expose_secret())),
            (Login::Bearer(token), _) => request.bearer_auth(token.expose_secret()),
            (Login::None, Some(path)) => {
                let token = String::from_utf8_lossy(&file(path)?).trim().to_owned();
                request.bearer_auth(SecretString::from(token).expose_secret())
            }
            (Login::None, None) => request,
        };
        Ok(self.access.headers.iter().fold(signed, |request, (name, value)| request.header(name, value)))
    }
}

fn file(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// `%40` is `@`: user names and passwords in addresses are encoded. What is no encoding stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let hex = |at: usize| tail.get(at).and_then(|c| char::from(*c).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        if *first == b'%'
            && let (Some(high), Some(low)) = (hex(0), hex(1))
        {
            bytes.push(high << 4 | low);
            rest = tail.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whatever stands before an `@` is not for messages.
pub fn without_password(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme.is_empty() { rest.to_owned() } else { format!("{scheme}://{rest}") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{Endpoint, decoded};

    #[rstest]
    #[case("http://p:9090", "http://p:9090", "http://p:9090/api/v1/query")]
    #[case("https://u:p%40w@p.x/prom/", "https://p.x/prom", "https://p.x/prom/api/v1/query")]
    #[case(" http://p/api/v1 ", "http://p", "http://p/api/v1/query")]
    fn addresses_are_read(#[case] given: &str, #[case] label: &str, #[case] query: &str) {
        let endpoint = Endpoint::parse(given).unwrap();
        assert_eq!(endpoint.label(), label);
        assert_eq!(endpoint.at("api/v1/query").as_str(), query);
        assert!(!format!("{endpoint:?}").contains("p@w"));
    }

    #[rstest]
    #[case("prometheus:9090")]
    #[case("ftp://p")]
    #[case("http://")]
    #[case("")]
    #[case("http://p/graph?g0.expr=up")]
    #[case("http://u:secret@/x")]
    fn what_is_none_is_refused_without_its_password(#[case] given: &str) {
        let error = Endpoint::parse(given).unwrap_err().to_string();
        assert!(error.contains("write it like") && !error.contains("secret"), "{error}");
    }

    #[test]
    fn encodings_are_undone_and_others_stay() {
        assert_eq!(decoded("a%40b%zz%4"), "a@b%zz%4");
    }
}
