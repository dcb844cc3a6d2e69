//! `memory-stress`: pods share their memory with a program that takes much.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Wanted, WrongIntent},
    drivers::{
        CompileError,
        chaos_mesh::{self, Chaos},
        hit,
        native::HowMany,
    },
    evidence,
    intent::Fault,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::MemoryStress,
    doc: "Pods share their memory with a program that takes much.",
    example: "memory-stress deployment/ratings --set size=64MB",
    params: &[Param::needed("size", SIZE, "how much is taken in each pod")],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: Some(checks),
    drivers: &[chaos_mesh::by(
        "StressChaos",
        "a StressChaos of our own (stress in the container's cgroup), under a fuse",
        compile,
    )],
    expects: evidence::engine,
};

const SIZE: ParamType = ParamType::Text("a size such as 256MB or 1GB, or a share of the memory such as 50%");

/// A number and a unit, or a share.
fn checks(_: &Fault, deed: &Deed) -> Vec<WrongIntent> {
    let Some(size) = deed.given_text("size") else { return Vec::new() };
    let digits = size.find(|c: char| !c.is_ascii_digit()).unwrap_or(size.len());
    let (number, unit) = size.split_at(digits);
    let number = number.parse::<u64>().unwrap_or_default();
    let fits = match unit {
        "%" => (1..=100).contains(&number),
        "B" | "KB" | "MB" | "GB" | "TB" => number > 0,
        _ => false,
    };
    if fits { Vec::new() } else { vec![WrongIntent::new("params.size", format!("`{size}` is no size"), SIZE.range())] }
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let size = wanted.deed.text("size")?;
    let hit = hit::choose(wanted, HowMany::Percent(100.0))?;
    let container = chaos_mesh::container(&hit.pods, None)?;
    let spec = json!({
        "containerNames": [container], "stressors": {"memory": {"workers": 1, "size": size}},
    });
    let chaos = Chaos::new("StressChaos", spec, format!("Take {size} of memory beside {container} in {{}}"));
    let predicts = vec!["beyond its memory limit a container is killed (OOMKilled) and started again".to_owned()];
    let residue = vec!["restart counts, where a limit is exceeded".to_owned()];
    chaos_mesh::compile(wanted, Chaos { predicts, residue, ..chaos })
}
