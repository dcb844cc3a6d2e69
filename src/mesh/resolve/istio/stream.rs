//! Connections: rules of `tls` and `tcp` (networking.istio.io/v1).
//!
//! Unlike rules for requests these become filter chains, of which Envoy takes the most exact, whatever their order: the longest
//! subnet, then the most exact name in the handshake; of equal ones the first. Inside the mesh a connection that no rule takes goes to
//! where it was sent; at a Gateway it is closed.

use std::{cmp::Reverse, net::IpAddr};

use super::{
    super::{Loser, LostAt, Outcome, Request, Resolution, World, rank},
    Place, answer, line, seen, tests, virtual_services,
};
use crate::mesh::{
    host,
    routes::{RouteRow, StreamMatch, StreamRule, stream::within},
};

/// Which rules are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rules {
    /// Of `tls`; where none of them holds those of `tcp`, since the port may be one whose inside nobody looks at.
    Both,
    /// Of `tls` alone: the name in the handshake is all that is seen.
    Tls,
    /// Of `tcp` alone.
    Tcp,
}

/// A connection at a place.
pub(super) struct Asked<'a> {
    pub(super) place: &'a Place<'a>,
    /// The names its host has; empty: none was given.
    pub(super) forms: Vec<String>,
    /// The name in the handshake.
    pub(super) sni: String,
    /// Where it is sent to, where that is known.
    pub(super) addresses: Vec<IpAddr>,
    pub(super) rules: Rules,
}

/// One match that holds, with what decides between it and others.
struct Held<'a> {
    route: &'a RouteRow,
    rule: &'a StreamRule,
    found: usize,
    /// Bits of the subnet, and how exact the name is, where the rules are of TLS.
    exact: (u32, (usize, usize)),
    /// Of the VirtualService's own host.
    host: (usize, usize),
}

/// What becomes of a connection. `Err` with who did not take it: no rule does.
pub(super) fn taken(
    world: &World<'_>,
    request: &Request,
    asked: &Asked<'_>,
    visible: impl Fn(&RouteRow) -> bool,
    mut notes: Vec<String>,
) -> Result<Resolution, (Vec<Loser>, Vec<String>)> {
    let mut losers: Vec<Loser> = Vec::new();
    let mut held: Vec<Held<'_>> = Vec::new();
    let mut routes: Vec<&RouteRow> = virtual_services(world).filter(|route| !route.streams.is_empty()).collect();
    routes.sort_by(|a, b| rank::seniority(a, b));
    let whole = |route: &RouteRow, lost_at| lost(route, 0, 0, lost_at, false);
    for route in routes {
        let claim = if asked.forms.is_empty() { Some((0, 0)) } else { line::claim(route, &asked.forms) };
        let Some(host) = claim else { continue };
        if !route.parents.iter().any(|parent| asked.place.is(parent)) {
            losers.push(whole(route, LostAt::Gateway));
        } else if !seen(route, asked.place) || !visible(route) {
            losers.push(whole(route, LostAt::NotExported));
        } else {
            for rule in route.streams.iter().filter(|rule| asked.rules.asks(rule)) {
                let any = StreamMatch::default();
                let none = rule.matches.is_empty().then_some(&any);
                for (found, test) in rule.matches.iter().chain(none).enumerate() {
                    match holds(test, rule, route, request, asked, &mut notes) {
                        Ok(exact) => held.push(Held { route, rule, found, exact, host }),
                        Err(lost_at) => losers.push(lost(route, rule.index, found, lost_at, false)),
                    }
                }
            }
        }
    }
    // Stable, so that of equal ones the older route and the earlier rule come first.
    held.sort_by_key(|one| (!one.rule.tls, Reverse(one.exact), Reverse(one.host)));
    let mut held = held.into_iter();
    let Some(winner) = held.next() else { return Err((losers, notes)) };
    let mut beaten: Vec<Loser> = Vec::new();
    for one in held {
        let step = if one.rule.tls != winner.rule.tls {
            LostAt::Scheme
        } else if one.exact.0 != winner.exact.0 {
            LostAt::Address
        } else if one.exact.1 != winner.exact.1 || one.host != winner.host {
            LostAt::Hostname
        } else if std::ptr::eq(one.route, winner.route) {
            LostAt::Order
        } else if rank::age(one.route) == rank::age(winner.route) {
            LostAt::Name
        } else {
            LostAt::Age
        };
        let earlier = std::ptr::eq(one.route, winner.route) && one.rule.tls && one.rule.index < winner.rule.index;
        if earlier && winner.rule.tls {
            notes.push(format!(
                "rule {} of tls stands before rule {} and takes it too; Envoy takes the more exact one",
                one.rule.index, winner.rule.index
            ));
        }
        beaten.push(lost(one.route, one.rule.index, one.found, step, true));
    }
    notes.push(format!("rule {} of {} decides", winner.rule.index, kind(winner.rule)));
    let backends = answer::shares(&winner.rule.backends, world, asked.place, &mut notes);
    let mut answer = Resolution::nothing(Some(asked.place.label.clone()), None, Vec::new());
    answer.outcome = if backends.iter().any(|one| one.valid && one.weight > 0) {
        Outcome::Forward
    } else {
        notes.push("Envoy has no healthy upstream for it: the connection is closed".to_owned());
        Outcome::NoBackend
    };
    answer.route = Some(winner.route.route_ref());
    (answer.rule, answer.r#match) = (Some(winner.rule.index), Some(winner.found));
    answer.backends = backends;
    answer.losers = beaten.into_iter().chain(losers).collect();
    answer.notes = notes;
    Ok(answer)
}

impl Rules {
    fn asks(self, rule: &StreamRule) -> bool {
        match self {
            Self::Both => true,
            Self::Tls => rule.tls,
            Self::Tcp => !rule.tls,
        }
    }
}

fn kind(rule: &StreamRule) -> &'static str {
    if rule.tls { "tls" } else { "tcp" }
}

