//! Two PeerAuthentications for all workloads of one namespace, or of the mesh (Kiali: KIA0002): the oldest counts alone.

use std::collections::BTreeMap;

use super::{Conflict, ConflictKind, Ground, about, side};
use crate::mesh::{conflicts::ObjectKind, mtls::peer_authentication::PeerAuthenticationRow};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let mut by_namespace: BTreeMap<&str, Vec<&PeerAuthenticationRow>> = BTreeMap::new();
    for row in ground.world.istio.peer_authentications.rows.iter().filter(|row| !row.selects()) {
        by_namespace.entry(&row.namespace).or_default().push(row);
    }
    let mut all = Vec::new();
    for (namespace, mut rows) in by_namespace {
        rows.sort_by_key(|row| (row.created.is_none(), row.created, &row.name));
        let Some((winner, losers)) = rows.split_first() else { continue };
        for loser in losers {
            let of = |row: &PeerAuthenticationRow| side(ObjectKind::PeerAuthentication, (&row.namespace, &row.name));
            let whole = if namespace == ground.world.istio.root() { "the mesh" } else { "the namespace" };
            let why = format!("both are for all workloads of {whole}: the older one counts");
            let found = about(ConflictKind::DuplicatePolicy, Some("KIA0002"), of(loser), why, Vec::new());
            all.push(Conflict { winner: Some(of(winner)), ..found });
        }
    }
    all
}
