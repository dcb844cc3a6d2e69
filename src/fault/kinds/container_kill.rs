//! `container-kill`: a container of pods is killed; its node starts it again.

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
    kind: FaultKind::ContainerKill,
    doc: "A container of pods is killed; its node starts it again.",
    example: "container-kill deployment/reviews-v1 --set count=1",
    params: &[
        Param::optional("count", ParamType::Whole { min: 1, max: 1000 }, "how many pods").instead_of("percent"),
        Param::optional("percent", ParamType::Percent, "share of the pods, rounded down, at least one")
            .instead_of("count"),
        Param::optional("container", ParamType::Name, "which container; the first that is no sidecar when absent"),
    ],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Pods,
    checks: None,
    drivers: &[chaos_mesh::by(
        "PodChaos",
        "a PodChaos of our own (the daemon kills the container), under a fuse",
        compile,
    )],
    expects: evidence::engine,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let how_many = HowMany::read(wanted.deed)?;
    let hit = hit::choose(wanted, how_many)?;
    let container = chaos_mesh::container(&hit.pods, wanted.deed.given_text("container"))?;
    let spec = json!({"action": "container-kill", "containerNames": [container]});
    let chaos = Chaos::new("PodChaos", spec, format!("Kill container {container} in {{}}"));
    let predicts = vec![format!("{container} ends at once and its node starts it again, later each time it ends")];
    let residue = vec![format!("restart counts of {container}, and what it held in memory")];
    chaos_mesh::compile(wanted, Chaos { how_many, once: true, lost: true, predicts, residue, ..chaos })
}
