//! `route-hostname-steal`: a route of our own names a longer host and takes its requests.
//!
//! Of the hosts that match a request the longest one wins, before any path, method or age is looked at
//! (gateway.networking.k8s.io/v1, comment on `HTTPRouteSpec.hostnames`).

use serde_json::{Value, json};

use super::FaultKind;
use crate::{
    cluster::Manifest,
    fault::{
        catalogue::{Deed, DriverRow, Judged, Param, ParamType, Row, Wanted},
        class::Class,
        drivers::{self, CompileError, gateway_api, route_patch, words::spoken},
        evidence::{self, Expected},
        intent::Driver,
        known,
        plan::{Plan, Step},
    },
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::RouteHostnameSteal,
    doc: "A second route names a longer host and takes its requests, whatever their path.",
    example: "route-hostname-steal route/any-shop --set backend=ratings --set hostname=eu.shop.example.com",
    params: &[
        Param::needed("backend", ParamType::Backend, "the Service the stolen requests go to"),
        Param::optional(
            "hostname",
            ParamType::Host,
            "the host to steal; the host of a listener of the route's Gateway when absent",
        ),
    ],
    targets: route_patch::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[DriverRow::new(
        Driver::GatewayApi,
        Class::SelfExpiring,
        gateway_api::NEEDS,
        "an HTTPRoute of our own with a longer host name, under a fuse",
        gateway_api::SILENT,
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let (fault, sight) = (wanted.fault, wanted.sight);
    let route = route_patch::route(wanted)?;
    let backend = wanted.deed.backend("backend")?;
    let port = gateway_api::port(&backend, sight, fault)?;
    let own = hosts(route, &["spec", "hostnames"]);
    let host = match wanted.deed.given_text("hostname") {
        Some(given) => given.to_owned(),
        None => listened(wanted, route, &own)?,
    };
    if own.contains(&host.as_str()) {
        return Err(CompileError::CannotExpress {
            what: format!("route {} names {host} itself: none is longer", route.name()),
            fix: "use route-conflict, or name a host that a `*.` of the route covers".to_owned(),
        });
    }
    if !covers(&own, &host) {
        return Err(CompileError::CannotExpress {
            what: format!("route {} does not serve {host}", route.name()),
            fix: format!("name a host within {}", own.join(", ")),
        });
    }
    let kind = sight.kind(known::http_route());
    let name = format!("brink-{}", wanted.id);
    let parents = route.at(&["spec", "parentRefs"]).cloned().unwrap_or_else(|| json!([]));
    let object = json!({
        "apiVersion": kind.api_version(),
        "kind": "HTTPRoute",
        "metadata": {"name": name, "namespace": fault.namespace},
        "spec": {
            "parentRefs": parents,
            "hostnames": [host],
            "rules": [{"backendRefs": [{"name": backend.service, "port": port}]}],
        },
    });
    let steps = vec![Step::made(kind, Manifest(object))];
    let reach = gateway_api::taken(fault, route, sight, &backend);
    let title = format!("Send the requests of {host} to {} for {}", backend.service, spoken(fault.duration));
    let mut plan = drivers::plan(fault, Driver::GatewayApi, wanted.id, title, steps, reach);
    plan.predicts = vec![
        format!("requests for {host} leave {} and go to {}, whatever their path", route.name(), backend.service),
        "a longer host wins before paths and ages are looked at, and no condition tells who lost".to_owned(),
    ];
    gateway_api::doubt(&mut plan, route);
    Ok(plan)
}

fn hosts<'a>(object: &'a Manifest, path: &[&str]) -> Vec<&'a str> {
    object.at(path).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Whether these hosts hold for another: by a wildcard of one label or more, or because there are none.
fn covers(own: &[&str], host: &str) -> bool {
    own.is_empty()
        || own.iter().any(|one| {
            one.strip_prefix('*').is_some_and(|tail| host.len() > tail.len() && host.ends_with(tail) && *one != host)
        })
}

/// An exact host of a listener that the route is attached to and serves by a shorter name.
fn listened(wanted: &Wanted<'_>, route: &Manifest, own: &[&str]) -> Result<String, CompileError> {
    let parents = route.at(&["spec", "parentRefs"]).and_then(Value::as_array);
    let named: Vec<&str> = parents.into_iter().flatten().filter_map(|one| one.get("name")?.as_str()).collect();
    let gateways = wanted.sight.gateways.iter().flatten().filter(|gateway| named.contains(&gateway.name()));
    let listeners = gateways.filter_map(|gateway| gateway.at(&["spec", "listeners"])?.as_array()).flatten();
    let found = listeners
        .filter_map(|listener| listener.get("hostname")?.as_str())
        .find(|host| !host.starts_with('*') && !own.contains(host) && covers(own, host));
    found.map(str::to_owned).ok_or_else(|| CompileError::CannotExpress {
        what: format!("no listener names a host that route {} serves by a shorter name", route.name()),
        fix: "give `hostname`".to_owned(),
    })
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::route(plan, false)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::covers;

    #[rstest]
    #[case(&["*.example.com"], "eu.example.com", true)]
    #[case(&["*.example.com"], "*.eu.example.com", true)]
    #[case(&["*.example.com"], "*.example.com", false)]
    #[case(&["*.example.com"], "example.com", false)]
    #[case(&["eu.example.com"], "us.example.com", false)]
    #[case(&[], "eu.example.com", true)]
    fn a_wildcard_covers_longer_hosts(#[case] own: &[&str], #[case] host: &str, #[case] expected: bool) {
        assert_eq!(covers(own, host), expected);
    }
}
