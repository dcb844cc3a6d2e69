//! Whose pods a Gateway of Istio's configures: those that carry the labels of its selector, in any namespace.

use super::super::World;
use crate::mesh::istio::{IstioGatewayRow, selects};

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
    let all = workloads.into_iter().flatten();
    let pods: Vec<_> = all.filter(|(_, labels)| selects(&gateway.selector, labels)).collect();
    let (mut by, mut notes) = (Vec::new(), Vec::new());
    for row in services.values() {
        let here = |key: &str| key.split_once('/').is_some_and(|(namespace, _)| namespace == row.namespace);
        // All pods it sends to are proxies of the Gateway, or some that are known.
        let only = selects(&gateway.selector, &row.selector);
        let some = || pods.iter().any(|(key, pod)| here(key) && selects(&row.selector, pod));
        if row.selector.is_empty() || !(only || some()) {
            continue;
        }
        let at = if row.outside.is_empty() { String::new() } else { format!(" at {}", row.outside.join(", ")) };
        by.push(format!("Service {}{at}", row.key()));
        if !row.ports.iter().any(|one| one.port == port) {
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
