//! Nothing is given to a chaos engine whose controller is dead: it would be injected into silence, and a finalizer might hold
//! the undo.

use super::CompileError;
use crate::fault::{
    catalogue::view::DriverState,
    observe::Observe,
    plan::Plan,
    sight::{Controller, Sight},
};

/// Refuses what would be given to a dead engine, whoever asks; that one could not be looked for is said.
pub fn check(plan: &mut Plan, sight: &Sight) -> Result<(), CompileError> {
    let mut engines: Vec<Observe> = plan.steps.iter().filter_map(Observe::of_step).collect();
    engines.dedup();
    for engine in engines {
        match sight.controller(engine) {
            Controller::Alive => {}
            Controller::Absent => {
                return Err(CompileError::NotServed {
                    driver: engine.facts().driver,
                    state: DriverState::Dead,
                    why: engine.facts().absent(""),
                });
            }
            Controller::Unknown => plan.doubts.push(format!(
                "whether the {} of {} is alive could not be seen",
                engine.facts().part,
                engine.facts().word
            )),
        }
    }
    Ok(())
}
