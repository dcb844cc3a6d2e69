//! `route-weight`: a route sends other shares of its requests to its backends.

use std::cell::RefCell;

use serde_json::{Map, Value, json};

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Wanted, did_you_mean},
    drivers::{
        CompileError, route_patch,
        rule_copies::{self, Copies},
        words::spoken,
    },
    evidence::{self, Expected},
    intent::Driver,
    plan::{Change, Plan},
    routes,
    sign::Sign,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::RouteWeight,
    doc: "A route sends other shares of its requests to its backends.",
    example: "route-weight route/split --set weights=reviews=0,ratings=100",
    params: &[Param::needed(
        "weights",
        ParamType::Weights,
        "the weight of each backend that is to change (of a VirtualService: subset, Service or host); the others keep theirs",
    )],
    targets: route_patch::ROUTE_OR_SERVICE,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[
        route_patch::by_patch("other weights in the rules of the HTTPRoute", compile),
        rule_copies::by(
            "copies of the rules of the VirtualService with other weights",
            &[
                "its subsets are not told apart by the label `version`, by which requests are counted",
                rule_copies::NO_PROXY,
                rule_copies::EARLIER,
            ],
            by_rules,
        )
        .shown_by("route-weight virtualservice/shares --set weights=v1=0,v2=100"),
    ],
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
    let told: Vec<String> = rules
        .iter()
        .filter_map(|rule| {
            let all = rule.get("backendRefs")?.as_array()?.iter();
            shares(&all.map(|one| (name(one).to_owned(), weight(one))).collect::<Vec<_>>())
        })
        .collect();
    let title = format!("Shift the requests of route {} for {}", route.name(), spoken(wanted.fault.duration));
    let mut plan = route_patch::changed(wanted, route, &json!({"rules": rules}), title)?;
    plan.predicts.extend(told);
    Ok(plan)
}

fn backends(rules: &[Value]) -> impl Iterator<Item = &Value> {
    rules.iter().filter_map(|rule| rule.get("backendRefs")?.as_array()).flatten()
}

/// Who gets how much of a rule's requests; of one alone there is nothing to tell.
fn shares(all: &[(String, u64)]) -> Option<String> {
    if all.len() < 2 {
        return None;
    }
    let sum: u64 = all.iter().map(|(_, weight)| weight).sum();
    if sum == 0 {
        return Some("no backend of a rule has a weight: its requests are answered with 500".to_owned());
    }
    let each: Vec<String> = all.iter().map(|(name, weight)| format!("{name} {} %", weight * 100 / sum)).collect();
    Some(format!("requests go to {}", each.join(", ")))
}

/// What a destination of a VirtualService may be called: its subset, its Service, its host.
fn names(one: &Value) -> Vec<String> {
    let text = |field: &str| one.pointer(field).and_then(Value::as_str);
    let host = text("/destination/host");
    // The namespace does not matter here: only the first word of a short host is wanted.
    let service = host.and_then(|host| routes::service_of(host, "_")?.split('/').next_back().map(str::to_owned));
    let mut all: Vec<String> = text("/destination/subset").map(str::to_owned).into_iter().chain(service).collect();
    all.extend(host.map(str::to_owned));
    all.dedup();
    all
}

/// Zero when it is not given (networking.istio.io/v1 HTTPRouteDestination).
fn share_of(one: &Value) -> u64 {
    one.get("weight").and_then(Value::as_u64).unwrap_or(0)
}

fn by_rules(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let weights = wanted.deed.map("weights")?;
    let (known, told) = (RefCell::new(Vec::<String>::new()), RefCell::new(Vec::<(String, bool)>::new()));
    let change = |rule: &Map<String, Value>| {
        let mut copy = rule.clone();
        let all = copy.get_mut("route")?.as_array_mut()?;
        known.borrow_mut().extend(all.iter().flat_map(names));
        // A destination alone gets everything, whatever its weight.
        if all.len() < 2 {
            return None;
        }
        for one in all.iter_mut() {
            if let Some(new) = names(one).iter().find_map(|name| weights.get(name)) {
                one["weight"] = new.clone();
            }
        }
        let now: Vec<(String, u64)> =
            all.iter().map(|one| (names(one).into_iter().next().unwrap_or_default(), share_of(one))).collect();
        let same = rule
            .get("route")
            .and_then(Value::as_array)
            .is_some_and(|before| before.iter().map(share_of).eq(now.iter().map(|(_, weight)| *weight)));
        if same {
            return None;
        }
        let line = shares(&now).unwrap_or_default();
        told.borrow_mut().push((line, now.iter().all(|(_, weight)| *weight == 0)));
        Some(copy)
    };
    let during = spoken(wanted.fault.duration);
    let title = |called: &str| format!("Shift the requests to {called} for {during}");
    let instead = "aim at a VirtualService that splits";
    let copied =
        rule_copies::compile(wanted, &Copies { title: &title, portion: 1.0, own: false, instead, change: &change });
    let known = known.into_inner();
    if let Some(stranger) = weights.keys().find(|name| !known.is_empty() && !known.contains(name)) {
        return Err(CompileError::CannotExpress {
            what: format!("no rule sends anything to `{stranger}`"),
            fix: did_you_mean(stranger, known.iter().map(String::as_str)),
        });
    }
    let mut plan = copied?.plan;
    for (line, none) in told.into_inner() {
        if none {
            // istiod refuses it: "total destination weight = 0".
            return Err(CompileError::CannotExpress {
                what: "no destination of a rule would have a weight, which Istio does not take".to_owned(),
                fix: "leave one of them a weight, or take route-no-backend".to_owned(),
            });
        }
        plan.predicts.push(line);
    }
    Ok(plan)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    match plan.driver {
        Driver::IstioVirtualService => loser(plan).map_or(Expected::Unknown, |(name, matcher)| {
            evidence::no_longer(plan, &format!("requests to {name}"), &matcher)
        }),
        _ => evidence::sign(plan, Sign::taken_in),
    }
}

/// A destination of which a copied rule takes requests away, and the label its requests carry. That a subset is told by the
/// label `version` is a habit, not a rule; where it is none, nothing is seen.
fn loser(plan: &Plan) -> Option<(String, String)> {
    let step = plan.steps.first()?;
    let Change::Patch { edits } = &step.change else { return None };
    let rules = step.before.as_ref()?.at(&["spec", "http"])?.as_array()?;
    // The copies are inserted one before each original, whose order they keep.
    edits.iter().enumerate().find_map(|(n, edit)| {
        let original = rules.get(edit.at?.checked_sub(n)?)?.get("route")?.as_array()?;
        let copy = edit.value.as_ref()?.get("route")?.as_array()?;
        let sum = |all: &[Value]| all.iter().map(share_of).sum::<u64>().max(1);
        let (before, after) = (sum(original), sum(copy));
        let (_, one) = original.iter().zip(copy).find(|(old, new)| share_of(new) * before < share_of(old) * after)?;
        let name = names(one).into_iter().next()?;
        let subset = one.pointer("/destination/subset").is_some();
        let label = if subset { "destination_version" } else { "destination_service_name" };
        let matcher = format!("{label}=\"{name}\"");
        Some((name, matcher))
    })
}
