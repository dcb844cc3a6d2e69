//! Kept changes of this and earlier sessions, by the journals of this machine.

use super::{
    engine::Engine,
    outside::{Here, Placer, view_of},
    undoer::Case,
};
use crate::{
    cluster::api::WriteApi,
    fault::{arming, refusal::OrderError, view::InjectionView},
    journal::io::Drawer,
};

impl<A: WriteApi + 'static> Engine<A> {
    /// The changes of this cluster that are kept, newest first. What was undone is among the ended injections.
    pub async fn changes(&self) -> Result<Vec<InjectionView>, OrderError> {
        let bench = &self.bench;
        let mut placer = Placer::new(&*bench.api);
        let mut views: Vec<InjectionView> = Vec::new();
        for slot in bench.shelf.slots(Drawer::Kept).map_err(|error| disk(&error))? {
            // A damaged one hides no other.
            let Ok(digest) = bench.shelf.digest(&slot.path) else { continue };
            let Some((arm, _)) = &digest.arm else { continue };
            if matches!(placer.place(&arming::cluster(arm)).await, Here::Yes) {
                views.push(view_of(arm, &digest, bench.api.now()));
            }
        }
        views.sort_by_key(|view| std::cmp::Reverse(view.since));
        Ok(views)
    }

    /// What is known of a kept change; `None` when there is none of that id.
    pub(super) fn kept_case(&self, id: &str) -> Result<Option<Case>, OrderError> {
        let slots = self.bench.shelf.slots(Drawer::Kept).map_err(|error| disk(&error))?;
        let Some(slot) = slots.into_iter().find(|slot| slot.id == id) else { return Ok(None) };
        let digest = self.bench.shelf.digest(&slot.path).map_err(|error| disk(&error))?;
        Ok(digest.arm.clone().map(|(arm, _)| Case::of_journal(arm, &digest, None)))
    }
}

fn disk(error: &std::io::Error) -> OrderError {
    OrderError::Disk { what: "reading the journals".to_owned(), why: error.to_string() }
}
