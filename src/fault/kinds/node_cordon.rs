//! `node-cordon`: no new pod starts on a node.

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Row, Sees, TargetType, Wanted},
    class::Class,
    drivers::{CompileError, native, nodes, words::spoken},
    evidence::{self, Expected},
    plan::Plan,
    sign::Sign,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::NodeCordon,
    doc: "No new pod starts on a node; those that run there stay.",
    example: "node-cordon node/worker-1",
    params: &[],
    targets: &[TargetType::Node],
    scopes: &[],
    sees: &[Sees::Nodes],
    judged: Judged::Pods,
    checks: None,
    drivers: &[native::by(
        Class::Guarded,
        "spec.unschedulable of the node, recorded in the policy's home namespace",
        nodes::CORDON_SILENT,
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let node = nodes::aimed(wanted)?;
    nodes::cordon(wanted, node, format!("Cordon node {} for {}", node.name(), spoken(wanted.fault.duration)))
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::sign(plan, Sign::tainted)
}
