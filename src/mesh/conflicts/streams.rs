//! Rules of VirtualServices for connections of which another gets the connections, all of them or those of one port.

use std::ptr;

use super::{Conflict, ConflictKind, Side};
use crate::mesh::{
    resolve::{World, rank},
    stream_claims::{Claim, Judged, judged},
};

pub(super) fn find(world: &World<'_>) -> Vec<Conflict> {
    judged(world).iter().filter_map(told).collect()
}

fn told(Judged { claim, taken, whole }: &Judged<'_>) -> Option<Conflict> {
    let winner = taken.as_ref()?;
    let same = ptr::eq(winner.route, claim.route);
    // Within a route its author's order decides; only what gets nothing is told.
    if same && (!whole || ptr::eq(winner.rule, claim.rule)) {
        return None;
    }
    let (kind, first, decided) = if same {
        (ConflictKind::Shadowed, format!("rule {} of {}", winner.rule.index, list(winner)), "stands earlier")
    } else {
        let decided = if winner.host != claim.host {
            "names the host more exactly"
        } else if rank::age(winner.route) == rank::age(claim.route) {
            "is as old, and its name comes first"
        } else {
            "is older"
        };
        (ConflictKind::Duplicate, winner.route.route_ref().to_string(), decided)
    };
    let port = if *whole { claim.port } else { winner.port };
    let port = port.map(|port| format!(" on port {port}")).unwrap_or_default();
    let name = if claim.sni.is_empty() { String::new() } else { format!(" for {}", claim.sni) };
    let own = format!("rule {} of {}", claim.rule.index, list(claim));
    Some(Conflict {
        kind,
        winner: Some(side(winner)),
        loser: side(claim),
        why: format!("{own} claims connections{name}{port} that {first} has: it {decided}"),
        kiali: None,
        // A connection is no request.
        example: None,
        routes: Vec::new(),
    })
}

fn list(claim: &Claim<'_>) -> &'static str {
    if claim.rule.tls { "tls" } else { "tcp" }
}

/// Rules of `tls` and `tcp` are counted apart from those for requests, so that the words name them.
fn side(claim: &Claim<'_>) -> Side {
    Side::of(claim.route, None)
}
