//! Who we are to the server: the header or certificate of every request, renewed as it ages.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex as Lock, PoisonError},
    time::Duration,
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::HeaderValue;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use tokio::sync::Mutex;

use super::{
    clock::{Clock, boot},
    exec::Plugin,
    identity::Identity,
};

/// A token file is read again after this long, as client-go does; after a 401 at once.
const FILE_AGE: Duration = Duration::from_mins(1);

/// Credentials that end within this time are renewed before use, so that they do not end on the way.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);

/// Why there are no credentials, with what to do.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub(super) struct NoCredentials(pub String);

/// Where credentials come from.
#[derive(Debug)]
pub(super) enum Origin {
    /// The connection itself says who we are, or nobody does.
    Nothing,
    /// A fixed header.
    Fixed(HeaderValue),
    /// A file that others rewrite; the token named beside it stands in until it can be read.
    File(PathBuf, Option<SecretString>),
    /// A plugin.
    Exec(Box<Plugin>),
}

/// The credentials of one link.
#[derive(Debug)]
pub(super) struct Credentials {
    origin: Origin,
    identity: Arc<Identity>,
    clock: Clock,
    state: Mutex<State>,
    until: Lock<Option<Timestamp>>,
}

#[derive(Debug, Default)]
struct State {
    header: Option<HeaderValue>,
    until: Option<Timestamp>,
    /// When they were obtained, on the clock since boot.
    at: Option<Duration>,
    /// Counts renewals; a 401 renews only what it was answered to.
    generation: u64,
    /// Counts certificates; connections made with an earlier one are of no use.
    certificate: u64,
}

/// What a request is signed with.
pub(super) struct Signature {
    pub header: Option<HeaderValue>,
    pub generation: u64,
    pub certificate: u64,
}

impl Credentials {
    /// `until`: when fixed credentials end, as far as known.
    pub fn new(origin: Origin, identity: Arc<Identity>, clock: Clock, until: Option<Timestamp>) -> Self {
        Self { origin, identity, clock, state: Mutex::default(), until: Lock::new(until) }
    }

    /// When the present credentials end, as far as known.
    pub fn until(&self) -> Option<Timestamp> {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The credentials for a request, renewed when they are old.
    pub async fn sign(&self) -> Result<Signature, NoCredentials> {
        self.renewed(None).await
    }

    /// After a 401: renews the credentials the refused request bore, unless another request already did. `None` when they
    /// cannot change.
    pub async fn renew(&self, refused: u64) -> Option<Result<Signature, NoCredentials>> {
        match self.origin {
            Origin::Nothing | Origin::Fixed(_) => None,
            Origin::File(..) | Origin::Exec(_) => Some(self.renewed(Some(refused)).await),
        }
    }

    async fn renewed(&self, refused: Option<u64>) -> Result<Signature, NoCredentials> {
        let mut state = self.state.lock().await;
        let refused = refused == Some(state.generation);
        match &self.origin {
            Origin::Nothing => {}
            Origin::Fixed(header) => state.header = Some(header.clone()),
            Origin::File(path, spare) => {
                let old = state.at.is_none_or(|at| boot().saturating_sub(at) >= FILE_AGE);
                if old || refused {
                    self.read_file(&mut state, path, spare.as_ref()).await?;
                }
            }
            Origin::Exec(plugin) => {
                let ended = state.until.is_some_and(|until| self.clock.now() + MARGIN >= until);
                if state.at.is_none() || ended || refused {
                    self.ask(&mut state, plugin).await?;
                }
            }
        }
        Ok(Signature { header: state.header.clone(), generation: state.generation, certificate: state.certificate })
    }

    async fn read_file(
        &self,
        state: &mut State,
        path: &std::path::Path,
        spare: Option<&SecretString>,
    ) -> Result<(), NoCredentials> {
        match tokio::fs::read_to_string(path).await {
            Ok(token) if !token.trim().is_empty() => {
                *self.until.lock().unwrap_or_else(PoisonError::into_inner) = token_end(token.trim());
                state.header = Some(bearer(token.trim()).map_err(|why| {
                    NoCredentials(format!("token file {}: {why}; write the token anew", path.display()))
                })?);
            }
            // A file that vanished or was caught half-written: the last token may still do.
            _ if state.header.is_some() => {}
            read => match spare {
                Some(token) => {
                    let token = token.expose_secret();
                    state.header = Some(bearer(token).map_err(|why| NoCredentials(format!("`token`: {why}")))?);
                }
                None => {
                    let why = read.err().map_or_else(|| "it is empty".to_owned(), |error| error.to_string());
                    return Err(NoCredentials(format!(
                        "token file {} cannot be read: {why}; check `tokenFile` in the kubeconfig",
                        path.display()
                    )));
                }
            },
        }
        state.at = Some(boot());
        state.generation += 1;
        Ok(())
    }

    async fn ask(&self, state: &mut State, plugin: &Plugin) -> Result<(), NoCredentials> {
        let credential = plugin.run().await.map_err(NoCredentials)?;
        let mut until = credential.until;
        if let Some((certificate, key)) = &credential.certificate {
            let ends = self
                .identity
                .set(certificate.as_bytes(), key.as_bytes())
                .map_err(|why| NoCredentials(format!("the exec plugin's client certificate is of no use: {why}")))?;
            until = until.or(ends);
            state.certificate += 1;
        }
        state.header = match &credential.token {
            Some(token) => Some(bearer(token).map_err(|why| NoCredentials(format!("the exec plugin's token: {why}")))?),
            None => None,
        };
        state.until = until;
        state.at = Some(boot());
        state.generation += 1;
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        Ok(())
    }
}

/// `Authorization: Bearer …`.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, &'static str> {
    let mut value =
        HeaderValue::try_from(format!("Bearer {}", token.trim())).map_err(|_| "it has characters no token has")?;
    value.set_sensitive(true);
    Ok(value)
}

/// `Authorization: Basic …`.
pub(super) fn basic(user: &str, password: &str) -> Result<HeaderValue, &'static str> {
    let encoded = STANDARD.encode(format!("{user}:{password}"));
    let mut value = HeaderValue::try_from(format!("Basic {encoded}")).map_err(|_| "it has characters no header has")?;
    value.set_sensitive(true);
    Ok(value)
}

/// `exp` of a JSON Web Token (RFC 7519 §4.1.4); `None` for opaque tokens.
pub(super) fn token_end(token: &str) -> Option<Timestamp> {
    #[derive(serde::Deserialize)]
    struct Claims {
        exp: Option<i64>,
    }
    let payload = token.split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?).ok()?;
    Timestamp::from_second(claims.exp?).ok()
}

#[cfg(test)]
mod tests {
    use super::{bearer, token_end};

    #[test]
    fn a_token_ends_when_it_says() {
        // {"exp":1893456000}
        let end = token_end("e30.eyJleHAiOjE4OTM0NTYwMDB9.c2ln");
        assert_eq!(end, "2030-01-01T00:00:00Z".parse().ok());
        assert_eq!(token_end("opaque"), None);
        assert_eq!(token_end("a.b.c"), None);
    }

    #[test]
    fn a_token_never_prints() {
        assert_eq!(format!("{:?}", bearer(" abc\n").unwrap()), "Sensitive");
        assert_eq!(bearer(" abc\n").unwrap().as_bytes(), b"Bearer abc");
        assert!(bearer("a\nb").is_err());
    }
}
