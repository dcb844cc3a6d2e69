//! The task that keeps one injection from arming to its end.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use jiff::{Timestamp, ToSpan as _};
use tokio::{
    sync::{oneshot, watch},
    task::spawn_blocking,
};

use super::{
    engine::Place,
    events,
    executor::{Hands, apply_all, rise},
    finish::finish,
    foretell,
    ledger::{Ledger, first_view},
    nets,
    orders::{Order, Orders, over, patient, unless_over},
    patience,
    premises::{self, alone, latched},
    sentry::Sentry,
    undoer::Case,
    watching::{Meter, Watching, hear},
};
use crate::{
    cluster::{api::WriteApi, warrant::Warrant},
    fault::{
        arming,
        checked::Checked,
        injection::State,
        plan::Change,
        probe,
        ramp::Climb,
        refusal::ApplyError,
        view::{ConditionState, ConditionView, InjectionView, RampView},
    },
    journal::{
        entry::{Arm, Cause, Fact},
        io::{Drawer, Shelf},
    },
};

/// How often an active injection looks after its record and its deadlines.
const LOOK: Duration = Duration::from_secs(2);

/// How long the arming fact may take to be on the disk.
const JOURNAL_STANDS: Duration = Duration::from_secs(10);

/// What a keeper works with.
pub(crate) struct Bench<A> {
    pub(crate) api: Arc<A>,
    pub(crate) place: Arc<Place>,
    pub(crate) shelf: Shelf,
    pub(crate) sentry: Option<Sentry>,
    /// Who measures, if anybody does.
    pub(crate) meter: Option<Arc<dyn Meter>>,
}

impl<A> Clone for Bench<A> {
    fn clone(&self) -> Self {
        Self {
            api: Arc::clone(&self.api),
            place: Arc::clone(&self.place),
            shelf: self.shelf.clone(),
            sentry: self.sentry.clone(),
            meter: self.meter.clone(),
        }
    }
}

/// What a look at the cluster found that ends an injection.
enum Looked {
    /// Its record is gone, and what that means.
    Gone(String),
    /// Somebody put everything back, in words.
    PutBack(Vec<String>),
}

/// The journal is durable: what comes next may touch the cluster.
pub(crate) struct Armed {
    pub(crate) ledger: Ledger,
    pub(crate) view: watch::Receiver<InjectionView>,
    path: PathBuf,
    /// The figure of the effect from before anything was applied.
    pub(crate) before: Option<f64>,
}

impl<A: WriteApi> Bench<A> {
    /// Writes the arming fact. Nothing else was done before. A disk that does not answer refuses as a full one does.
    pub(crate) async fn open_journal(&self, arm: &Arm) -> Result<Armed, ApplyError> {
        let drawer = if arm.class == arming::KEPT { Drawer::Kept } else { Drawer::Open };
        let now = self.api.now();
        let path = self.shelf.path(drawer, &arm.cluster_uid, &arm.id);
        let (answer, answered) = oneshot::channel();
        let (shelf, facts) = (self.shelf.clone(), arm.clone());
        spawn_blocking(move || {
            let begun = shelf.begin(drawer, &facts.cluster_uid, &facts.id, now, Fact::Arm(Box::new(facts.clone())));
            if let Err(Ok(journal)) = answer.send(begun) {
                // Nobody waited so long, and nothing was done on its behalf.
                let _ = journal.discard();
            }
        });
        let failed = |why: String| ApplyError::Net { net: "journal", why: format!("{}: {why}", path.display()) };
        let begun = tokio::select! {
            begun = answered => begun.map_err(|_| failed("the thread that wrote is gone".to_owned()))?,
            () = patience::wait(JOURNAL_STANDS) => return Err(failed("the disk does not answer".to_owned())),
        };
        let journal = begun.map_err(|error| failed(error.to_string()))?;
        let path = journal.path().to_path_buf();
        let view = first_view(arm, State::Arming, now, true);
        let (ledger, view) = Ledger::begun(self.shelf.writer(journal), arm, now, view);
        Ok(Armed { ledger, view, path, before: None })
    }

