//! `cpu-stress`: pods compete with others for their CPU.

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
    kind: FaultKind::CpuStress,
    doc: "Pods compete with others for their CPU.",
    example: "cpu-stress deployment/ratings --set workers=2 --set load=80",
    params: &[
        Param::optional("workers", ParamType::Whole { min: 1, max: 256 }, "how many programs burn CPU").or("1"),
        Param::optional("load", ParamType::Whole { min: 1, max: 100 }, "how much of a core each takes, in percent")
            .or("100"),
    ],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[chaos_mesh::by(
        "StressChaos",
        "a StressChaos of our own (stress in the container's cgroup), under a fuse",
        compile,
    )],
    expects: evidence::engine,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let (workers, load) = (wanted.deed.whole("workers")?, wanted.deed.whole("load")?);
    let hit = hit::choose(wanted, HowMany::Percent(100.0))?;
    let container = chaos_mesh::container(&hit.pods, None)?;
    let spec = json!({
        "containerNames": [container], "stressors": {"cpu": {"workers": workers, "load": load}},
    });
    let cores = f64::from(workers) * f64::from(load) / 100.0;
    let chaos = Chaos::new("StressChaos", spec, format!("Burn {cores} cores beside {container} in {{}}"));
    let predicts = vec!["a pod with a CPU limit serves more slowly; autoscalers by CPU add pods".to_owned()];
    chaos_mesh::compile(wanted, Chaos { predicts, ..chaos })
}
