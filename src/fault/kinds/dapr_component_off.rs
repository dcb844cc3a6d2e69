//! `dapr-component-off`: an application loses a component of Dapr: a state store, a broker, a binding.

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Sees, Wanted},
    class::Class,
    drivers::{CompileError, dapr, hit, words::spoken},
    evidence::{self, Expected},
    plan::Plan,
};

pub(super) const ROW: Row = Row {
    kind: FaultKind::DaprComponentOff,
    doc: "An application loses a component of Dapr: a state store, a broker, a binding.",
    example: "dapr-component-off service/data --set component=statestore",
    params: &[Param::needed("component", ParamType::Name, "which Component of the namespace")],
    targets: hit::TARGETS,
    scopes: &[],
    sees: &[Sees::Dapr],
    judged: Judged::Traffic,
    checks: None,
    drivers: &[dapr::by(
        Class::Guarded,
        "Component",
        "the application taken from the scopes of the Component",
        compile,
    )],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let component = wanted.deed.text("component")?;
    let during = spoken(wanted.fault.duration);
    dapr::without(wanted, component, &|id| format!("Take component {component} from {id} for {during}"))
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    // What a sidecar answers itself no mesh sees: the application's own errors are.
    evidence::answered(plan, "500s of the application".to_owned(), "response_code=~\"5..\"")
}
