//! What one frontend answers.

use super::{
    Loser, LostAt, Outcome, Request, Resolution, World,
    frontend::{self, Frontend, Standing},
    kinds::{self, Layer},
    matching,
    rank::{self, Rank},
    rewrite, verdict,
};
use crate::mesh::{
    host,
    routes::{Filter, Parent, RouteRow},
};

/// A route that takes part at one frontend.
pub(super) struct Attached<'a> {
    pub(super) route: &'a RouteRow,
    pub(super) parent: &'a Parent,
    /// The hostnames that count there; none: whatever the frontend serves.
    pub(super) hosts: Vec<&'a str>,
}

fn hosts_of(route: &RouteRow) -> Vec<&str> {
    route.hosts.iter().map(AsRef::as_ref).collect()
}

/// The answer of one frontend.
pub(super) fn at(frontend: &Frontend<'_>, world: &World<'_>, request: &Request, host: &str, path: &str) -> Resolution {
    let mut notes = Vec::new();
    if let Some((status, why)) = frontend::turned_away(frontend, request, host) {
        return Resolution::nothing(Some(frontend.label()), status, vec![why]);
    }
    let layer = Layer::of(frontend, request);
    let handshake = request.sni.as_deref().map(host::normal);
    let host = handshake.as_deref().filter(|_| layer == Layer::Tls).unwrap_or(host);
    let mut ranked: Vec<(Rank<'_>, &Parent)> = Vec::new();
    let mut out: Vec<Loser> = Vec::new();
    let whole =
        |route: &RouteRow, lost_at| Loser { route: route.route_ref(), rule: 0, r#match: 0, lost_at, matched: false };
    let mut attached: Vec<Attached<'_>> = Vec::new();
    for route in world.routes.iter().copied() {
        match frontend::standing(frontend, route, request, host, world) {
            // A GRPCRoute takes no other request; attached it may keep an HTTPRoute out, see below.
            Standing::Out(lost_at) if kinds::takes(route, request, layer) => out.push(whole(route, lost_at)),
            Standing::Out(_) | Standing::Stranger => {}
            Standing::Attached { parent, hosts } => attached.push(Attached { route, parent, hosts }),
        }
    }
    // What is noted stands in this order, whatever that of the rows.
    attached.sort_by(|a, b| rank::seniority(a.route, b.route));
    if matches!(frontend, Frontend::Service { .. }) {
        for (route, taken) in kinds::most_exact(&mut attached) {
            if kinds::takes(route, request, layer) {
                let why = format!("{} is not accepted: the Service has {}s already", route.route_ref(), taken.name());
                notes.push(why);
                out.push(whole(route, LostAt::NotAccepted));
            }
        }
    } else {
        for (route, older) in kinds::refuse(&mut attached) {
            if kinds::takes(route, request, layer) && rank::host_rank(&hosts_of(route), host).is_some() {
                notes.push(format!("{} is not accepted: {older} claims the same host and is older", route.route_ref()));
                out.push(whole(route, LostAt::NotAccepted));
            }
        }
    }
    let mut closest = (0, 0);
    for Attached { route, parent, hosts } in attached {
        if !kinds::takes(route, request, layer) {
            continue;
        }
        let Some(rank) = rank::host_rank(&hosts, host) else {
            out.push(whole(route, LostAt::Hostname));
            continue;
        };
        closest = closest.max(rank);
        for (rule, body) in route.rules.iter().enumerate() {
            let own = route.rule_host(rule).filter(|own| !own.is_empty());
            if let Some(own) = own {
                if !host::matches_one_label(own, host) {
                    let lost = |found| Loser { rule, r#match: found, ..whole(route, LostAt::Hostname) };
                    out.extend((0..body.matches.len()).map(lost));
                    continue;
                }
                closest = closest.max(rank::host_rank(&[own], host).unwrap_or_default());
            }
            let hosts = own.map_or_else(|| hosts.clone(), |own| vec![own]);
            for (found, test) in body.matches.iter().enumerate() {
                match matching::holds(test, request, path, &mut notes) {
                    Ok(()) => ranked.extend(Rank::new(route, &hosts, host, rule, found).map(|rank| (rank, parent))),
                    Err(lost_at) => {
                        out.push(Loser { route: route.route_ref(), rule, r#match: found, lost_at, matched: false });
                    }
                }
            }
        }
    }
    ranked.sort_by(|(a, _), (b, _)| rank::better(a, b));
    out.sort_by(|a, b| {
        let key = |loser: &Loser| (rank::nearest(loser.lost_at), loser.rule, loser.r#match);
        key(a).cmp(&key(b)).then_with(|| a.route.cmp(&b.route))
    });
    let mut ranked = ranked.into_iter();
    let Some((winner, parent)) = ranked.next() else {
        let (status, told) = verdict::without_route(layer, request);
        notes.extend(told.map(ToOwned::to_owned));
        let mut answer = Resolution::nothing(Some(frontend.label()), status, notes);
        answer.losers = out;
        return answer;
    };
    let beaten: Vec<Loser> = ranked
        .map(|(rank, _)| Loser {
            route: rank.route.route_ref(),
            rule: rank.rule,
            r#match: rank.found,
            lost_at: winner.against(&rank).1,
            matched: true,
        })
        .collect();
    say_what_is_left_open(&winner, &beaten, closest, &mut notes);
    let losers = beaten.into_iter().chain(out).collect();
    Resolution { losers, ..won(frontend, world, request, (host, path), (&winner, parent), notes) }
}

/// What the winner does with the request.
fn won(
    frontend: &Frontend<'_>,
    world: &World<'_>,
    request: &Request,
    (host, path): (&str, &str),
    (winner, parent): (&Rank<'_>, &Parent),
    mut notes: Vec<String>,
) -> Resolution {
    let layer = Layer::of(frontend, request);
    if let Frontend::Ingress { class } = frontend {
        notes.extend(winner.route.notes.iter().cloned());
        notes.extend(served_by_class(world, winner.route, class));
    }
    if let Frontend::Listener { listener, assumed_port: true, .. } = frontend {
        notes.push(format!("no port was given: taken as port {}", listener.port));
    }
    let rule = &winner.route.rules[winner.rule];
    let test = &rule.matches[winner.found];
    // What is handed on as it is has nobody who would speak TLS anew.
    let secured = match frontend {
        Frontend::Listener { listener, .. } => layer == Layer::Http || layer == Layer::Tls && !listener.passthrough,
        Frontend::Implied { .. } => layer == Layer::Http,
        Frontend::Service { .. } | Frontend::Ingress { .. } => false,
    };
    let backends = verdict::backends(winner.route, rule, parent, world, secured, &mut notes);
    let (outcome, mut status) = verdict::outcome(rule, &backends);
    let told = verdict::without_backend(layer, request, winner.route, rule);
    if let Some(told) = told.filter(|_| outcome == Outcome::NoBackend) {
        notes.push(told.to_owned());
        status = None;
    }
    notes.extend(verdict::odd(rule, test));
    if outcome == Outcome::Forward {
        notes.extend(verdict::in_part(layer, request, &backends));
    }
    let redirect = rule.filters.iter().find_map(|filter| match filter {
        Filter::Redirect(redirect) => Some(redirect),
        _ => None,
    });
    Resolution {
        outcome,
        status,
        backends,
        redirect: redirect
            .map(|redirect| rewrite::redirect(redirect, request, host, path, &test.path, frontend.port(request))),
        sent: (outcome == Outcome::Forward && layer == Layer::Http)
            .then(|| rewrite::sent(rule, request, path, &test.path)),
        mirrors: verdict::mirrors(winner.route, rule, parent, world),
        notes,
        ..Resolution::by(frontend.label(), winner.route, (winner.rule, rule), winner.found)
    }
}

/// What is known of the class an Ingress is of.
fn served_by_class(world: &World<'_>, route: &RouteRow, class: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let names_none = route.parents.iter().all(|parent| parent.name.is_empty());
    if names_none && !class.is_empty() {
        notes.push(format!("{} names no class: it has the default one, {class}", route.route_ref()));
    }
    let Some(classes) = world.classes else { return notes };
    match classes.iter().find(|row| row.name == class) {
        Some(row) => notes.push(format!("class {class} is served by {}", row.words())),
        None if class.is_empty() => notes.push(match classes.iter().filter(|row| row.default).count() {
            0 => "it names no class and no class is the default: who serves it, if anybody, is up to the controllers"
                .to_owned(),
            1 => {
                "it names no class and is older than the default one: who serves it is up to the controllers".to_owned()
            }
            _ => "it names no class and several are the default: the API server takes no such Ingress anew".to_owned(),
        }),
        None => {
            notes
                .push(format!("there is no IngressClass {class}: who serves it, if anybody, is up to the controllers"));
        }
    }
    notes
}

/// Says where the specification leaves the answer to implementations.
/// `closest` is the rank of the most specific hostname that any attached route claims for this host.
fn say_what_is_left_open(winner: &Rank<'_>, beaten: &[Loser], closest: (usize, usize), notes: &mut Vec<String>) {
    if beaten.iter().any(|loser| loser.lost_at == LostAt::PathRegex) {
        notes.push(
            "a regular expression matches too; its precedence is up to the implementation, here it comes last"
                .to_owned(),
        );
    }
    if closest > winner.host {
        notes.push(
            "a route with a more specific hostname has no rule for this request; data planes that keep hosts apart answer \
             404 instead"
                .to_owned(),
        );
    }
}
