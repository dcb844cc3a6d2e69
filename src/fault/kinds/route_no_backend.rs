//! `route-no-backend`: the rules of a route point at a Service that is not there.

use serde_json::{Map, Value, json};

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Row, Wanted},
    drivers::{
        CompileError, route_patch,
        rule_copies::{self, Copies},
        words::spoken,
    },
    evidence::{self, Expected},
    intent::Driver,
    plan::Plan,
    sign::Sign,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::RouteNoBackend,
    doc: "A route points at a Service that is not there: its requests fail in the proxy (500, or 503 by a VirtualService).",
    example: "route-no-backend route/my-route",
    params: &[],
    targets: route_patch::ROUTE_OR_SERVICE,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[
        route_patch::by_patch("backends that are not there in the rules of the HTTPRoute", compile),
        rule_copies::by(
            "copies of the rules of the VirtualService that lead nowhere; a VirtualService of our own where none is",
            rule_copies::SILENT,
            by_rules,
        )
        .shown_by("route-no-backend service/reviews"),
    ],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let route = route_patch::route(wanted)?;
    let mut rules = route_patch::rules(route);
    let missing = format!("brink-{}-missing", wanted.id);
    let mut broken = 0;
    for rule in &mut rules {
        let Some(backends) = rule.get_mut("backendRefs").and_then(Value::as_array_mut) else { continue };
        if backends.is_empty() {
            continue;
        }
        // One is enough: whatever the weights were, all requests of the rule go there. Ports are needed for Services.
        let port = backends.iter().find_map(|one| one.get("port")).cloned().unwrap_or_else(|| json!(80));
        *backends = vec![json!({"name": missing, "port": port})];
        broken += 1;
    }
    if broken == 0 {
        return Err(CompileError::CannotExpress {
            what: format!("route {} has no rule with a backend", route.name()),
            fix: "choose another route".to_owned(),
        });
    }
    let title = format!("Leave route {} without a backend for {}", route.name(), spoken(wanted.fault.duration));
    let mut plan = route_patch::changed(wanted, route, &json!({"rules": rules}), title)?;
    plan.predicts.push(format!("requests of {} are answered with 500 (ResolvedRefs: BackendNotFound)", route.name()));
    Ok(plan)
}

/// Gateway API lays 500 down for a backend that is not there; a VirtualService leaves it to Envoy, which answers 503.
fn by_rules(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let missing = format!("brink-{}-missing", wanted.id);
    let change = |rule: &Map<String, Value>| {
        let mut copy = rule.clone();
        // One is enough: whatever the weights were, all requests of the rule go there.
        copy.insert("route".to_owned(), json!([{"destination": {"host": missing}}]));
        Some(copy)
    };
    let during = spoken(wanted.fault.duration);
    let title = |called: &str| format!("Leave {called} without a backend for {during}");
    let instead = "choose a service whose VirtualService has http rules";
    let copied =
        rule_copies::compile(wanted, &Copies { title: &title, portion: 1.0, own: true, instead, change: &change })?;
    let mut plan = copied.plan;
    plan.predicts.push(format!("requests to {} are answered with 503 at once (Envoy flag NC)", copied.called));
    plan.predicts.push("no pod sees them, and no status of the VirtualService tells".to_owned());
    Ok(plan)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    match plan.driver {
        // Such a request has no cluster, by which proxies would name its Service: what is missing at the pods is seen.
        Driver::IstioVirtualService => evidence::fewer(plan, "reporter=\"destination\""),
        _ => evidence::sign(plan, Sign::unresolved),
    }
}
