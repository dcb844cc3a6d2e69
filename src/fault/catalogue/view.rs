//! The machine output of `fault kinds`.

use serde::Serialize;
use serde_json::Value;

use super::{DriverRow, Param, Row, row};
use crate::fault::{
    intent::{Driver, FaultKind, Target},
    observe::Observe,
    sight::{Controller, Sight},
};

/// `fault kinds -o json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindsView {
    /// All kinds.
    pub kinds: Vec<KindView>,
}

/// One kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct KindView {
    /// Its name.
    pub kind: &'static str,
    /// What it does.
    pub doc: &'static str,
    /// Its parameters.
    pub params: Vec<ParamView>,
    /// What it can be aimed at, as written on the command line.
    pub targets: Vec<String>,
    /// Its drivers, preferred first.
    pub drivers: Vec<DriverView>,
}

/// One parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ParamView {
    /// Its name.
    pub name: &'static str,
    /// `duration`, `number`, `integer`, `boolean`, `string`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// `%` or empty.
    pub unit: &'static str,
    /// The value when absent.
    pub default: Option<Value>,
    /// Whether it must be given.
    pub required: bool,
    /// What it means.
    pub doc: &'static str,
    /// What may be given.
    pub range: String,
}

/// One driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DriverView {
    /// Its name.
    pub driver: &'static str,
    /// Its usual class.
    pub class: &'static str,
    /// Whether it works on this cluster.
    pub state: DriverState,
    /// Why.
    pub why: String,
}

/// Whether a driver works on this cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DriverState {
    /// It does.
    Ok,
    /// Its API is not served.
    Absent,
    /// Its API is served, but nobody acts on it.
    Dead,
    /// Its API could not be asked about.
    Forbidden,
}

impl ParamView {
    fn of(param: &Param) -> Self {
        let default = param.default.and_then(|text| param.read(&Value::String(text.to_owned())).ok());
        Self {
            name: param.name,
            kind: param.kind.word(),
            unit: param.kind.unit(),
            default,
            required: param.required,
            doc: param.doc,
            range: param.kind.range(),
        }
    }
}

impl KindsView {
    /// Whether a driver that works here takes this target for a fault of this kind.
    pub fn carries(&self, kind: FaultKind, target: &Target) -> bool {
        let here = |driver: &DriverRow| {
            let views = self.kinds.iter().find(|view| view.kind == kind.word()).map_or(&[][..], |view| &view.drivers);
            views.iter().any(|view| view.driver == driver.driver.word() && view.state == DriverState::Ok)
        };
        row(kind).drivers.iter().any(|driver| driver.fits(target) && here(driver))
    }
}

/// The catalogue, met with what the cluster serves.
pub fn kinds(sight: &Sight) -> KindsView {
    KindsView { kinds: FaultKind::ALL.iter().map(|kind| of(row(*kind), sight)).collect() }
}

fn of(row: &Row, sight: &Sight) -> KindView {
    KindView {
        kind: row.kind.word(),
        doc: row.doc,
        params: row.params.iter().map(ParamView::of).collect(),
        targets: row.targets.iter().map(|target| target.example()).collect(),
        drivers: row
            .drivers
            .iter()
            .map(|driver| {
                let (state, why) = state(driver.driver, driver.needs, sight);
                DriverView {
                    driver: driver.driver.word(),
                    class: driver.class.word(),
                    state,
                    why: if why.is_empty() { driver.how.to_owned() } else { why },
                }
            })
            .collect(),
    }
}

/// Whether a driver works here; the reason is empty when all is well.
pub fn state(driver: Driver, (group, kind): (&str, &str), sight: &Sight) -> (DriverState, String) {
    if kind.is_empty() {
        return (DriverState::Ok, String::new());
    }
    if sight.serves(group, kind).is_none() {
        if sight.unasked.iter().any(|asked| asked == group) {
            return (DriverState::Forbidden, format!("could not ask whether {group} is served"));
        }
        return (DriverState::Absent, format!("the API server does not serve {kind} of {group}"));
    }
    if let Some(engine) = Observe::of_driver(driver) {
        return match sight.controller(engine) {
            Controller::Absent => {
                (DriverState::Dead, engine.facts().absent(&format!(" ({})", engine.facts().known_by())))
            }
            Controller::Alive | Controller::Unknown => (DriverState::Ok, String::new()),
        };
    }
    match (driver, sight.istiod) {
        (Driver::Istio | Driver::IstioVirtualService, Controller::Absent) => {
            (DriverState::Dead, "no istiod seen: nothing may act on this".to_owned())
        }
        _ => (DriverState::Ok, String::new()),
    }
}
