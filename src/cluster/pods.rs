//! Pods as compact rows: what a list shows, a filter matches and a fault targets, and no more.

use std::{net::IpAddr, sync::Arc};

use compact_str::CompactString;
use jiff::Timestamp;

use super::delta::Row;
use crate::base::Uid;

/// Label keys and values, shared by all pods of one template.
pub type Labels = Arc<[(Arc<str>, Arc<str>)]>;

/// How a pod takes part in the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum MeshMode {
    /// Not as far as the pod itself tells.
    #[default]
    None,
    /// A proxy runs inside the pod (container or native sidecar `istio-proxy`).
    Sidecar,
    /// Its traffic is redirected to the node's proxy (annotation `ambient.istio.io/redirection: enabled`).
    Ambient,
}

/// The controller that owns a pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// `ReplicaSet`, `StatefulSet`, …
    pub kind: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
}

/// One pod. Repeated texts are shared between rows (`Arc`), so that a row costs about 200 bytes whatever the pod weighs.
#[derive(Debug, Clone, PartialEq)]
pub struct PodRow {
    /// `metadata.uid`.
    pub uid: Uid,
    /// `metadata.namespace`.
    pub namespace: Arc<str>,
    /// `metadata.name`.
    pub name: CompactString,
    /// Ready containers and all containers, as kubectl counts them (restartable init containers included).
    pub ready: (u16, u16),
    /// STATUS as kubectl prints it: `Running`, `CrashLoopBackOff`, `Init:1/2`, `Terminating`, …
    pub status: Arc<str>,
    /// Restarts as kubectl counts them.
    pub restarts: u32,
    /// When a container last ended before its last restart; its age is the `(3m ago)` of RESTARTS.
    pub last_restart: Option<Timestamp>,
    /// The node, empty when unscheduled.
    pub node: Arc<str>,
    /// `status.podIP`.
    pub ip: Option<IpAddr>,
    /// The controlling owner.
    pub owner: Option<Arc<Owner>>,
    /// Labels, sorted by key.
    pub labels: Labels,
    /// `metadata.creationTimestamp`; the age is computed from it, never read as text.
    pub created: Option<Timestamp>,
    /// Names of the containers, init containers last: the choice for logs.
    pub containers: Arc<[Arc<str>]>,
    /// Sidecar, ambient or neither.
    pub mesh: MeshMode,
    /// Whether the Ready condition is true: it takes traffic.
    pub serving: bool,
    /// `metadata.deletionTimestamp` is set.
    pub terminating: bool,
    /// Its phase is Succeeded or Failed: nothing of it runs any more.
    pub ended: bool,
}

impl Row for PodRow {
    fn uid(&self) -> Uid {
        self.uid
    }
}

impl PodRow {
    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok()?;
        self.labels.get(at).map(|(_, value)| value.as_ref())
    }
}
