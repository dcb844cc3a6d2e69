//! HTTP faults by Chaos Mesh: an HTTPChaos at the port of the pods, behind their proxy.
//!
//! It hits every request of a pod, so a share of the requests cannot be told apart; a path and headers can.

use serde_json::{Map, Value, json};

use super::{
    CompileError,
    chaos_mesh::{self, Chaos},
    hit,
    http::{self, AbortWith, Disturbance, HttpFault},
    native::HowMany,
    words::http_title,
};
use crate::fault::{
    catalogue::{Compile, DriverRow, Wanted},
    plan::Plan,
};

/// By an HTTPChaos of our own.
pub const fn by_engine(compile: Compile) -> DriverRow {
    chaos_mesh::by("HTTPChaos", "an HTTPChaos of our own at the port of the pods, under a fuse", compile)
        .taking(http::TARGETS)
}

/// The plan of it.
pub fn compile(wanted: &Wanted<'_>, what: &HttpFault) -> Result<Plan, CompileError> {
    let scope = &wanted.fault.scope;
    if what.percent < 100.0 {
        return Err(CompileError::cannot(
            "an HTTPChaos hits every request of a pod",
            "leave `percent` at 100, or take driver istio",
        ));
    }
    if scope.from.is_some() {
        return Err(CompileError::cannot(
            "an HTTPChaos cannot tell who asks",
            "leave `scope.from` out, or take driver istio",
        ));
    }
    let hit = hit::choose(wanted, HowMany::Percent(100.0))?;
    let mut spec = json!({"port": chaos_mesh::port(&hit)?});
    match what.what {
        Disturbance::Delay(delay) => {
            spec["target"] = json!("Request");
            spec["delay"] = json!(format!("{}ms", delay.as_millis()));
        }
        Disturbance::Abort(AbortWith::Http(status)) => {
            spec["target"] = json!("Response");
            spec["replace"] = json!({"code": status});
        }
        Disturbance::Abort(AbortWith::Grpc(_)) => {
            return Err(CompileError::cannot(
                "an HTTPChaos cannot answer with a gRPC status",
                "give `status`, or take driver istio",
            ));
        }
    }
    if let Some(path) = &scope.path {
        spec["path"] = json!(format!("{path}*"));
    }
    if !scope.headers.is_empty() {
        let headers: Map<String, Value> =
            scope.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        spec["request_headers"] = Value::Object(headers);
    }
    // Its own sentence already tells for how long.
    let chaos = Chaos { once: true, ..Chaos::new("HTTPChaos", spec, http_title(wanted.fault, what, &hit.aim.called)) };
    let predicts = vec!["retries of the mesh see it: it lies behind the pods' proxies".to_owned()];
    let mut plan = chaos_mesh::compile(wanted, Chaos { predicts, ..chaos })?;
    chaos_mesh::readable(&mut plan, &hit, wanted.sight);
    Ok(plan)
}
