//! TLS towards the API server, from the entries of the kubeconfig.

use std::{path::Path, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use kube::client::ConfigExt;
use rustls::{
    ClientConfig,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::{connect_error::ConnectError, identity::Identity, kubeconfig::Chosen};

/// The cluster's CA as PEM; `None` when the kubeconfig names none and the system's authorities decide.
pub(super) fn authority(chosen: &Chosen) -> Result<Option<Vec<u8>>, ConnectError> {
    let wrong = |field, why| ConnectError::BadCluster { cluster: chosen.cluster_name.clone(), field, why };
    let cluster = &chosen.cluster;
    let insecure = cluster.insecure_skip_tls_verify == Some(true);
    let (pem, field) = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
        (Some(encoded), _) if !encoded.is_empty() => {
            let field = "certificate-authority-data";
            (decode(encoded).map_err(|why| wrong(field, why))?, field)
        }
        (_, Some(path)) if !path.is_empty() => {
            let field = "certificate-authority";
            (read(path).map_err(|why| wrong(field, why))?, field)
        }
        _ => return Ok(None),
    };
    if insecure {
        // As kubectl: one of the two is a mistake, and guessing which would be a wrong guess half of the time.
        return Err(wrong("insecure-skip-tls-verify", format!("it excludes `{field}`; remove one of the two")));
    }
    Ok(Some(pem))
}

/// A certificate and its key, PEM.
type Pair = (Vec<u8>, Vec<u8>);

/// The client certificate and key as PEM.
pub(super) fn client_certificate(chosen: &Chosen) -> Result<Option<Pair>, ConnectError> {
    let wrong = |field, why| ConnectError::BadUser { user: chosen.user_name.clone(), field, why };
    let user = &chosen.user;
    let either = |encoded: Option<&str>, path: Option<&String>, field| match (encoded, path) {
        (Some(encoded), _) if !encoded.is_empty() => decode(encoded).map(Some).map_err(|why| wrong(field, why)),
        (_, Some(path)) if !path.is_empty() => read(path).map(Some).map_err(|why| wrong(field, why)),
        _ => Ok(None),
    };
    let key_data = user.client_key_data.as_ref().map(secrecy::ExposeSecret::expose_secret);
    let cert = either(user.client_certificate_data.as_deref(), user.client_certificate.as_ref(), "client-certificate")?;
    let key = either(key_data, user.client_key.as_ref(), "client-key")?;
    match (cert, key) {
        (Some(cert), Some(key)) => Ok(Some((cert, key))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(wrong("client-key", "it is missing beside client-certificate".to_owned())),
        (None, Some(_)) => Err(wrong("client-certificate", "it is missing beside client-key".to_owned())),
    }
}

/// What every connection to the server is made with.
pub(super) fn config(
    chosen: &Chosen,
    authority: Option<&[u8]>,
    identity: Arc<Identity>,
) -> Result<ClientConfig, ConnectError> {
    let wrong =
        |why| ConnectError::BadCluster { cluster: chosen.cluster_name.clone(), field: "certificate-authority", why };
    let mut config = kube::Config::new(chosen.server.clone());
    config.accept_invalid_certs = chosen.cluster.insecure_skip_tls_verify == Some(true);
    if let Some(pem) = authority {
        let certificates: Vec<Vec<u8>> = CertificateDer::pem_slice_iter(pem)
            .map(|der| der.map(|der| der.as_ref().to_vec()))
            .collect::<Result<_, _>>()
            .map_err(|error| wrong(format!("it is not PEM: {error}")))?;
        if certificates.is_empty() {
            return Err(wrong("there is no certificate in it".to_owned()));
        }
        config.root_cert = Some(certificates);
    } else if config.accept_invalid_certs || chosen.server.scheme_str() == Some("http") {
        // Nothing will be verified: do not spend time on the system's authorities.
        config.root_cert = Some(Vec::new());
    }
    config.root_cert_file.clone_from(&chosen.ca_file);
    let mut tls = config.rustls_client_config().map_err(|error| wrong(error.to_string()))?;
    tls.client_auth_cert_resolver = identity;
    Ok(tls)
}

fn decode(encoded: &str) -> Result<Vec<u8>, String> {
    let dense: String = encoded.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    STANDARD.decode(dense).map_err(|error| format!("it is not base64: {error}"))
}

fn read(path: &str) -> Result<Vec<u8>, String> {
    std::fs::read(Path::new(path)).map_err(|error| format!("{path} cannot be read: {error}"))
}
