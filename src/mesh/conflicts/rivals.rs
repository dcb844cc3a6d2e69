//! Routes that claim the same requests, or connections, at one place.
//!
//! Claims with the same host, path and rank at one listener are compared pair by pair, as far as they could meet; what differs in
//! one of them is decided by what it says, so those pairs are few.

use std::{cmp::Ordering, collections::HashMap};

use super::{
    Conflict, ConflictKind, Example, Side,
    covering::{covers, meet},
    meeting,
};
use crate::mesh::{
    places::{Place, Places, rule_is_for},
    resolve::{
        LostAt, World,
        rank::{Rank, seniority},
    },
    routes::{Match, PathMatch, RouteKind, RouteRow},
};

/// A match of a rule at a place.
#[derive(Debug, Clone, Copy)]
struct Claim<'a> {
    route: &'a RouteRow,
    rule: usize,
    found: usize,
    test: &'a Match,
}

impl Claim<'_> {
    fn side(&self) -> Side {
        Side::of(self.route, Some(self.rule))
    }
}

/// What must be equal for two claims to need more than what they say: the place, the host, the path and how much more is asked.
type Key<'a> = (Place<'a>, &'a str, &'a PathMatch, (bool, usize, usize, bool));

pub(super) fn find(world: &World<'_>, places: &Places<'_>) -> Vec<Conflict> {
    let mut alike: HashMap<Key<'_>, Vec<Claim<'_>>> = HashMap::new();
    let mut hosts: HashMap<(Place<'_>, &str), Vec<&RouteRow>> = HashMap::new();
    for route in world.routes.iter().copied() {
        for (place, host, _) in places.taken(route) {
            let known = hosts.entry((place, host)).or_default();
            // Places of one route come one after the other.
            if !known.last().is_some_and(|one| std::ptr::eq(*one, route)) {
                known.push(route);
            }
            for (rule, one) in route.rules.iter().enumerate().filter(|(at, _)| rule_is_for(route, *at, host)) {
                for (found, test) in one.matches.iter().enumerate() {
                    let more = (test.method.is_some(), test.headers.len(), test.query.len(), test.grpc.is_some());
                    let claim = Claim { route, rule, found, test };
                    alike.entry((place, host, &test.path, more)).or_default().push(claim);
                }
            }
        }
    }
    let mut all: HashMap<(ConflictKind, Side, Side), Conflict> = HashMap::new();
    for ((_, host, ..), claims) in alike {
        for (a, b) in pairs(claims) {
            let Some(conflict) = rivals(host, &a, &b) else { continue };
            let winner = conflict.winner.clone().unwrap_or_else(|| a.side());
            let key = (conflict.kind, winner, conflict.loser.clone());
            // At several listeners it is one conflict still.
            match all.get_mut(&key) {
                Some(known) if *known <= conflict => {}
                _ => {
                    all.insert(key, conflict);
                }
            }
        }
    }
    let mut all: Vec<Conflict> = all.into_values().collect();
    all.extend(hosts.iter().filter_map(|((_, host), routes)| mixed(host, routes)));
    all
}

/// Which of the claims are to be compared: of those that say the same the first takes all, so the others meet it alone; of those
/// that say different things the first ones meet each other, where they can.
fn pairs(claims: Vec<Claim<'_>>) -> Vec<(Claim<'_>, Claim<'_>)> {
    let mut same: HashMap<&Match, Vec<Claim<'_>>> = HashMap::new();
    for claim in claims {
        same.entry(claim.test).or_default().push(claim);
    }
    let (mut firsts, mut all) = (Vec::new(), Vec::new());
    for mut claims in same.into_values() {
        claims.sort_by(|a, b| seniority(a.route, b.route).then_with(|| (a.rule, a.found).cmp(&(b.rule, b.found))));
        let mut claims = claims.into_iter();
        let Some(first) = claims.next() else { continue };
        all.extend(claims.map(|claim| (first, claim)));
        firsts.push(first);
    }
    let tests: Vec<&Match> = firsts.iter().map(|claim| claim.test).collect();
    all.extend(meeting::pairs(&tests).into_iter().map(|(a, b)| (firsts[a], firsts[b])));
    all
}

fn rivals<'a>(host: &str, a: &Claim<'a>, b: &Claim<'a>) -> Option<Conflict> {
    let same = std::ptr::eq(a.route, b.route);
    if a.route.kind != b.route.kind || same && a.rule == b.rule || !meet(a.test, b.test) {
        return None;
    }
    let hosts: &[&str] = if host.is_empty() { &[] } else { &[host] };
    let asked = host.replacen('*', "any", 1);
    let first = Rank::new(a.route, hosts, &asked, a.rule, a.found)?;
    let second = Rank::new(b.route, hosts, &asked, b.rule, b.found)?;
    let (order, step) = first.against(&second);
    let (winner, loser) = if order == Ordering::Greater { (b, a) } else { (a, b) };
    let whole = covers(winner.test, loser.test);
    let (kind, why) = match step {
        LostAt::Age => (ConflictKind::Duplicate, "is older"),
        LostAt::Name => (ConflictKind::Duplicate, "is as old, and its name comes first"),
        // Within a route its author's order decides; only a rule that gets nothing is told.
        LostAt::Order if whole => (ConflictKind::Shadowed, "stands earlier in the same route"),
        // What it says decides.
        _ => return None,
    };
    let (first, claimed) = match (kind, whole) {
        (ConflictKind::Shadowed, _) => ("the rule that gets them".to_owned(), "claim the same requests"),
        (_, true) => (winner.route.route_ref().to_string(), "claim the same requests"),
        (_, false) => (winner.route.route_ref().to_string(), "claim the requests that match both"),
    };
    Some(Conflict {
        kind,
        winner: Some(winner.side()),
        loser: loser.side(),
        why: format!("both {claimed}: {first} {why}"),
        kiali: None,
        // A connection is no request.
        example: Example::of(host, &[winner.test, loser.test]).filter(|_| !winner.route.kind.is_stream()),
        routes: Vec::new(),
    })
}

/// A listener takes one kind of route for a host: that of the oldest.
fn mixed(host: &str, routes: &[&RouteRow]) -> Option<Conflict> {
    let oldest = |kind| routes.iter().copied().filter(|route| route.kind == kind).min_by(|a, b| seniority(a, b));
    let (http, grpc) = (oldest(RouteKind::Http)?, oldest(RouteKind::Grpc)?);
    let (winner, loser) = if seniority(http, grpc).is_le() { (http, grpc) } else { (grpc, http) };
    Some(Conflict {
        kind: ConflictKind::MixedApi,
        winner: Some(Side::of(winner, None)),
        loser: Side::of(loser, None),
        why: format!("a listener takes routes of one kind for a host, and {} is older", winner.route_ref()),
        kiali: None,
        example: Example::of(host, &[]),
        routes: Vec::new(),
    })
}
