//! `route-no-backend`: the rules of a route point at a Service that is not there.

use serde_json::{Value, json};

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Row, Wanted},
    drivers::{CompileError, route_patch, words::spoken},
    evidence::{self, Expected},
    plan::Plan,
    sign::Sign,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::RouteNoBackend,
    doc: "A route points at a Service that is not there: its requests are answered with 500.",
    example: "route-no-backend route/my-route",
    params: &[],
    targets: route_patch::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[route_patch::by_patch("backends that are not there in the rules of the HTTPRoute", compile)],
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

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::sign(plan, Sign::unresolved)
}
