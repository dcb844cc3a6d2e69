//! The engine: applies checked plans, keeps each injection until it has ended, takes orders.
//!
//! One task per open injection owns its journal and its state; everything that is asked of it comes as an order over a
//! channel, and what is seen of it is a view that is always the latest. Dropping the engine is what a crash is to it: the
//! tasks end where they stand, and the guardian or the next start finishes their work from disk and cluster.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
};

use super::{
    keeper::Bench,
    orders::{Giver, Order, orders},
    sentry::{Pulse, Raise, Sentry},
    watching::{self, Meter},
};
use crate::{
    cluster::{api::WriteApi, warrant::Purpose},
    fault::{
        approval::Approval,
        arming::{self, Armer},
        blackout::{self, Blackout},
        checked::Checked,
        guard::{self, NoWarrant},
        injection::State,
        refusal::{ApplyError, OrderError},
        undo::Decision,
        view::InjectionView,
    },
    journal::{
        entry::{Access, Cause},
        io::Shelf,
    },
};

/// What an engine must know about its place.
#[derive(Debug, Clone)]
pub struct Place {
    /// The state directory (`…/brink`).
    pub state_dir: PathBuf,
    /// How to reach the cluster again, by the guardian or a later brink.
    pub access: Access,
    /// The user as the cluster knows it (`SelfSubjectReview`).
    pub user: String,
    /// `pid@host`.
    pub host: String,
    /// Only look.
    pub readonly: bool,
    /// The policy's `home` namespace.
    pub home: Option<String>,
    /// Open injections allowed in the whole cluster.
    pub max_concurrent: u32,
    /// Longest lease, also after extensions.
    pub max_lease: Duration,
    /// Windows that no lease may reach into, nor an extended one.
    pub blackouts: Vec<Blackout>,
    /// Where rights for cluster records are missing, the local journal may stand alone.
    pub record_local: bool,
    /// `--yes` counts in production.
    pub yes_in_production: bool,
}

/// The task that works on an injection, as others reach it.
pub(super) struct Kept {
    pub(super) orders: Giver,
    pub(super) view: watch::Receiver<InjectionView>,
}

impl Kept {
    /// Its task runs, or has brought it to its end. A change that is kept has neither: its journal tells the rest.
    fn works(&self) -> bool {
        !self.orders.is_closed() || self.view.borrow().ended()
    }
}

/// What the engine remembers between calls.
#[derive(Default)]
pub(super) struct Desk {
    pub(super) kept: BTreeMap<String, Kept>,
    spent: BTreeSet<String>,
    tasks: JoinSet<()>,
}

impl Desk {
    /// The task that works on an injection.
    fn worked_on(&self, id: &str) -> Option<&Kept> {
        self.kept.get(id).filter(|kept| kept.works())
    }
}

/// See the module docs.
pub struct Engine<A: WriteApi> {
    pub(super) bench: Bench<A>,
    pub(super) desk: Arc<Mutex<Desk>>,
    views: mpsc::Sender<InjectionView>,
}

impl<A: WriteApi> std::fmt::Debug for Engine<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("place", &self.bench.place).finish_non_exhaustive()
    }
}

