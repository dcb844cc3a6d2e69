//! Why no link could be made, before any request: one line of cause, one line of remedy.

use std::path::PathBuf;

use thiserror::Error;

/// What stands in the way of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// There is no kubeconfig anywhere, and this is no pod.
    #[error("no kubeconfig found (looked at {})", list(.looked))]
    NoKubeconfig {
        /// Where it was looked for.
        looked: Vec<PathBuf>,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {why}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// A file is not a kubeconfig.
    #[error("{} is not a kubeconfig: {why}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column.
        why: String,
    },
    /// No context was named and the kubeconfig names no current one.
    #[error("no context chosen: the kubeconfig has no current-context")]
    NoContext {
        /// The contexts there are.
        known: Vec<String>,
    },
    /// The named context does not exist.
    #[error("no context `{name}` in the kubeconfig")]
    UnknownContext {
        /// What was asked for.
        name: String,
        /// The nearest name.
        near: Option<String>,
        /// The contexts there are.
        known: Vec<String>,
    },
    /// The context names a cluster or user the kubeconfig does not have.
    #[error("context `{context}` names {what} `{name}`, which the kubeconfig does not have")]
    Dangling {
        /// The context.
        context: String,
        /// `cluster` or `user`.
        what: &'static str,
        /// The missing name.
        name: String,
    },
    /// An entry of the cluster cannot be used.
    #[error("cluster `{cluster}`: {field}: {why}")]
    BadCluster {
        /// The cluster.
        cluster: String,
        /// The entry, such as `server`.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
    /// An entry of the user cannot be used.
    #[error("user `{user}`: {field}: {why}")]
    BadUser {
        /// The user.
        user: String,
        /// The entry, such as `client-certificate`.
        field: &'static str,
        /// What is wrong.
        why: String,
    },
    /// The proxy's address cannot be used.
    #[error("proxy from {from}: {why}")]
    BadProxy {
        /// `proxy-url` or the variable.
        from: String,
        /// What is wrong.
        why: String,
    },
}

fn list(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

impl ConnectError {
    /// What to do, in one line.
    pub fn fix(&self) -> String {
        match self {
            Self::NoKubeconfig { .. } => {
                "fetch one from your cluster, or name it with --kubeconfig or KUBECONFIG; `brink demo` needs none"
                    .to_owned()
            }
            Self::Unreadable { .. } => "check the path and its permissions".to_owned(),
            Self::Malformed { .. } => {
                "correct the file at the place named; `kubectl config view` must read it".to_owned()
            }
            Self::NoContext { known } if known.is_empty() => some(known),
            Self::NoContext { known } => format!("name one with --context: {}", some(known)),
            Self::UnknownContext { near: Some(near), .. } => format!("did you mean `{near}`?"),
            Self::UnknownContext { known, .. } if known.is_empty() => some(known),
            Self::UnknownContext { known, .. } => format!("there are: {}", some(known)),
            Self::Dangling { what, .. } => format!("add the {what} to the kubeconfig, or choose another --context"),
            Self::BadCluster { field, .. } | Self::BadUser { field, .. } => {
                format!("correct `{field}` in the kubeconfig")
            }
            Self::BadProxy { from, .. } => {
                format!("write {from} as http://host:port, https://host:port or socks5://host:port")
            }
        }
    }
}

fn some(known: &[String]) -> String {
    match known {
        [] => "the kubeconfig has no contexts; fetch one from your cluster".to_owned(),
        known if known.len() <= 8 => known.join(", "),
        known => {
            format!("{}, … ({} in all)", known.iter().take(8).cloned().collect::<Vec<_>>().join(", "), known.len())
        }
    }
}
