//! ListenerSets: listeners that others hang on a Gateway (gateway.networking.k8s.io/v1, bundle v1.6, and XListenerSet of
//! gateway.networking.x-k8s.io/v1alpha1).
//!
//! A Gateway has its own listeners, then those of its ListenerSets, the oldest first, then by `ns/name`. Of two that cannot be told
//! apart on one port the first one counts. Routes reach the listeners of the object they name, and no others.

use std::collections::BTreeMap;

use super::{
    gateways::{AllowedNamespaces, GatewayRow, Listener},
    resolve::World,
};
use crate::cluster::Kind;

/// The kinds in every version they may be served in.
pub fn kinds() -> [Kind; 2] {
    [
        Kind::namespaced("gateway.networking.k8s.io", "v1", "ListenerSet", "listenersets"),
        Kind::namespaced("gateway.networking.x-k8s.io", "v1alpha1", "XListenerSet", "xlistenersets"),
    ]
}

/// A listener and the object that declares it: the Gateway itself or a ListenerSet.
pub(super) type Declared<'a> = (&'a GatewayRow, &'a Listener);

/// All listeners of a Gateway that count, in their order.
pub(super) fn merged<'a>(gateway: &'a GatewayRow, world: &World<'a>) -> Vec<Declared<'a>> {
    // Among its own the implementation decides; here they stand as they are written.
    let mut all: Vec<Declared<'a>> = gateway.listeners.iter().map(|one| (gateway, one)).collect();
    let mut sets: Vec<&'a GatewayRow> = world
        .gateways
        .rows
        .iter()
        .copied()
        .filter(|row| row.hangs_on(gateway) && allows(gateway, row, world.namespaces))
        .collect();
    let key = |row: &GatewayRow| ((row.created.is_none(), row.created), format!("{}/{}", row.namespace, row.name));
    sets.sort_by_cached_key(|row| key(row));
    for (set, listener) in sets.into_iter().flat_map(|set| set.listeners.iter().map(move |one| (set, one))) {
        if all.iter().all(|(_, other)| apart(other, listener)) {
            all.push((set, listener));
        }
    }
    all
}

/// Whether a Gateway lets a ListenerSet hang on it (`allowedListeners`; the default is no). With a selector and no labels the
/// answer is yes: nothing says no.
fn allows(gateway: &GatewayRow, set: &GatewayRow, labels: Option<&BTreeMap<String, BTreeMap<String, String>>>) -> bool {
    match &gateway.allowed_listeners {
        AllowedNamespaces::Same => gateway.namespace == set.namespace,
        AllowedNamespaces::All => true,
        AllowedNamespaces::None => false,
        AllowedNamespaces::Selector(selector) => {
            labels.and_then(|all| all.get(set.namespace.as_str())).is_none_or(|labels| selector.selects(labels))
        }
    }
}

/// Whether two listeners can be told apart: by their port; on one port by the hostname, where both speak HTTP, or both TLS in any
/// way, or by TCP against UDP.
fn apart(a: &Listener, b: &Listener) -> bool {
    if a.port != b.port {
        return true;
    }
    let family = |listener: &Listener| match listener.protocol.as_str() {
        "HTTPS" | "TLS" => "TLS".to_owned(),
        other => other.to_owned(),
    };
    match (family(a).as_str(), family(b).as_str()) {
        ("UDP", other) | (other, "UDP") if other != "UDP" => true,
        ("TCP" | "UDP", _) | (_, "TCP" | "UDP") => false,
        (one, other) => one == other && a.hostname != b.hostname,
    }
}
