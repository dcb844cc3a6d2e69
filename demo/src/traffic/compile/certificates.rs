//! Certificates of listeners: which one is shown, and until when clients take it.

use std::collections::HashMap;

use serde_json::Value;

use crate::traffic::{certificate, json};

/// The certificates in Secrets: until when each is good, by namespace and name.
#[derive(Debug, Clone, Default)]
pub(super) struct Certificates(HashMap<(String, String), f64>);

/// What a listener shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shows {
    /// It does not speak TLS, or hands it on.
    Nothing,
    /// Its certificate is not there.
    Missing,
    /// A certificate that is good until then (Unix milliseconds).
    Until(f64),
}

impl Certificates {
    /// A Secret without a certificate that can be read is none.
    pub(super) fn add(&mut self, secret: &Value) {
        let key = (json::namespace(secret).to_owned(), json::name(secret).to_owned());
        if let Some(until) = json::text(secret, &["data", "tls.crt"]).and_then(certificate::good_until) {
            self.0.insert(key, until);
        }
    }

    /// What a listener of a Gateway of this namespace shows.
    pub(super) fn shown(&self, listener: &Value, namespace: &str) -> Shows {
        let refs = json::list(listener, &["tls", "certificateRefs"]);
        let Some(first) = refs.first() else { return Shows::Nothing };
        let space = json::text(first, &["namespace"]).unwrap_or(namespace);
        let key = (space.to_owned(), json::word(first, &["name"]).to_owned());
        self.0.get(&key).map_or(Shows::Missing, |until| Shows::Until(*until))
    }
}
