//! The kubeconfig as kubectl finds, merges and reads it.

use std::path::{Path, PathBuf};

use http::Uri;
use kube::config::{AuthInfo, Cluster, Kubeconfig, KubeconfigError, NamedExtension};

use super::{connect_error::ConnectError, surroundings::Surroundings};
use crate::{
    base::{is_loopback, sanitize, suggest},
    cluster::address::{Address, ContextName},
};

/// The extension a simulated cluster writes to say how fast its time runs.
const CLOCK: &str = "brink.dev/clock";
/// The one that names the file its process locks while it lives.
const WORLD: &str = "brink.dev/world";

/// What a kubeconfig says about one context, names resolved.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    pub context: String,
    pub cluster_name: String,
    pub user_name: String,
    pub namespace: String,
    pub server: Uri,
    pub cluster: Cluster,
    pub user: AuthInfo,
    /// Seconds that pass on the server per second here.
    pub rate: f64,
    /// The file a simulated cluster locks while it lives.
    pub alive: Option<PathBuf>,
    /// The files it came from; empty inside a pod.
    pub files: Vec<PathBuf>,
    /// The CA file of a pod's service account; it rotates, so it is read again.
    pub ca_file: Option<PathBuf>,
}

/// A merged kubeconfig and where it came from.
pub(super) struct Merged {
    pub config: Kubeconfig,
    pub files: Vec<PathBuf>,
}

/// Reads and merges the files kubectl would. `None`: there is none, and the process may be inside a pod.
pub(super) fn read(address: &Address, around: &Surroundings) -> Result<Option<Merged>, ConnectError> {
    let explicit = !address.kubeconfig.is_empty();
    let paths = if explicit {
        address.kubeconfig.clone()
    } else if !around.kubeconfig.is_empty() {
        around.kubeconfig.clone()
    } else {
        around.home.iter().map(|home| home.join(".kube").join("config")).collect()
    };
    let mut merged = Kubeconfig::default();
    let mut files = Vec::new();
    for path in &paths {
        // Like kubectl: a file of the list that does not exist is skipped, one named by --kubeconfig must exist.
        if !explicit && !path.exists() {
            continue;
        }
        readable(path)?;
        let one = Kubeconfig::read_from(path).map_err(|error| unreadable(path, &error))?;
        merged = merged.merge(one).map_err(|error| unreadable(path, &error))?;
        files.push(absolute(path));
    }
    if files.is_empty() {
        return if around.in_cluster.is_some() { Ok(None) } else { Err(ConnectError::NoKubeconfig { looked: paths }) };
    }
    Ok(Some(Merged { config: merged, files }))
}

/// The reader below takes half a character of UTF-16 for granted; a torn file must be an error, not the end of brink.
fn readable(path: &Path) -> Result<(), ConnectError> {
    let bytes = std::fs::read(path)
        .map_err(|error| ConnectError::Unreadable { path: path.to_owned(), why: error.to_string() })?;
    let wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    if wide && !bytes.len().is_multiple_of(2) {
        let why = "it is UTF-16 and ends half-way through a character".to_owned();
        return Err(ConnectError::Malformed { path: path.to_owned(), why });
    }
    Ok(())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn unreadable(path: &Path, error: &KubeconfigError) -> ConnectError {
    let path = path.to_owned();
    match error {
        KubeconfigError::ReadConfig(error, _) => ConnectError::Unreadable { path, why: error.to_string() },
        // The parser quotes the lines around the error; they may hold a token, so only the first line is kept.
        KubeconfigError::Parse(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            ConnectError::Malformed { path, why: sanitize::line(first).into_owned() }
        }
        error => ConnectError::Malformed { path, why: sanitize::line(&error.to_string()).into_owned() },
    }
}

/// The contexts of a merged kubeconfig.
pub(super) fn contexts(config: &Kubeconfig) -> Vec<ContextName> {
    let current = config.current_context.as_deref();
    let plain = |text: &str| sanitize::line(text).into_owned();
    config
        .contexts
        .iter()
        .map(|named| {
            let context = named.context.clone().unwrap_or_default();
            ContextName {
                name: plain(&named.name),
                cluster: plain(&context.cluster),
                user: plain(context.user.as_deref().unwrap_or_default()),
                namespace: plain(context.namespace.as_deref().filter(|name| !name.is_empty()).unwrap_or("default")),
                current: current == Some(named.name.as_str()),
            }
        })
        .collect()
}

/// Resolves the context, its cluster and its user.
pub(super) fn choose(merged: &Merged, address: &Address) -> Result<Chosen, ConnectError> {
    let config = &merged.config;
    let known: Vec<String> = config.contexts.iter().map(|named| named.name.clone()).collect();
    let wanted = address.context.as_deref().or(config.current_context.as_deref()).filter(|name| !name.is_empty());
    let Some(name) = wanted else { return Err(ConnectError::NoContext { known }) };
    let context =
        config.contexts.iter().find(|named| named.name == name).and_then(|named| named.context.clone()).ok_or_else(
            || ConnectError::UnknownContext {
                name: name.to_owned(),
                near: suggest::nearest(name, known.iter().map(String::as_str)).map(str::to_owned),
                known: known.clone(),
            },
        )?;
    let dangling =
        |what, missing: &str| ConnectError::Dangling { context: name.to_owned(), what, name: missing.to_owned() };
    let cluster = config
        .clusters
        .iter()
        .find(|named| named.name == context.cluster)
        .and_then(|named| named.cluster.clone())
        .ok_or_else(|| dangling("cluster", &context.cluster))?;
    let user_name = context.user.clone().unwrap_or_default();
    let user = if user_name.is_empty() {
        AuthInfo::default()
    } else {
        let named = config.auth_infos.iter().find(|named| named.name == user_name);
        named.ok_or_else(|| dangling("user", &user_name))?.auth_info.clone().unwrap_or_default()
    };
    let server = server(&context.cluster, &cluster, &user)?;
    let extensions = [&cluster.extensions, &context.extensions, &config.extensions];
    let extensions = || extensions.into_iter().flatten().flatten();
    let rate = rate(&context.cluster, &server, extensions())?;
    let alive = alive(&context.cluster, &server, extensions())?;
    Ok(Chosen {
        context: name.to_owned(),
        namespace: namespace(address, context.namespace.as_deref()),
        cluster_name: context.cluster,
        user_name,
        server,
        cluster,
        user,
        rate,
        alive,
        files: merged.files.clone(),
        ca_file: None,
    })
}

fn namespace(address: &Address, own: Option<&str>) -> String {
    address.namespace.as_deref().or(own).filter(|name| !name.is_empty()).unwrap_or("default").to_owned()
}

/// The `server` entry. Without a scheme Go's client takes https when anything speaks of TLS, else http.
fn server(name: &str, cluster: &Cluster, user: &AuthInfo) -> Result<Uri, ConnectError> {
    let wrong = |why: String| ConnectError::BadCluster { cluster: name.to_owned(), field: "server", why };
    let text = cluster.server.as_deref().unwrap_or_default().trim().trim_end_matches('/');
    if text.is_empty() {
        return Err(wrong("it is missing".to_owned()));
    }
    let tls = cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true)
        || user.client_certificate.is_some()
        || user.client_certificate_data.is_some();
    let text = match text.contains("://") {
        true => text.to_owned(),
        false if tls => format!("https://{text}"),
        false => format!("http://{text}"),
    };
    let uri: Uri = text.parse().map_err(|error| wrong(format!("`{}`: {error}", sanitize::line(&text))))?;
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        _ => Err(wrong(format!("`{}` is not an http or https address", sanitize::line(&text)))),
    }
}