    /// Applies, keeps and ends a leased fault. `started` hears whether it became active.
    pub(crate) async fn keep(
        self,
        armed: Armed,
        warrant: Warrant,
        checked: Checked,
        arm: Arm,
        mut orders: Orders,
        started: oneshot::Sender<Result<String, ApplyError>>,
    ) {
        let api = &*self.api;
        let Armed { mut ledger, path, before, .. } = armed;
        let mut created = None;
        let applied =
            self.raise_and_apply(&mut ledger, &path, &warrant, &checked, &arm, &mut orders, &mut created).await;
        let cause = match applied {
            Ok(fuses) => {
                let active = api.now();
                let (lease, ends) = (after(created.unwrap_or(active), arm.lease_s), after(active, arm.duration_s));
                ledger.show(|view| {
                    view.deadline = Some(lease);
                    view.ends = Some(ends);
                    view.abort_when = probe::views(&checked.plan.fault.abort_when);
                });
                // Before anybody hears of it: this process may end at once, and others then go by what journal and record say.
                let telling = async {
                    nets::briefly(ledger.must(active, Fact::Active)).await;
                    nets::briefly(nets::tell_records(api, &warrant, &arm, "state", State::Active.word())).await;
                };
                // Why it is over, if it is, the watch finds out at once.
                let _ = unless_over(over(api, orders.ending(), Some(lease.min(ends))), telling).await;
                ledger.enter(api, State::Active);
                let _ = started.send(Ok(arm.id.clone()));
                let telling = nets::briefly(events::tell(api, &warrant, &arm, "BrinkFaultActive", &arm.title));
                let _ = unless_over(over(api, orders.ending(), Some(lease.min(ends))), telling).await;
                let watching = Watching::new(api, self.meter.as_deref(), &checked.plan, before, active);
                let hands = Hands {
                    api,
                    warrant: &warrant,
                    checked: &checked,
                    arm: &arm,
                    fuses: &fuses,
                    recorded: created.is_some(),
                    deadline: Some(lease.min(ends)),
                    ending: orders.ending(),
                };
                let cause = self.watch_over(&mut ledger, &hands, watching, lease, ends, &mut orders).await;
                let acted = Duration::try_from(api.now().duration_since(active)).unwrap_or_default();
                let missed = checked.foretold.iter().filter_map(|one| one.missed(acted));
                if cause != Cause::Reverted {
                    ledger.show(|view| view.notes.extend(missed));
                }
                cause
            }
            Err((cause, error)) => {
                ledger.show(|view| view.notes.push(error.to_string()));
                let _ = started.send(Err(error));
                cause
            }
        };
        self.end(ledger, &arm, created, cause, &mut orders).await;
    }

