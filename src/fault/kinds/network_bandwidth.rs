//! `network-bandwidth`: what pods send is held to a rate.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Wanted, WrongIntent},
    drivers::{
        CompileError,
        chaos_mesh::{self, Chaos},
        hit,
    },
    evidence,
    intent::Fault,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::NetworkBandwidth,
    doc: "What pods send is held to a rate.",
    example: "network-bandwidth deployment/ratings --set rate=1mbit",
    params: &[Param::needed("rate", RATE, "the rate that is left to what each pod sends")],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: Some(checks),
    drivers: &[chaos_mesh::by(
        "NetworkChaos",
        "a NetworkChaos of our own (tbf on what the pods send), under a fuse",
        compile,
    )],
    expects: evidence::engine,
};

const RATE: ParamType =
    ParamType::Text("a rate as tc reads it: 1mbit, 500kbit (bits), 1mbps, 64kbps (bytes per second)");

/// A number and one of tc's units.
fn checks(_: &Fault, deed: &Deed) -> Vec<WrongIntent> {
    let Some(rate) = deed.given_text("rate") else { return Vec::new() };
    let units = ["bit", "kbit", "mbit", "gbit", "tbit", "bps", "kbps", "mbps", "gbps", "tbps"];
    let digits = rate.find(|c: char| !c.is_ascii_digit()).unwrap_or(rate.len());
    let (number, unit) = rate.split_at(digits);
    if number.parse::<u64>().is_ok_and(|number| number > 0) && units.contains(&unit) {
        return Vec::new();
    }
    vec![WrongIntent::new("params.rate", format!("`{rate}` is no rate"), RATE.range())]
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let rate = wanted.deed.text("rate")?;
    let spec = json!({
        "action": "bandwidth", "direction": "to",
        "bandwidth": {"rate": rate, "limit": 20_971_520, "buffer": 10_000},
    });
    let chaos = Chaos::new("NetworkChaos", spec, format!("Hold what {{}} send to {rate}"));
    let predicts = vec!["large answers take longer the larger they are; what exceeds the buffer is dropped".to_owned()];
    chaos_mesh::compile(wanted, Chaos { predicts, ..chaos })
}
