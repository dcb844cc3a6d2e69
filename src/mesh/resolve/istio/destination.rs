//! Which DestinationRule applies to a destination (networking.istio.io/v1): one of the client's namespace, else one of the
//! Service's, else one of the root namespace; of those the one with the most exact host. Rules with the same host are one.

use std::collections::BTreeMap;

use super::super::{World, rank};
use crate::mesh::{
    gateways::Seen,
    istio::{DestinationRuleRow, Policy, ROOT, Subset, exported},
    routes::Backend,
};

/// What is known of a destination's rule.
pub(super) struct Applied<'a> {
    /// The rules that are one, the oldest first; empty: none applies.
    rules: Vec<&'a DestinationRuleRow>,
    /// Whether another, which may not be read, could apply.
    open: bool,
}

/// The whole host of a destination.
pub(super) fn host_of(backend: &Backend) -> String {
    if backend.is_service() {
        format!("{}.{}.svc.cluster.local", backend.name, backend.namespace)
    } else {
        backend.name.to_ascii_lowercase().into()
    }
}

impl<'a> Applied<'a> {
    /// To what is sent to `host` (of namespace `owner`, where it is a Service) from `client`.
    pub(super) fn of(
        world: &World<'a>,
        client: &str,
        labels: Option<&BTreeMap<String, String>>,
        host: &str,
        owner: Option<&str>,
        notes: &mut Vec<String>,
    ) -> Self {
        let heard = &world.istio.destination_rules;
        let open = heard.seen != Seen::Everywhere;
        let named = |namespace: &str| {
            let mut rules: Vec<(&DestinationRuleRow, (usize, usize))> = heard
                .rows
                .iter()
                .filter(|row| row.namespace == namespace && exported(&row.export_to, &row.namespace, client))
                .filter_map(|row| Some((row, rank::host_rank(&[&row.meant()], host)?)))
                .map(|(row, (whole, any))| (row, (usize::from(whole > 0), any)))
                .collect();
            rules.sort_by_key(|(row, _)| (row.created.is_none(), row.created, row.name.clone()));
            rules
        };
        let mut namespaces = vec![client];
        namespaces.extend(owner);
        namespaces.push(ROOT);
        for namespace in namespaces {
            let (narrow, wide): (Vec<_>, Vec<_>) =
                named(namespace).into_iter().partition(|(row, _)| !row.selector.is_empty());
            // One with a selector is for workloads of its own namespace alone, and stands before those for all.
            let mine: Vec<_> = narrow
                .into_iter()
                .filter(|_| namespace == client)
                .filter(|(row, _)| match labels {
                    Some(labels) => row.selector.iter().all(|(key, value)| labels.get(key) == Some(value)),
                    None => {
                        notes.push(format!(
                            "DestinationRule {}/{} is for some workloads; the client's labels are not known: left out",
                            row.namespace, row.name
                        ));
                        false
                    }
                })
                .collect();
            for found in [mine, wide] {
                if let Some(best) = found.iter().map(|(_, rank)| *rank).max() {
                    let rules = found.into_iter().filter(|(_, rank)| *rank == best).map(|(row, _)| row).collect();
                    return Self { rules, open };
                }
            }
        }
        Self { rules: Vec::new(), open }
    }

    /// The subset of that name. `Err(true)`: no rule defines it; `Err(false)`: one that may not be read could.
    pub(super) fn subset(&self, name: &str) -> Result<&'a Subset, bool> {
        let found = self.rules.iter().flat_map(|row| &row.subsets).find(|subset| subset.name == name);
        found.ok_or(!self.open)
    }

    /// What it says of the destination, for a note; `None`: no rule applies.
    pub(super) fn told(&self, subset: Option<&str>) -> Option<String> {
        let first = self.rules.first()?;
        let names: Vec<String> = self.rules.iter().map(|row| format!("{}/{}", row.namespace, row.name)).collect();
        let mut policy = self.rules.iter().map(|row| &row.policy).find(|policy| **policy != Policy::default());
        let own;
        let mut labels = String::new();
        if let Some(subset) = subset.and_then(|name| self.subset(name).ok()) {
            own = subset.policy.over(policy.unwrap_or(&first.policy));
            policy = Some(&own);
            let pairs: Vec<String> = subset.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            labels = format!(", subset {} is {}", subset.name, pairs.join(", "));
        }
        let words = policy.and_then(Policy::words).map(|words| format!("; {words}")).unwrap_or_default();
        Some(format!("DestinationRule {} applies to {}{labels}{words}", names.join(", "), first.host))
    }
}
