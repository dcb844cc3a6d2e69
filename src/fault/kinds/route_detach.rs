//! `route-detach`: a route has no parent, so nobody serves it.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Row, Wanted},
    drivers::{CompileError, route_patch, words::spoken},
    evidence::{self, Expected},
    plan::Plan,
    routes,
    sign::Sign,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::RouteDetach,
    doc: "A route is taken from its Gateways: nobody serves it.",
    example: "route-detach route/my-route",
    params: &[],
    targets: route_patch::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[route_patch::by_patch("no parentRefs in the HTTPRoute", compile)],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let route = route_patch::route(wanted)?;
    let parents = route.at(&["spec", "parentRefs"]).and_then(serde_json::Value::as_array);
    if parents.is_none_or(Vec::is_empty) {
        return Err(CompileError::CannotExpress {
            what: format!("route {} has no parent: nobody serves it", route.name()),
            fix: "choose another route".to_owned(),
        });
    }
    let title = format!("Detach route {} for {}", route.name(), spoken(wanted.fault.duration));
    let mut plan = route_patch::changed(wanted, route, &json!({"parentRefs": null}), title)?;
    let mesh = routes::mesh_parents(route);
    plan.predicts.push(if mesh.is_empty() {
        format!("requests of {} find no route (404) unless another route matches them", route.name())
    } else {
        format!("requests to {} go to its pods by no rule of this route", mesh.join(", "))
    });
    Ok(plan)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::sign(plan, Sign::detached)
}
