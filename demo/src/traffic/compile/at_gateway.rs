//! Requests at a Gateway: its pods, what they listen on, the rule that takes a request.

use std::sync::Arc;

use super::{Caller, Snapshot, pods::Pod, rules::Rule, site::Site, virtual_service::Asker};
use crate::traffic::{json, request::Request};

impl Snapshot {
    /// The site of a request that really arrives at a Gateway, `NAMESPACE/NAME`; `None` when no pod of it is there.
    pub(in crate::traffic) fn at_gateway(&self, gateway: &str, request: Request) -> Option<(u32, Site)> {
        let pod = *self.gateway_pods(gateway).first()?;
        let group = self.pods()[pod as usize].group;
        Some((pod, self.site(Caller::Gateway(group, gateway), request)))
    }

    /// Ready pods of a Gateway, `NAMESPACE/NAME`.
    pub(super) fn gateway_pods(&self, gateway: &str) -> Vec<u32> {
        let (namespace, name) = gateway.split_once('/').unwrap_or_default();
        let istio = self.config.rules.istio_gateways.iter().find(|one| one.namespace == namespace && one.name == name);
        let own = |pod: &Pod| {
            let group = self.group(pod.group);
            let labelled = group.labels.get("gateway.networking.k8s.io/gateway-name").is_some_and(|own| own == name);
            let here = *pod.namespace == *namespace && labelled;
            let selected =
                istio.is_some_and(|one| !one.selector.is_empty() && json::carries(&group.labels, &one.selector));
            pod.ready && group.proxy.is_gateway() && (here || selected)
        };
        (0u32..).zip(self.pods()).filter(|(_, pod)| own(pod)).map(|(at, _)| at).collect()
    }

    /// Whether the proxies of a group listen on this port for the Gateway.
    pub(super) fn gateway_listens(&self, group: u32, gateway: &str, port: u16) -> bool {
        let (namespace, name) = gateway.split_once('/').unwrap_or_default();
        let rules = self.config.rules_of(group);
        rules.gateways.iter().any(|one| one.namespace == namespace && one.name == name && one.listens(port))
            || rules.istio_gateways.iter().any(|one| one.namespace == namespace && one.name == name)
    }

    /// Until when the certificate is good that the Gateway's proxies show for a request's host.
    pub(super) fn shown_at(&self, group: u32, gateway: &str, request: &Request) -> Option<f64> {
        let (namespace, name) = gateway.split_once('/').unwrap_or_default();
        let all = &self.config.rules_of(group).gateways;
        all.iter().find(|one| one.namespace == namespace && one.name == name)?.shows(request)
    }

    /// What is attached to the route by which a Gateway's proxies take the request.
    pub(super) fn attach(&self, site: &mut Site, group: u32, gateway: &str) {
        let (namespace, name) = gateway.split_once('/').unwrap_or_default();
        let Some(rule) = self.at_edge(gateway, &site.request, group) else { return };
        site.route = Some(Arc::clone(&rule.route));
        let rules = self.config.rules_of(group);
        let Some(own) = rules.gateways.iter().find(|one| one.namespace == namespace && one.name == name) else {
            return;
        };
        let holds = rules.attached.at(own, &rule.route, &site.request);
        site.faults.extend(holds.faults);
        site.limits.extend(holds.limits);
    }

    /// The rule by which a Gateway's proxies take a request.
    pub(super) fn at_edge(&self, gateway: &str, request: &Request, own: u32) -> Option<&Rule> {
        let (namespace, name) = gateway.split_once('/').unwrap_or_default();
        let (own, rules) = (self.group(own), self.config.rules_of(own));
        if let Some(found) = rules.gateways.iter().find(|one| one.namespace == namespace && one.name == name) {
            return found.choose(&rules.routes, request);
        }
        let found = rules.istio_gateways.iter().find(|one| one.namespace == namespace && one.name == name)?;
        if !found.takes(request) {
            return None;
        }
        let asker = Asker { gateway, namespace: &own.namespace, labels: Some(&own.labels) };
        let all = rules.virtual_services.iter();
        let holding: Vec<_> = all.filter_map(|one| Some((one.holds(gateway, &request.host, None)?, one))).collect();
        let best = holding.iter().map(|(rank, _)| *rank).max()?;
        // At a gateway VirtualServices of one host are merged, the oldest first.
        holding.iter().filter(|(rank, _)| *rank == best).find_map(|(_, one)| one.choose(request, asker))
    }
}
