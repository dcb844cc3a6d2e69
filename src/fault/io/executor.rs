//! Carries a checked plan out: safety nets first, then step by step, each announced in the journal before it is sent.

use std::{collections::BTreeMap, ops::Range, time::Duration};

use jiff::Timestamp;

use super::{
    draining,
    finding::get,
    ledger::Ledger,
    nets, observing,
    orders::{Ending, LAST_ANSWER, over, patient, unless_over},
    premises::as_previewed,
    undoer::Case,
};
use crate::{
    cluster::{
        Manifest, ObjectRef,
        api::{Answer, Trouble, Write, WriteApi},
        io::cluster_id,
        warrant::Warrant,
    },
    fault::{
        arming,
        checked::Checked,
        compare::deviations,
        injection::State,
        plan::{Change, Step},
        ramp::Climb,
        refusal::ApplyError,
        undo::{self, Act, Found, Known},
        write::{self, Tie},
    },
    journal::entry::{Arm, Cause, Did, Outcome, StepFact},
};

/// Tries of one write while only the object's version moves.
const CONFLICTS: u32 = 5;
/// A second of creation times, with what the server's clock as known here may be wrong by.
const SECOND: Duration = Duration::from_millis(1300);

/// A failure while applying, and the cause its undo is journaled with.
pub(crate) struct Failure {
    pub(crate) error: ApplyError,
    pub(crate) cause: Cause,
}

impl Failure {
    pub(super) fn new(cause: Cause, error: ApplyError) -> Self {
        Self { error, cause }
    }
}

/// What applying needs at hand.
pub(crate) struct Hands<'a, A> {
    pub(crate) api: &'a A,
    pub(crate) warrant: &'a Warrant,
    pub(crate) checked: &'a Checked,
    pub(crate) arm: &'a Arm,
    /// Uids of the fuses by namespace.
    pub(crate) fuses: &'a BTreeMap<String, String>,
    /// A record stands in the cluster; where policy allows, one that could not be made is gone without.
    pub(crate) recorded: bool,
    /// No fault write is sent from here on. What is kept has none.
    pub(crate) deadline: Option<Timestamp>,
    /// Whether it was told to end.
    pub(crate) ending: Ending,
}

impl<A: WriteApi> Hands<'_, A> {
    /// Returns when nothing more may be written.
    pub(super) fn over(&self) -> impl Future<Output = Cause> {
        over(self.api, self.ending.clone(), self.deadline)
    }

    /// Why nothing more may be written, if so.
    fn barred(&self) -> Option<Cause> {
        let late = self.deadline.is_some_and(|deadline| self.api.now() >= deadline);
        self.ending.told().or(late.then_some(Cause::Lease))
    }
}

/// It was told to end, or its time is over.
pub(super) fn ended(cause: Cause) -> Failure {
    Failure::new(cause, ApplyError::Stopped(cause.word().to_owned()))
}

/// Writes the steps that come at once. On an error the caller undoes whatever was announced.
pub(crate) async fn apply_all<A: WriteApi>(hands: &Hands<'_, A>, ledger: &mut Ledger) -> Result<(), Failure> {
    ledger.enter(hands.api, State::Applying);
    let mut born = None;
    let first = Climb::first(&hands.checked.plan);
    for at in 0..first {
        if let Some(stored) = apply_one(hands, ledger, at, born).await? {
            born = stored.created();
        }
    }
    unless_over(hands.over(), undo_allowed(hands)).await.map_err(ended)??;
    // What is kept is nobody's fault to wait for.
    if hands.arm.class == arming::KEPT {
        return Ok(());
    }
    injected(hands, 0..first).await
}

/// The next level of a fault that rises: what stands is taken back, then the next one comes. Never do two stand at once.
pub(crate) async fn rise<A: WriteApi>(hands: &Hands<'_, A>, ledger: &mut Ledger, from: usize) -> Result<(), Failure> {
    unless_over(hands.over(), take_back(hands, from)).await.map_err(ended)??;
    apply_one(hands, ledger, from + 1, None).await?;
    injected(hands, from + 1..from + 2).await
}

async fn injected<A: WriteApi>(hands: &Hands<'_, A>, steps: Range<usize>) -> Result<(), Failure> {
    let steps = hands.checked.plan.steps.get(steps).unwrap_or_default();
    let injected = unless_over(hands.over(), observing::injected(hands.api, steps)).await.map_err(ended)?;
    injected.map_err(|error| Failure::new(Cause::FailedStep, error))
}

