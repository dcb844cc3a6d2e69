//! `network-loss`: packets that pods send are lost.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Wanted},
    drivers::{
        CompileError,
        chaos_mesh::{self, Chaos},
    },
    evidence::{self, Expected},
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::NetworkLoss,
    doc: "Packets that pods send are lost.",
    example: "network-loss deployment/ratings --set percent=10",
    params: &[Param::needed("percent", ParamType::Percent, "share of the packets")],
    targets: chaos_mesh::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[chaos_mesh::by(
        "NetworkChaos",
        "a NetworkChaos of our own (netem on what the pods send), under a fuse",
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let percent = wanted.deed.number("percent")?;
    let spec = json!({
        "action": "loss", "direction": "to", "loss": {"loss": percent.to_string(), "correlation": "0"},
    });
    let chaos = Chaos::new("NetworkChaos", spec, format!("Lose {percent} % of the packets that {{}} send"));
    chaos_mesh::compile(
        wanted,
        Chaos {
            predicts: vec![
                "lost packets are sent again after 200 ms and more; few requests fail, many are late".to_owned(),
            ],
            ..chaos
        },
    )
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::engine(plan)
}
