//! The intent: what should happen, in domain words. It is what a Fault file, a form and `--set` all become.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde_json::Value;

pub use super::kinds::FaultKind;
use super::probe::Condition;
use crate::cluster::Manifest;

/// Whom it is aimed at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A Service by name.
    Service(String),
    /// A route by name (HTTPRoute).
    Route(String),
    /// A workload: kind (`Deployment`, `StatefulSet`, `DaemonSet`, `ReplicaSet`, `Pod`) and name.
    Workload {
        /// Kind.
        kind: String,
        /// Name.
        name: String,
    },
    /// Pods by label selector.
    Selector(BTreeMap<String, String>),
    /// A node by name.
    Node(String),
    /// The nodes of a topology zone.
    Zone(String),
    /// A host outside the mesh.
    Host(String),
    /// What the manifest itself names.
    Manifest,
}

/// `service/NAME`, as on the command line.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(name) => write!(f, "service/{name}"),
            Self::Route(name) => write!(f, "route/{name}"),
            Self::Workload { kind, name } => write!(f, "{}/{name}", kind.to_lowercase()),
            Self::Selector(labels) => {
                let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                write!(f, "-l {}", labels.join(","))
            }
            Self::Node(name) => write!(f, "node/{name}"),
            Self::Zone(name) => write!(f, "zone/{name}"),
            Self::Host(name) => write!(f, "host/{name}"),
            Self::Manifest => f.write_str("the objects given"),
        }
    }
}

/// Which requests are hit, where the kind can tell them apart.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Source workload, `Deployment/web`.
    pub from: Option<String>,
    /// Headers that must have exactly this value.
    pub headers: BTreeMap<String, String>,
    /// Path prefix.
    pub path: Option<String>,
}

/// An intent.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// `metadata.name`; made up when absent.
    pub name: String,
    /// `metadata.namespace`.
    pub namespace: String,
    /// What.
    pub kind: FaultKind,
    /// Whom.
    pub target: Target,
    /// Parameters by the names of the catalogue; values as given (validated by the catalogue).
    pub params: BTreeMap<String, Value>,
    /// Which requests.
    pub scope: Scope,
    /// Percent steps with probes between; empty = at once.
    pub ramp: Vec<u8>,
    /// Conditions that end it early.
    pub abort_when: Vec<Condition>,
    /// Time of effect from `active`.
    pub duration: Duration,
    /// Safety cap from the record's creation.
    pub lease: Duration,
    /// The driver asked for.
    pub driver: Option<Driver>,
    /// The objects of the `manifest` kind.
    pub manifests: Vec<Manifest>,
}

impl Fault {
    /// The same, that many times as long.
    #[must_use]
    pub fn lasting(mut self, times: f64) -> Self {
        (self.duration, self.lease) = (self.duration.mul_f64(times), self.lease.mul_f64(times));
        self
    }
}

/// A system that can carry a fault out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Driver {
    /// An EnvoyFilter (networking.istio.io/v1alpha3) or AuthorizationPolicy of our own, under a fuse.
    Istio,
    /// A patch of the VirtualService that is there.
    IstioVirtualService,
    /// HTTPRoutes.
    GatewayApi,
    /// Plain Kubernetes.
    Native,
    /// Chaos Mesh: objects of its own kinds, injected by its daemons.
    ChaosMesh,
    /// Litmus: a ChaosEngine, carried out by the pods of its experiment.
    Litmus,
    /// kgateway: policies of our own for routes of its Gateways, or its backends.
    Kgateway,
    /// agentgateway: the same, by its own kinds.
    Agentgateway,
    /// Dapr: policies of calls between applications, scopes of components.
    Dapr,
}

impl Driver {
    /// All drivers.
    pub const ALL: [Self; 9] = [
        Self::Istio,
        Self::IstioVirtualService,
        Self::GatewayApi,
        Self::Native,
        Self::ChaosMesh,
        Self::Litmus,
        Self::Kgateway,
        Self::Agentgateway,
        Self::Dapr,
    ];

    /// Its name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Istio => "istio",
            Self::IstioVirtualService => "istio-virtualservice",
            Self::GatewayApi => "gateway-api",
            Self::Native => "native",
            Self::ChaosMesh => "chaos-mesh",
            Self::Litmus => "litmus",
            Self::Kgateway => "kgateway",
            Self::Agentgateway => "agentgateway",
            Self::Dapr => "dapr",
        }
    }
}
