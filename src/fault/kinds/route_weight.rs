//! `route-weight`: a route sends other shares of its requests to its backends.

use serde_json::{Value, json};

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Wanted, did_you_mean},
    drivers::{CompileError, route_patch, words::spoken},
    evidence::{self, Expected},
    plan::Plan,
    sign::Sign,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::RouteWeight,
    doc: "A route sends other shares of its requests to its backends.",
    example: "route-weight route/split --set weights=reviews=0,ratings=100",
    params: &[Param::needed(
        "weights",
        ParamType::Weights,
        "the weight of each backend that is to change; the others keep theirs",
    )],
    targets: route_patch::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[route_patch::by_patch("other weights in the rules of the HTTPRoute", compile)],
    expects,
};

/// One when it is not given (gateway.networking.k8s.io/v1 `BackendRef`).
fn weight(backend: &Value) -> u64 {
    backend.get("weight").and_then(Value::as_u64).unwrap_or(1)
}

fn name(backend: &Value) -> &str {
    backend.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let route = route_patch::route(wanted)?;
    let weights = wanted.deed.map("weights")?;
    let mut rules = route_patch::rules(route);
    let known: Vec<String> = backends(&rules).map(|backend| name(backend).to_owned()).collect();
    if let Some(stranger) = weights.keys().find(|name| !known.contains(name)) {
        return Err(CompileError::CannotExpress {
            what: format!("route {} sends nothing to `{stranger}`", route.name()),
            fix: did_you_mean(stranger, known.iter().map(String::as_str)),
        });
    }
    for backend in rules.iter_mut().filter_map(|rule| rule.get_mut("backendRefs")?.as_array_mut()).flatten() {
        if let Some(new) = weights.get(name(backend)).cloned().filter(|new| new.as_u64() != Some(weight(backend))) {
            backend["weight"] = new;
        }
    }
    let shares: Vec<String> = rules.iter().filter_map(shares).collect();
    let title = format!("Shift the requests of route {} for {}", route.name(), spoken(wanted.fault.duration));
    let mut plan = route_patch::changed(wanted, route, &json!({"rules": rules}), title)?;
    plan.predicts.extend(shares);
    Ok(plan)
}

fn backends(rules: &[Value]) -> impl Iterator<Item = &Value> {
    rules.iter().filter_map(|rule| rule.get("backendRefs")?.as_array()).flatten()
}

/// Who gets how much of a rule's requests.
fn shares(rule: &Value) -> Option<String> {
    let all = rule.get("backendRefs")?.as_array().filter(|all| all.len() > 1)?;
    let sum: u64 = all.iter().map(weight).sum();
    if sum == 0 {
        return Some("no backend of a rule has a weight: its requests are answered with 500".to_owned());
    }
    let each: Vec<String> = all.iter().map(|one| format!("{} {} %", name(one), weight(one) * 100 / sum)).collect();
    Some(format!("requests go to {}", each.join(", ")))
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::sign(plan, Sign::taken_in)
}
