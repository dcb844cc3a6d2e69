//! `timeout`: requests that take longer than a limit are given up by the caller's proxy.

use serde_json::{Map, Value, json};

use super::FaultKind;
use crate::{
    base::span,
    fault::{
        catalogue::{Deed, Judged, Param, ParamType, Row, Wanted},
        drivers::{
            CompileError, http,
            rule_copies::{self, Copies},
            words::spoken,
        },
        evidence::{self, Expected},
        plan::Plan,
    },
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::Timeout,
    doc: "Requests that take longer than a limit are given up by the caller's proxy.",
    example: "timeout service/reviews --set timeout=100ms",
    params: &[Param::needed(
        "timeout",
        ParamType::Span { min: 1, max: 600_000 },
        "how long a request may take, all its tries together",
    )],
    targets: http::TARGETS,
    scopes: http::SCOPES,
    sees: &[],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[rule_copies::by(
        "copies of the rules of the VirtualService with another timeout; a VirtualService of our own where none is",
        &["no request takes that long: a shorter timeout would show", rule_copies::NO_PROXY, rule_copies::EARLIER],
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let limit = wanted.deed.span("timeout")?;
    let held = |rule: &Map<String, Value>| rule.get("timeout").and_then(|held| span::parse(held.as_str()?).ok());
    let change = |rule: &Map<String, Value>| {
        // "0s" is no timeout at all (networking.istio.io/v1 HTTPRoute).
        if held(rule) == Some(limit) {
            return None;
        }
        let mut copy = rule.clone();
        copy.insert("timeout".to_owned(), json!(format!("{}s", limit.as_secs_f64())));
        Some(copy)
    };
    let during = spoken(wanted.fault.duration);
    let title = |called: &str| format!("Give up requests to {called} after {}, for {during}", spoken(limit));
    let instead = "choose a service whose VirtualService has http rules";
    let copied =
        rule_copies::compile(wanted, &Copies { title: &title, portion: 1.0, own: true, instead, change: &change })?;
    let mut plan = copied.plan;
    plan.predicts.push(format!(
        "requests to {} that take longer than {} are answered with 504 (Envoy flag UT); its pods work on to the end",
        copied.called,
        spoken(limit)
    ));
    plan.predicts.push("all tries of a request share it: what fails late is not tried again".to_owned());
    for (name, rule) in &copied.rules {
        match held(rule).filter(|held| !held.is_zero()) {
            Some(held) if held < limit => {
                plan.predicts.push(format!("{name} waits longer than it does now ({})", spoken(held)));
            }
            Some(held) => plan.predicts.push(format!("{name} waits {} now", spoken(held))),
            None => {}
        }
    }
    rule_copies::doubt_faulted(&mut plan, &copied.rules);
    Ok(plan)
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::answered(plan, "504s".to_owned(), "response_code=\"504\"")
}
