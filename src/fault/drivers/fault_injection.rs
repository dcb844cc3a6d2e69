//! HTTP faults by `faultInjection` of a TrafficPolicy (kgateway 2.3 and later): a delay, or an abort of a share of the requests.
//!
//! Which version runs is nowhere to be read: the server's strict dry run refuses the field where its TrafficPolicy has none.
//! Which requests are meant, beyond their share, cannot be told.

use serde_json::{Value, json};

use super::{
    CompileError,
    http::{AbortWith, Disturbance, HttpFault},
    route_policy::{KGATEWAY, Policy},
    words::{http_title, share, spoken},
};
use crate::fault::{
    catalogue::{Compile, DriverRow, Wanted},
    plan::Plan,
};

/// By a policy of our own.
pub const fn by_policy(compile: Compile) -> DriverRow {
    KGATEWAY.by("a TrafficPolicy of our own with faultInjection (kgateway 2.3 and later), under a fuse", compile)
}

/// The plan of it.
pub fn compile(wanted: &Wanted<'_>, what: &HttpFault) -> Result<Plan, CompileError> {
    let route = KGATEWAY.route(wanted)?;
    let name = route.name();
    let scope = &wanted.fault.scope;
    if scope.from.is_some() || scope.path.is_some() || !scope.headers.is_empty() {
        return Err(CompileError::CannotExpress {
            what: "a TrafficPolicy singles requests of a route out by their share alone".to_owned(),
            fix: "leave the scope out, or aim at a service".to_owned(),
        });
    }
    let whose = format!("{} requests of route {name}", share(what.percent));
    let (value, told) = match what.what {
        Disturbance::Delay(delay) => (
            json!({"delay": {"fixedDelay": format!("{}ms", delay.as_millis()), "percentage": percentage(what.percent)}}),
            format!("{whose} wait {} at the Gateway (Envoy flag DI)", spoken(delay)),
        ),
        Disturbance::Abort(with) => {
            let (field, code) = match with {
                AbortWith::Http(status) => ("httpStatus", json!(status)),
                AbortWith::Grpc(code) => ("grpcStatus", json!(code)),
            };
            let told = format!("{whose} are answered with {} by the Gateway (Envoy flag FI)", with.words());
            (json!({"abort": {field: code, "percentage": percentage(what.percent)}}), told)
        }
    };
    let title = http_title(wanted.fault, what, &format!("route {name}"));
    let policy = Policy { field: "faultInjection", value, portion: what.percent / 100.0, title, predicts: vec![told] };
    let mut plan = KGATEWAY.compile(wanted, route, policy)?;
    plan.predicts
        .push("a TrafficPolicy has this since kgateway 2.3; an older one is refused by the dry run".to_owned());
    Ok(plan)
}

/// Whole where it is: the field is an integer in some versions.
fn percentage(percent: f64) -> Value {
    let whole = percent.round();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the catalogue keeps it within 0..=100"
    )]
    let number = whole as u32;
    if (percent - whole).abs() < 1e-9 { json!(number) } else { json!(percent) }
}
