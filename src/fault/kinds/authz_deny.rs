//! `authz-deny`: requests are refused by an authorization policy.

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, DriverRow, Judged, Param, ParamType, Row, ScopeType, TargetType, Wanted},
    class::Class,
    drivers::{CompileError, istio},
    evidence::{self, Expected},
    intent::Driver,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::AuthzDeny,
    doc: "Requests are refused by an authorization policy.",
    example: "authz-deny service/reviews",
    params: &[Param::optional(
        "from",
        ParamType::Source,
        "only requests of this workload or namespace; all requests when absent",
    )],
    targets: &[
        TargetType::Service,
        TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet"]),
        TargetType::Selector,
    ],
    scopes: &[ScopeType::From, ScopeType::Path],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[DriverRow::new(
        Driver::Istio,
        Class::SelfExpiring,
        ("security.istio.io", "AuthorizationPolicy"),
        "an AuthorizationPolicy of our own with action DENY, under a fuse",
        &[
            "no sidecar, waypoint or ztunnel enforces the policy on the hit pods",
            "connections refused below HTTP are not counted, nor are gRPC calls, whose refusals are no 403",
        ],
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let from = wanted.deed.given_text("from").or(wanted.fault.scope.from.as_deref());
    istio::deny(wanted.fault, wanted.sight, wanted.id, from)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::answered(plan, "refusals".to_owned(), "response_code=\"403\"")
}