/// Writes one step. What was created is given back.
async fn apply_one<A: WriteApi>(
    hands: &Hands<'_, A>,
    ledger: &mut Ledger,
    at: usize,
    born: Option<Timestamp>,
) -> Result<Option<Manifest>, Failure> {
    let (Some(step), Some(fact)) = (hands.checked.plan.steps.get(at), hands.arm.steps.get(at)) else { return Ok(None) };
    if let (Change::Delete, Some(born)) = (&step.change, born) {
        unless_over(hands.over(), later(hands.api, born)).await.map_err(ended)?;
    }
    unless_over(hands.over(), go_on(hands)).await.map_err(ended)??;
    let failed = |why: String| {
        Failure::new(Cause::FailedStep, ApplyError::Step { step: step.n, object: step.object.short(), why })
    };
    let announced = unless_over(hands.over(), ledger.will(hands.api.now(), step.n)).await.map_err(ended)?;
    announced.map_err(|error| failed(format!("the journal cannot be written: {error}")))?;
    let sending = send(hands, ledger, at, step, fact);
    let answer = match unless_over(patient(hands.over()), sending).await {
        Ok(answer) => answer?,
        Err(cause) => {
            // The request is dropped mid-way: it may have landed, or land yet, counted from now.
            let why = "given up without an answer: it was told to end".to_owned();
            ledger.did(hands.api.now(), step.n, Did::Unknown(why));
            return Err(ended(cause));
        }
    };
    if let (Some(promised), Some(stored)) = (hands.checked.stored.get(at).and_then(Option::as_ref), &answer)
        && matches!(step.change, Change::Create { .. } | Change::Patch { .. } | Change::Scale { .. })
        && promised.kind() == stored.kind()
    {
        let diff = deviations(promised, stored);
        if !diff.is_empty() {
            let error = ApplyError::Deviated { object: step.object.short(), diff: diff.join("; ") };
            return Err(Failure::new(Cause::Deviated, error));
        }
    }
    Ok(answer.filter(|_| matches!(step.change, Change::Create { .. })))
}

/// Takes one step back before the end, as the undo would. What the undo would not touch ends the fault.
async fn take_back<A: WriteApi>(hands: &Hands<'_, A>, at: usize) -> Result<(), Failure> {
    let (Some(step), Some(fact)) = (hands.checked.plan.steps.get(at), hands.arm.steps.get(at)) else { return Ok(()) };
    let failed = |why: String| {
        Failure::new(Cause::FailedStep, ApplyError::Step { step: step.n, object: step.object.short(), why })
    };
    let case = written(hands.arm);
    let known = case.known(fact, None);
    let mut conflict = String::new();
    for _ in 0..CONFLICTS {
        let live = get(hands.api, &step.object).await.map_err(|trouble| failed(trouble.to_string()))?;
        let found = live.map_or(Found::Absent, |live| Found::Object(Box::new(live)));
        let verdict = undo::decide(fact, &found, &known);
        match verdict.act {
            Act::Send(write) => match hands.api.write(hands.warrant, &write).await {
                Ok(_) => return gone(hands.api, &step.object).await.map_err(failed),
                // Its status moved on, or somebody was faster: what stands there is judged anew.
                Err(trouble) if matches!(trouble.code(), Some(404 | 409 | 422)) => conflict = trouble.to_string(),
                Err(trouble) => return Err(failed(trouble.to_string())),
            },
            Act::Wait(_) => return gone(hands.api, &step.object).await.map_err(failed),
            Act::Nothing if verdict.outcome == Outcome::Already => return Ok(()),
            Act::Nothing => return Err(failed(verdict.note)),
        }
    }
    Err(failed(conflict))
}

/// Waits until the second in which something of ours was created is over. Creation times have no fractions: what is deleted now
/// and made anew must be younger than ours, or their names would decide which of them is older.
async fn later<A: WriteApi>(api: &A, born: Timestamp) {
    let until = born.checked_add(SECOND).unwrap_or(born);
    if let Ok(span) = Duration::try_from(until.duration_since(api.now())) {
        // A clock that is wrong by far must not hold a fault up.
        api.sleep(span.min(SECOND)).await;
    }
}

