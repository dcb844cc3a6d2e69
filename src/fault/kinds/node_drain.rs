//! `node-drain`: a node is cordoned and the pods of the namespace are evicted from it.

use super::{FaultKind, node_cordon};
use crate::fault::{
    catalogue::{Deed, DriverRow, Judged, Row, Sees, TargetType, Wanted},
    class::Class,
    drivers::{CompileError, native, nodes, words::spoken},
    evidence::{self, Expected},
    intent::Driver,
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
    drivers: &[DriverRow {
        driver: Driver::Native,
        class: Class::Guarded,
        needs: ("", ""),
        how: "spec.unschedulable of the node, and evictions, which respect disruption budgets",
        silent: native::EVICT_SILENT,
        compile,
    }],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let node = nodes::node(wanted, node_cordon::name(wanted)?)?;
    let span = spoken(wanted.fault.duration);
    let title = format!("Drain node {} of the pods of {} for {span}", node.name(), wanted.fault.namespace);
    nodes::drain(wanted, &[node], &format!("node {}", node.name()), title)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::evicted(plan)
}
