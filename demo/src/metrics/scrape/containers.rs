//! What a node tells of containers, and what kube-state-metrics tells of their limits.

use std::sync::Arc;

use super::{
    super::{block::Layout, tags::Pair, tsdb::Tsdb},
    Detail, NODE_OFFSET,
    labels::pair,
};
use crate::traffic::{Container, Signal};

/// What makes whole numbers of seconds that were measured: microseconds.
const OF_SECONDS: f64 = 1e6;

/// Layouts of both.
#[derive(Debug, Clone)]
pub(super) struct Containers {
    used: Arc<Layout>,
    limit: Arc<Layout>,
}

impl Default for Containers {
    fn default() -> Self {
        let used = Layout::default().with("container_cpu_usage_seconds_total", OF_SECONDS, true);
        let limit = Layout::default().with("kube_pod_container_resource_limits", 1000.0, false);
        Self { used: Arc::new(used.with("container_memory_working_set_bytes", 1.0, false)), limit: Arc::new(limit) }
    }
}

/// A pod that is told of: a block for each of its containers, and one for each limit.
#[derive(Debug, Clone)]
pub(super) struct Told {
    since: i64,
    of: Arc<[Container]>,
    own: u32,
    proxy: Option<u32>,
    limits: Vec<(u32, f64)>,
}

impl Containers {
    /// Of a pod whose first scrape is the `k`th.
    pub(super) fn of(&self, tsdb: &mut Tsdb, signal: &Signal, detail: Detail, k: i64) -> Told {
        let mut block = |layout: &Arc<Layout>, job: &str, container: &str, more: &[Pair]| {
            let mut labels = vec![
                pair("job", job),
                ("namespace".into(), Arc::clone(&signal.namespace)),
                ("pod".into(), Arc::clone(&signal.pod)),
                pair("container", container),
            ];
            labels.extend_from_slice(more);
            let labels = tsdb.labels(&labels);
            tsdb.block(layout, &labels, NODE_OFFSET)
        };
        let all = &signal.containers;
        // A gateway is nothing but a proxy.
        let own = all.iter().find(|one| !one.is_proxy()).or_else(|| all.first());
        let beside = all.iter().find(|one| one.is_proxy()).filter(|_| signal.proxy.is_some() && detail == Detail::Pods);
        let mut limits = Vec::new();
        for one in own.into_iter().chain(beside) {
            for (resource, unit, limit) in [("cpu", "core", one.cpu_limit), ("memory", "byte", one.memory_limit)] {
                let Some(limit) = limit else { continue };
                let more = [pair("resource", resource), pair("unit", unit)];
                limits.push((block(&self.limit, "kube-state-metrics", &one.name, &more), limit));
            }
        }
        let mut used = |name: &str| block(&self.used, "kubernetes-nodes-cadvisor", name, &[]);
        let proxy = beside.map(|one| used(&one.name));
        let own = used(own.map_or("app", |one| &one.name));
        Told { since: k, of: Arc::clone(all), own, proxy, limits }
    }
}

impl Told {
    /// Whether it is still told of the containers of before: their limits may have been changed in place.
    pub(super) fn holds(&self, signal: &Signal) -> bool {
        self.of == signal.containers
    }

    /// Writes the `k`th row of all.
    pub(super) fn write(&self, tsdb: &mut Tsdb, signal: &Signal, k: i64) {
        let idle = (k - self.since) as f64 * tsdb.interval() as f64 / 1000.0;
        tsdb.write(self.own, k, Some(&[signal.cpu_seconds + signal.idle_cores * idle, signal.memory]));
        if let Some((block, proxy)) = self.proxy.zip(signal.proxy) {
            tsdb.write(block, k, Some(&[proxy.cpu_seconds + proxy.idle_cores * idle, proxy.memory]));
        }
        for (block, limit) in &self.limits {
            tsdb.write(*block, k, Some(&[*limit]));
        }
    }

    /// The same pod as before, of which it goes on to tell.
    pub(super) fn instead_of(mut self, before: &Self, tsdb: &mut Tsdb, k: i64) -> Self {
        self.since = before.since;
        let held: Vec<u32> = self.blocks().collect();
        before.blocks().filter(|block| !held.contains(block)).for_each(|block| tsdb.gone(block, k));
        self
    }

    /// It is not there any more.
    pub(super) fn end(&self, tsdb: &mut Tsdb, k: i64) {
        self.blocks().for_each(|block| tsdb.gone(block, k));
    }

    fn blocks(&self) -> impl Iterator<Item = u32> {
        let limits = self.limits.iter().map(|(block, _)| *block);
        [self.own].into_iter().chain(self.proxy).chain(limits)
    }
}
