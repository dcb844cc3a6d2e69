//! A node: a workload, a service nobody answered for, a host outside, or a caller nobody knows.

use std::fmt;

use compact_str::CompactString;
use serde::Serialize;

use crate::mesh::{
    dataplane::Dataplane,
    health::Health,
    signals::{Golden, flows::Tcp, fold::Named},
};

/// Which node: the same from look to look, whatever is learnt about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeId {
    /// Whoever calls without saying who: clients outside the mesh.
    Unknown,
    /// A workload, by namespace and name.
    Workload(Named),
    /// A service whose calls reached no workload, or one of several.
    Service(Named),
    /// A host outside the cluster (of a ServiceEntry, say), or one of Istio's names for traffic it does not know
    /// (`PassthroughCluster`, `BlackHoleCluster`).
    External(CompactString),
}

impl NodeId {
    /// Its namespace, where it has one.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Self::Workload((namespace, _)) | Self::Service((namespace, _)) => Some(namespace),
            Self::Unknown | Self::External(_) => None,
        }
    }

    /// Its name alone.
    pub fn name(&self) -> &str {
        match self {
            Self::Unknown => "unknown",
            Self::Workload((_, name)) | Self::Service((_, name)) | Self::External(name) => name,
        }
    }
}

/// `NS/NAME`, `NS/svc/NAME`, `external/HOST`, `unknown`.
impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("unknown"),
            Self::Workload((namespace, name)) => write!(f, "{namespace}/{name}"),
            Self::Service((namespace, name)) => write!(f, "{namespace}/svc/{name}"),
            Self::External(host) => write!(f, "external/{host}"),
        }
    }
}

/// What kind of node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NodeKind {
    /// Pods of one controller.
    Workload,
    /// A workload that is a gateway's proxy.
    Gateway,
    /// A service without a workload that answered.
    Service,
    /// Outside the cluster.
    External,
    /// A caller nobody knows.
    Unknown,
}

impl NodeKind {
    /// Its word, as the machine output has it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Workload => "workload",
            Self::Gateway => "gateway",
            Self::Service => "service",
            Self::External => "external",
            Self::Unknown => "unknown",
        }
    }
}

/// A workload's part in a service that several serve.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The service.
    pub service: Named,
    /// Its share of the service's requests, 0..=1; `None` while there are none.
    pub share: Option<f64>,
}

/// A node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Which.
    pub id: NodeId,
    /// The figures of what it receives.
    pub golden: Golden,
    /// The connections it receives.
    pub tcp: Tcp,
    /// How well it is, and why.
    pub health: Health,
    /// Requests per second it sends; `None` when it was not seen to call anybody.
    pub sent: Option<f64>,
    /// Connections per second that it opens where nobody reads its requests; `None` when it was not seen to.
    pub opens: Option<f64>,
    /// What carries its traffic, where that is known.
    pub dataplane: Option<Dataplane>,
    /// The waypoint before it.
    pub waypoint: Option<CompactString>,
    /// Its version, by the label of its pods, else by the figures.
    pub version: Option<CompactString>,
    /// The service it serves beside other workloads: versions stand side by side.
    pub part: Option<Part>,
}

impl Node {
    /// A node of which nothing is known but its id.
    pub fn new(id: NodeId) -> Self {
        Self {
            id,
            golden: Golden::default(),
            tcp: Tcp::default(),
            health: Health::default(),
            sent: None,
            opens: None,
            dataplane: None,
            waypoint: None,
            version: None,
            part: None,
        }
    }

    /// What kind of node it is.
    pub fn kind(&self) -> NodeKind {
        match (&self.id, self.dataplane) {
            (NodeId::Unknown, _) => NodeKind::Unknown,
            (NodeId::External(_), _) => NodeKind::External,
            (NodeId::Service(_), _) => NodeKind::Service,
            (NodeId::Workload(_), Some(Dataplane::Gateway)) => NodeKind::Gateway,
            (
                NodeId::Workload(_),
                Some(Dataplane::Sidecar | Dataplane::Ambient | Dataplane::Waypoint | Dataplane::Absent) | None,
            ) => NodeKind::Workload,
        }
    }
}
