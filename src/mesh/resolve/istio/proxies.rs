//! Whose pods a Gateway of Istio's configures: those that carry the labels of its selector, in any namespace.

use super::super::World;
use crate::mesh::istio::IstioGatewayRow;

/// Who serves a Gateway at a port, as far as Services and workloads are known, and what to note.
pub(super) fn serving(world: &World<'_>, gateway: &IstioGatewayRow, port: u16) -> (Vec<String>, Vec<String>) {
    let labels: Vec<String> = gateway.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let labels = labels.join(", ");
    if gateway.selector.is_empty() {
        return (Vec::new(), vec!["the Gateway selects no proxies: all of the mesh serve it".to_owned()]);
    }
    let (Some(services), workloads) = (world.service_rows, world.istio.workloads) else {
        return (Vec::new(), Vec::new());
    };
    let chosen = |pod: &std::collections::BTreeMap<String, String>| {
        gateway.selector.iter().all(|(key, value)| pod.get(key) == Some(value))
    };
    let pods: Vec<_> = workloads.into_iter().flatten().filter(|(_, labels)| chosen(labels)).collect();
    let (mut by, mut notes) = (Vec::new(), Vec::new());
    for row in services.values() {
        let here = |key: &str| key.split_once('/').is_some_and(|(namespace, _)| namespace == row.namespace);
        if !row.only_sends_to(&gateway.selector) && !pods.iter().any(|(key, pod)| here(key) && row.sends_to(pod)) {
            continue;
        }
        let at = if row.outside.is_empty() { String::new() } else { format!(" at {}", row.outside.join(", ")) };
        by.push(format!("Service {}{at}", row.key()));
        if !row.ports.iter().any(|(_, number)| *number == port) {
            notes.push(format!("Service {} has no port {port}: from outside nobody gets there through it", row.key()));
        }
    }
    if by.is_empty() {
        by.extend(pods.iter().map(|(key, _)| format!("workload {key}")));
    }
    if by.is_empty() {
        notes
            .push(format!("no Service is known to send to proxies with {labels}: who serves the Gateway is not known"));
    }
    (by, notes)
}
