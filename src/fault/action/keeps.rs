//! Changes that are kept: which they are, and which of them have an undo.

use crate::{
    fault::{arming::KEPT, injection::State, view::InjectionView},
    journal::entry::Op,
};

/// It was to stay, whatever became of it.
pub fn is(view: &InjectionView) -> bool {
    view.class == KEPT
}

/// Whether its undo can be looked at, or why there is none.
pub fn undo(view: &InjectionView) -> Result<(), String> {
    if !is(view) {
        return Err("a fault ends by itself, or by an abort: only what is kept has this undo".to_owned());
    }
    if view.ended() {
        return Err("it is undone already".to_owned());
    }
    if view.state == State::Stuck {
        return Err("its undo waits for a decision".to_owned());
    }
    if matches!(view.state, State::Undoing | State::Verifying) {
        return Err("it is being undone".to_owned());
    }
    if view.steps.iter().all(|step| step.op == Op::Evict) {
        return Err("no undo: an evicted pod does not come back".to_owned());
    }
    if view.steps.iter().all(|step| step.op == Op::Create && step.object.starts_with("batch/v1/Job ")) {
        return Err("no undo: what a job did cannot be taken back".to_owned());
    }
    Ok(())
}
