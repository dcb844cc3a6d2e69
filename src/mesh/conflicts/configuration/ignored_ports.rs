//! Ports of a PeerAuthentication without a selector: Istio's webhook refuses them, and where it did not look istiod ignores them.

use super::{Conflict, ConflictKind, Ground, about, side};
use crate::mesh::conflicts::ObjectKind;

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let rows = ground.world.istio.peer_authentications.rows.iter();
    let told = rows.filter(|row| !row.selects() && !row.ports.is_empty()).map(|row| {
        let ports: Vec<String> = row.ports.keys().map(ToString::to_string).collect();
        let loser = side(ObjectKind::PeerAuthentication, (&row.namespace, &row.name));
        let why = format!("it has no selector, so what it says of port {} counts for nobody", ports.join(", "));
        about(ConflictKind::IgnoredPorts, None, loser, why, Vec::new())
    });
    told.collect()
}
