//! The order of matches that hold: the steps of the specification, one after the other.

use std::cmp::{Ordering, Reverse};

use compact_str::CompactString;

use super::LostAt;
use crate::mesh::{
    host,
    routes::{GrpcMatch, Match, PathMatch, RouteKind, RouteRow},
};

/// A match that holds, with what decides between it and others.
#[derive(Debug, Clone, Copy)]
pub struct Rank<'a> {
    pub(super) route: &'a RouteRow,
    pub(super) rule: usize,
    pub(super) found: usize,
    /// Characters of the longest matching hostname without wildcard, then of any.
    pub(super) host: (usize, usize),
}

impl<'a> Rank<'a> {
    /// The rank of a match of `route`, whose `hosts` count at this listener, for a request to `host`. `None` when hostnames
    /// are given and none matches, or there is no such match.
    pub fn new(route: &'a RouteRow, hosts: &[&str], request_host: &str, rule: usize, found: usize) -> Option<Self> {
        route.rules.get(rule)?.matches.get(found)?;
        Some(Self { route, rule, found, host: host_rank(hosts, request_host)? })
    }

    fn found(&self) -> &'a Match {
        // `new` made sure both exist; a route without them cannot be ranked.
        &self.route.rules[self.rule].matches[self.found]
    }

    /// Compares step by step; the first of the two orders first. With the step that decided.
    pub fn against(&self, other: &Self) -> (Ordering, LostAt) {
        let (a, b) = (self.found(), other.found());
        let more = |a: usize, b: usize| b.cmp(&a);
        let first = more(self.host.0, other.host.0).then(more(self.host.1, other.host.1));
        if first.is_ne() {
            return (first, LostAt::Hostname);
        }
        let tie = [
            (age(self.route).cmp(&age(other.route)), LostAt::Age),
            (full_name(self.route).cmp(full_name(other.route)), LostAt::Name),
            ((self.rule, self.found).cmp(&(other.rule, other.found)), LostAt::Order),
        ];
        // A default backend is for what no rule of the class takes.
        let last = |rank: &Self| rank.route.is_default(rank.rule);
        if last(self) != last(other) {
            return (last(self).cmp(&last(other)), LostAt::PathPrefix);
        }
        let decided = |steps: &[(Ordering, LostAt)]| {
            let mut steps = steps.iter().chain(&tie);
            steps.find(|(order, _)| order.is_ne()).copied().unwrap_or((Ordering::Equal, LostAt::Order))
        };
        match (self.route.kind, other.route.kind) {
            (RouteKind::Grpc, RouteKind::Grpc) => {
                let chars = |found: &Match, part: fn(&GrpcMatch) -> Option<&CompactString>| {
                    found.grpc.as_ref().and_then(part).map_or(0, |text| text.chars().count())
                };
                let [service, method]: [fn(&GrpcMatch) -> Option<&CompactString>; 2] =
                    [|test| test.service.as_ref(), |test| test.method.as_ref()];
                return decided(&[
                    (more(chars(a, service), chars(b, service)), LostAt::Service),
                    (more(chars(a, method), chars(b, method)), LostAt::Method),
                    (more(a.headers.len(), b.headers.len()), LostAt::Headers),
                ]);
            }
            // Both on one host is what the specification forbids; where a controller takes both, the kind made for it comes first.
            (RouteKind::Grpc, _) => return (Ordering::Less, LostAt::Service),
            (_, RouteKind::Grpc) => return (Ordering::Greater, LostAt::Service),
            _ => {}
        }
        let (class_a, class_b) = (class(&a.path), class(&b.path));
        if class_a.0 != class_b.0 {
            let step = if class_a.0 == EXACT || class_b.0 == EXACT { LostAt::PathExact } else { LostAt::PathRegex };
            return (class_a.0.cmp(&class_b.0), step);
        }
        if class_a.1 != class_b.1 {
            return (more(class_a.1, class_b.1), LostAt::PathPrefix);
        }
        decided(&[
            (more(usize::from(a.method.is_some()), usize::from(b.method.is_some())), LostAt::Method),
            (more(a.headers.len(), b.headers.len()), LostAt::Headers),
            (more(a.query.len(), b.query.len()), LostAt::Query),
        ])
    }
}

/// Characters of the longest matching hostname without wildcard, then of any. No hostnames: zero of both.
pub(crate) fn host_rank(hosts: &[&str], request_host: &str) -> Option<(usize, usize)> {
    if hosts.is_empty() {
        return Some((0, 0));
    }
    let mut best = None;
    for pattern in hosts.iter().filter(|pattern| host::matches(pattern, request_host)) {
        let chars = pattern.chars().count();
        let rank = (if host::is_wildcard(pattern) { 0 } else { chars }, chars);
        best = best.max(Some(rank));
    }
    best
}

const EXACT: u8 = 0;

/// Exact before prefixes before expressions; prefixes by characters.
fn class(path: &PathMatch) -> (u8, usize) {
    match path {
        PathMatch::Exact(_) => (EXACT, 0),
        PathMatch::Prefix(value) | PathMatch::TextPrefix(value) => (1, value.chars().count()),
        PathMatch::Regex(_) | PathMatch::Other(_) => (2, 0),
    }
}

/// The oldest first; what was never created is the youngest.
pub(crate) fn age(route: &RouteRow) -> (bool, Option<jiff::Timestamp>) {
    (route.created.is_none(), route.created)
}

/// `{namespace}/{name}` letter by letter, without building it.
pub(crate) fn full_name(route: &RouteRow) -> impl Iterator<Item = u8> + '_ {
    route.namespace.bytes().chain(std::iter::once(b'/')).chain(route.name.bytes())
}

/// The older first, then the first by `{namespace}/{name}`.
pub(crate) fn seniority(a: &RouteRow, b: &RouteRow) -> Ordering {
    age(a).cmp(&age(b)).then_with(|| full_name(a).cmp(full_name(b)))
}

/// The better of two orders first; for sorting.
pub(super) fn better(a: &Rank<'_>, b: &Rank<'_>) -> Ordering {
    a.against(b).0
}

/// Competitors that never matched: nearest to matching first.
pub(super) fn nearest(lost_at: LostAt) -> Reverse<LostAt> {
    Reverse(lost_at)
}