/// Before each fault write: the same cluster, the record there and not stopped, the deadline it tells ahead.
async fn go_on<A: WriteApi>(hands: &Hands<'_, A>) -> Result<(), Failure> {
    let lost = |what: &str, trouble: &Trouble| {
        Failure::new(Cause::LostLink, ApplyError::Link { what: what.to_owned(), why: trouble.to_string() })
    };
    let uid = cluster_id::uid(hands.api, &hands.arm.cluster_uid_of)
        .await
        .map_err(|trouble| lost("asking which cluster this is", &trouble))?;
    if uid.as_deref() != Some(hands.arm.cluster_uid.as_str()) {
        let error = ApplyError::Stopped("this context leads to another cluster now".to_owned());
        return Err(Failure::new(Cause::LostLink, error));
    }
    // Nothing else to read: the end and the deadline known here are heard by whoever waits for this.
    if !hands.recorded {
        return Ok(());
    }
    match nets::own_record(hands.api, hands.arm).await {
        Ok(Ok(record)) => match record.deadline() {
            Some(deadline) if deadline > hands.api.now() => Ok(()),
            _ => Err(Failure::new(Cause::Lease, ApplyError::Stopped("its lease is over".to_owned()))),
        },
        Ok(Err(why)) => Err(Failure::new(Cause::Stop, ApplyError::Stopped(why))),
        Err(trouble) => Err(lost("re-reading the own record", &trouble)),
    }
}

async fn send<A: WriteApi>(
    hands: &Hands<'_, A>,
    ledger: &mut Ledger,
    at: usize,
    step: &Step,
    fact: &StepFact,
) -> Result<Option<Manifest>, Failure> {
    let api = hands.api;
    let failed = |why: String| {
        Failure::new(Cause::FailedStep, ApplyError::Step { step: step.n, object: step.object.short(), why })
    };
    let fuse = step.object.namespace.as_ref().and_then(|namespace| hands.fuses.get(namespace)).map(String::as_str);
    let tie = Tie { id: &hands.arm.id, fact, fuse, unmarked: hands.arm.class == arming::KEPT };
    if tie.unmarked && step.change == Change::Evict {
        return draining::evict(hands, ledger, at, step).await.map(|()| None);
    }
    let mut conflict = String::new();
    for _ in 0..CONFLICTS {
        let live = match get(api, &step.object).await {
            Ok(live) => live,
            Err(trouble) => {
                // Nothing was sent in this round, and earlier ones ended in a clean conflict.
                ledger.did(api.now(), step.n, Did::Refused(trouble.to_string()));
                return Err(failed(trouble.to_string()));
            }
        };
        if let Some(live) = live.as_ref().filter(|_| !matches!(step.change, Change::Create { .. }) && !step.assumed)
            && let Err(why) = as_previewed(hands.checked, at, live)
        {
            ledger.did(api.now(), step.n, Did::Refused(why.clone()));
            return Err(failed(format!("{why} since the preview")));
        }
        let outcome = match (&step.change, &live) {
            (Change::Delete, Some(live)) if !tie.unmarked => match marked(hands, ledger, step, live, &tie).await {
                Ok(live) => one(hands, ledger, step, Some(&live), &tie).await,
                Err(trouble) => Err(trouble),
            },
            _ => one(hands, ledger, step, live.as_ref(), &tie).await,
        };
        match outcome {
            Ok(answer) => {
                let text = |path: &[&str]| answer.body.text(path).unwrap_or_default().to_owned();
                ledger.did(
                    api.now(),
                    step.n,
                    Did::Landed {
                        uid: text(&["metadata", "uid"]),
                        resource_version: text(&["metadata", "resourceVersion"]),
                    },
                );
                if step.change == Change::Delete {
                    gone(api, &step.object).await.map_err(failed)?;
                }
                return Ok(Some(answer.body));
            }
            Err(Sent::Trouble(trouble)) if matches!(trouble.code(), Some(409 | 422)) => conflict = trouble.to_string(),
            Err(Sent::Trouble(trouble)) => {
                let unknown =
                    matches!(trouble, Trouble::Unknown { .. }) || matches!(trouble.code(), Some(408 | 500..=599));
                let did = if unknown { Did::Unknown(trouble.to_string()) } else { Did::Refused(trouble.to_string()) };
                ledger.did(api.now(), step.n, did);
                return Err(if unknown || matches!(trouble, Trouble::Unreachable { .. }) {
                    Failure::new(
                        Cause::LostLink,
                        ApplyError::Step { step: step.n, object: step.object.short(), why: trouble.to_string() },
                    )
                } else {
                    failed(trouble.to_string())
                });
            }
            Err(Sent::NoWrite(why)) => {
                ledger.did(api.now(), step.n, Did::Refused(why.clone()));
                return Err(failed(why));
            }
            Err(Sent::Barred(cause)) => {
                ledger.did(api.now(), step.n, Did::Refused(format!("not sent: {}", cause.word())));
                return Err(ended(cause));
            }
        }
    }
    ledger.did(api.now(), step.n, Did::Refused(conflict.clone()));
    Err(failed(conflict))
}

