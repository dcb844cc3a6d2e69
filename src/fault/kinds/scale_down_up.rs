//! `scale-down-up`: a workload is scaled away and comes back by the undo, after a hold.

use super::FaultKind;
use crate::{
    base::span,
    fault::{
        catalogue::{Deed, Judged, Param, ParamType, Row, TargetType, Wanted, WrongIntent},
        class::Class,
        drivers::{CompileError, native, words::spoken},
        evidence,
        intent::Fault,
        plan::{Change, Plan},
    },
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::ScaleDownUp,
    doc: "A workload is scaled away and comes back after a hold: endpoints drain, errors rise, and the recovery is seen.",
    example: "scale-down-up deployment/ratings --set after=30s",
    params: &[
        Param::optional("replicas", ParamType::Whole { min: 0, max: 1000 }, "how many stay meanwhile").or("0"),
        Param::optional(
            "after",
            ParamType::Span { min: 1_000, max: 3_600_000 },
            "how long until it is scaled back; the duration when absent",
        ),
    ],
    targets: &[TargetType::Workload(&["Deployment", "StatefulSet", "ReplicaSet"])],
    scopes: &[],
    sees: &[],
    judged: Judged::Pods,
    checks: Some(checks),
    drivers: &[native::by(
        Class::Guarded,
        "another number in spec.replicas, and the old one by the undo",
        native::SCALE_SILENT,
        compile,
    )],
    expects: evidence::scaled,
};

fn checks(fault: &Fault, deed: &Deed) -> Vec<WrongIntent> {
    match deed.span("after") {
        Ok(after) if after > fault.lease => vec![WrongIntent::new(
            "params.after",
            format!("{} is longer than the lease {}", span::format(after), span::format(fault.lease)),
            format!("the nearest is `{}`, or give a longer lease", span::format(fault.lease)),
        )],
        _ => Vec::new(),
    }
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let hold = wanted.deed.span("after").unwrap_or(wanted.fault.duration);
    let fault = Fault { duration: hold, ..wanted.fault.clone() };
    let to = wanted.deed.whole("replicas")?;
    let mut plan = native::scale(&fault, wanted.sight, wanted.id, to)?;
    let Some(Change::Scale { from, to }) = plan.steps.first().map(|step| step.change.clone()) else {
        return Ok(plan);
    };
    if to > from {
        return Err(CompileError::CannotExpress {
            what: format!("{to} replicas are more than the {from} it has: that is no way down"),
            fix: format!("choose a number below {from}, or use scale"),
        });
    }
    // The intent stays as it was written; the hold is what ends the plan.
    plan.fault = wanted.fault.clone();
    plan.predicts.push(format!("after {} the undo scales it back to {from}, and new pods start", spoken(hold)));
    Ok(plan)
}
