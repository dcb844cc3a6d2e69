//! All that is known when a snapshot is compiled, read once from the objects.

use std::collections::HashMap;

use crate::{
    base::objects::Objects,
    traffic::{
        behaviour::Behaviours,
        json::{self, Labels},
    },
};

use super::{
    Snapshot,
    chaos::Chaos,
    dapr::Dapr,
    kinds,
    network_policy::NetworkPolicy,
    pods::Pods,
    pushed::{Pushed, Rules, Views},
    services::{Service, Services},
};

/// The namespace whose policies hold for the whole mesh.
pub(super) const ROOT: &str = "istio-system";

/// What was read.
#[derive(Debug, Clone, Default)]
pub(super) struct Config {
    pub(super) namespaces: Vec<(String, Labels)>,
    pub(super) pods: Pods,
    pub(super) services: Services,
    /// Per group: names of the Services of its namespace that select it.
    pub(super) behind: Vec<Vec<String>>,
    pub(super) network: Vec<NetworkPolicy>,
    /// What istiod pushes now.
    pub(super) pushed: Pushed,
    pub(super) rules: Rules,
    /// What proxies go by that do not hear istiod.
    pub(super) views: Views,
    pub(super) chaos: Chaos,
    pub(super) dapr: Dapr,
}

impl Config {
    /// Reads everything; `before` is the snapshot before this one.
    pub(super) fn read(objects: &dyn Objects, behaviours: &Behaviours, before: &Snapshot) -> Self {
        let namespaces: Vec<(String, Labels)> = objects
            .list(kinds::NAMESPACE, None)
            .iter()
            .map(|one| (json::name(one).to_owned(), json::labels(one, &["metadata", "labels"])))
            .collect();
        let spaces = namespaces.iter().map(|(name, labels)| (name.as_str(), labels)).collect();
        let mut pods = Pods::read(objects, behaviours, &spaces, &before.config.pods);
        let services = Services::read(objects, &mut pods);
        let network: Vec<NetworkPolicy> =
            objects.list(kinds::NETWORK_POLICY, None).iter().map(|one| NetworkPolicy::read(one)).collect();
        let pushed = Pushed::read(objects);
        let rules = Rules::read(&pushed, &namespaces, &services, behaviours);
        let views = Views::read(&before.config, &namespaces, &network, &services, behaviours, &mut pods);
        let mut selecting: HashMap<&str, Vec<&Service>> = HashMap::new();
        for service in services.all.iter().filter(|service| !service.selector.is_empty()) {
            selecting.entry(&service.namespace).or_default().push(service);
        }
        let behind = pods.groups.iter().map(|group| {
            let near = selecting.get(&*group.namespace).into_iter().flatten();
            let selecting = near.filter(|service| json::carries(&group.labels, &service.selector));
            selecting.map(|service| service.name.to_string()).collect()
        });
        let chaos = Chaos::read(objects, &pods);
        let (behind, dapr) = (behind.collect(), Dapr::read(objects));
        Self { namespaces, pods, services, behind, network, pushed, rules, views, chaos, dapr }
    }

    /// The rules by which the proxies of a group go.
    pub(super) fn rules_of(&self, group: u32) -> &Rules {
        self.views.of(group).map_or(&self.rules, |view| &view.rules)
    }
}
