//! Whose logs are wanted: of a pod, of all pods of a workload or Service, of all pods with some labels.

use std::time::Duration;

use crate::cluster::ObjectRef;

/// Whose logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// Of one pod.
    Pod(String),
    /// Of the pods that an object selects: a workload or a Service. New ones join.
    Selected(ObjectRef),
    /// Of the pods with these labels (`app=web,tier!=db`). New ones join.
    Labels(String),
    /// Of these pods by namespace and name, of one namespace or of several.
    Named(Vec<(String, String)>),
    /// Of all pods of the namespace.
    All,
}

impl Of {
    /// In a title, after the namespace.
    pub fn words(&self) -> String {
        match self {
            Self::Pod(name) => name.clone(),
            Self::Selected(object) => format!("{}/{}", object.kind.kind.to_lowercase(), object.name),
            Self::Labels(labels) => labels.clone(),
            Self::Named(pods) => match pods.as_slice() {
                [(_, only)] => only.clone(),
                pods => format!("{} pods", pods.len()),
            },
            Self::All => "all pods".to_owned(),
        }
    }

    /// The namespaces of pods that are told by name, each once.
    pub fn spaces(&self) -> Vec<&str> {
        let Self::Named(pods) = self else { return Vec::new() };
        let mut spaces: Vec<&str> = pods.iter().map(|(namespace, _)| namespace.as_str()).collect();
        spaces.sort_unstable();
        spaces.dedup();
        spaces
    }
}

/// Which containers of these pods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Containers {
    /// The one of this name, in pods that have it.
    Named(String),
    /// The one a pod names as its own (`kubectl.kubernetes.io/default-container`), else its first.
    Own,
    /// All of them, also those that only prepare.
    All,
}

/// Logs to be read as one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogWish {
    /// The namespace of the pods.
    pub namespace: String,
    /// Whose.
    pub of: Of,
    /// Which containers.
    pub containers: Containers,
    /// Go on as lines are written; pods that come later join.
    pub follow: bool,
    /// The runs before the last restarts.
    pub previous: bool,
    /// Only the last so many lines of each container.
    pub tail: Option<u64>,
    /// Only lines not older than this.
    pub since: Option<Duration>,
}
