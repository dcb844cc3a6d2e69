//! `dapr-resiliency`: the sidecars of Dapr give calls up early, try them again, or stop calling.

use serde_json::json;

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, ScopeType, Sees, Wanted, WrongIntent},
    class::Class,
    drivers::{
        CompileError,
        dapr::{self, Policies},
        hit,
        words::{counted, spoken},
    },
    evidence::{self, Expected},
    intent::Fault,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::DaprResiliency,
    doc: "Sidecars of Dapr give calls to an application up early, try them again, or stop calling after failures.",
    example: "dapr-resiliency service/data --set retries=10",
    params: &[
        Param::optional("timeout", ParamType::Span { min: 1, max: 600_000 }, "how long each try of a call may take"),
        Param::optional("retries", ParamType::Whole { min: 1, max: 100 }, "how often a failed call is tried again"),
        Param::optional("pause", ParamType::Span { min: 1, max: 60_000 }, "how long before it is tried again")
            .or("100ms"),
        Param::optional(
            "trip",
            ParamType::Whole { min: 1, max: 1000 },
            "after how many failures in a row nobody is called",
        ),
        Param::optional("open", ParamType::Span { min: 1000, max: 600_000 }, "for how long then nobody is called")
            .or("30s"),
    ],
    targets: hit::TARGETS,
    scopes: &[ScopeType::From],
    sees: &[Sees::Dapr],
    judged: Judged::Traffic,
    checks: Some(checks),
    drivers: &[dapr::by(
        Class::SelfExpiring,
        "Resiliency",
        "policies in a Resiliency of our own under a fuse, or in the one that holds",
        compile,
    )],
    expects,
};

fn checks(_: &Fault, deed: &Deed) -> Vec<WrongIntent> {
    let some = deed.given_whole("retries").is_some() || deed.given_whole("trip").is_some();
    if some || deed.given_text("timeout").is_some() {
        return Vec::new();
    }
    vec![WrongIntent::new("params", "no policy is given", "give `timeout`, `retries` or `trip`")]
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let deed = wanted.deed;
    let app = dapr::app(wanted)?;
    let id = &app.id;
    let (mut policies, mut does, mut predicts) = (Vec::new(), Vec::new(), Vec::new());
    if deed.given_text("timeout").is_some() {
        let limit = deed.span("timeout")?;
        policies.push((("timeouts", "timeout"), json!(format!("{}ms", limit.as_millis()))));
        does.push(format!("given up after {}", spoken(limit)));
        predicts.push(format!("tries that take longer than {} fail; {id} works on to the end", spoken(limit)));
    }
    if let Some(retries) = deed.given_whole("retries") {
        let pause = deed.span("pause")?;
        let policy =
            json!({"policy": "constant", "duration": format!("{}ms", pause.as_millis()), "maxRetries": retries});
        policies.push((("retries", "retry"), policy));
        does.push(format!("tried again up to {}", counted(usize::try_from(retries).unwrap_or(usize::MAX), "time")));
        predicts.push(format!("each failed call comes to {id} up to {} times", u64::from(retries) + 1));
        predicts.push("retries of a mesh come on top: they multiply".to_owned());
    }
    if let Some(trip) = deed.given_whole("trip") {
        let open = deed.span("open")?;
        let policy = json!({"maxRequests": 1, "timeout": format!("{}ms", open.as_millis()), "trip": format!("consecutiveFailures >= {trip}")});
        policies.push((("circuitBreakers", "circuitBreaker"), policy));
        does.push(format!(
            "not made for {} after {}",
            spoken(open),
            counted(usize::try_from(trip).unwrap_or(usize::MAX), "failure")
        ));
        predicts.push(format!("while it is open, calls to {id} fail at once and do not arrive"));
    }
    let title = format!("Have Dapr's calls to {id} {}, for {}", does.join(", "), spoken(wanted.fault.duration));
    dapr::resiliency(wanted, &app, Policies { by_kind: policies, title, predicts })
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::dapr_acts(plan)
}
