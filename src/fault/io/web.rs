//! Asks a URL how it is, for an abort condition: only the status of its answer counts.

use std::time::Duration;

use reqwest::{Client, redirect};

use crate::base::innermost::innermost;

/// How long a connection may take.
const CONNECTS: Duration = Duration::from_secs(3);

/// The status it answers with. A redirect is an answer: it is not followed.
pub(crate) async fn status(url: &str) -> Result<u16, String> {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may win the race: then there is one, which is all that is needed.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
    let builder = Client::builder()
        .user_agent(concat!("brink/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECTS)
        .redirect(redirect::Policy::none());
    // Without TLS the system's certificates are not needed, and a machine without any can still ask.
    let builder = if url.starts_with("https:") { builder } else { builder.tls_certs_only([]) };
    let client = builder.build().map_err(|error| innermost(&error))?;
    let answer = client.get(url).send().await.map_err(|error| innermost(&error))?;
    Ok(answer.status().as_u16())
}
