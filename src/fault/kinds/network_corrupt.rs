//! `network-corrupt`: packets that pods send arrive damaged and are dropped.

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Param, ParamType, Row, Wanted},
    drivers::{CompileError, hit, packets},
    evidence,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::NetworkCorrupt,
    doc: "Packets that pods send arrive damaged and are dropped.",
    example: "network-corrupt deployment/ratings --set percent=10",
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
        "corrupt",
        "Damage",
        "damaged packets fail their checksum and are sent again after 200 ms and more",
    )
}
