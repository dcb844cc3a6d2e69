//! What ztunnels count: connections and bytes between workloads of ambient mode, whose requests they cannot see.

use std::collections::HashMap;

use super::{edge::Reporter, walk::Called};

/// Bytes of a request, on average.
const REQUEST: u64 = 300;

/// A pair of workloads as a ztunnel tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TunnelKey {
    /// The pod of ambient mode at this end.
    pub pod: u32,
    /// Which end.
    pub reporter: Reporter,
    /// The caller; `u32::MAX`: unknown.
    pub source: u32,
    /// The called workload.
    pub destination: u32,
    /// The called Service.
    pub service: u32,
    /// Whether it is mutual TLS.
    pub mutual: bool,
}

/// What was counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tunnel {
    /// Connections; each carries one request, and is closed after it.
    pub connections: u64,
    /// Bytes towards the caller.
    pub sent: u64,
    /// Bytes from the caller.
    pub received: u64,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Tunnels(HashMap<TunnelKey, Tunnel>);

impl Tunnels {
    pub(super) fn count(&mut self, key: TunnelKey, called: Called<'_>) {
        let tunnel = self.0.entry(key).or_default();
        tunnel.connections += 1;
        tunnel.sent += u64::from(called.bytes);
        tunnel.received += REQUEST;
    }

    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.0.retain(|key, _| keep(key.pod));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&TunnelKey, &Tunnel)> {
        self.0.iter()
    }
}
