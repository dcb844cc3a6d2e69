//! The beginning of every HTTP client beside the API server's own: TLS, and what the other side is told of us.

use reqwest::{Client, ClientBuilder};

/// TLS needs a provider for the whole process. Another thread may win the race: then there is one, which is all that is needed.
pub fn tls_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// A client to be finished. Without TLS the system's certificates are not needed, and a machine without any can still ask.
pub fn client(secure: bool) -> ClientBuilder {
    tls_provider();
    let builder = Client::builder().user_agent(concat!("brink/", env!("CARGO_PKG_VERSION")));
    if secure { builder } else { builder.tls_certs_only([]) }
}
