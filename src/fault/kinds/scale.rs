//! `scale`: a workload runs another number of replicas.

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Param, ParamType, Row, TargetType, Wanted},
    class::Class,
    drivers::{CompileError, native},
    evidence,
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
    drivers: &[native::by(Class::Guarded, "another number in spec.replicas", native::SCALE_SILENT, compile)],
    expects: evidence::scaled,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    native::scale(wanted.fault, wanted.sight, wanted.id, wanted.deed.whole("replicas")?)
}
