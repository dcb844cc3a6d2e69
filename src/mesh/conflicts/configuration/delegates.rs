//! Delegates that are not there, or cannot stand for a rule (networking.istio.io/v1, `HTTPRoute.delegate`): it takes nothing.

use super::{Conflict, ConflictKind, Ground};
use crate::mesh::{
    conflicts::{Side, checks::conflict},
    istio::exported,
    routes::RouteRow,
};

pub(super) fn find(ground: &Ground<'_>) -> Vec<Conflict> {
    let mut all = Vec::new();
    for route in &ground.virtual_services {
        for (at, rule) in route.rules.iter().enumerate() {
            let Some((namespace, name)) = &rule.delegate else { continue };
            let to = ground.virtual_service(namespace, name);
            let why = match to {
                None if !ground.world.istio.virtual_services.covers(namespace) => None,
                None => Some("is not there: the rule takes nothing"),
                Some(to) => unfit(to, &route.namespace),
            };
            if let Some(why) = why {
                let why = format!("its delegate VirtualService {namespace}/{name} {why}");
                all.push(conflict(ConflictKind::BadDelegate, route, Some(at), why));
            }
            all.extend(to.into_iter().flat_map(|to| again(route, at, to)));
        }
    }
    all
}

fn unfit(to: &RouteRow, root: &str) -> Option<&'static str> {
    if !to.hosts.is_empty() {
        Some("has hosts of its own, so it is none: the rule takes nothing")
    } else if !exported(&to.export_to, &to.namespace, root) {
        Some("is not exported to it: the rule takes nothing")
    } else {
        None
    }
}

/// Rules of a delegate that delegate once more, which Istio does not follow.
fn again(root: &RouteRow, at: usize, to: &RouteRow) -> Vec<Conflict> {
    let nested = to.rules.iter().enumerate().filter(|(_, rule)| to.hosts.is_empty() && rule.delegate.is_some());
    let told = |(own, _)| Conflict {
        winner: Some(Side::of(root, Some(at))),
        ..conflict(
            ConflictKind::BadDelegate,
            to,
            Some(own),
            format!("{} delegates to it, and a delegate that delegates again is not followed", root.route_ref()),
        )
    };
    nested.map(told).collect()
}
