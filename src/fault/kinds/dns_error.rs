//! `dns-error`: names do not resolve in pods.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, Row, Wanted},
    drivers::{
        CompileError,
        chaos_mesh::{self, Chaos},
        dns,
        native::HowMany,
    },
    evidence::{self, Expected},
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::DnsError,
    doc: "Names do not resolve in pods.",
    example: "dns-error deployment/reviews-v2 --set patterns='ratings.*'",
    params: &[Param::needed("patterns", dns::PATTERNS, "which names")],
    targets: chaos_mesh::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: Some(dns::checks),
    drivers: &[chaos_mesh::by(
        "DNSChaos",
        "a DNSChaos of our own (the pods ask the DNS server of Chaos Mesh), under a fuse",
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let patterns = dns::patterns(wanted.deed);
    let hit = chaos_mesh::choose(wanted, HowMany::Percent(100.0))?;
    let spec = json!({
        "action": "error", "patterns": patterns, "containerNames": [chaos_mesh::container(&hit.pods, None)?],
    });
    let chaos = Chaos::new("DNSChaos", spec, format!("Fail look-ups of {} in {{}}", patterns.join(", ")));
    let predicts = vec![
        "calls to these names fail before they are sent".to_owned(),
        "connections that stand, and names that are cached, go on for a while".to_owned(),
    ];
    chaos_mesh::compile(wanted, Chaos { predicts, ..chaos })
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::engine(plan)
}
