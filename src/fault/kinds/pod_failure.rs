//! `pod-failure`: pods stop serving and come back as the same pods.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Param, ParamType, Row, Wanted},
    drivers::{
        CompileError,
        chaos_mesh::{self, Chaos},
        hit,
        native::HowMany,
    },
    evidence,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::PodFailure,
    doc: "Pods stop serving and come back as the same pods.",
    example: "pod-failure deployment/reviews-v1 --set count=1",
    params: &[
        Param::optional("count", ParamType::Whole { min: 1, max: 1000 }, "how many pods").instead_of("percent"),
        Param::optional("percent", ParamType::Percent, "share of the pods, rounded down, at least one")
            .instead_of("count"),
    ],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Pods,
    checks: None,
    drivers: &[chaos_mesh::by(
        "PodChaos",
        "a PodChaos of our own (every image gives way to one that does nothing), under a fuse",
        compile,
    )],
    expects: evidence::engine,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let spec = json!({"action": "pod-failure"});
    let chaos = Chaos::new("PodChaos", spec, "Fail {}");
    let predicts = vec![
        "the pods go unready and take no requests; their controllers make none in their place".to_owned(),
        "their containers restart twice: into the failure and out of it".to_owned(),
    ];
    let residue = vec!["restart counts of the pods that failed".to_owned()];
    chaos_mesh::compile(wanted, Chaos { how_many: HowMany::read(wanted.deed)?, lost: true, predicts, residue, ..chaos })
}
