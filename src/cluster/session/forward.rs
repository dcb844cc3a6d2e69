//! A port of this machine that leads into a pod.

use std::net::IpAddr;

use crate::cluster::logs::Of;

/// What is wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardWish {
    /// The namespace of the pods.
    pub namespace: String,
    /// One pod, or whichever of those selected is ready.
    pub of: Of,
    /// Where it listens; loopback unless somebody asked for more.
    pub address: IpAddr,
    /// The port here; 0 for one that is free.
    pub local: u16,
    /// The port of the pod.
    pub remote: u16,
}

impl ForwardWish {
    /// `shop/web-1:9080`.
    pub fn target(&self) -> String {
        format!("{}/{}:{}", self.namespace, self.of.words(), self.remote)
    }
}

/// How it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It listens.
    Listening,
    /// The last connection did not get through; the next tries again.
    Failing(String),
    /// It ended, and why.
    Ended(String),
}

/// How a forward does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardView {
    /// The port it listens on.
    pub local: u16,
    /// How it stands.
    pub standing: Standing,
    /// The pod the last connection went to.
    pub pod: Option<String>,
    /// Connections open now.
    pub open: usize,
    /// Connections so far.
    pub all: u64,
    /// Bytes to the pod.
    pub sent: u64,
    /// Bytes from the pod.
    pub received: u64,
}
