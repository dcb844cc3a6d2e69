//! Gateway API: patches of an HTTPRoute that is there.
//!
//! `spec.rules` and `spec.parentRefs` are atomic lists whose elements have no name of their own: a patch writes the list as a
//! whole and its undo writes the old one back, unless somebody else wrote it meanwhile (gateway.networking.k8s.io/v1).

use serde_json::{Value, json};

use super::{CompileError, gateway_api, manifest};
use crate::{
    cluster::{Manifest, ObjectRef},
    fault::{
        aim,
        catalogue::{Compile, DriverRow, TargetType, Wanted},
        class::Class,
        intent::{Driver, Target},
        known,
        plan::Plan,
        sight::Given,
    },
};

/// What it is aimed at.
pub const TARGETS: &[TargetType] = &[TargetType::Route];

/// What kinds are aimed at that a VirtualService can carry out as well.
pub const ROUTE_OR_SERVICE: &[TargetType] =
    &[TargetType::Route, TargetType::Service, TargetType::Workload(&["VirtualService"])];

/// By a patch of the route.
pub const fn by_patch(how: &'static str, compile: Compile) -> DriverRow {
    DriverRow::new(Driver::GatewayApi, Class::Guarded, gateway_api::NEEDS, how, gateway_api::SILENT, compile)
}

/// The route aimed at.
pub fn route<'a>(wanted: &Wanted<'a>) -> Result<&'a Manifest, CompileError> {
    let Target::Route(name) = &wanted.fault.target else {
        return Err(CompileError::CannotExpress {
            what: format!("{} is not a route", wanted.fault.target),
            fix: "aim at route/NAME".to_owned(),
        });
    };
    aim::find(&wanted.sight.http_routes, "HTTPRoute", name, &wanted.fault.namespace)
}

/// The rules of a route.
pub fn rules(route: &Manifest) -> Vec<Value> {
    route.at(&["spec", "rules"]).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// The plan that changes these fields of the route's spec.
pub fn changed(wanted: &Wanted<'_>, route: &Manifest, spec: &Value, title: String) -> Result<Plan, CompileError> {
    let given = Given {
        object: ObjectRef::new(wanted.sight.kind(known::http_route()), &wanted.fault.namespace, route.name()),
        wanted: Manifest(json!({"spec": spec})),
        live: Some(route.clone()),
    };
    let mut plan = manifest::changed(wanted, Driver::GatewayApi, &given, title)?;
    gateway_api::doubt(&mut plan, route);
    Ok(plan)
}
