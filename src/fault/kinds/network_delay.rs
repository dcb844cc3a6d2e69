//! `network-delay`: what pods send arrives late.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Param, ParamType, Row, Sees, Wanted},
    drivers::{
        CompileError,
        chaos_mesh::{self, Chaos},
        hit,
        litmus::{self, Experiment},
        native::HowMany,
        packets,
        words::spoken,
    },
    evidence,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::NetworkDelay,
    doc: "What pods send arrives late.",
    example: "network-delay service/ratings --set delay=100ms",
    params: &[
        Param::needed("delay", ParamType::Span { min: 1, max: 600_000 }, "how much later each packet arrives"),
        Param::optional("jitter", ParamType::Span { min: 0, max: 600_000 }, "by how much that varies").or("0s"),
        Param::optional("percent", ParamType::Percent, "share of the pods, rounded down, at least one").or("100"),
        litmus::SERVICE_ACCOUNT,
    ],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[Sees::Litmus],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[
        packets::by(compile),
        litmus::by("a ChaosEngine of our own (pod-network-latency), under a fuse", by_litmus),
    ],
    expects: evidence::delayed,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let (delay, jitter) = (wanted.deed.span("delay")?, wanted.deed.span("jitter")?);
    let spec = json!({
        "action": "delay", "direction": "to",
        "delay": {
            "latency": format!("{}ms", delay.as_millis()), "jitter": format!("{}ms", jitter.as_millis()), "correlation": "0",
        },
    });
    let shown = spoken(delay);
    let chaos = Chaos::new("NetworkChaos", spec, format!("Delay what {{}} send by {shown}"));
    chaos_mesh::compile(
        wanted,
        Chaos { how_many: HowMany::Percent(wanted.deed.number("percent")?), predicts: predicts(&shown), ..chaos },
    )
}

fn by_litmus(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let (delay, jitter) = (wanted.deed.span("delay")?, wanted.deed.span("jitter")?);
    let hit = hit::choose(wanted, HowMany::Percent(wanted.deed.number("percent")?))?;
    let mut env = vec![
        ("NETWORK_LATENCY", delay.as_millis().to_string()),
        ("JITTER", jitter.as_millis().to_string()),
        ("NETWORK_INTERFACE", "eth0".to_owned()),
    ];
    env.extend(litmus::runtime(&hit.pods)?);
    let shown = spoken(delay);
    let experiment = Experiment {
        env,
        predicts: predicts(&shown),
        ..Experiment::new("pod-network-latency", format!("Delay what {{}} send by {shown}"))
    };
    litmus::compile(wanted, &hit, experiment)
}

fn predicts(shown: &str) -> Vec<String> {
    vec![
        format!(
            "each answer of a hit pod comes {shown} later, each call of its own as well; new connections pay twice"
        ),
        "callers with shorter timeouts fail, and may retry".to_owned(),
    ]
}
