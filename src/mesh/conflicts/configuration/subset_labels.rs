//! Subsets whose labels no pod behind the host has (Kiali: KIA0203): requests sent there get 503. Told where some pod behind the
//! host is known; a Service without any says nothing about its versions.

use super::{Conflict, ConflictKind, Ground, about, side};
use crate::mesh::{conflicts::ObjectKind, istio::selects};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let mut all = Vec::new();
    for row in ground.world.istio.destination_rules.rows {
        let host = row.meant();
        let Some(service) = ground.service(&host).filter(|service| ground.knows_pods(&service.namespace)) else {
            continue;
        };
        let pods = ground.behind(service);
        if pods.is_empty() {
            continue;
        }
        for subset in &row.subsets {
            if subset.labels.is_empty() || pods.iter().any(|pod| selects(&subset.labels, pod.labels)) {
                continue;
            }
            let labels: Vec<String> = subset.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
            let why = format!("no pod behind {host} has the labels of subset {}: {}", subset.name, labels.join(", "));
            let loser = side(ObjectKind::DestinationRule, (&row.namespace, &row.name));
            let routes = ground.senders(&host, Some(&subset.name));
            all.push(about(ConflictKind::EmptySubset, Some("KIA0203"), loser, why, routes));
        }
    }
    all
}