/// The clock rate a simulated cluster names; refused unless it is on loopback, where no real cluster's deadlines can suffer.
fn rate<'a>(
    name: &str,
    server: &Uri,
    extensions: impl Iterator<Item = &'a NamedExtension>,
) -> Result<f64, ConnectError> {
    let wrong = |why: &str| ConnectError::BadCluster { cluster: name.to_owned(), field: CLOCK, why: why.to_owned() };
    let mut extensions = extensions.filter(|extension| extension.name == CLOCK);
    let Some(extension) = extensions.next() else { return Ok(1.0) };
    let rate = extension.extension.get("rate").and_then(serde_json::Value::as_f64);
    let rate = rate.ok_or_else(|| wrong("`rate` is not a number"))?;
    if !(rate.is_finite() && (0.001..=10_000.0).contains(&rate)) {
        return Err(wrong("`rate` is not between 0.001 and 10000"));
    }
    if (rate - 1.0).abs() > f64::EPSILON && !on_loopback(server) {
        return Err(wrong("a rate other than 1 is for simulated clusters on this machine only"));
    }
    Ok(rate)
}

/// The file a simulated cluster names, absolute. Refused unless the server is on loopback: no real cluster is ever called gone.
fn alive<'a>(
    name: &str,
    server: &Uri,
    extensions: impl Iterator<Item = &'a NamedExtension>,
) -> Result<Option<PathBuf>, ConnectError> {
    let wrong = |why: &str| ConnectError::BadCluster { cluster: name.to_owned(), field: WORLD, why: why.to_owned() };
    let mut extensions = extensions.filter(|extension| extension.name == WORLD);
    let Some(extension) = extensions.next() else { return Ok(None) };
    let path = extension.extension.get("alive").and_then(serde_json::Value::as_str).map(PathBuf::from);
    let path = path.filter(|path| path.is_absolute()).ok_or_else(|| wrong("`alive` is not an absolute path"))?;
    if !on_loopback(server) {
        return Err(wrong("it is for simulated clusters on this machine only"));
    }
    Ok(Some(path))
}

/// Whether the server is on this machine.
pub(super) fn on_loopback(server: &Uri) -> bool {
    is_loopback(server.host().unwrap_or_default())
}

/// The service account of the pod brink runs in.
pub(super) fn in_cluster(address: &Address, around: &Surroundings) -> Result<Chosen, ConnectError> {
    let Some((host, port)) = &around.in_cluster else {
        return Err(ConnectError::NoKubeconfig { looked: Vec::new() });
    };
    let name = "in-cluster";
    if let Some(context) = &address.context {
        return Err(ConnectError::UnknownContext { name: context.clone(), near: None, known: Vec::new() });
    }
    let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
    let token = around.service_account.join("token");
    let ca = around.service_account.join("ca.crt");
    if !token.exists() {
        return Err(ConnectError::NoKubeconfig { looked: vec![token] });
    }
    let cluster = Cluster {
        server: Some(format!("https://{bracketed}:{port}")),
        certificate_authority: Some(ca.display().to_string()),
        ..Cluster::default()
    };
    let user = AuthInfo { token_file: Some(token.display().to_string()), ..AuthInfo::default() };
    let own = std::fs::read_to_string(around.service_account.join("namespace")).ok();
    Ok(Chosen {
        context: name.to_owned(),
        cluster_name: name.to_owned(),
        user_name: "service account".to_owned(),
        namespace: namespace(address, own.as_deref().map(str::trim)),
        server: server(name, &cluster, &user)?,
        cluster,
        user,
        rate: 1.0,
        alive: None,
        files: Vec::new(),
        ca_file: Some(ca),
    })
}
