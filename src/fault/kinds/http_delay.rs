//! `http-delay`: requests wait before they are served.

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Sees, Wanted, WrongIntent},
    drivers::{
        CompileError, agentgateway, chaos_mesh_http, fault_injection,
        http::{self, Disturbance, HttpFault},
    },
    evidence::{self, Expected},
    intent::Driver,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::HttpDelay,
    doc: "Requests wait before they are served.",
    example: "http-delay service/reviews --set delay=1s --set percent=50",
    params: &[
        Param::needed("delay", ParamType::Span { min: 1, max: 600_000 }, "how long each request waits"),
        http::PERCENT,
    ],
    targets: http::TARGETS_OR_ROUTE,
    scopes: http::SCOPES,
    sees: &[Sees::RoutePolicies],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[
        http::by_filter(by_filter),
        http::by_rules(by_rules),
        fault_injection::by_policy(by_injection).shown_by("http-delay route/my-route --set delay=1s"),
        agentgateway::by_policy(by_policy).shown_by("http-delay route/my-route --set delay=1s"),
        chaos_mesh_http::by_engine(by_engine),
    ],
    expects,
};

fn read(deed: &Deed) -> Result<HttpFault, WrongIntent> {
    Ok(HttpFault { what: Disturbance::Delay(deed.span("delay")?), percent: deed.number("percent")? })
}

fn by_filter(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    http::filter(wanted, &read(wanted.deed)?)
}

fn by_rules(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    http::rules(wanted, &read(wanted.deed)?)
}

fn by_engine(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    chaos_mesh_http::compile(wanted, &read(wanted.deed)?)
}

fn by_policy(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    agentgateway::compile(wanted, &read(wanted.deed)?)
}

fn by_injection(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    fault_injection::compile(wanted, &read(wanted.deed)?)
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    match plan.driver {
        Driver::Agentgateway => evidence::delayed_at_gateway(plan, deed),
        // Envoy counts without the route: its controller's word is all there is.
        Driver::Kgateway => evidence::engine(plan, deed),
        _ => evidence::delayed(plan, deed),
    }
}