impl<A: WriteApi + 'static> Engine<A> {
    /// An engine on one cluster. Must be made inside a tokio runtime. Without `raise` nothing can be armed. `pulse` tells
    /// whether the cockpit is well; `views` hears every change of every injection, the latest when it cannot keep up.
    pub fn new(
        api: Arc<A>,
        place: Place,
        shelf: Shelf,
        raise: Option<Raise>,
        pulse: Pulse,
        views: mpsc::Sender<InjectionView>,
    ) -> Self {
        let mut desk = Desk::default();
        let sentry = raise.map(|raise| {
            let (sentry, keep) = Sentry::new(raise, pulse);
            desk.tasks.spawn(keep);
            sentry
        });
        let bench = Bench { api, place: Arc::new(place), shelf, sentry, meter: None };
        Self { bench, desk: Arc::new(Mutex::new(desk)), views }
    }

    /// The same with a metric source: without one no abort condition can be watched.
    #[must_use]
    pub fn metered(mut self, meter: Option<Arc<dyn Meter>>) -> Self {
        self.bench.meter = meter;
        self
    }

    pub(super) fn desk(&self) -> std::sync::MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies exactly what was previewed. Answers when it is active (or, for a kept change, done), with its id; on an
    /// error nothing stays applied. `intent` is the Fault file as JSON, kept in the journal for `fault export`.
    pub async fn apply(
        &self,
        checked: Checked,
        approval: Approval,
        intent: serde_json::Value,
    ) -> Result<String, ApplyError> {
        let (bench, place) = (&self.bench, &self.bench.place);
        let warrant = guard::permit(&checked, &approval, place.readonly, place.yes_in_production, bench.api.now())?;
        // Spent before the first await: a second key press finds it gone.
        if !self.desk().spent.insert(format!("{}/{}", checked.plan.id, checked.token)) {
            return Err(ApplyError::Spent);
        }
        let armer = Armer {
            user: place.user.clone(),
            host: place.host.clone(),
            access: place.access.clone(),
            server: bench.api.server().to_owned(),
            home: place.home.clone(),
        };
        let arm =
            arming::arm(&checked, &approval, &armer, intent).map_err(|unfit| ApplyError::Unfit(unfit.to_string()))?;
        super::premises::latched(&*bench.api, place).await?;
        bench.unmoved(&checked).await?;
        let before = watching::before(&*bench.api, bench.meter.as_deref(), &checked.plan).await?;
        let mut armed = bench.open_journal(&arm).await?;
        armed.before = before;
        let (orders, taken) = orders();
        let (started, start) = oneshot::channel();
        let view = armed.view.clone();
        let bench = bench.clone();
        let id = arm.id.clone();
        match checked.plan.purpose {
            Purpose::Change => {
                self.run(id, orders, view, bench.change(armed, warrant, checked, arm, taken, started));
            }
            Purpose::Fault | Purpose::Undo => {
                self.run(id, orders, view, bench.keep(armed, warrant, checked, arm, taken, started));
            }
        }
        start.await.unwrap_or_else(|_| Err(ApplyError::Stopped("the engine ended".to_owned())))
    }

    /// Runs a keeper, makes it reachable by id, and forwards its views.
    pub(super) fn run(
        &self,
        id: String,
        orders: Giver,
        view: watch::Receiver<InjectionView>,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        let (mut seen, views) = (view.clone(), self.views.clone());
        let mut desk = self.desk();
        while desk.tasks.try_join_next().is_some() {}
        desk.kept.insert(id, Kept { orders, view });
        desk.tasks.spawn(task);
        desk.tasks.spawn(async move {
            loop {
                let now = seen.borrow_and_update().clone();
                // Nobody listens any more: the injection is kept all the same.
                if views.send(now).await.is_err() || seen.changed().await.is_err() {
                    return;
                }
            }
        });
    }

    /// Has the task that works on an injection end it; `None` when there is none here.
    pub(super) fn tell_end(&self, id: &str, cause: Cause) -> Option<watch::Receiver<InjectionView>> {
        let desk = self.desk();
        let kept = desk.worked_on(id)?;
        kept.orders.end(cause);
        // An undo that waits for its next try tries now; one that has orders enough does so anyway.
        kept.orders.give(Order::Now);
        Some(kept.view.clone())
    }

    /// Gives an order to the task that works on an injection, and whether it was taken.
    fn order(&self, id: &str, order: Order) -> bool {
        self.desk().worked_on(id).is_some_and(|kept| kept.orders.give(order))
    }

    /// The view of what works on an injection here.
    pub(super) fn view(&self, id: &str) -> Option<watch::Receiver<InjectionView>> {
        self.desk().worked_on(id).map(|kept| kept.view.clone())
    }

    /// Undoes an injection, own or foreign, and answers when it has ended or is stuck. Nothing is asked: whoever may write
    /// the objects may end a fault.
    pub async fn abort(&self, id: &str) -> Result<InjectionView, OrderError> {
        self.end(id, Cause::Person).await
    }

    /// The same for another cause, such as a breached abort condition.
    pub async fn end(&self, id: &str, cause: Cause) -> Result<InjectionView, OrderError> {
        if self.bench.place.readonly {
            return Err(OrderError::ReadOnly);
        }
        match self.tell_end(id, cause) {
            Some(view) => Ok(ended(view).await),
            None => self.end_elsewhere(id, cause).await,
        }
    }

    /// Moves the lease and duration of an own active injection.
    pub async fn extend(&self, id: &str, by: Duration) -> Result<InjectionView, OrderError> {
        let Some(mut view) = self.view(id) else { return Err(OrderError::Unknown(id.to_owned())) };
        let before = view.borrow_and_update().clone();
        let not_now = |why: String| OrderError::NotNow { id: id.to_owned(), state: before.state.word(), why };
        let (State::Active, Some(deadline)) = (before.state, before.deadline) else {
            return Err(not_now("only an active one can be extended".to_owned()));
        };
        let longest = self.bench.place.max_lease;
        let lease = deadline.duration_since(before.since);
        if Duration::try_from(lease).unwrap_or_default() + by > longest {
            return Err(not_now(format!("its lease would exceed {} s (policy key max-lease)", longest.as_secs())));
        }
        let end = deadline.checked_add(by).unwrap_or(Timestamp::MAX);
        if let Some((window, _)) = blackout::meets(&self.bench.place.blackouts, self.bench.api.now(), end) {
            return Err(not_now(format!("its lease would reach into {window} (policy key blackouts)")));
        }
        if !self.order(id, Order::Extend(by)) {
            return Err(not_now("it is busy with other orders; try again".to_owned()));
        }
        let told = view
            .wait_for(|view| {
                view.deadline != before.deadline || view.notes != before.notes || view.state != before.state
            })
            .await
            .map(|view| view.clone());
        match told {
            Ok(view) if view.deadline != before.deadline => Ok(view),
            Ok(view) => Err(not_now(view.notes.last().cloned().unwrap_or_default())),
            Err(_) => Err(OrderError::Unknown(id.to_owned())),
        }
    }

    /// Decides about a stuck undo: one's own, or anybody's once its deadline is over. One that is stuck elsewhere is taken up
    /// here first; where it then ends by itself, there was nothing left to decide.
    pub async fn decide(&self, id: &str, decision: Decision) -> Result<InjectionView, OrderError> {
        if self.bench.place.readonly {
            return Err(OrderError::ReadOnly);
        }
        if self.view(id).is_none() {
            let taken = self.take_up(id).await?;
            if taken.ended() {
                return Ok(taken);
            }
        }
        let Some(mut view) = self.view(id) else { return Err(OrderError::Unknown(id.to_owned())) };
        let before = view.borrow().clone();
        if before.state != State::Stuck {
            return Err(nothing_to_decide(id, before.state));
        }
        self.may_decide(id, &before.owner, before.deadline)?;
        let not_now =
            |why: &str| OrderError::NotNow { id: id.to_owned(), state: before.state.word(), why: why.to_owned() };
        if !self.order(id, Order::Decide(decision)) {
            return Err(not_now("it is busy with other orders; try again"));
        }
        let _ = view.wait_for(|view| view.state != State::Stuck).await;
        Ok(ended(view).await)
    }

    /// Whether this person may decide about an undo: the owner, or anybody once it had its time.
    pub(super) fn may_decide(&self, id: &str, owner: &str, deadline: Option<Timestamp>) -> Result<(), OrderError> {
        let waits = deadline.is_some_and(|deadline| deadline > self.bench.api.now());
        if waits && owner != self.bench.place.user {
            let why = "until its deadline only its owner decides about its undo".to_owned();
            return Err(OrderError::NotYours { id: id.to_owned(), owner: owner.to_owned(), why });
        }
        Ok(())
    }

    /// Lets the guardian keep what is active by duration and lease alone, so that this process may end.
    pub async fn detach(&self) -> Result<(), OrderError> {
        self.written().await;
        match &self.bench.sentry {
            Some(sentry) => sentry
                .detach()
                .await
                .map_err(|why| OrderError::Link { what: "handing over to the guardian".to_owned(), why }),
            None => Ok(()),
        }
    }

    /// Waits a little for what was told to the journals to be on the disk: before this process ends.
    pub async fn written(&self) {
        self.bench.shelf.written().await;
    }

    /// The views of what this process works on, and of what it has brought to its end.
    pub fn kept(&self) -> Vec<InjectionView> {
        self.desk().kept.values().filter(|kept| kept.works()).map(|kept| kept.view.borrow().clone()).collect()
    }
}

/// Its undo waits for nobody.
pub(super) fn nothing_to_decide(id: &str, state: State) -> OrderError {
    OrderError::NotNow { id: id.to_owned(), state: state.word(), why: "there is nothing to decide".to_owned() }
}

/// The view once it has ended or is stuck.
pub(super) async fn ended(mut view: watch::Receiver<InjectionView>) -> InjectionView {
    let over = |view: &InjectionView| view.ended() || view.state == State::Stuck;
    match view.wait_for(over).await.map(|view| view.clone()) {
        Ok(view) => view,
        // The task is gone: what it last showed is what there is.
        Err(_) => view.borrow().clone(),
    }
}

impl From<NoWarrant> for OrderError {
    fn from(why: NoWarrant) -> Self {
        match why {
            NoWarrant::ReadOnly => Self::ReadOnly,
            other => Self::Link { what: "asking the guard".to_owned(), why: other.to_string() },
        }
    }
}
