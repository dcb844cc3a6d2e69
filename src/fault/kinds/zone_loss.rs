//! `zone-loss`: every node of a zone is cordoned and the pods of the namespace are evicted from them.

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Row, Sees, TargetType, Wanted},
    class::Class,
    drivers::{
        CompileError, native, nodes,
        words::{counted, spoken},
    },
    evidence,
    intent::Target,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::ZoneLoss,
    doc: "Every node of a topology zone is cordoned and the pods of the namespace are evicted from it.",
    example: "zone-loss zone/east-1",
    params: &[],
    targets: &[TargetType::Zone],
    scopes: &[],
    sees: &[Sees::Nodes],
    judged: Judged::Pods,
    checks: None,
    drivers: &[native::by(
        Class::Guarded,
        "spec.unschedulable of each node, and evictions, which respect disruption budgets",
        native::EVICT_SILENT,
        compile,
    )],
    expects: evidence::evicted,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let Target::Zone(zone) = &wanted.fault.target else {
        return Err(CompileError::CannotExpress {
            what: format!("{} is no zone", wanted.fault.target),
            fix: "aim at zone/NAME".to_owned(),
        });
    };
    let found = nodes::of_zone(wanted, zone)?;
    let all = counted(found.len(), "node");
    let title = format!(
        "Lose zone {zone} ({all}) for the pods of {} for {}",
        wanted.fault.namespace,
        spoken(wanted.fault.duration)
    );
    nodes::drain(wanted, &found, &format!("zone {zone}"), title)
}