    /// Nets up, then the steps.
    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one arming, borrowed apart so that the caller keeps them"
    )]
    async fn raise_and_apply(
        &self,
        ledger: &mut Ledger,
        path: &std::path::Path,
        warrant: &Warrant,
        checked: &Checked,
        arm: &Arm,
        orders: &mut Orders,
        created: &mut Option<Timestamp>,
    ) -> Result<BTreeMap<String, String>, (Cause, ApplyError)> {
        let api = &*self.api;
        let failed = |error: ApplyError| (Cause::FailedStep, error);
        let stopped = |cause: Cause| (cause, ApplyError::Stopped(cause.word().to_owned()));
        let begun = api.now();
        let ending = orders.ending();
        // An end is heard before and within each of these. What writes may still be answered for a while, what only reads or
        // waits is dropped; the caller takes down whatever stands.
        let now_over = || over(api, ending.clone(), Some(after(begun, arm.lease_s)));
        match unless_over(patient(now_over()), nets::put_records(api, warrant, arm)).await.map_err(stopped)? {
            Ok(at) => {
                *created = Some(at);
                ledger.show(|view| view.deadline = Some(after(at, arm.lease_s)));
            }
            Err(error) if !self.place.record_local => return Err(failed(error)),
            Err(error) => ledger.show(|view| view.notes.push(format!("no cluster record: {error}"))),
        }
        unless_over(now_over(), alone(api, arm, &self.place)).await.map_err(stopped)?.map_err(failed)?;
        let lighting = nets::light_fuses(api, warrant, arm, &checked.plan.fuses);
        let fuses = unless_over(patient(now_over()), lighting).await.map_err(stopped)?.map_err(failed)?;
        let Some(sentry) = &self.sentry else {
            let why = "none can be started here".to_owned();
            return Err(failed(ApplyError::Net { net: "guardian", why }));
        };
        let guarded = unless_over(now_over(), sentry.arm(&arm.id, path)).await.map_err(stopped)?;
        guarded.map_err(|why| failed(ApplyError::Net { net: "guardian", why }))?;
        // Last: whoever latched before this read is obeyed, whoever latches after it finds the record.
        let latch = unless_over(now_over(), latched(api, &self.place)).await.map_err(stopped)?;
        latch.map_err(|error| (Cause::Stop, error))?;
        let deadline = Some(after(created.unwrap_or(begun), arm.lease_s));
        let hands = Hands { api, warrant, checked, arm, fuses: &fuses, recorded: created.is_some(), deadline, ending };
        apply_all(&hands, ledger).await.map_err(|failure| (failure.cause, failure.error))?;
        Ok(fuses)
    }

    /// Until something ends it: an order, its time, its record, its guardian, an abort condition. Meanwhile it rises, if it is to.
    async fn watch_over(
        &self,
        ledger: &mut Ledger,
        hands: &Hands<'_, A>,
        mut watching: Watching<'_>,
        mut lease: Timestamp,
        mut ends: Timestamp,
        orders: &mut Orders,
    ) -> Cause {
        let api = &*self.api;
        let mut sentry = self.sentry.clone();
        let mut ending = orders.ending();
        let mut climb = Climb::new(&hands.checked.plan, api.now());
        let foretold = hands.checked.foretold.as_slice();
        let active = ledger.digest().active.unwrap_or_else(|| api.now());
        loop {
            if let Some(cause) = ending.told() {
                return cause;
            }
            let now = api.now();
            if now >= ends {
                return Cause::Duration;
            }
            if now >= lease {
                return Cause::Lease;
            }
            let next = match &mut climb {
                Some(climb) => match self.climb(ledger, hands, climb).await {
                    Ok(next) => next,
                    Err(cause) => return cause,
                },
                None => None,
            };
            let until = next.map_or(ends.min(lease), |next| next.min(ends).min(lease));
            let left = Duration::try_from(until.duration_since(api.now())).unwrap_or_default();
            let left = left.max(Duration::from_millis(20));
            let look = async {
                if hands.recorded {
                    match nets::own_record(api, hands.arm).await {
                        Ok(Ok(_)) => ledger.trouble(api, None),
                        Ok(Err(why)) => return Some(Looked::Gone(why)),
                        // The deadline rules; until then the state is what was last seen.
                        Err(trouble) => ledger.trouble(api, Some(trouble.to_string())),
                    }
                }
                if let Some(at) = foretell::put_back(api, &hands.arm.steps, foretold).await {
                    let acted = Duration::try_from(at.duration_since(active)).unwrap_or_default();
                    return Some(Looked::PutBack(foretold.iter().map(|one| one.happened(acted)).collect()));
                }
                api.sleep(if foretold.is_empty() { LOOK } else { LOOK / 2 }).await;
                None
            };
            let lost = async {
                match &mut sentry {
                    Some(sentry) => sentry.lost().await,
                    None => std::future::pending().await,
                }
            };
            // A look that hangs must not keep an order or the deadline waiting.
            tokio::select! {
                cause = ending.come() => return cause,
                order = orders.next() => if let Order::Extend(by) = order {
                    let over = over(api, orders.ending(), Some(lease.min(ends)));
                    // Given up half-way it may have moved a fuse; it ends now, and takes that down as well.
                    if let Ok(moved) = unless_over(over, self.extend(ledger, hands, lease, ends, by)).await {
                        (lease, ends) = moved;
                    }
                },
                news = watching.next() => if let Some(cause) = hear(ledger, news) {
                    return cause;
                },
                why = lost => {
                    ledger.show(|view| view.notes.push(why));
                    return Cause::Signal;
                }
                seen = look => match seen {
                    Some(Looked::Gone(why)) => {
                        ledger.show(|view| view.notes.push(why));
                        return Cause::Stop;
                    }
                    Some(Looked::PutBack(words)) => {
                        ledger.show(|view| view.notes.extend(words));
                        return Cause::Reverted;
                    }
                    None => {}
                },
                () = api.sleep(left) => {}
            }
        }
    }

    /// Raises it when the next level is due and every abort condition is well. Gives when to look again, if it still rises.
    async fn climb(
        &self,
        ledger: &mut Ledger,
        hands: &Hands<'_, A>,
        climb: &mut Climb,
    ) -> Result<Option<Timestamp>, Cause> {
        let api = &*self.api;
        let (mut next, mut waits) = (climb.due(), String::new());
        if next.is_some_and(|due| due <= api.now()) {
            waits = unwell(&ledger.view().abort_when);
            if waits.is_empty() {
                rise(hands, ledger, climb.step()).await.map_err(|failure| {
                    ledger.show(|view| view.notes.push(failure.error.to_string()));
                    failure.cause
                })?;
                climb.rise(api.now());
                next = climb.due();
            }
        }
        let shown = RampView { at: climb.words(), next, waits };
        let again = if shown.waits.is_empty() { next } else { Some(after(api.now(), LOOK.as_secs())) };
        ledger.show(|view| view.ramp = Some(shown));
        Ok(again)
    }

    /// More time: fuse first, then record, then journal, so that no layer ends it before the next one knows.
    async fn extend(
        &self,
        ledger: &mut Ledger,
        hands: &Hands<'_, A>,
        lease: Timestamp,
        ends: Timestamp,
        by: Duration,
    ) -> (Timestamp, Timestamp) {
        let later = |at: Timestamp| after(at, by.as_secs());
        let api = &*self.api;
        // What was told so far, earlier extensions included.
        let told = ledger.digest();
        let (lease_s, duration_s) = (told.lease_s + by.as_secs(), told.duration_s + by.as_secs());
        if let Err(why) = nets::lengthen(api, hands.warrant, hands.arm, lease_s).await {
            ledger.show(|view| view.notes.push(format!("not extended: {why}")));
            return (lease, ends);
        }
        let fact = Fact::Extended { lease_s, duration_s };
        if let Err(error) = ledger.must(api.now(), fact).await {
            ledger.show(|view| view.notes.push(format!("not extended: the journal cannot be written: {error}")));
            return (lease, ends);
        }
        ledger.show(|view| {
            view.deadline = Some(later(lease));
            view.ends = Some(later(ends));
        });
        (later(lease), later(ends))
    }

    /// Undo, verification, nets, journal; then the guardian may go.
    async fn end(&self, ledger: Ledger, arm: &Arm, created: Option<Timestamp>, cause: Cause, orders: &mut Orders) {
        // What was told is remembered: the disk may be behind, or hang. It may not know of more than was told.
        let case = Case::of_journal(arm.clone(), ledger.digest(), created);
        finish(&*self.api, &self.shelf, ledger, case, cause, orders).await;
        if let Some(sentry) = &self.sentry {
            sentry.close(&arm.id).await;
        }
    }

    /// Applies a change that is kept. No lease, no record, no fuse; if a step fails, the ones before it are undone.
    pub(crate) async fn change(
        self,
        armed: Armed,
        warrant: Warrant,
        checked: Checked,
        arm: Arm,
        mut orders: Orders,
        started: oneshot::Sender<Result<String, ApplyError>>,
    ) {
        let api = &*self.api;
        let Armed { mut ledger, .. } = armed;
        let fuses = std::collections::BTreeMap::new();
        let ending = orders.ending();
        let hands = Hands {
            api,
            warrant: &warrant,
            checked: &checked,
            arm: &arm,
            fuses: &fuses,
            recorded: false,
            deadline: None,
            ending: ending.clone(),
        };
        // A drain may wait long for budgets: who asked for it sees how it goes, and can stop it.
        let mut started = Some(started);
        if checked.plan.steps.iter().any(|step| step.change == Change::Evict) {
            tell(&mut started, Ok(arm.id.clone()));
        }
        let applied = match unless_over(over(api, ending, None), latched(api, &self.place)).await {
            Ok(Ok(())) => apply_all(&hands, &mut ledger).await.map_err(|failure| (failure.cause, failure.error)),
            Ok(Err(error)) => Err((Cause::Stop, error)),
            Err(cause) => Err((cause, ApplyError::Stopped(cause.word().to_owned()))),
        };
        match applied {
            Ok(()) => {
                nets::briefly(ledger.must(api.now(), Fact::Active)).await;
                ledger.enter(api, State::Active);
                tell(&mut started, Ok(arm.id.clone()));
            }
            Err((cause, error)) => {
                ledger.show(|view| view.notes.push(error.to_string()));
                tell(&mut started, Err(error));
                let case = Case::of_journal(arm, ledger.digest(), None);
                finish(api, &self.shelf, ledger, case, cause, &mut orders).await;
            }
        }
    }

    /// Whether everything is as previewed.
    pub(crate) async fn unmoved(&self, checked: &Checked) -> Result<(), ApplyError> {
        premises::unmoved(&*self.api, checked).await
    }
}

/// Tells whoever waits for the start, once.
fn tell(started: &mut Option<oneshot::Sender<Result<String, ApplyError>>>, answer: Result<String, ApplyError>) {
    if let Some(started) = started.take() {
        let _ = started.send(answer);
    }
}

/// The abort condition that keeps a fault from rising; empty: none does.
fn unwell(conditions: &[ConditionView]) -> String {
    let unwell = conditions.iter().find(|one| one.state != ConditionState::Fine);
    unwell.map(|one| format!("{} is {}", one.condition, one.state.word())).unwrap_or_default()
}

/// A moment some seconds later.
pub(crate) fn after(at: Timestamp, seconds: u64) -> Timestamp {
    at.checked_add(i64::try_from(seconds).unwrap_or(i64::MAX / 1_000_000_000).seconds()).unwrap_or(Timestamp::MAX)
}
