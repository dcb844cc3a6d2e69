//! What istiod would tell of itself: who listens to it, and what it makes configuration of.

use std::collections::HashSet;

use super::{Snapshot, config::ROOT, pushed};

/// See the module docs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Plane {
    /// Proxies that hear it: sidecars, gateways, waypoints and ztunnels.
    pub clients: u64,
    /// Of these, the ones that refuse what they are pushed: an EnvoyFilter asks for what Envoy does not take.
    pub refusing: u64,
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
        let hears = |pod: u32| config.views.hear_istiod(pod, &groups[pod as usize]);
        let clients = ready().filter(|pod| {
            let group = &groups[pod.group as usize];
            let ztunnel = *group.namespace == *ROOT && group.labels.get("app").is_some_and(|app| app == "ztunnel");
            ztunnel || hears(pod.group)
        });
        let wrong = || config.rules.filters.iter().filter(|filter| filter.is_refused());
        let refusing: HashSet<u32> = (0u32..)
            .zip(groups)
            .filter(|(at, group)| wrong().any(|filter| filter.reaches(group, ROOT)) && hears(*at))
            .map(|(at, _)| at)
            .collect();
        Some(Plane {
            clients: clients.count() as u64,
            refusing: ready().filter(|pod| refusing.contains(&pod.group)).count() as u64,
            services: config.services.all.len() as u64,
            virtual_services: config.rules.virtual_services.len() as u64,
        })
    }
}
