//! `pod-kill`: pods are evicted; their controllers make new ones.

use super::FaultKind;
use crate::fault::{
    aim,
    catalogue::{Deed, Judged, Param, ParamType, Row, Sees, TargetType, Wanted},
    class::Class,
    drivers::{
        CompileError, hit,
        litmus::{self, Experiment},
        native::{self, HowMany},
        words::counted,
    },
    evidence::{self, Expected},
    intent::Driver,
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::PodKill,
    doc: "Pods are evicted; their controllers make new ones.",
    example: "pod-kill deployment/reviews --set count=1",
    params: &[
        Param::optional("count", ParamType::Whole { min: 1, max: 1000 }, "how many pods").instead_of("percent"),
        Param::optional("percent", ParamType::Percent, "share of the pods, rounded down, at least one")
            .instead_of("count"),
        litmus::SERVICE_ACCOUNT,
    ],
    targets: &[
        TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod"]),
        TargetType::Service,
        TargetType::Selector,
    ],
    scopes: &[],
    sees: &[Sees::Litmus],
    judged: Judged::Pods,
    checks: None,
    drivers: &[
        native::by(Class::OneWay, "evictions, which respect disruption budgets", native::EVICT_SILENT, compile),
        litmus::by("a ChaosEngine of our own (pod-delete), which no disruption budget holds back", by_litmus),
    ],
    expects,
};

fn how_many(wanted: &Wanted<'_>) -> Result<HowMany, CompileError> {
    Ok(match wanted.deed.given_whole("count") {
        Some(count) => HowMany::Count(count),
        None => HowMany::Percent(wanted.deed.number("percent")?),
    })
}

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    native::kill(wanted.fault, wanted.sight, wanted.id, how_many(wanted)?)
}

fn by_litmus(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let hit = hit::choose(wanted, how_many(wanted)?)?;
    let unfit: Vec<String> = hit.pods.iter().filter_map(|pod| aim::unfit(pod, wanted.sight)).collect();
    if !unfit.is_empty() {
        return Err(CompileError::CannotExpress {
            what: format!("an experiment cannot leave pods alone: {}", unfit.join("; ")),
            fix: "aim at pods that a controller brings back, or take driver native".to_owned(),
        });
    }
    let mut predicts = vec!["their controllers start new pods at once".to_owned()];
    predicts.extend(native::budgets(&hit.pods, wanted.sight, "nobody asks it, all of them go"));
    predicts.push("pods are deleted, not evicted: no disruption budget is asked".to_owned());
    let experiment = Experiment {
        // One round: its interval is as long as all of its time.
        env: vec![("CHAOS_INTERVAL", "1".to_owned()), ("FORCE", "false".to_owned())],
        once: true,
        lost: true,
        predicts,
        residue: vec![format!("new pods in place of {}", counted(hit.pods.len(), "pod"))],
        ..Experiment::new("pod-delete", "Delete {}".to_owned())
    };
    litmus::compile(wanted, &hit, experiment)
}

fn expects(plan: &Plan, deed: &Deed) -> Expected {
    if plan.driver == Driver::Litmus { evidence::engine(plan, deed) } else { evidence::evicted(plan, deed) }
}
