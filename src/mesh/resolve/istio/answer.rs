//! The answer of one row of rules.

use super::{
    super::{BackendShare, Loser, LostAt, MirrorTo, Outcome, Request, Resolution, World, rewrite, verdict},
    Place, destination,
    line::{Line, Step},
    tests,
};
use crate::mesh::{
    gateways::Seen,
    host,
    routes::{Backend, Filter, PathMatch},
};

/// Who of the line takes the request.
pub(super) fn of(
    world: &World<'_>,
    request: &Request,
    place: &Place<'_>,
    path: &str,
    line: &Line<'_>,
    mut notes: Vec<String>,
) -> Resolution {
    notes.extend(line.notes.iter().cloned());
    let mut winner: Option<&Step<'_>> = None;
    let (mut beaten, mut missed) = (Vec::new(), Vec::new());
    for step in &line.steps {
        // What a later rule cannot know changes nothing.
        let mut open = Vec::new();
        let held = tests::holds(step, request, place, path, &mut open);
        if winner.is_none() {
            open.retain(|note| !notes.contains(note));
            notes.extend(open);
        }
        match (held, winner) {
            (Ok(()), None) => winner = Some(step),
            (Ok(()), Some(first)) => {
                let same = std::ptr::eq(first.route, step.route) || first.root.is_some() || step.root.is_some();
                beaten.push(loser(step, if same { LostAt::Order } else { LostAt::Age }, true));
            }
            (Err(lost_at), _) => missed.push(loser(step, lost_at, false)),
        }
    }
    let out = line.out.iter().map(|(route, lost_at)| Loser {
        route: route.route_ref(),
        rule: 0,
        r#match: 0,
        lost_at: *lost_at,
        matched: *lost_at == LostAt::Age,
    });
    let losers: Vec<Loser> = beaten.into_iter().chain(missed).chain(out).collect();
    let Some(step) = winner else {
        notes.push("a VirtualService names this host and none of its rules takes the request".to_owned());
        let mut answer = Resolution::nothing(Some(place.label.clone()), Some(404), notes);
        answer.losers = losers;
        return answer;
    };
    if let Some((root, at)) = step.root {
        notes.push(format!("rule {at} of {} delegates to it", root.route_ref()));
    }
    let rule = &step.body;
    let backends = shares(&rule.backends, world, place, &mut notes);
    let mirrors = rule.filters.iter().filter_map(|filter| match filter {
        Filter::Mirror(mirror) => {
            let to = share(&mirror.to, 1, world, place, &mut notes);
            Some(MirrorTo { r#ref: to.r#ref, percent: mirror.percent(), valid: to.valid })
        }
        _ => None,
    });
    let mirrors: Vec<MirrorTo> = mirrors.collect();
    let (outcome, status) = match verdict::outcome(rule, &backends) {
        (Outcome::NoBackend, _) => {
            notes.push("Envoy has no healthy upstream for it".to_owned());
            (Outcome::NoBackend, Some(503))
        }
        told => told,
    };
    let asked = host::normal(&request.host);
    // Without a path Istio asks for the prefix `/`, letter by letter.
    let found = match step.tests.last().map(|test| &test.path) {
        Some(PathMatch::Prefix(path)) if path.is_empty() => PathMatch::TextPrefix("/".into()),
        Some(path) => path.clone(),
        None => PathMatch::TextPrefix("/".into()),
    };
    let redirect = rule.filters.iter().find_map(|filter| match filter {
        Filter::Redirect(redirect) => {
            let port = place.port.unwrap_or(request.scheme.default_port());
            Some(rewrite::redirect(redirect, request, &asked, path, &found, port))
        }
        _ => None,
    });
    Resolution {
        outcome,
        status,
        backends,
        redirect,
        sent: (outcome == Outcome::Forward).then(|| rewrite::sent(rule, request, path, &found)),
        mirrors,
        losers,
        notes,
        ..Resolution::by(place.label.clone(), step.route, (step.rule, rule), step.found)
    }
}

fn loser(step: &Step<'_>, lost_at: LostAt, matched: bool) -> Loser {
    Loser { route: step.route.route_ref(), rule: step.rule, r#match: step.found, lost_at, matched }
}

/// Destinations with their shares.
pub(super) fn shares(
    backends: &[Backend],
    world: &World<'_>,
    place: &Place<'_>,
    notes: &mut Vec<String>,
) -> Vec<BackendShare> {
    let sum = backends.iter().map(|backend| u64::from(backend.weight)).sum();
    backends.iter().map(|backend| share(backend, sum, world, place, notes)).collect()
}

/// A destination with what is known of it: its Service or entry, its subset, the rule that applies.
fn share(backend: &Backend, sum: u64, world: &World<'_>, place: &Place<'_>, notes: &mut Vec<String>) -> BackendShare {
    let host = destination::host_of(backend);
    let owner = backend.is_service().then_some(backend.namespace.as_str());
    let there = if backend.is_service() {
        world.services.as_ref().is_none_or(|services| {
            services.get(&format!("{}/{}", backend.namespace, backend.name)).is_some_and(|ports| {
                // Without a port Istio takes the Service's only one.
                backend.port.is_none_or(|port| ports.contains(&port))
            })
        })
    } else {
        let entries = &world.istio.service_entries;
        let named = entries.rows.iter().flat_map(|row| &row.hosts).any(|pattern| host::matches(pattern, &host));
        named || entries.seen != Seen::Everywhere
    };
    let mut r#ref = if backend.is_service() {
        backend.label()
    } else {
        backend.port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    };
    let applied = destination::Applied::of(world, &place.viewer, place.labels, &host, owner, notes);
    let mut defined = true;
    if let Some(subset) = &backend.subset {
        r#ref.push_str(&format!("|{subset}"));
        match applied.subset(subset) {
            Ok(_) => {}
            Err(true) => {
                notes.push(format!("no DestinationRule that applies to {host} defines subset {subset}"));
                defined = false;
            }
            Err(false) => notes.push(format!(
                "whether a DestinationRule defines subset {subset} of {host} is not known: taken as defined"
            )),
        }
    }
    let told = applied.told(backend.subset.as_deref());
    notes.extend(told.filter(|told| !notes.contains(told)).into_iter().collect::<Vec<_>>());
    BackendShare {
        filters: backend.filters.iter().map(verdict::step).collect(),
        ..BackendShare::new(r#ref, backend.weight, sum, there && defined)
    }
}
