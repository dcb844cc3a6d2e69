//! `outlier-eject`: callers take pods that fail a few times out of their choice, sooner and more of them than is good.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Sees, Wanted},
    drivers::{
        CompileError,
        destination_rule::{self, Policy},
        words::spoken,
    },
    evidence::{self, Expected},
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::OutlierEject,
    doc: "Callers leave out pods that fail: outlier detection so sharp that a Service loses its pods one after the other.",
    example: "outlier-eject service/reviews --set errors=1",
    params: &[
        Param::optional("errors", ParamType::Whole { min: 1, max: 1000 }, "how many 5xx in a row take a pod out")
            .or("1"),
        Param::optional(
            "ejection",
            ParamType::Span { min: 1000, max: 3_600_000 },
            "how long a pod is out the first time; each time longer",
        )
        .or("30s"),
        Param::optional(
            "interval",
            ParamType::Span { min: 100, max: 600_000 },
            "how often it is looked who comes back",
        )
        .or("1s"),
        Param::optional(
            "most",
            ParamType::Whole { min: 1, max: 100 },
            "how many per cent of the pods may be out at once",
        )
        .or("100"),
    ],
    targets: destination_rule::TARGETS,
    scopes: &[],
    sees: &[Sees::DestinationRules],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[destination_rule::by(
        "outlierDetection in a DestinationRule of our own under a fuse, or in the one that holds",
        &[
            "no pod fails: outlier detection acts on failures alone, so add some (http-abort, container-kill)",
            "pods are left in the choice: `most` is below 100, or none was out long enough for all to be",
            "the callers have no sidecar, waypoint or gateway of the mesh",
        ],
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let deed = wanted.deed;
    let (errors, most) = (deed.whole("errors")?, deed.whole("most")?);
    let (out, interval) = (deed.span("ejection")?, deed.span("interval")?);
    let during = spoken(wanted.fault.duration);
    let row = if errors == 1 { "one failure".to_owned() } else { format!("{errors} failures in a row") };
    let title = |called: &str| format!("Take pods of {called} out after {row}, for {during}");
    let value = json!({
        "consecutive5xxErrors": errors,
        "interval": format!("{}s", interval.as_secs_f64()),
        "baseEjectionTime": format!("{}s", out.as_secs_f64()),
        "maxEjectionPercent": most,
        // With more the proxies would take everybody back in as soon as too few are left.
        "minHealthPercent": 0,
    });
    let mut plan = destination_rule::compile(wanted, &Policy { field: "outlierDetection", value, title: &title })?;
    plan.predicts
        .push(format!("a pod that answers with {row} (5xx) gets no request of that caller for {}", spoken(out)));
    plan.predicts.push(if most == 100 {
        "with all of them out, requests are answered with 503 at once (Envoy flag UH)".to_owned()
    } else {
        format!("at most {most} % are out at once, at least one; the others get their requests as well")
    });
    Ok(plan)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::answered(
        plan,
        "503s without a healthy pod".to_owned(),
        "response_code=\"503\", response_flags=~\".*UH.*\"",
    )
}
