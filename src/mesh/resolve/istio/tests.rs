//! Whether a question of a VirtualService holds; if not, at which step it falls out.

use std::collections::BTreeMap;

use compact_str::CompactString;

use super::{
    super::{LostAt, Request, matching},
    Place,
    line::Step,
};
use crate::mesh::routes::{Match, PathMatch, ValueMatch, rule::How};

/// `Ok` when all of it holds. What cannot be known does not hold, and is noted.
pub(super) fn holds(
    step: &Step<'_>,
    request: &Request,
    place: &Place<'_>,
    path: &str,
    notes: &mut Vec<String>,
) -> Result<(), LostAt> {
    step.tests.iter().try_for_each(|test| one(test, step, request, place, path, notes))
}

fn one(
    test: &Match,
    step: &Step<'_>,
    request: &Request,
    place: &Place<'_>,
    path: &str,
    notes: &mut Vec<String>,
) -> Result<(), LostAt> {
    let Some(mesh) = &test.mesh else { return matching::holds(test, request, path, notes) };
    if !mesh.gateways.is_empty() && !mesh.gateways.iter().any(|parent| place.is(parent)) {
        return Err(LostAt::Gateway);
    }
    if !comes_from(mesh.namespace.as_ref(), request, place) {
        return Err(LostAt::Source);
    }
    let compared = |wanted: &Option<ValueMatch>, value: &str, notes: &mut Vec<String>| {
        wanted.as_ref().is_none_or(|wanted| matching::value_holds(wanted, Some(value), notes))
    };
    if !compared(&mesh.scheme, request.scheme.word(), notes) {
        return Err(LostAt::Scheme);
    }
    let host = crate::mesh::host::normal(&request.host);
    let with_port = place.port.map(|port| format!("{host}:{port}")).unwrap_or_default();
    if !compared(&mesh.authority, &host, notes) && !compared(&mesh.authority, &with_port, notes) {
        return Err(LostAt::Hostname);
    }
    // The conditions that may stay unknown come last, so that only those are noted on which it hangs.
    let mut bare = Match { mesh: None, ..test.clone() };
    bare.headers.retain(|header| header.how != How::Not);
    let path = if mesh.any_case {
        bare.path = folded(&bare.path);
        path.to_ascii_lowercase()
    } else {
        path.to_owned()
    };
    matching::holds(&bare, request, &path, notes)?;
    let denied = mesh.without.iter().any(|wanted| {
        let value = request.header(&wanted.name);
        matching::value_holds(wanted, value.as_deref(), notes)
    });
    if denied {
        return Err(LostAt::Headers);
    }
    let name = || format!("rule {} of {}", step.rule, step.route.route_ref());
    match (mesh.port, place.port) {
        (Some(wanted), Some(port)) if wanted != port => return Err(LostAt::Port),
        (Some(wanted), None) => {
            notes.push(format!("{} asks for port {wanted}; no port was given: taken as another", name()));
            return Err(LostAt::Port);
        }
        (Some(_), Some(_)) | (None, _) => {}
    }
    carries(&mesh.labels, &name(), place, notes)
}

/// Whether the client carries all of these labels. Where that is not known it does not hold, and is noted for the rule of this name.
pub(super) fn carries(
    wanted: &BTreeMap<String, String>,
    name: &str,
    place: &Place<'_>,
    notes: &mut Vec<String>,
) -> Result<(), LostAt> {
    if wanted.is_empty() {
        return Ok(());
    }
    if place.gateway.is_some() {
        return Err(LostAt::Source);
    }
    match place.labels {
        Some(labels) if wanted.iter().all(|(key, value)| labels.get(key) == Some(value)) => Ok(()),
        Some(_) => Err(LostAt::Source),
        None => {
            let wanted: Vec<String> = wanted.iter().map(|(key, value)| format!("{key}={value}")).collect();
            notes.push(format!(
                "{name} asks for clients with {}; the client's labels are not known: taken as others",
                wanted.join(", ")
            ));
            Err(LostAt::Source)
        }
    }
}

/// Whether the client is of the namespace that is asked for; nobody at a Gateway is.
pub(super) fn comes_from(wanted: Option<&CompactString>, request: &Request, place: &Place<'_>) -> bool {
    wanted.is_none_or(|wanted| {
        place.gateway.is_none() && request.from.as_ref().is_none_or(|(namespace, _)| namespace == wanted)
    })
}

fn folded(path: &PathMatch) -> PathMatch {
    match path {
        PathMatch::Exact(text) => PathMatch::Exact(text.to_ascii_lowercase()),
        PathMatch::Prefix(text) => PathMatch::Prefix(text.to_ascii_lowercase()),
        PathMatch::TextPrefix(text) => PathMatch::TextPrefix(text.to_ascii_lowercase()),
        // Istio: case is only ignored for exact and prefix.
        PathMatch::Regex(_) | PathMatch::Other(_) => path.clone(),
    }
}
