//! Changes that are kept: which they are, and which of them have an undo.

use crate::{
    config::Role,
    fault::{injection::State, view::InjectionView},
    journal::entry::Op,
    panes::{Title, World},
};

/// It was to stay, whatever became of it.
pub fn is(view: &InjectionView) -> bool {
    view.class == "change"
}

/// Whether its undo can be looked at, or why there is none.
pub fn undo(view: &InjectionView) -> Result<(), String> {
    if !is(view) {
        return Err("a fault ends by itself, or with x: only what is kept has this undo".to_owned());
    }
    if view.ended() {
        return Err("it is undone already".to_owned());
    }
    if view.state == State::Stuck {
        return Err("its undo waits for your decision, in the lines below the list".to_owned());
    }
    if view.state != State::Active {
        return Err("it is still being written or undone: x stops it".to_owned());
    }
    if view.steps.iter().all(|step| step.op == Op::Evict) {
        return Err("an evicted pod does not come back: there is no undo".to_owned());
    }
    if view.steps.iter().all(|step| step.op == Op::Create && step.object.starts_with("batch/v1/Job ")) {
        return Err("what a job did cannot be taken back: there is no undo; deleting the Job ends it".to_owned());
    }
    Ok(())
}

/// How many there are.
pub fn title(world: &World) -> Title {
    let all = world.injections.values().filter(|view| is(view)).count();
    let kept = world.injections.values().filter(|view| is(view) && view.kept()).count();
    let words = vec![("changes".to_owned(), Role::Text), (format!("{kept} kept of {all}"), Role::TextDim)];
    Title { words, right: None }
}
