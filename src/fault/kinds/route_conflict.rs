//! `route-conflict`: a second route takes the same hosts and matches.

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, DriverRow, Judged, Param, ParamType, Row, TargetType, Wanted},
    class::Class,
    drivers::{CompileError, gateway_api},
    evidence::{self, Expected},
    intent::Driver,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::RouteConflict,
    doc: "A second route takes the same hosts and matches.",
    example: "route-conflict route/my-route --set backend=ratings --set recreate=true",
    params: &[
        Param::needed("backend", ParamType::Backend, "the Service the second route sends requests to"),
        Param::optional(
            "recreate",
            ParamType::Flag,
            "delete the first route and create it anew after the second, so that the second is older and wins",
        )
        .or("false"),
    ],
    targets: &[TargetType::Route],
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[DriverRow::new(
        Driver::GatewayApi,
        Class::SelfExpiring,
        gateway_api::NEEDS,
        "an HTTPRoute of our own, under a fuse (guarded with recreate)",
        gateway_api::SILENT,
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let backend = wanted.deed.backend("backend")?;
    gateway_api::conflict(wanted.fault, wanted.sight, wanted.id, &backend, wanted.deed.flag("recreate")?)
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    evidence::route(plan, deed.flag("recreate").unwrap_or_default())
}
