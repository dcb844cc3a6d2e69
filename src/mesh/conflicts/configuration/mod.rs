//! Istio's configuration against itself: names that lead nowhere, objects that say the same twice, selectors that no pod fits,
//! mutual TLS on one side only. One file for each check; what Kiali's checks call it is told by code.
//!
//! Judged by what Istio 1.20 and later does, with automatic mutual TLS as it is by default. Of kinds that are not known nothing
//! is said: files that have no Gateway of Istio's, no ServiceEntry, no policy or no pod leave those to whoever keeps them, while
//! DestinationRules are taken as all there once Services are, as the resolver takes them.

mod delegates;
mod destination_hosts;
mod duplicate_entries;
mod duplicate_policies;
mod duplicate_rules;
mod duplicate_servers;
mod fitting;
mod gateways;
mod ground;
mod hosts;
mod ignored_ports;
mod mtls;
mod proxies;
mod selectors;
mod subset_labels;
mod subsets;
mod weights;

use jiff::Timestamp;

use self::ground::Ground;
use super::{Conflict, ConflictKind, ObjectKind, ObjectName, Side};
use crate::mesh::{resolve::World, routes::RouteRef};

pub(super) fn find(world: &World<'_>) -> Vec<Conflict> {
    let ground = Ground::of(world);
    let checks: [fn(&Ground<'_>) -> Vec<Conflict>; 14] = [
        gateways::find,
        hosts::find,
        subsets::find,
        weights::find,
        delegates::find,
        destination_hosts::find,
        duplicate_rules::find,
        subset_labels::find,
        duplicate_entries::find,
        duplicate_servers::find,
        duplicate_policies::find,
        ignored_ports::find,
        selectors::find,
        mtls::find,
    ];
    checks.iter().flat_map(|check| check(&ground)).collect()
}

/// An object beside routes, by its kind.
fn side(kind: ObjectKind, (namespace, name): (&str, &str)) -> Side {
    Side { object: ObjectName::new(kind, namespace, name), rule: None }
}

/// A conflict about such an object, and the routes whose requests it concerns.
fn about(kind: ConflictKind, kiali: Option<&'static str>, loser: Side, why: String, routes: Vec<RouteRef>) -> Conflict {
    Conflict { kind, winner: None, loser, why, kiali, example: None, routes }
}

/// In which order Istio reads objects: the older first, then by name and namespace; what was never created last.
fn seniority<'a>(created: Option<Timestamp>, namespace: &'a str, name: &'a str) -> impl Ord + use<'a> {
    (created.is_none(), created, name, namespace)
}
