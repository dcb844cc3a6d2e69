//! DestinationRules for hosts that are not there (Kiali: KIA0202): they are ignored. A name with a dot is taken as it stands, so
//! `reviews.shop` is no Service.

use super::{Conflict, ConflictKind, Ground, about, side};
use crate::mesh::conflicts::ObjectKind;

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let rows = ground.world.istio.destination_rules.rows.iter();
    let told = rows.filter_map(|row| {
        let host = row.meant();
        let why = ground.absent(&host, &[&row.namespace])?;
        let loser = side(ObjectKind::DestinationRule, (&row.namespace, &row.name));
        let routes = ground.senders(&host, None);
        Some(about(
            ConflictKind::Dangling,
            Some("KIA0202"),
            loser,
            format!("{why}: the rule applies to nothing"),
            routes,
        ))
    });
    told.collect()
}
