//! `http-abort`: requests fail with a status before they are served.

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Sees, Wanted, WrongIntent},
    drivers::{
        CompileError, agentgateway, chaos_mesh_http, direct_response, fault_injection,
        http::{self, AbortWith, Disturbance, HttpFault},
    },
    evidence::{self, Expected},
    intent::Driver,
    plan::Plan,
    sign::Sign,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::HttpAbort,
    doc: "Requests fail with a status before they are served.",
    example: "http-abort service/reviews --set status=503 --set percent=20",
    params: &[
        Param::optional("status", ParamType::Whole { min: 200, max: 599 }, "HTTP status of the answer")
            .or("503")
            .instead_of("grpc_status"),
        Param::optional(
            "grpc_status",
            ParamType::Whole { min: 0, max: 16 },
            "gRPC status code of the answer, instead of an HTTP status",
        )
        .instead_of("status"),
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
        direct_response::by_answer(by_answer),
        agentgateway::by_policy(by_policy).shown_by("http-abort route/my-route --set status=503 --set percent=20"),
        chaos_mesh_http::by_engine(by_engine),
    ],
    expects,
};

fn with(deed: &Deed) -> Result<AbortWith, WrongIntent> {
    Ok(match deed.given_whole("grpc_status") {
        Some(code) => AbortWith::Grpc(u8::try_from(code).unwrap_or(u8::MAX)),
        None => AbortWith::Http(u16::try_from(deed.whole("status")?).unwrap_or(u16::MAX)),
    })
}

fn read(deed: &Deed) -> Result<HttpFault, WrongIntent> {
    Ok(HttpFault { what: Disturbance::Abort(with(deed)?), percent: deed.number("percent")? })
}

fn by_filter(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    http::filter(wanted, &read(wanted.deed)?)
}

fn by_rules(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    http::rules(wanted, &read(wanted.deed)?)
}

fn by_answer(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let what = read(wanted.deed)?;
    // A direct response is of every version, and of all requests alone.
    match what {
        HttpFault { what: Disturbance::Abort(AbortWith::Http(_)), percent } if percent >= 100.0 => {
            direct_response::compile(wanted, &what)
        }
        _ => fault_injection::compile(wanted, &what),
    }
}

fn by_policy(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    agentgateway::compile(wanted, &read(wanted.deed)?)
}

fn by_engine(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    chaos_mesh_http::compile(wanted, &read(wanted.deed)?)
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    match with(deed) {
        // Envoy counts its own answers without the route: that its controller has taken the change in is all there is.
        _ if plan.driver == Driver::Kgateway => match evidence::engine(plan, deed) {
            Expected::Unknown => evidence::sign(plan, Sign::taken_in),
            engine => engine,
        },
        // The Gateway counts a gRPC status as the 200 it stands in.
        Ok(AbortWith::Http(status)) if plan.driver == Driver::Agentgateway => {
            evidence::answered_at_gateway(plan, format!("{status}s"), &format!("status=\"{status}\""))
        }
        Ok(AbortWith::Grpc(code)) if plan.driver == Driver::Agentgateway => {
            let matcher = "reason=\"DirectResponse\"";
            evidence::answered_at_gateway(plan, format!("direct answers (gRPC status {code})"), matcher)
        }
        Ok(AbortWith::Http(status)) => {
            evidence::answered(plan, format!("{status}s"), &format!("response_code=\"{status}\""))
        }
        Ok(AbortWith::Grpc(code)) => {
            evidence::answered(plan, format!("gRPC status {code}"), &format!("grpc_response_status=\"{code}\""))
        }
        Err(_) => Expected::Unknown,
    }
}
