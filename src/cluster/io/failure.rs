//! What a failed request means: why, and whether it may have been carried out.

use std::{error::Error, io::ErrorKind};

use rustls::{AlertDescription, CertificateError};

use super::credentials::NoCredentials;
use crate::{
    base::sanitize,
    cluster::{api::Trouble, cause::Cause},
};

/// What the errors below say.
struct Finding {
    cause: Cause,
    detail: String,
    sent: bool,
}

/// Classifies an error of the client.
pub(super) fn trouble(server: &str, error: &kube::Error) -> Trouble {
    let finding = match error {
        kube::Error::Service(inner) => look(inner.as_ref()),
        kube::Error::HyperError(inner) => look(inner),
        other => look(other),
    };
    let why = why(finding.cause, &finding.detail);
    let server = server.to_owned();
    if finding.sent { Trouble::Unknown { server, why } } else { Trouble::Unreachable { server, why } }
}

/// The cause's words and, where they add something, the system's.
pub(super) fn why(cause: Cause, detail: &str) -> String {
    let detail = sanitize::line(detail.trim());
    if detail.is_empty() { cause.words().to_owned() } else { format!("{}: {detail}", cause.words()) }
}

/// Walks from the outermost error to its roots.
fn look(error: &(dyn Error + 'static)) -> Finding {
    let mut finding = Finding { cause: Cause::Other, detail: String::new(), sent: true };
    let mut texts = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<NoCredentials>() {
            return Finding { cause: Cause::Credentials, detail: error.to_string(), sent: false };
        }
        if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>()
            && error.is_connect()
        {
            finding.sent = false;
        }
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            if error.is_parse() {
                finding.cause = Cause::Protocol;
            } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
                finding.cause = Cause::Cut;
            }
        }
        if error.is::<tower::timeout::error::Elapsed>() {
            return Finding { cause: Cause::ConnectTimeout, detail: String::new(), sent: finding.sent };
        }
        if let Some(error) = error.downcast_ref::<rustls::Error>() {
            return secure(error, finding.sent);
        }
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            if let Some(inner) = error.get_ref() {
                if let Some(error) = inner.downcast_ref::<rustls::Error>() {
                    return secure(error, finding.sent);
                }
                texts.push(error.to_string());
                next = Some(inner);
                continue;
            }
            if let Some(cause) = system(error.kind()) {
                finding.cause = cause;
            }
        }
        texts.push(error.to_string());
        next = error.source();
    }
    by_words(&mut finding, &texts);
    if matches!(finding.cause, Cause::Other | Cause::Tls | Cause::Proxy | Cause::UnknownHost) {
        finding.detail = texts.pop().unwrap_or_default();
    }
    finding
}

fn system(kind: ErrorKind) -> Option<Cause> {
    match kind {
        ErrorKind::ConnectionRefused => Some(Cause::Refused),
        ErrorKind::TimedOut => Some(Cause::ConnectTimeout),
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Some(Cause::NoRoute),
        ErrorKind::ConnectionReset
        | ErrorKind::ConnectionAborted
        | ErrorKind::BrokenPipe
        | ErrorKind::UnexpectedEof => Some(Cause::Cut),
        _ => None,
    }
}

/// Some layers below keep their error types to themselves; their words are all there is.
fn by_words(finding: &mut Finding, texts: &[String]) {
    let has = |words: &str| texts.iter().any(|text| text.contains(words));
    if has("proxy authorization required") || has("SOCKS error") && (has("auth") || has("credentials")) {
        finding.cause = Cause::ProxyAuth;
    } else if has("tunnel error") || has("SOCKS error") || has("socks") {
        finding.cause = Cause::Proxy;
    } else if has("dns error") {
        finding.cause = Cause::UnknownHost;
    }
}

fn secure(error: &rustls::Error, sent: bool) -> Finding {
    let cause = match error {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Cause::CertificateExpired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Cause::CertificateNotYetValid
            }
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Cause::UnknownAuthority,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Cause::WrongName,
            _ => Cause::Tls,
        },
        rustls::Error::AlertReceived(
            AlertDescription::CertificateExpired
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateRequired
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied,
        ) => {
            // In TLS 1.3 the alert may come after the request was written, but a server that refuses the handshake has
            // not read it.
            return Finding { cause: Cause::ClientCertificate, detail: error.to_string(), sent: false };
        }
        _ => Cause::Tls,
    };
    let detail = match error {
        rustls::Error::InvalidMessage(_) => "the server does not speak TLS at this address".to_owned(),
        error => error.to_string(),
    };
    Finding { cause, detail, sent }
}
