//! `llm-outage`: a model behind a route is not reached. What names it is broken: the route, the model or the key, never a
//! Secret itself.

use serde_json::{Map, Value, json};

use super::FaultKind;
use crate::{
    cluster::{Kind, Manifest, ObjectRef},
    fault::{
        catalogue::{Compile, Deed, DriverRow, Judged, Param, ParamType, Row, Sees, Wanted},
        class::Class,
        drivers::{
            CompileError, manifest,
            model::{AGENTGATEWAY, Backends, KGATEWAY},
            route_patch,
            route_policy::of_route,
            words::spoken,
        },
        evidence::{self, Expected},
        plan::{Plan, Reach},
        routes,
        sight::Given,
        sign::Sign,
    },
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::LlmOutage,
    doc: "A model behind a route is not reached: its name, its key's Secret or its backend is named wrongly.",
    example: "llm-outage route/claude --set what=model",
    params: &[Param::optional(
        "what",
        ParamType::Choice(&["model", "key", "route"]),
        "what is named wrongly: the model or the Secret of its key in the Backend, or the Backend in the route",
    )
    .or("model")],
    targets: route_patch::TARGETS,
    scopes: &[],
    sees: &[Sees::Models],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[by(&KGATEWAY, by_kgateway), by(&AGENTGATEWAY, by_agentgateway)],
    expects,
};

const fn by(backends: &Backends, compile: Compile) -> DriverRow {
    DriverRow::new(
        backends.driver,
        Class::Guarded,
        backends.kind,
        "another name in the Backend of the model, or in the rules of its HTTPRoute",
        &[
            "no request of the route comes in",
            "the proxies of the Gateway are Envoy, whose series do not tell routes apart",
        ],
        compile,
    )
}

fn by_kgateway(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    compile(wanted, &KGATEWAY)
}

fn by_agentgateway(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    compile(wanted, &AGENTGATEWAY)
}

fn compile(wanted: &Wanted<'_>, backends: &Backends) -> Result<Plan, CompileError> {
    let route = route_patch::route(wanted)?;
    let model = backends.model(wanted)?;
    let (what, during) = (wanted.deed.text("what")?, spoken(wanted.fault.duration));
    let title = match what {
        "route" => format!("Lead route {} to no model for {during}", route.name()),
        _ => format!("Name the {what} behind route {} wrongly for {during}", route.name()),
    };
    let (path, told) = match what {
        "model" => (model.name(), "the provider has no such model: requests fail (404)"),
        "key" => {
            let told = "the Gateway has no key for the provider: requests fail (401 from it, or 500 from the Gateway)";
            (backends.key(&model)?, told)
        }
        _ => return astray(wanted, backends, route, title),
    };
    let now = model.backend.text(&path).map(|now| format!("{now}-")).unwrap_or_default();
    let given = Given {
        object: place(wanted, backends, model.backend),
        wanted: Manifest(nested(&path, json!(format!("{now}brink-missing")))),
        live: Some(model.backend.clone()),
    };
    let mut plan = manifest::changed(wanted, backends.driver, &given, title)?;
    plan.reach = of_backend(wanted, model.backend);
    plan.predicts.push(told.to_owned());
    plan.predicts.push("agents behind the route answer without a model, or not at all".to_owned());
    Ok(plan)
}

/// The rules name a Backend that is not there.
fn astray(wanted: &Wanted<'_>, backends: &Backends, route: &Manifest, title: String) -> Result<Plan, CompileError> {
    let mut rules = route_patch::rules(route);
    let missing = format!("brink-{}-missing", wanted.id);
    for backend in rules.iter_mut().filter_map(|rule| rule.get_mut("backendRefs")?.as_array_mut()).flatten() {
        let of = |field: &str| backend.get(field).and_then(Value::as_str).unwrap_or_default();
        if (of("group"), of("kind")) == backends.kind {
            backend["name"] = json!(missing);
        }
    }
    let plan = route_patch::changed(wanted, route, &json!({"rules": rules}), title)?;
    let mut plan = Plan { driver: backends.driver, reach: of_route(wanted, route, 1.0), ..plan };
    plan.predicts.push("requests to the model are answered with 500 (ResolvedRefs: BackendNotFound)".to_owned());
    Ok(plan)
}

/// Every route that leads to a Backend is hit with it.
fn of_backend(wanted: &Wanted<'_>, backend: &Manifest) -> Reach {
    let mut reach = Reach { portion: 1.0, ..Reach::default() };
    for route in wanted.sight.http_routes.iter().filter(|route| routes::leads_to(route, backend)) {
        reach.routes.push(format!("HTTPRoute {}/{}", route.namespace().unwrap_or_default(), route.name()));
    }
    reach
}

fn place(wanted: &Wanted<'_>, backends: &Backends, backend: &Manifest) -> ObjectRef {
    let (group, kind) = backends.kind;
    let kind = wanted.sight.kind(Kind::namespaced(group, "v1alpha1", kind, backends.plural));
    ObjectRef::new(kind, &wanted.fault.namespace, backend.name())
}

/// An object with one value at a path.
fn nested(path: &[&str], value: Value) -> Value {
    path.iter().rev().fold(value, |inner, field| Value::Object(Map::from_iter([((*field).to_owned(), inner)])))
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    match deed.text("what") {
        Ok("route") => evidence::sign(plan, Sign::unresolved),
        _ => evidence::answered_at_gateway(plan, "errors".to_owned(), "status=~\"[45]..\""),
    }
}
