//! Subsets that no DestinationRule for the host has (Kiali: KIA1107): requests get 503.

use std::collections::{HashMap, HashSet};

use compact_str::CompactString;

use super::{
    Conflict, ConflictKind, Ground,
    ground::{key, key_of},
};
use crate::mesh::{
    conflicts::checks::conflict,
    gateways::Seen,
    host,
    istio::{DestinationRuleRow, exported},
    routes::Backend,
};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let heard = &ground.world.istio.destination_rules;
    // Another namespace's rule may define it.
    if heard.seen != Seen::Everywhere {
        return Vec::new();
    }
    let rules = Rules::of(heard.rows);
    let mut all = Vec::new();
    for route in &ground.virtual_services {
        for (at, rule) in route.rules.iter().enumerate() {
            let mut told = HashSet::new();
            for backend in &rule.backends {
                let Some(subset) = &backend.subset else { continue };
                if rules.define(backend, subset, &route.namespace) || !told.insert((key_of(backend), subset)) {
                    continue;
                }
                let host = backend.name.as_str();
                let why = format!("no DestinationRule for {host} has subset {subset}: requests get 503");
                let found = conflict(ConflictKind::MissingSubset, route, Some(at), why);
                all.push(Conflict { kiali: Some("KIA1107"), ..found });
            }
        }
    }
    all
}

/// DestinationRules by their hosts.
struct Rules<'a> {
    whole: HashMap<String, Vec<&'a DestinationRuleRow>>,
    wide: Vec<&'a DestinationRuleRow>,
}

impl<'a> Rules<'a> {
    fn of(rows: &'a [DestinationRuleRow]) -> Self {
        let (wide, whole): (Vec<_>, Vec<_>) = rows.iter().partition(|row| host::is_wildcard(&row.host));
        let mut all: HashMap<String, Vec<&DestinationRuleRow>> = HashMap::new();
        for row in whole {
            all.entry(key(&row.meant())).or_default().push(row);
        }
        Self { whole: all, wide }
    }

    /// Whether some rule that clients of `viewer` or of the Service's namespace may see defines it.
    fn define(&self, backend: &Backend, subset: &CompactString, viewer: &str) -> bool {
        let whole = if backend.is_service() {
            format!("{}.{}.svc.cluster.local", backend.name, backend.namespace)
        } else {
            backend.name.to_ascii_lowercase().into()
        };
        let named = self.whole.get(&key_of(backend)).into_iter().flatten();
        let wide = self.wide.iter().filter(|row| host::matches(&row.host, &whole));
        let sees = |row: &DestinationRuleRow| {
            let to = |viewer: &str| exported(&row.export_to, &row.namespace, viewer);
            to(viewer) || to(&backend.namespace)
        };
        named.chain(wide).any(|row| sees(row) && row.subsets.iter().any(|one| one.name == *subset))
    }
}
