//! ServiceEntries that have one host and port twice where somebody sees both (Kiali: KIA1211).
//!
//! A client takes the entry of its own namespace, else the oldest; what the other one says of the host is ignored.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::{Conflict, ConflictKind, Ground, about, seniority, side};
use crate::mesh::{
    conflicts::ObjectKind,
    istio::{ServiceEntryRow, exported},
};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let mut by_host: BTreeMap<(&str, u16), Vec<&ServiceEntryRow>> = BTreeMap::new();
    for row in ground.world.istio.service_entries.rows {
        for host in &row.hosts {
            for (port, _) in &row.ports {
                let known = by_host.entry((host, *port)).or_default();
                if !known.last().is_some_and(|one| std::ptr::eq(*one, row)) {
                    known.push(row);
                }
            }
        }
    }
    let mut all = Vec::new();
    for ((host, port), mut rows) in by_host.into_iter().filter(|(_, rows)| rows.len() > 1) {
        rows.sort_by(|a, b| {
            seniority(a.created, &a.namespace, &a.name).cmp(&seniority(b.created, &b.namespace, &b.name))
        });
        for (at, loser) in rows.iter().enumerate().skip(1) {
            let Some(winner) = rows[..at].iter().find(|winner| met(winner, loser)) else { continue };
            let of = |row: &ServiceEntryRow| side(ObjectKind::ServiceEntry, (&row.namespace, &row.name));
            let who = if winner.namespace == loser.namespace {
                "the older one counts"
            } else {
                "a client takes that of its own namespace, else the older one"
            };
            let why = format!("both have {host} on port {port}: {who}");
            let found =
                about(ConflictKind::DuplicateEntry, Some("KIA1211"), of(loser), why, ground.senders(host, None));
            all.push(Conflict { winner: Some(of(winner)), ..found });
        }
    }
    all
}

/// Whether some namespace sees both.
fn met(a: &ServiceEntryRow, b: &ServiceEntryRow) -> bool {
    let sees =
        |viewer: &str| exported(&a.export_to, &a.namespace, viewer) && exported(&b.export_to, &b.namespace, viewer);
    let named = a.export_to.iter().chain(&b.export_to).map(CompactString::as_str);
    let named = named.filter(|to| !matches!(*to, "." | "~"));
    [a.namespace.as_str(), b.namespace.as_str()].into_iter().chain(named).any(sees)
}
