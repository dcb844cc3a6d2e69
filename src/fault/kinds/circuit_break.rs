//! `circuit-break`: callers may have few requests under way; what is more fails at once.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Sees, Wanted},
    drivers::{
        CompileError,
        destination_rule::{self, Policy},
        words::{counted, spoken},
    },
    evidence::{self, Expected},
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::CircuitBreak,
    doc: "Callers may have only so many requests under way; what is more fails at once.",
    example: "circuit-break service/reviews --set requests=1",
    params: &[
        Param::optional(
            "requests",
            ParamType::Whole { min: 1, max: 100_000 },
            "how many requests, or connections of HTTP/1, each caller's proxy may have under way",
        )
        .or("1"),
        Param::optional(
            "waiting",
            ParamType::Whole { min: 1, max: 100_000 },
            "how many more may wait for a connection",
        )
        .or("1"),
    ],
    targets: destination_rule::TARGETS,
    scopes: &[],
    sees: &[Sees::DestinationRules],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[destination_rule::by(
        "connectionPool in a DestinationRule of our own under a fuse, or in the one that holds",
        &[
            "no caller has so many requests under way: fewer, slower answers (http-delay) or more callers' load would show it",
            "the callers have no sidecar, waypoint or gateway of the mesh",
        ],
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let (requests, waiting) = (wanted.deed.whole("requests")?, wanted.deed.whole("waiting")?);
    let during = spoken(wanted.fault.duration);
    let some = counted(usize::try_from(requests).unwrap_or(usize::MAX), "request");
    let title = |called: &str| format!("Let each caller have {some} to {called} under way, for {during}");
    // Zero would mean no limit at all, so none of them is ever written.
    let value = json!({
        "tcp": {"maxConnections": requests},
        "http": {"http1MaxPendingRequests": waiting, "http2MaxRequests": requests},
    });
    let mut plan = destination_rule::compile(wanted, &Policy { field: "connectionPool", value, title: &title })?;
    plan.predicts.push("what is more is answered with 503 at once (Envoy flag UO), and no pod sees it".to_owned());
    plan.predicts.push("each caller's proxy counts for itself: more pods that call have more under way".to_owned());
    Ok(plan)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::answered(plan, "503s beyond the limit".to_owned(), "response_code=\"503\", response_flags=~\".*UO.*\"")
}
