//! `bad-probe`: a probe of a container asks where nobody answers.

use serde_json::{Value, json};

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Wanted},
    drivers::{
        CompileError,
        template::{self, Template},
        words::spoken,
    },
    evidence::{self, Expected},
    plan::Plan,
    sign::Sign,
};

/// A port on which no application listens (tcpmux, long out of use).
const NOBODY: u16 = 1;

pub(super) const ROW: Row = Row {
    kind: FaultKind::BadProbe,
    doc: "A probe of new pods fails: they never become ready, or are restarted again and again.",
    example: "bad-probe deployment/reviews --set probe=readiness",
    params: &[
        Param::optional("probe", ParamType::Choice(&["readiness", "liveness"]), "which probe fails").or("readiness"),
        template::CONTAINER,
    ],
    targets: template::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Pods,
    checks: None,
    drivers: &[template::by_patch("a probe of a port nobody listens on, in the pod template", compile)],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let template = Template::of(wanted)?;
    let which = wanted.deed.text("probe")?;
    let field = format!("{which}Probe");
    // Spans and thresholds stay; of the ways to ask, a probe has exactly one (core/v1 Probe).
    let mut probe = json!({"tcpSocket": {"port": NOBODY, "host": null}});
    for other in ["exec", "httpGet", "grpc"] {
        probe[other] = Value::Null;
    }
    let mut fields = json!({});
    fields[field.as_str()] = probe;
    let span = spoken(wanted.fault.duration);
    let title = format!("Let the {which} probe of {} fail for {span}", template.called());
    let mut plan = template.change(wanted, fields, title)?;
    if which == "readiness" {
        plan.predicts
            .push(format!("new pods never become ready: port {NOBODY} of {} is asked", template.container_name()));
        template::stalls(&mut plan);
    } else {
        plan.predicts.push(
            "new pods start, are killed when the probe has failed often enough, and end in CrashLoopBackOff".to_owned(),
        );
        plan.predicts.push("they count as ready in between, so the rollout goes through all pods".to_owned());
        // Not a few at a time: every pod comes to have the probe.
        template.all_lost(wanted, &mut plan);
    }
    Ok(plan)
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    match deed.text("probe") {
        Ok("liveness") => evidence::sign(plan, Sign::rolled_out),
        _ => evidence::sign(plan, Sign::unready),
    }
}
