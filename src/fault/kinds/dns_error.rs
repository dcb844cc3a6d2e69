//! `dns-error`: names do not resolve in pods.

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Param, Row, Wanted},
    drivers::{CompileError, dns, hit},
    evidence,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::DnsError,
    doc: "Names do not resolve in pods.",
    example: "dns-error deployment/reviews-v2 --set patterns='ratings.*'",
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
    dns::compile(wanted, "error", "Fail", "calls to these names fail before they are sent")
}
