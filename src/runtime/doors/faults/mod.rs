//! Faults: plans are checked, orders go to the engine, and what it does is told. Records of others are watched.
//!
//! The engine is made once per link, by the first task that needs it; whatever is asked before it stands waits for it. When
//! the cockpit leaves, the engine is dropped: its guardian finds the socket closed and undoes what is live.

mod desk;
mod given;
mod pulse;
mod records;

use std::sync::Arc;

use tokio::sync::mpsc;

use super::Keeper;
use crate::{
    base::{Ticket, sanitize},
    fault::{
        refusal::{ApplyError, Reader},
        view::InjectionView,
    },
    journal::io::latch,
    msg::{Effect, Event, Failure},
};
use desk::{Desk, answer};
pub use pulse::Pulse;

/// Views are told faster than a screen draws them.
const VIEWS: usize = 64;
/// Ended injections that are shown from the journal.
const HISTORY: usize = 50;

/// What the doors hold of faults.
#[derive(Default)]
pub struct Faults {
    desk: Option<Desk>,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faults").field("open", &self.desk.is_some()).finish()
    }
}

impl Keeper {
    pub(super) async fn fault_effect(&mut self, effect: Effect) {
        let effect = match effect {
            Effect::ReadFile(ticket, path) => {
                let events = self.events.clone();
                self.spawn(ticket, async move {
                    let _ = events.send(Event::Text(ticket, given::read_file(&path).await)).await;
                });
                return;
            }
            Effect::WatchFaults(ticket) => {
                self.tell_latch().await;
                self.watch_faults(ticket);
                return;
            }
            other => other,
        };
        let Some(desk) = self.faults.desk.clone() else {
            self.refuse_unlinked(effect).await;
            return;
        };
        let Some(ticket) = ticket(&effect) else { return };
        let events = self.events.clone();
        self.spawn(ticket, async move {
            // On the heap: checking and applying hold a whole plan, and a task is as large as its largest part.
            if let Some(event) = Box::pin(answer(desk, effect, &events)).await {
                let _ = events.send(event).await;
            }
        });
    }

    /// Lets go of the engine: its guardian sees the socket close and undoes what is live.
    pub(super) async fn close_faults(&mut self) {
        if let Some(engine) = self.faults.desk.take().and_then(|desk| desk.made.get().cloned()) {
            engine.written().await;
        }
        // The engine's tasks end at their next await; they must have let go of the journals before anybody else looks.
        tokio::task::yield_now().await;
    }

    async fn tell_latch(&self) {
        let by = latch::get(&self.plan.state_dir).map(|latch| sanitize::line(&latch.by).into_owned());
        self.tell(Event::Latched(by)).await;
    }

    fn watch_faults(&mut self, ticket: Ticket) {
        let Some(live) = self.live.clone() else { return };
        self.watch_inbox(ticket);
        let (tell, mut views) = mpsc::channel(VIEWS);
        let link = live.link().clone();
        let desk = Desk {
            live,
            state_dir: self.plan.state_dir.clone(),
            policy: Arc::new(self.policy(&link)),
            readonly: self.plan.readonly,
            metrics: self.metrics.clone(),
            pulse: self.plan.pulse.clone(),
            made: Arc::default(),
            views: tell,
        };
        self.faults.desk = Some(desk.clone());
        let events = self.events.clone();
        self.spawn(ticket, async move {
            while let Some(view) = views.recv().await {
                if events.send(Event::Injection(Box::new(view))).await.is_err() {
                    return;
                }
            }
        });
        let events = self.events.clone();
        self.spawn_after_rows(ticket, async move {
            let engine = desk.engine().await;
            match engine.scan().await {
                Ok(scanned) => {
                    let _ = events.send(Event::Scanned(Box::new(scanned))).await;
                }
                Err(error) => {
                    let failure = Failure::new(
                        format!("what a crash left could not be looked for: {error}"),
                        error.fix(Reader::Cockpit),
                    );
                    let _ = events.send(Event::Notice(failure)).await;
                }
            }
            if let Ok(views) = engine.changes().await {
                for view in views.into_iter().take(HISTORY) {
                    let _ = events.send(Event::Injection(Box::new(view))).await;
                }
            }
            if let Ok(views) = engine.list(true).await {
                for view in views.into_iter().filter(InjectionView::ended).take(HISTORY) {
                    let _ = events.send(Event::Injection(Box::new(view))).await;
                }
            }
        });
        let (events, desk) = (self.events.clone(), self.faults.desk.clone());
        self.spawn_after_rows(ticket, async move {
            if let Some(desk) = desk {
                records::watch_records(ticket, link, desk, events).await;
            }
        });
    }

    /// Without a link nothing can be asked; the emergency stop still latches.
    async fn refuse_unlinked(&mut self, effect: Effect) {
        let nothing =
            || Failure::new("there is no cluster to ask", "choose a context with :ctx, or wait until it answers");
        let event = match effect {
            Effect::Kinds(ticket, _) => Event::Kinds(ticket, Err(nothing())),
            Effect::LookAct(ticket, ..) => Event::ActSeen(ticket, Err(nothing())),
            Effect::Check(ticket, ..) | Effect::CheckChange(ticket, ..) => Event::Checked(ticket, Err(nothing())),
            Effect::Print(ticket, _) => Event::Text(ticket, Err(nothing())),
            Effect::Foresee(ticket, ..) => Event::Foreseen(ticket, Err(nothing())),
            Effect::Apply(ticket, ..) => {
                let error =
                    ApplyError::Link { what: "applying".to_owned(), why: "there is no cluster to ask".to_owned() };
                Event::Applied(ticket, Err(error))
            }
            Effect::Abort(ticket, _)
            | Effect::Extend(ticket, ..)
            | Effect::Decide(ticket, ..)
            | Effect::Undo(ticket, _) => Event::Ordered(ticket, Err(nothing())),
            Effect::StopAll(ticket, _) => {
                let set = latch::set(
                    &self.plan.state_dir,
                    &latch::Latch { at: self.plan.clock.now(), by: crate::runtime::engine::host() },
                );
                self.tell_latch().await;
                let what = match set {
                    Ok(()) => "no new fault is allowed, but there is no cluster to ask".to_owned(),
                    Err(error) => format!("the stop could not be latched: {error}; and there is no cluster to ask"),
                };
                Event::Stopped(
                    ticket,
                    Err(Failure::new(what, "`brink abort --all` undoes in every cluster the journal knows")),
                )
            }
            Effect::Release(ticket, _) => {
                let lifted = latch::lift(&self.plan.state_dir);
                self.tell_latch().await;
                let failed = |error: std::io::Error| {
                    Failure::new(
                        format!("the latch could not be lifted: {error}"),
                        "remove the file `stop` of the state directory",
                    )
                };
                Event::Ordered(ticket, lifted.map_err(failed))
            }
            _ => return,
        };
        self.tell(event).await;
    }
}

fn ticket(effect: &Effect) -> Option<Ticket> {
    match effect {
        Effect::Kinds(ticket, _)
        | Effect::Check(ticket, ..)
        | Effect::CheckChange(ticket, ..)
        | Effect::LookAct(ticket, ..)
        | Effect::Apply(ticket, ..)
        | Effect::Abort(ticket, _)
        | Effect::Extend(ticket, ..)
        | Effect::Decide(ticket, ..)
        | Effect::Foresee(ticket, ..)
        | Effect::Undo(ticket, _)
        | Effect::Print(ticket, _)
        | Effect::StopAll(ticket, _)
        | Effect::Release(ticket, _) => Some(*ticket),
        _ => None,
    }
}
