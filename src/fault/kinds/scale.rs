//! `scale`: a workload runs another number of replicas.

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, DriverRow, Judged, Param, ParamType, Row, TargetType, Wanted},
    class::Class,
    drivers::{CompileError, native},
    evidence::{self, Expected},
    intent::Driver,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::Scale,
    doc: "A workload runs another number of replicas.",
    example: "scale deployment/reviews --set replicas=1",
    params: &[Param::needed("replicas", ParamType::Whole { min: 0, max: 1000 }, "how many replicas instead")],
    targets: &[TargetType::Workload(&["Deployment", "StatefulSet", "ReplicaSet"])],
    scopes: &[],
    sees: &[],
    judged: Judged::Pods,
    checks: None,
    drivers: &[DriverRow {
        driver: Driver::Native,
        class: Class::Guarded,
        needs: ("", ""),
        how: "another number in spec.replicas",
        silent: native::SCALE_SILENT,
        compile,
    }],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    native::scale(wanted.fault, wanted.sight, wanted.id, wanted.deed.whole("replicas")?)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::scaled(plan)
}
