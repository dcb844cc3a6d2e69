//! Drivers: one file per system that can carry a fault out. Each turns an intent and a sight into a plan.
//!
//! A driver reads nothing and writes nothing: what it needs of the cluster is in the [`Sight`], what it wants changed is in
//! the [`Plan`]. It prefers to add an object of its own (rule R8), it names every pod it hits (rule R6), and it says what
//! stays behind. Whether the plan is allowed is the guard's business.

mod acts;
mod acts_on;
pub(super) mod agentgateway;
mod alive;
pub(super) mod chaos_mesh;
pub(super) mod chaos_mesh_http;
pub(super) mod dapr;
pub(super) mod destination_rule;
pub(super) mod direct_response;
pub(super) mod dns;
mod error;
pub(super) mod fault_injection;
pub(super) mod gateway_api;
pub(super) mod hit;
pub(super) mod http;
pub(super) mod istio;
mod istio_virtual_service;
pub(super) mod litmus;
pub(super) mod litmus_rights;
pub(super) mod manifest;
mod merge;
pub(super) mod model;
mod narrow;
pub(super) mod native;
pub(super) mod nodes;
pub(super) mod packets;
pub(super) mod peer_authentication;
pub(super) mod reach;
pub(super) mod readable;
mod rollout;
pub(super) mod route_patch;
pub(super) mod route_policy;
pub(super) mod rule_copies;
pub(super) mod template;
pub(super) mod words;

pub use error::CompileError;
pub use manifest::change;

use super::{
    catalogue::{self, Deed, DriverRow, Wanted, view::DriverState},
    class::Class,
    intent::{Driver, Fault},
    observe::Observe,
    plan::{Change, Plan, Reach, Step},
    ramp,
    sight::Sight,
};
use crate::cluster::warrant::Purpose;

/// Compiles an intent by the driver asked for, or else by the first that can. `id` becomes part of every name.
pub fn compile(fault: &Fault, sight: &Sight, id: &str) -> Result<Plan, CompileError> {
    let deed = catalogue::deed(fault).map_err(CompileError::Intent)?;
    if let Some((last, lower)) = fault.ramp.split_last() {
        return ramp::plan(fault, lower, *last, sight, id);
    }
    let rows = catalogue::row(fault.kind).drivers;
    let mut plan: Option<Plan> = None;
    let mut others = Vec::new();
    let mut refused: Vec<(Driver, CompileError)> = Vec::new();
    for row in rows {
        match attempt(row, fault, &deed, sight, id) {
            Ok(mut made) => {
                let wanted = fault.driver.is_none_or(|asked| asked == row.driver);
                if plan.is_none() && wanted {
                    why(&mut made, row, &refused, fault.driver.is_some());
                    plan = Some(made);
                } else {
                    others.push(row.driver);
                }
            }
            Err(error) => refused.push((row.driver, error)),
        }
    }
    match plan {
        Some(plan) => Ok(Plan { alternatives: others, ..plan }),
        None => Err(seen(failure(fault, refused), sight)),
    }
}

fn attempt(row: &DriverRow, fault: &Fault, deed: &Deed, sight: &Sight, id: &str) -> Result<Plan, CompileError> {
    let (state, why) = catalogue::view::state(row.driver, row.needs, sight);
    // Without istiod the preview asks; a chaos engine whose controller is dead is never given anything.
    let engine = Observe::of_driver(row.driver).is_some();
    if matches!(state, DriverState::Absent | DriverState::Forbidden) || engine && state == DriverState::Dead {
        return Err(CompileError::NotServed { driver: row.driver, state, why });
    }
    let mut plan = (row.compile)(&Wanted { fault, deed, sight, id })?;
    alive::check(&mut plan, sight)?;
    Ok(plan)
}

fn why(plan: &mut Plan, row: &DriverRow, refused: &[(Driver, CompileError)], asked: bool) {
    let mut text = row.how.to_owned();
    if asked {
        text.push_str(" (asked for)");
    }
    for (driver, error) in refused {
        text.push_str(&format!("; {} cannot: {error}", driver.word()));
    }
    plan.driver_why = text;
}

/// What may not be read is not the same as what is not there.
fn seen(error: CompileError, sight: &Sight) -> CompileError {
    if error.about_target() && !sight.unreadable.is_empty() {
        return CompileError::Unreadable {
            what: sight.unreadable.join(", "),
            why: "you may not read it, so the target cannot be resolved".to_owned(),
        };
    }
    error
}

/// The error to show: the asked-for driver's, or the first one's, which is the preferred driver's.
fn failure(fault: &Fault, mut refused: Vec<(Driver, CompileError)>) -> CompileError {
    let at = refused.iter().position(|(driver, _)| Some(*driver) == fault.driver).unwrap_or_default();
    // A target that is not there is the better news than an API that is not served.
    let at = refused
        .iter()
        .position(|(driver, error)| fault.driver.is_none_or(|asked| asked == *driver) && error.about_target())
        .unwrap_or(at);
    let telling =
        fault.driver.is_some() || refused.len() == 1 || refused.get(at).is_some_and(|(_, error)| error.about_target());
    if telling && at < refused.len() {
        return refused.swap_remove(at).1;
    }
    CompileError::NoDriver {
        kind: fault.kind,
        reasons: refused.into_iter().map(|(driver, error)| (driver, error.to_string())).collect(),
    }
}

/// A plan's frame; the driver fills in the rest.
pub(super) fn plan(fault: &Fault, driver: Driver, id: &str, title: String, steps: Vec<Step>, reach: Reach) -> Plan {
    let class = class(&steps);
    let mut fuses: Vec<String> = steps
        .iter()
        .filter(|step| matches!(step.change, Change::Create { fused: true, .. }))
        .filter_map(|step| step.object.namespace.clone())
        .collect();
    fuses.sort();
    fuses.dedup();
    let undo = words::undo(&steps);
    Plan {
        id: id.to_owned(),
        purpose: Purpose::Fault,
        fault: fault.clone(),
        driver,
        driver_why: String::new(),
        alternatives: Vec::new(),
        class,
        duration: fault.duration,
        lease: fault.lease,
        title,
        steps,
        fuses,
        reach,
        predicts: Vec::new(),
        doubts: Vec::new(),
        undo,
    }
}

/// The class of the weakest step, one-way steps aside.
fn class(steps: &[Step]) -> Class {
    let of = |step: &Step| match step.change {
        Change::Create { fused: true, .. } => Class::SelfExpiring,
        Change::Evict => Class::OneWay,
        Change::Create { fused: false, .. }
        | Change::Patch { .. }
        | Change::Delete
        | Change::Remove(_)
        | Change::Scale { .. } => Class::Guarded,
    };
    steps.iter().map(of).max().unwrap_or(Class::OneWay)
}
