//! A site: one kind of request from one kind of caller, with everything decided that can be decided beforehand.

use std::sync::Arc;

use crate::traffic::{behaviour::Serves, request::Request};

use super::{
    attached::Model,
    dapr::Sidecar,
    destination_rule::{Outlier, Pool},
    envoy_filter::Limit,
    pods::Proxy,
    rules::{Fault, Missing, Retries},
};

/// A site.
#[derive(Debug, Clone)]
pub struct Site {
    /// The request.
    pub request: Request,
    /// The caller's proxy.
    pub proxy: Proxy,
    /// The group of the pods whose proxy sends it on: the caller's, or a waypoint's; `None`: from outside.
    pub group: Option<u32>,
    /// The caller's group.
    pub caller: Option<u32>,
    /// Whether a ztunnel carries the caller's connections.
    pub tunnelled: bool,
    /// The pods of the waypoint it goes through; empty: through none.
    pub via: Vec<u32>,
    /// Until when the certificate is good that its sender is shown (Unix milliseconds); `None`: it is shown none.
    pub good_until: Option<f64>,
    /// The Service its host means.
    pub service: Option<u32>,
    /// The Gateway it is sent through, `NAMESPACE/NAME`.
    pub gateway: Option<Arc<str>>,
    /// Its route there, `NAMESPACE/NAME`.
    pub route: Option<Arc<str>>,
    /// Faults of the caller's proxy.
    pub faults: Vec<Fault>,
    /// Limits of the caller's proxy.
    pub limits: Vec<Limit>,
    /// What becomes of it.
    pub choice: Choice,
}

/// What becomes of a request.
#[derive(Debug, Clone)]
pub enum Choice {
    /// No rule takes it: 404.
    NoRoute,
    /// Its waypoint is not there.
    Lost,
    /// The proxy answers itself.
    Answer(u16, Option<Arc<str>>),
    /// It leaves the mesh for an address nobody here knows.
    Beyond,
    /// It leaves the mesh for an address nobody has.
    Nowhere,
    /// It is sent on.
    Forward(Box<Forward>),
}

/// Sent on.
#[derive(Debug, Clone)]
pub struct Forward {
    /// The route, where there is one.
    pub route: Option<Arc<str>>,
    /// Fault of the route.
    pub fault: Option<Fault>,
    /// Timeout of the whole, milliseconds.
    pub timeout: Option<f64>,
    /// Timeout of one try.
    pub per_try: Option<f64>,
    /// Retries.
    pub retries: Retries,
    /// Where to, by weight.
    pub ends: Vec<(u32, End)>,
    /// Sum of the weights.
    pub weights: u32,
    /// What becomes of the share of a reference that is not valid.
    pub missing: Missing,
    /// How each kind of called pod takes it.
    pub inbounds: Vec<Inbound>,
}

/// Where a share of the requests is sent.
#[derive(Debug, Clone)]
pub enum End {
    /// The reference is not valid.
    Nowhere,
    /// Pods.
    Cluster(Cluster),
    /// A model outside the cluster.
    Model(Model),
}

/// The addresses behind one port of a Service or a subset of it.
#[derive(Debug, Clone)]
pub struct Cluster {
    /// `outbound|PORT|SUBSET|HOST`.
    pub name: Arc<str>,
    /// The Service.
    pub service: u32,
    /// Ready pods: pod, index into [`Forward::inbounds`].
    pub endpoints: Vec<(u32, u32)>,
    /// Ejection of failing hosts.
    pub outlier: Option<Outlier>,
    /// Limit of requests in flight.
    pub pool: Option<Pool>,
}

/// How a kind of pod takes the request.
#[derive(Debug, Clone)]
pub struct Inbound {
    /// The pods' group.
    pub group: u32,
    /// Port.
    pub port: u16,
    /// Whether a connection comes about.
    pub link: Link,
    /// Whether it is mutual TLS.
    pub mtls: bool,
    /// The policy that refuses it.
    pub refused_by: Option<Arc<str>>,
    /// Faults of the called pod's proxy.
    pub faults: Vec<Fault>,
    /// Limits of the called pod's proxy.
    pub limits: Vec<Limit>,
    /// How the application serves it.
    pub serves: Serves,
    /// Path as it arrives.
    pub path: Arc<str>,
}

/// Whether a connection comes about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// It does.
    Open,
    /// Packets are dropped.
    Partition,
    /// The two ends do not agree on TLS.
    TlsMismatch,
    /// A ztunnel refuses it by a policy.
    Denied,
}

/// A call a pod makes while it serves.
#[derive(Debug, Clone)]
pub struct CallSite {
    /// Share of requests that make it.
    pub share: f64,
    /// How long it waits.
    pub timeout: f64,
    /// Whether the pod answers well without it.
    pub optional: bool,
    /// The site.
    pub site: u32,
    /// What the sidecar of Dapr makes of it, where it is called.
    pub sidecar: Option<Sidecar>,
}

/// Where a flow comes in.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Name of its flow.
    pub name: String,
    /// The site; `None`: the flow's address is none, or its Gateway is not there.
    pub site: Option<u32>,
    /// Gateway pods or calling pods; empty for a caller outside the mesh.
    pub pods: Vec<u32>,
    /// Whether it needs one of these pods.
    pub through: bool,
    /// Whether the network drops its packets before them.
    pub dropped: bool,
}
