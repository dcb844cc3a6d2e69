//! `manifest`: any YAML. What is not there is created, what is there is changed to match.

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Row, TargetType, Wanted, WrongIntent},
    class::Class,
    drivers::{CompileError, manifest, native},
    evidence,
    intent::Fault,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::Manifest,
    doc: "Any YAML: objects are created, or what stands there is changed to match.",
    example: "-f objects.yaml",
    params: &[],
    targets: &[TargetType::Manifest],
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: Some(checks),
    drivers: &[native::by(
        Class::Guarded,
        "creates under a fuse, patches of what is there",
        &["what these objects should do is not known here"],
        compile,
    )],
    expects: evidence::engine,
};

fn checks(fault: &Fault, _: &Deed) -> Vec<WrongIntent> {
    let fix = "give YAML with apiVersion, kind and metadata.name";
    if fault.manifests.is_empty() {
        return vec![WrongIntent::new("target", "there is no object in it", fix)];
    }
    Vec::new()
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    manifest::compile(wanted.fault, wanted.sight, wanted.id)
}
