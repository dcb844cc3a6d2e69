//! Several DestinationRules for one host, of which Istio ignores something (Kiali: KIA0201).
//!
//! Rules of one namespace with the same host, clients and `exportTo` are one: subsets are put together, and of two with one name
//! the older rule's counts, as does the older rule's policy. Rules that say different things complete each other. Rules of other
//! namespaces, for other clients or exported elsewhere stay apart, and are no conflict.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::{Conflict, ConflictKind, Ground, about, seniority, side};
use crate::mesh::{
    conflicts::ObjectKind,
    istio::{DestinationRuleRow, Labels, Policy, Subset},
};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    type Key<'a> = (&'a str, String, &'a Labels, Vec<&'a CompactString>);
    let mut alike: BTreeMap<Key<'_>, Vec<&DestinationRuleRow>> = BTreeMap::new();
    let mut all = Vec::new();
    for row in ground.world.istio.destination_rules.rows {
        all.extend(twice(ground, row));
        let mut to: Vec<_> = row.export_to.iter().filter(|to| to.as_str() != "*").collect();
        to.sort_unstable();
        to.dedup();
        alike.entry((&row.namespace, row.meant(), &row.selector, to)).or_default().push(row);
    }
    for ((_, host, ..), mut rows) in alike.into_iter().filter(|(_, rows)| rows.len() > 1) {
        rows.sort_by(|a, b| {
            seniority(a.created, &a.namespace, &a.name).cmp(&seniority(b.created, &b.namespace, &b.name))
        });
        for (at, loser) in rows.iter().enumerate().skip(1) {
            let older = rows[..at].iter().find_map(|winner| Some((winner, lost(winner, loser)?)));
            let Some((winner, what)) = older else { continue };
            let of = |row: &DestinationRuleRow| side(ObjectKind::DestinationRule, (&row.namespace, &row.name));
            let why = format!("both are for {host}: {what}");
            let routes = ground.senders(&host, None);
            let found = about(ConflictKind::DuplicateRule, Some("KIA0201"), of(loser), why, routes);
            all.push(Conflict { winner: Some(of(winner)), ..found });
        }
    }
    all
}

/// What of the younger is ignored; `None`: nothing, they complete each other.
fn lost(winner: &DestinationRuleRow, loser: &DestinationRuleRow) -> Option<String> {
    let same = |subset: &&Subset| winner.subsets.iter().any(|one| one.name == subset.name);
    if let Some(subset) = loser.subsets.iter().find(same) {
        return Some(format!("of subset {} the older rule's counts", subset.name));
    }
    let says = |policy: &Policy| *policy != Policy::default();
    (says(&winner.policy) && says(&loser.policy)).then(|| "the older rule's policy counts".to_owned())
}

/// A rule that names a subset twice.
fn twice(ground: &Ground<'_>, row: &DestinationRuleRow) -> Option<Conflict> {
    let names = || row.subsets.iter().map(|subset| &subset.name);
    let (_, name) = names().enumerate().find(|(at, name)| names().take(*at).any(|one| one == *name))?;
    let loser = side(ObjectKind::DestinationRule, (&row.namespace, &row.name));
    let why = format!("it has subset {name} twice, and only one of them can count");
    let routes = ground.senders(&row.meant(), Some(name));
    Some(about(ConflictKind::DuplicateRule, Some("KIA0201"), loser, why, routes))
}
