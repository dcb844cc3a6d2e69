//! The engine of one link, and what is asked of it: plans are checked, orders carried out, failures told in the cockpit's words.

use std::{path::PathBuf, sync::Arc};

use tokio::sync::{OnceCell, mpsc};

use super::Pulse;
use crate::{
    base::sanitize,
    cluster::io::live::Live,
    fault::{
        approval::Approval,
        catalogue::view::kinds,
        checked::Checked,
        drivers::CompileError,
        file,
        intent::Fault,
        io::{
            acting,
            check::{self, CheckError},
            engine::Engine,
            fresh, sight,
        },
        policy::Policy,
        refusal::{ApplyError, OrderError, Reader},
        rules::Terms,
        traffic::Traffic,
        view::InjectionView,
    },
    journal::io::latch,
    mesh::io::{alerts, metrics::Metrics},
    msg::{Effect, Event, Failure},
    runtime::engine::{engine, terms},
};

/// The engine of one link, made by whoever needs it first.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) live: Live,
    pub(super) state_dir: PathBuf,
    pub(super) policy: Arc<Policy>,
    pub(super) readonly: bool,
    pub(super) metrics: Metrics,
    pub(super) pulse: Pulse,
    pub(super) made: Arc<OnceCell<Arc<Engine<Live>>>>,
    pub(super) views: mpsc::Sender<InjectionView>,
}

impl Desk {
    pub(super) async fn engine(&self) -> Arc<Engine<Live>> {
        let make = || async {
            let pulse = self.pulse.clone();
            let well = Arc::new(move || pulse.well());
            let views = self.views.clone();
            let terms = self.terms().await;
            Arc::new(engine(&self.live, &self.state_dir, &terms.policy, well, &self.metrics, views).await)
        };
        self.made.get_or_init(make).await.clone()
    }

    /// The terms of this moment: the cluster may hold everybody to more than it did before.
    async fn terms(&self) -> Terms {
        terms(&self.live, Policy::clone(&self.policy), self.readonly).await
    }

    /// What the metric source says, alerts of this moment included.
    async fn seen(&self, traffic: &Traffic, terms: &Terms) -> Traffic {
        let alerts = alerts::ask(&self.metrics, &terms.policy.alerts).await;
        Traffic { alerts, source: self.metrics.source().await.is_ok(), ..traffic.clone() }
    }
}

/// Does what is asked of the engine, and gives what it came to.
pub(super) async fn answer(desk: Desk, effect: Effect, events: &mpsc::Sender<Event>) -> Option<Event> {
    Some(match effect {
        Effect::Kinds(ticket, _) => {
            let seen = sight::survey(&desk.live).await;
            Event::Kinds(ticket, seen.map(|sight| kinds(&sight)).map_err(|error| uncompiled(&error)))
        }
        Effect::Check(ticket, fault, traffic) => Event::Checked(ticket, checked(&desk, &fault, &traffic, false).await),
        Effect::LookAct(ticket, action, object) => {
            let seen = acting::look(&desk.live, action, &object).await;
            let failed = |error: acting::CannotLook| Failure::new(safe(&error.what), safe(&error.fix));
            Event::ActSeen(ticket, seen.map(Box::new).map_err(failed))
        }
        Effect::CheckChange(ticket, fault, traffic) => {
            Event::Checked(ticket, checked(&desk, &fault, &traffic, true).await)
        }
        Effect::Apply(ticket, checked, approval, traffic) => {
            Event::Applied(ticket, Box::pin(apply(&desk, *checked, approval, &traffic)).await)
        }
        Effect::Abort(ticket, id) => {
            let ended = desk.engine().await.abort(&id).await;
            Event::Ordered(ticket, told(ended, events).await)
        }
        Effect::Extend(ticket, id, by) => {
            let extended = desk.engine().await.extend(&id, by).await;
            Event::Ordered(ticket, told(extended, events).await)
        }
        Effect::Decide(ticket, id, decision) => {
            let decided = desk.engine().await.decide(&id, decision).await;
            Event::Ordered(ticket, told(decided, events).await)
        }
        Effect::Foresee(ticket, id, decision) => {
            let seen = desk.engine().await.foresee(&id, decision).await;
            Event::Foreseen(ticket, seen.map(Box::new).map_err(|error| disobeyed(&error)))
        }
        Effect::Undo(ticket, shown) => {
            let engine = desk.engine().await;
            let done = match engine.foresee(&shown.injection, shown.decision).await {
                Ok(now) if now.same(&shown) => match shown.decision {
                    Some(decision) => engine.decide(&shown.injection, decision).await,
                    None => engine.abort(&shown.injection).await,
                },
                Ok(now) => return Some(Event::Foreseen(ticket, Ok(Box::new(now)))),
                Err(error) => Err(error),
            };
            Event::Ordered(ticket, told(done, events).await)
        }
        Effect::Print(ticket, id) => {
            let lines = desk.engine().await.print(&id).await.map_err(|error| disobeyed(&error));
            Event::Text(ticket, lines.map(|lines| lines.join("\n")))
        }
        Effect::StopAll(ticket, everyone) => {
            let stopped = desk.engine().await.stop_all(everyone).await.map_err(|error| disobeyed(&error));
            Event::Stopped(ticket, stopped)
        }
        Effect::Release(ticket, reason) => {
            let lifted = desk.engine().await.release(&reason).await.map_err(|error| disobeyed(&error));
            let by = latch::get(&desk.state_dir).map(|latch| sanitize::line(&latch.by).into_owned());
            let _ = events.send(Event::Latched(by)).await;
            Event::Ordered(ticket, lifted)
        }
        _ => return None,
    })
}

