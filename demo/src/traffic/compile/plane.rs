//! What istiod would tell of itself: who listens to it, and what it makes configuration of.

use super::{Snapshot, config::ROOT, pushed};

/// See the module docs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plane {
    /// Proxies that hear it: sidecars, gateways, waypoints and ztunnels.
    pub clients: u64,
    /// Services.
    pub services: u64,
    /// VirtualServices.
    pub virtual_services: u64,
}

impl Snapshot {
    /// `None` when no istiod is ready.
    pub fn plane(&self) -> Option<Plane> {
        let config = &self.config;
        let groups = &config.pods.groups;
        let ready = || config.pods.all.iter().filter(|pod| pod.ready);
        ready().find(|pod| pushed::is_istiod(&groups[pod.group as usize]))?;
        let clients = ready().filter(|pod| {
            let group = &groups[pod.group as usize];
            let ztunnel = *group.namespace == *ROOT && group.labels.get("app").is_some_and(|app| app == "ztunnel");
            ztunnel || config.views.hear_istiod(pod.group, group)
        });
        Some(Plane {
            clients: clients.count() as u64,
            services: config.services.all.len() as u64,
            virtual_services: config.rules.virtual_services.len() as u64,
        })
    }
}
