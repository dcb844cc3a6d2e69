//! ListenerSets: listeners that others hang on a Gateway (gateway.networking.k8s.io/v1, bundle v1.6, and XListenerSet of
//! gateway.networking.x-k8s.io/v1alpha1).
//!
//! A Gateway has its own listeners, then those of its ListenerSets, the oldest first, then by `ns/name`. Of two of different objects
//! that cannot be told apart on one port the first one counts; of two of one object neither (GEP-1713, and the comment on
//! `gateway.spec.listeners`). Routes reach the listeners of the object they name, and no others.

use std::collections::BTreeMap;

use super::{
    gateways::{GatewayRow, Listener},
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

/// All listeners of a Gateway that count, in their order. Who says nothing of ListenerSets has none.
pub(super) fn merged<'a>(gateway: &'a GatewayRow, world: &World<'a>) -> Vec<Declared<'a>> {
    let mut all: Vec<Declared<'a>> = distinct(gateway).map(|one| (gateway, one)).collect();
    for (set, listener) in declared(gateway, world).into_iter().filter(|(owner, _)| owner.hangs_on.is_some()) {
        // The Gateway's own come before all others, even where they cannot be told apart among themselves.
        let before = all.iter().map(|(_, other)| *other).chain(&gateway.listeners);
        if distinct(set).any(|one| std::ptr::eq(one, listener))
            && before.into_iter().all(|other| apart(other, listener))
        {
            all.push((set, listener));
        }
    }
    all
}

/// All listeners that a Gateway and the ListenerSets it lets hang on it declare: its own, then those of the older set, then of the
/// first by `ns/name`.
pub(super) fn declared<'a>(gateway: &'a GatewayRow, world: &World<'a>) -> Vec<Declared<'a>> {
    let hung = world.gateways.rows.iter().copied();
    let mut sets: Vec<&'a GatewayRow> =
        hung.filter(|row| row.hangs_on(gateway) && allows(gateway, row, world.namespaces)).collect();
    let key = |row: &GatewayRow| ((row.created.is_none(), row.created), format!("{}/{}", row.namespace, row.name));
    sets.sort_by_cached_key(|row| key(row));
    std::iter::once(gateway).chain(sets).flat_map(|owner| owner.listeners.iter().map(move |one| (owner, one))).collect()
}

/// Whom a listener that does not count cannot be told apart from: another of its own object, else the first that stands before it.
pub(super) fn rival<'a>(one: Declared<'a>, gateway: &'a GatewayRow, world: &World<'a>) -> Option<Declared<'a>> {
    let (owner, listener) = one;
    let own = owner.listeners.iter().find(|other| !std::ptr::eq(*other, listener) && !apart(other, listener));
    own.map(|other| (owner, other)).or_else(|| {
        let before = gateway.listeners.iter().map(|other| (gateway, other)).chain(merged(gateway, world));
        before.into_iter().find(|(_, other)| !std::ptr::eq(*other, listener) && !apart(other, listener))
    })
}

/// The listeners of one object that can be told apart from all its others. Of those that cannot none counts: the specification
/// (`gateway.spec.listeners`) has no winner chosen among them.
fn distinct(row: &GatewayRow) -> impl Iterator<Item = &Listener> {
    let alone = |one: &Listener| row.listeners.iter().all(|other| std::ptr::eq(other, one) || apart(other, one));
    row.listeners.iter().filter(move |one| alone(one))
}

/// Whether a Gateway lets a ListenerSet hang on it (`allowedListeners`; the default is no).
fn allows(gateway: &GatewayRow, set: &GatewayRow, labels: Option<&BTreeMap<String, BTreeMap<String, String>>>) -> bool {
    let labels = labels.and_then(|all| all.get(set.namespace.as_str()));
    gateway.allowed_listeners.admits(&gateway.namespace, &set.namespace, labels)
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
