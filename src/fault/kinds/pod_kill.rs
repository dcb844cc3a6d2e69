//! `pod-kill`: pods are evicted; their controllers make new ones.

use super::FaultKind;
use crate::fault::{
    catalogue::{Judged, Param, ParamType, Row, TargetType, Wanted},
    class::Class,
    drivers::{
        CompileError,
        native::{self, HowMany},
    },
    evidence,
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
    ],
    targets: &[
        TargetType::Workload(&["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod"]),
        TargetType::Service,
        TargetType::Selector,
    ],
    scopes: &[],
    sees: &[],
    judged: Judged::Pods,
    checks: None,
    drivers: &[native::by(Class::OneWay, "evictions, which respect disruption budgets", native::EVICT_SILENT, compile)],
    expects: evidence::evicted,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let how_many = match wanted.deed.given_whole("count") {
        Some(count) => HowMany::Count(count),
        None => HowMany::Percent(wanted.deed.number("percent")?),
    };
    native::kill(wanted.fault, wanted.sight, wanted.id, how_many)
}
