//! Pods whose logs are read together, as rows: which containers have said something, and how often they began.

use serde_json::Value;

use crate::{
    base::Uid,
    cluster::{Manifest, Row, logs::Containers},
};

/// One pod.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub uid: Uid,
    pub namespace: String,
    pub name: String,
    /// Its containers that have a log, each with the number of its run.
    pub begun: Vec<(String, u64)>,
}

impl Row for Member {
    fn uid(&self) -> Uid {
        self.uid
    }
}

impl Member {
    /// The row of a pod, with the containers that are wanted of it.
    pub fn of(pod: &Manifest, wanted: &Containers) -> Option<Self> {
        let own = own(pod);
        let keeps = |name: &str| match wanted {
            Containers::All => true,
            Containers::Own => own.as_deref() == Some(name),
            Containers::Named(only) => only == name,
        };
        let statuses = ["initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"];
        let mut begun = Vec::new();
        for status in statuses.iter().filter_map(|field| pod.at(&["status", field])?.as_array()).flatten() {
            let Some(name) = status["name"].as_str().filter(|name| keeps(name)) else { continue };
            let state = &status["state"];
            if state["running"].is_object()
                || state["terminated"].is_object()
                || status["lastState"].get("terminated").is_some()
            {
                begun.push((name.to_owned(), run(status)));
            }
        }
        let namespace = pod.namespace().unwrap_or_default().to_owned();
        Some(Self { uid: pod.uid()?, namespace, name: pod.name().to_owned(), begun })
    }
}

/// Which run it is; one that waits to begin again still shows the log of the run before.
fn run(status: &Value) -> u64 {
    status["restartCount"].as_u64().unwrap_or(0)
}

fn own(pod: &Manifest) -> Option<String> {
    let named = pod.annotation("kubectl.kubernetes.io/default-container").map(str::to_owned);
    named.or_else(|| Some(pod.at(&["spec", "containers"])?.as_array()?.first()?["name"].as_str()?.to_owned()))
}
