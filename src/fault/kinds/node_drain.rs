//! `node-drain`: a node is cordoned and the pods of the namespace are evicted from it.

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Row, Sees, TargetType, Wanted},
    class::Class,
    drivers::{CompileError, native, nodes, words::spoken},
    evidence,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::NodeDrain,
    doc: "A node is cordoned and the pods of the namespace are evicted from it; the undo uncordons.",
    example: "node-drain node/worker-1",
    params: &[],
    targets: &[TargetType::Node],
    scopes: &[],
    sees: &[Sees::Nodes],
    judged: Judged::Pods,
    checks: None,
    drivers: &[native::by(
        Class::Guarded,
        "spec.unschedulable of the node, and evictions, which respect disruption budgets",
        native::EVICT_SILENT,
        compile,
    )],
    expects: evidence::evicted,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let node = nodes::aimed(wanted)?;
    let span = spoken(wanted.fault.duration);
    let title = format!("Drain node {} of the pods of {} for {span}", node.name(), wanted.fault.namespace);
    nodes::drain(wanted, &[node], &format!("node {}", node.name()), title)
}