pub(super) enum Sent {
    Trouble(Trouble),
    NoWrite(String),
    Barred(Cause),
}

async fn one<A: WriteApi>(
    hands: &Hands<'_, A>,
    ledger: &mut Ledger,
    step: &Step,
    live: Option<&Manifest>,
    tie: &Tie<'_>,
) -> Result<Answer, Sent> {
    let write = write::forward(step, live, tie).map_err(|why| Sent::NoWrite(why.to_string()))?;
    announced(hands, ledger, step, &write).await
}

/// Puts the mark on what will be deleted, so that an undo knows whose deed the deletion was.
async fn marked<A: WriteApi>(
    hands: &Hands<'_, A>,
    ledger: &mut Ledger,
    step: &Step,
    live: &Manifest,
    tie: &Tie<'_>,
) -> Result<Manifest, Sent> {
    let write: Write = write::mark_only(step, live, tie);
    announced(hands, ledger, step, &write).await.map(|answer| answer.body)
}

/// Sends a write right after it was announced: the reads before it may have taken long, and how late it may still land
/// counts from the announcement.
pub(super) async fn announced<A: WriteApi>(
    hands: &Hands<'_, A>,
    ledger: &mut Ledger,
    step: &Step,
    write: &Write,
) -> Result<Answer, Sent> {
    ledger
        .will(hands.api.now(), step.n)
        .await
        .map_err(|error| Sent::NoWrite(format!("the journal cannot be written: {error}")))?;
    // The reads and the disk before it may have taken long.
    if let Some(cause) = hands.barred() {
        return Err(Sent::Barred(cause));
    }
    hands.api.write(hands.warrant, write).await.map_err(Sent::Trouble)
}

/// Waits until a deleted object is really gone: its name may be needed by the next step.
async fn gone<A: WriteApi>(api: &A, object: &ObjectRef) -> Result<(), String> {
    let start = api.now();
    loop {
        let why = match get(api, object).await {
            Ok(None) => return Ok(()),
            Ok(Some(live)) => {
                let finalizers = live.at(&["metadata", "finalizers"]).map(ToString::to_string).unwrap_or_default();
                format!("it is still there, held by {finalizers}")
            }
            Err(trouble) => trouble.to_string(),
        };
        if nets::elapsed(api, start) > LAST_ANSWER {
            return Err(why);
        }
        api.sleep(Duration::from_millis(200)).await;
    }
}

/// What is to be undone once all of it is written.
fn written(arm: &Arm) -> Case {
    Case {
        arm: arm.clone(),
        since: None,
        begun: Some(arm.steps.iter().map(|step| step.n).collect()),
        unsettled_until: None,
        landed: BTreeMap::new(),
    }
}

/// When the last step is in: would the server take every undo? A refusal is better learned while a person is watching.
async fn undo_allowed<A: WriteApi>(hands: &Hands<'_, A>) -> Result<(), Failure> {
    let case = written(hands.arm);
    for step in &case.arm.steps {
        let found = match get(hands.api, &arming::object(&step.object)).await {
            Ok(Some(live)) => Found::Object(Box::new(live)),
            Ok(None) => Found::Absent,
            // What cannot be read now says nothing about the undo; the undo itself tries for ever.
            Err(_) => continue,
        };
        let made = match &found {
            Found::Object(live) => live.text(&["metadata", "uid"]).map(str::to_owned),
            Found::Absent | Found::NamespaceGone | Found::KindGone => None,
        };
        let known = Known { made: made.as_deref(), ..case.known(step, None) };
        let verdict = undo::decide(step, &found, &known);
        // A deleted object is made anew under its own name only once what stands in its place is gone: not now.
        let Act::Send(write) = verdict.act else { continue };
        match hands.api.dry_run(&write).await {
            Err(Trouble::Refused(refusal)) if matches!(refusal.code, 400 | 403 | 405) => {
                return Err(Failure::new(
                    Cause::FailedStep,
                    ApplyError::Step {
                        step: step.n,
                        object: step.object.show(),
                        why: format!("its undo would be refused: {refusal}"),
                    },
                ));
            }
            _ => {}
        }
    }
    Ok(())
}
