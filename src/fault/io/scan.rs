//! Looks for what a crash left, at every start, and finishes it.

use super::{
    engine::{Engine, ended},
    outside::{Outside, view_of},
};
use crate::{
    cluster::api::WriteApi,
    fault::{injection::State, refusal::OrderError, view::InjectionView},
    journal::{entry::Cause, io::Drawer},
};

/// What a scan found and did.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct Scanned {
    /// Own orphans: their undo was begun at once (unless read-only).
    pub undone: Vec<InjectionView>,
    /// Others' open injections.
    pub foreign: Vec<InjectionView>,
    /// Own injections held by another living brink or its guardian.
    pub held: Vec<InjectionView>,
    /// Marks of finished injections that are back (a rollback of a Deployment brings its annotations back), `OBJECT`.
    pub stale_marks: Vec<String>,
    /// What could not be read, in words.
    pub warnings: Vec<String>,
}

impl<A: WriteApi + 'static> Engine<A> {
    /// Looks at disk and cluster. Own injections nobody holds are undone at once; the answer does not wait for it.
    pub async fn scan(&self) -> Result<Scanned, OrderError> {
        let mut scanned = Scanned::default();
        let (outside, unseen) = self.outside().await?;
        scanned.warnings = unseen.lost;
        scanned.warnings.extend(unseen.notes);
        for found in outside {
            match found {
                Outside::Own(_, _, view) if self.bench.place.readonly => scanned.undone.push(*view),
                Outside::Own(case, journal, view) => {
                    scanned.undone.push((*view).clone());
                    self.finish_own(*case, Some(journal), *view, Cause::Orphan);
                }
                Outside::Over(..) if self.bench.place.readonly => {}
                Outside::Over(case, journal, view) => self.close_over(*case, journal, *view),
                Outside::Held(view, _) => scanned.held.push(*view),
                Outside::Foreign(claims) => scanned.foreign.extend(claims.view()),
            }
        }
        let (stale, warnings) = self.stale_marks().await;
        scanned.stale_marks = stale.into_iter().map(|mark| mark.object).collect();
        scanned.warnings.extend(warnings);
        Ok(scanned)
    }

    /// Finishes what a crash left: with no id all own orphans; with one, that injection, which must be the reader's own or
    /// past its deadline (anyone may abort; recovering another's live fault is aborting it). Answers when ended or stuck.
    pub async fn recover(&self, id: Option<&str>) -> Result<Vec<InjectionView>, OrderError> {
        if self.bench.place.readonly {
            return Err(OrderError::ReadOnly);
        }
        let (outside, _) = self.outside().await?;
        if let Some(id) = id {
            let claims = outside.into_iter().find_map(|found| match found {
                Outside::Foreign(claims) if claims.id() == id => Some(claims),
                // Any other is let go of here: the end takes its journal.
                _ => None,
            });
            if let Some(claims) = claims
                && let Some(record) = self.true_one(claims).await
                && record.deadline().is_some_and(|deadline| deadline > self.bench.api.now())
            {
                let why = "its deadline is not over; `brink fault abort` stops it".to_owned();
                return Err(OrderError::NotYours { id: id.to_owned(), owner: record.arm.owner, why });
            }
            return self.end(id, Cause::Orphan).await.map(|view| vec![view]);
        }
        let mut waiting = Vec::new();
        for found in outside {
            let id = found.id().to_owned();
            match found {
                Outside::Own(case, journal, view) => self.finish_own(*case, Some(journal), *view, Cause::Orphan),
                Outside::Over(case, journal, view) => self.close_over(*case, journal, *view),
                Outside::Held(..) | Outside::Foreign(_) => continue,
            }
            waiting.extend(self.view(&id));
        }
        // What an earlier scan of this process has begun is waited for as well.
        let begun: Vec<_> = self.desk().kept.values().map(|kept| kept.view.clone()).collect();
        for view in begun {
            let undoing = matches!(view.borrow().state, State::Undoing | State::Verifying | State::Stuck);
            if undoing && !waiting.iter().any(|known| known.same_channel(&view)) {
                waiting.push(view);
            }
        }
        let mut views = Vec::new();
        for view in waiting {
            views.push(ended(view).await);
        }
        Ok(views)
    }

    /// Open injections in this cluster; with `all` also the ended ones of this machine's journal, newest first.
    pub async fn list(&self, all: bool) -> Result<Vec<InjectionView>, OrderError> {
        let mut views = self.kept();
        views.retain(|view| all || !view.ended());
        let (outside, _) = self.outside().await?;
        for found in outside {
            views.extend(match found {
                Outside::Own(_, _, view) | Outside::Held(view, _) => Some(*view),
                Outside::Over(_, _, view) => all.then_some(*view),
                Outside::Foreign(claims) => claims.view(),
            });
        }
        if all {
            let now = self.bench.api.now();
            for drawer in [Drawer::Kept, Drawer::Done] {
                for slot in self.bench.shelf.slots(drawer).unwrap_or_default() {
                    if views.iter().any(|view| view.injection == slot.id) {
                        continue;
                    }
                    if let Ok(digest) = self.bench.shelf.digest(&slot.path)
                        && let Some((arm, _)) = &digest.arm
                    {
                        views.push(view_of(arm, &digest, now));
                    }
                }
            }
        }
        views.sort_by_key(|view| std::cmp::Reverse(view.since));
        Ok(views)
    }

    /// The kubectl commands a person would type to finish a stuck undo by hand.
    pub async fn print(&self, id: &str) -> Result<Vec<String>, OrderError> {
        Ok(crate::fault::by_hand::commands(&self.case(id).await?.arm))
    }
}
