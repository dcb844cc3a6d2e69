//! Ambient mode: pods whose connections a ztunnel carries, and the waypoints that look into their requests.

use std::collections::HashMap;

use super::{
    Snapshot,
    config::ROOT,
    security::{AuthorizationPolicy, Peer},
    site::Site,
};
use crate::traffic::json::Labels;

/// Who is in ambient mode, and who asks for a waypoint.
const MODE: &str = "istio.io/dataplane-mode";
const WAYPOINT: &str = "istio.io/use-waypoint";
const WAYPOINT_NAMESPACE: &str = "istio.io/use-waypoint-namespace";

/// Labels of namespaces by name.
pub(super) type Spaces<'a> = HashMap<&'a str, &'a Labels>;

/// Whether a pod is in ambient mode: its own label counts before its namespace's.
pub(super) fn joined(labels: &Labels, namespace: Option<&&Labels>) -> bool {
    let own = labels.get(MODE).or_else(|| namespace.and_then(|labels| labels.get(MODE)));
    own.is_some_and(|mode| mode == "ambient")
}

impl Snapshot {
    /// The ready pods of the waypoint of a Service; `None`: it has none, and ztunnels carry requests straight to its pods.
    pub(super) fn waypoint(&self, service: u32) -> Option<Vec<u32>> {
        let service = self.service(service);
        let spaces = &self.config.namespaces;
        let space = spaces.iter().find(|(name, _)| **name == *service.namespace).map(|(_, labels)| labels);
        let label = |name: &str| service.labels.get(name).or_else(|| space.and_then(|labels| labels.get(name)));
        let name = label(WAYPOINT).filter(|name| *name != "none")?;
        let namespace = label(WAYPOINT_NAMESPACE).map_or(&*service.namespace, String::as_str);
        // A label that names nothing changes nothing.
        self.config.rules.gateways.iter().find(|one| one.namespace == namespace && one.name == *name)?;
        Some(self.gateway_pods(&format!("{namespace}/{name}")))
    }

    /// The policy by which a waypoint refuses a request: those alone that are aimed at it or at the Service.
    pub(super) fn refused_at_waypoint(&self, site: &Site, waypoint: u32, service: u32) -> Option<String> {
        let aimed: Vec<AuthorizationPolicy> =
            self.config.rules_of(waypoint).policies.iter().filter(|policy| policy.is_aimed()).cloned().collect();
        let caller = site.caller.map(|caller| self.group(caller));
        let peer = Peer { identity: caller.map(|caller| (&*caller.namespace, &*caller.account)), reads: true };
        let name = [&*self.service(service).name];
        let (group, request) = (self.group(waypoint), &site.request);
        AuthorizationPolicy::refuses(&aimed, group, &name, ROOT, request, request.port, peer).map(str::to_owned)
    }
}
