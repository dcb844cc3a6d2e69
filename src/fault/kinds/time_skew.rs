//! `time-skew`: the clocks of programs are wrong.

use serde_json::json;

use super::FaultKind;
use crate::{
    base::span,
    fault::{
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
    },
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::TimeSkew,
    doc: "The clocks of programs are wrong.",
    example: "time-skew deployment/payment --set offset=-10m",
    params: &[Param::needed("offset", OFFSET, "by how much the clocks are off")],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Traffic,
    checks: Some(checks),
    drivers: &[chaos_mesh::by(
        "TimeChaos",
        "a TimeChaos of our own (the clock the container reads), under a fuse",
        compile,
    )],
    expects: evidence::engine,
};

const OFFSET: ParamType = ParamType::Text("a span with a sign, such as -10m or +2h");

/// The sign and the span.
fn offset(text: &str) -> Option<(&str, std::time::Duration)> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.trim_start_matches('+')),
    };
    span::parse(rest).ok().filter(|span| !span.is_zero()).map(|span| (sign, span))
}

fn checks(_: &Fault, deed: &Deed) -> Vec<WrongIntent> {
    match deed.given_text("offset") {
        Some(text) if offset(text).is_none() => {
            vec![WrongIntent::new("params.offset", format!("`{text}` is no offset"), OFFSET.range())]
        }
        _ => Vec::new(),
    }
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let text = wanted.deed.text("offset")?;
    let (sign, by) = offset(text).unwrap_or_default();
    let hit = hit::choose(wanted, HowMany::Percent(100.0))?;
    let container = chaos_mesh::container(&hit.pods, None)?;
    let spec = json!({"timeOffset": format!("{sign}{}s", by.as_secs().max(1)), "containerNames": [container]});
    let chaos = Chaos::new("TimeChaos", spec, format!("Set the clock of {container} in {{}} off by {text}"));
    let predicts = vec!["tokens, certificates and caches may be taken for expired or not yet valid".to_owned()];
    chaos_mesh::compile(wanted, Chaos { predicts, ..chaos })
}