/// Tells the view an order came to, and whether it was obeyed.
async fn told(answer: Result<InjectionView, OrderError>, events: &mpsc::Sender<Event>) -> Result<(), Failure> {
    match answer {
        Ok(view) => {
            let _ = events.send(Event::Injection(Box::new(view))).await;
            Ok(())
        }
        Err(error) => Err(disobeyed(&error)),
    }
}

async fn checked(desk: &Desk, fault: &Fault, traffic: &Traffic, kept: bool) -> Result<Box<Checked>, Failure> {
    let id = fresh::id();
    let terms = desk.terms().await;
    let traffic = desk.seen(traffic, &terms).await;
    let checked = if kept {
        check::prepare_change(&desk.live, fault, &id, &terms, &traffic).await
    } else {
        check::prepare(&desk.live, fault, &id, &terms, &traffic).await
    };
    checked.map(Box::new).map_err(|error| unchecked(&error))
}

fn unchecked(error: &CheckError) -> Failure {
    match error {
        CheckError::Compile(error) => uncompiled(error),
        CheckError::Link { .. } => {
            Failure::new(safe(error), "check the connection with `brink doctor`, then try again")
        }
    }
}

fn uncompiled(error: &CompileError) -> Failure {
    let fix = match error {
        CompileError::Intent(_) => "change the field it names",
        CompileError::NoSuchTarget { .. } => "choose another target",
        CompileError::NothingMatches { .. } => "aim it at something that has pods",
        CompileError::CannotExpress { what, fix } => return Failure::new(safe(what), safe(fix)),
        CompileError::NotServed { .. } | CompileError::NoDriver { .. } => {
            "choose another driver or kind; `brink doctor` says what this cluster lacks"
        }
        CompileError::Unreadable { .. } => "ask for the right to read it; `brink doctor` shows what is missing",
    };
    Failure::new(safe(error), fix)
}

fn disobeyed(error: &OrderError) -> Failure {
    Failure::new(safe(error), error.fix(Reader::Cockpit))
}

fn safe(error: &impl ToString) -> String {
    sanitize::line(&error.to_string()).into_owned()
}

/// Looks once more, and applies only what a person saw.
async fn apply(desk: &Desk, checked: Checked, approval: Approval, traffic: &Traffic) -> Result<String, ApplyError> {
    let terms = desk.terms().await;
    let traffic = desk.seen(traffic, &terms).await;
    let now = check::still(&desk.live, &checked, &terms, &traffic).await?;
    let intent = file::value(&now.plan.fault);
    desk.engine().await.apply(now, approval, intent).await
}
