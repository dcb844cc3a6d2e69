//! `dns-random`: names resolve to random addresses in pods.

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Param, Row, Wanted},
    drivers::{CompileError, dns, hit},
    evidence,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::DnsRandom,
    doc: "Names resolve to random addresses in pods.",
    example: "dns-random deployment/reviews-v2 --set patterns='ratings.*'",
    params: &[Param::needed("patterns", dns::PATTERNS, "which names")],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: Some(dns::checks),
    drivers: &[dns::by(compile)],
    expects: evidence::engine,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    dns::compile(
        wanted,
        "random",
        "Misdirect",
        "calls to these names go to addresses where nobody answers, and wait for their timeouts",
    )
}
