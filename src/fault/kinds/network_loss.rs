//! `network-loss`: packets that pods send are lost.

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Param, ParamType, Row, Wanted},
    drivers::{CompileError, hit, packets},
    evidence,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::NetworkLoss,
    doc: "Packets that pods send are lost.",
    example: "network-loss deployment/ratings --set percent=10",
    params: &[Param::needed("percent", ParamType::Percent, "share of the packets")],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[packets::by(compile)],
    expects: evidence::engine,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    packets::share(
        wanted,
        "loss",
        "Lose",
        "lost packets are sent again after 200 ms and more; few requests fail, many are late",
    )
}
