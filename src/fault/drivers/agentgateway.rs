//! HTTP faults by an AgentgatewayPolicy: a direct response, or a delay.
//!
//! Which requests are meant is told by an expression of CEL, with `request` and `random()` (agentgateway 1.4, "CEL").

use serde_json::{Value, json};

use super::{
    CompileError,
    http::{AbortWith, Disturbance, HttpFault},
    route_policy::{AGENTGATEWAY, Policy},
    words::{http_title, share, spoken},
};
use crate::fault::{
    catalogue::{Compile, DriverRow, Wanted},
    intent::Scope,
    plan::Plan,
};

/// By a policy of our own.
pub const fn by_policy(compile: Compile) -> DriverRow {
    AGENTGATEWAY.by("an AgentgatewayPolicy of our own for the route, under a fuse", compile)
}

/// The plan of it.
pub fn compile(wanted: &Wanted<'_>, what: &HttpFault) -> Result<Plan, CompileError> {
    let route = AGENTGATEWAY.route(wanted)?;
    let name = route.name();
    let scope = &wanted.fault.scope;
    if let Some(from) = &scope.from {
        return Err(CompileError::CannotExpress {
            what: format!("a Gateway does not know which requests come from {from}"),
            fix: "leave `scope.from` out, or aim at a service".to_owned(),
        });
    }
    let which = which(scope, what.percent);
    let whose = format!("{} requests of route {name}", share(what.percent));
    let (field, value, predicts) = match what.what {
        Disturbance::Delay(delay) => {
            let duration = match which {
                Some(which) => format!("{which} ? {} : 0", delay.as_millis()),
                None => format!("{}ms", delay.as_millis()),
            };
            let told = vec![
                format!("{whose} wait {} at the Gateway, within the route's own timeout", spoken(delay)),
                "callers with a shorter timeout see failures; their retries add load".to_owned(),
            ];
            ("delay", json!({"duration": duration}), told)
        }
        Disturbance::Abort(with) => {
            let answer = answer(with);
            let value = match which {
                Some(which) => json!({"conditional": [{"condition": which, "policy": answer}]}),
                None => answer,
            };
            let told = vec![
                format!("{whose} are answered with {} by the Gateway (reason DirectResponse)", with.words()),
                "no pod sees these requests".to_owned(),
            ];
            ("directResponse", value, told)
        }
    };
    let title = http_title(wanted.fault, what, &format!("route {name}"));
    AGENTGATEWAY.compile(wanted, route, Policy { field, value, portion: what.percent / 100.0, title, predicts })
}

/// A gRPC status alone is an answer of headers only (gRPC over HTTP/2, "Trailers-Only").
fn answer(with: AbortWith) -> Value {
    match with {
        AbortWith::Http(status) => json!({"status": status}),
        AbortWith::Grpc(code) => json!({"status": 200, "headers": [
            {"name": "content-type", "value": "application/grpc"},
            {"name": "grpc-status", "value": code.to_string()},
        ]}),
    }
}

/// Which requests, as an expression; `None`: all. The dice are thrown last, for those that are meant.
fn which(scope: &Scope, percent: f64) -> Option<String> {
    // CEL reads the escapes of JSON.
    let quoted = |text: &str| json!(text).to_string();
    let mut all = Vec::new();
    if let Some(path) = &scope.path {
        all.push(format!("request.path.startsWith({})", quoted(path)));
    }
    for (name, value) in &scope.headers {
        all.push(format!("request.headers[{}] == {}", quoted(&name.to_lowercase()), quoted(value)));
    }
    if percent < 100.0 {
        all.push(format!("random() < {}", percent / 100.0));
    }
    (!all.is_empty()).then(|| all.join(" && "))
}
