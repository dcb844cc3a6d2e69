//! `node-cordon`: no new pod starts on a node.

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, DriverRow, Judged, Row, Sees, TargetType, Wanted},
    class::Class,
    drivers::{CompileError, nodes, words::spoken},
    evidence::{self, Expected},
    intent::{Driver, Target},
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
    drivers: &[DriverRow {
        driver: Driver::Native,
        class: Class::Guarded,
        needs: ("", ""),
        how: "spec.unschedulable of the node, recorded in the policy's home namespace",
        silent: nodes::CORDON_SILENT,
        compile,
    }],
    expects,
};

/// The node aimed at.
pub(super) fn name<'a>(wanted: &Wanted<'a>) -> Result<&'a str, CompileError> {
    match &wanted.fault.target {
        Target::Node(name) => Ok(name),
        other => {
            Err(CompileError::CannotExpress { what: format!("{other} is no node"), fix: "aim at node/NAME".to_owned() })
        }
    }
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let node = nodes::node(wanted, name(wanted)?)?;
    nodes::cordon(wanted, node, format!("Cordon node {} for {}", node.name(), spoken(wanted.fault.duration)))
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::sign(plan, Sign::tainted)
}