fn lost(route: &RouteRow, rule: usize, found: usize, lost_at: LostAt, matched: bool) -> Loser {
    Loser { route: route.route_ref(), rule, r#match: found, lost_at, matched }
}

/// How exactly a match holds; what cannot be known does not hold, and is noted.
fn holds(
    test: &StreamMatch,
    rule: &StreamRule,
    route: &RouteRow,
    request: &Request,
    asked: &Asked<'_>,
    notes: &mut Vec<String>,
) -> Result<(u32, (usize, usize)), LostAt> {
    let place = asked.place;
    let name = || format!("rule {} of {} of {}", rule.index, kind(rule), route.route_ref());
    if !test.gateways.is_empty() && !test.gateways.iter().any(|parent| place.is(parent)) {
        return Err(LostAt::Gateway);
    }
    let mut sni = (0, 0);
    if rule.tls {
        // Istio refuses rules of `tls` that name no host.
        let hosts: Vec<&str> = test.sni.iter().map(AsRef::as_ref).collect();
        sni = rank::host_rank(&hosts, &asked.sni).filter(|_| !hosts.is_empty()).ok_or(LostAt::Hostname)?;
    }
    if !tests::comes_from(test.namespace.as_ref(), request, place) {
        return Err(LostAt::Source);
    }
    match (test.port, place.port) {
        (Some(wanted), Some(port)) if wanted != port => return Err(LostAt::Port),
        (Some(wanted), None) => {
            notes.push(format!("{} asks for port {wanted}; no port was given: taken as another", name()));
            return Err(LostAt::Port);
        }
        (Some(_), Some(_)) | (None, _) => {}
    }
    let mut bits = 0;
    if !test.subnets.is_empty() {
        if asked.addresses.is_empty() {
            notes.push(format!(
                "{} asks for addresses in {}; where the connection is sent is not known: taken as elsewhere",
                name(),
                test.subnets.join(", ")
            ));
            return Err(LostAt::Address);
        }
        for subnet in &test.subnets {
            let inside = |address: &IpAddr| within(subnet, *address);
            if asked.addresses.iter().all(|address| inside(address).is_none()) {
                notes.push(format!("{} names {subnet}, which is no subnet: taken as never true", name()));
            } else if asked.addresses.iter().any(|address| inside(address) == Some(true)) {
                let written = subnet.split_once('/').and_then(|(_, bits)| bits.parse().ok());
                bits = bits.max(written.unwrap_or(u32::MAX) + u32::from(written.is_some()));
            }
        }
        if bits == 0 {
            return Err(LostAt::Address);
        }
    }
    tests::carries(&test.labels, &name(), place, notes)?;
    Ok((bits, sni))
}

/// The addresses a host is, or stands for.
pub(super) fn addresses(world: &World<'_>, asked: &str, service: Option<&str>) -> Vec<IpAddr> {
    if let Ok(address) = host::normal(asked).trim_matches(['[', ']']).parse() {
        return vec![address];
    }
    let row = service.and_then(|service| world.service_rows?.get(service));
    row.map(|row| row.inside.clone()).unwrap_or_default()
}
