//! Credential plugins (`client.authentication.k8s.io/v1` and `v1beta1`).
//!
//! A plugin runs without a terminal: its standard input is empty and its standard error is read into the error message, so
//! that it can neither draw on the screen nor wait for keys. A plugin that insists on a terminal is refused with the command
//! a person can run elsewhere.

use std::{process::Stdio, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::Timestamp;
use kube::config::{ExecConfig, ExecInteractiveMode};
use serde::{Deserialize, Serialize};

use super::kubeconfig::Chosen;
use crate::base::sanitize;

/// How long a plugin may take; a browser log-in must fit.
const PATIENCE: Duration = Duration::from_mins(2);

/// The most of a plugin's complaint that is shown, in characters.
const COMPLAINT: usize = 400;

/// A plugin, ready to run.
#[derive(Debug, Clone)]
pub(super) struct Plugin {
    config: ExecConfig,
    info: String,
    context: String,
    api_version: String,
}

/// What a plugin answered.
pub(super) struct Credential {
    pub token: Option<String>,
    pub certificate: Option<(String, String)>,
    pub until: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Info<'a> {
    kind: &'a str,
    api_version: &'a str,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Spec<'a> {
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ClusterInfo<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct ClusterInfo<'a> {
    server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_server_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    insecure_skip_tls_verify: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate_authority_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<&'a serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answered {
    #[serde(default)]
    kind: String,
    #[serde(default)]
    api_version: String,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    expiration_timestamp: Option<String>,
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

impl Plugin {
    /// Checks what can be checked before it runs. `ca` is the cluster's CA, PEM.
    pub fn new(config: ExecConfig, chosen: &Chosen, ca: Option<&[u8]>) -> Result<Self, String> {
        if config.command.as_deref().unwrap_or_default().is_empty() {
            return Err("`command` is missing".to_owned());
        }
        let api_version = config.api_version.clone().unwrap_or_default();
        if !matches!(api_version.as_str(), "client.authentication.k8s.io/v1" | "client.authentication.k8s.io/v1beta1") {
            return Err(format!(
                "`apiVersion` is `{}`: only client.authentication.k8s.io/v1 and v1beta1 are known; update the plugin",
                sanitize::line(&api_version)
            ));
        }
        let extensions = chosen.cluster.extensions.iter().flatten();
        let own =
            extensions.filter(|one| one.name == "client.authentication.k8s.io/exec").map(|one| &one.extension).next();
        let cluster = config.provide_cluster_info.then(|| ClusterInfo {
            server: chosen.cluster.server.clone().unwrap_or_default(),
            tls_server_name: chosen.cluster.tls_server_name.as_deref(),
            insecure_skip_tls_verify: chosen.cluster.insecure_skip_tls_verify,
            certificate_authority_data: ca.map(|ca| STANDARD.encode(ca)),
            proxy_url: chosen.cluster.proxy_url.as_deref(),
            config: own,
        });
        let info =
            Info { kind: "ExecCredential", api_version: &api_version, spec: Spec { interactive: false, cluster } };
        let info = serde_json::to_string(&info).map_err(|error| error.to_string())?;
        Ok(Self { config, info, context: chosen.context.clone(), api_version })
    }

    fn command(&self) -> String {
        sanitize::line(self.config.command.as_deref().unwrap_or_default()).into_owned()
    }

    /// Runs it once.
    pub async fn run(&self) -> Result<Credential, String> {
        let name = self.command();
        let log_in = format!("run `kubectl --context {} get --raw /version` in a terminal to log in", self.context);
        if self.config.interactive_mode == Some(ExecInteractiveMode::Always) {
            return Err(format!(
                "exec plugin `{name}` wants a terminal; {log_in}, or set interactiveMode: IfAvailable"
            ));
        }
        let mut command = tokio::process::Command::new(self.config.command.as_deref().unwrap_or_default());
        command.args(self.config.args.iter().flatten());
        for pair in self.config.env.iter().flatten() {
            if let (Some(key), Some(value)) = (pair.get("name"), pair.get("value")) {
                command.env(key, value);
            }
        }
        command
            .env("KUBERNETES_EXEC_INFO", &self.info)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let hint = self.config.install_hint.as_deref().map(|hint| sanitize::line(hint.trim()).into_owned());
        let child = command.spawn().map_err(|error| match (error.kind(), hint) {
            (std::io::ErrorKind::NotFound, Some(hint)) => format!("exec plugin `{name}` is not installed: {hint}"),
            (std::io::ErrorKind::NotFound, None) => format!("exec plugin `{name}` is not installed or not in PATH"),
            (_, _) => format!("exec plugin `{name}` cannot be run: {error}"),
        })?;
        let output = match tokio::time::timeout(PATIENCE, child.wait_with_output()).await {
            Ok(output) => output.map_err(|error| format!("exec plugin `{name}`: {error}"))?,
            Err(_) => {
                return Err(format!("exec plugin `{name}` did not finish within {} s; {log_in}", PATIENCE.as_secs()));
            }
        };
        let said = complaint(&output.stderr);
        if !said.is_empty() {
            tracing::info!(plugin = %name, %said, "exec plugin wrote to stderr");
        }
        if !output.status.success() {
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            return Err(format!("exec plugin `{name}` failed ({}){said}; {log_in}", output.status));
        }
        self.read(&name, &output.stdout)
    }

    fn read(&self, name: &str, stdout: &[u8]) -> Result<Credential, String> {
        // The text may hold a token: an error says where it is wrong, never what stands there.
        let answered: Answered = serde_json::from_slice(stdout).map_err(|error| {
            format!("exec plugin `{name}` printed no ExecCredential (line {}, column {})", error.line(), error.column())
        })?;
        if answered.kind != "ExecCredential" || answered.api_version != self.api_version {
            return Err(format!(
                "exec plugin `{name}` answered {} {} instead of {} ExecCredential",
                sanitize::line(&answered.api_version),
                sanitize::line(&answered.kind),
                self.api_version
            ));
        }
        let status = answered.status.ok_or_else(|| format!("exec plugin `{name}` answered without a status"))?;
        let until = match status.expiration_timestamp.as_deref() {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                format!("exec plugin `{name}`: expirationTimestamp `{}` is not a time", sanitize::line(text))
            })?),
        };
        let certificate = match (status.client_certificate_data, status.client_key_data) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                return Err(format!(
                    "exec plugin `{name}` answered a client certificate without its key, or the reverse"
                ));
            }
        };
        let token = status.token.filter(|token| !token.is_empty());
        if token.is_none() && certificate.is_none() {
            return Err(format!("exec plugin `{name}` answered neither a token nor a client certificate"));
        }
        Ok(Credential { token, certificate, until })
    }
}

/// The last words of a plugin, on one line.
fn complaint(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    let text = sanitize::line(text.trim());
    let skip = text.chars().count().saturating_sub(COMPLAINT);
    text.chars().skip(skip).collect()
}
