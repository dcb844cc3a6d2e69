//! The book of one injection while a process works on it: its journal, if this process holds it, and its view.

use std::{io, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::watch;

use super::{patience, undoer::Case};
use crate::{
    cluster::api::Api,
    fault::{
        arming, file,
        injection::State,
        probe,
        view::{ConditionView, InjectionView, StepView},
    },
    journal::{
        digest::Digest,
        entry::{Arm, Cause, Did, Fact, Outcome},
        io::{Shelf, Writer, file::Sync},
    },
};

/// How long a finished journal may take to be put away before it is left to go on by itself.
const PUTS_AWAY: Duration = Duration::from_secs(2);

/// See the module docs.
#[derive(Debug)]
pub(crate) struct Ledger {
    journal: Option<Writer>,
    /// What was told to the journal since this process holds it, whether the disk has it yet or not.
    told: Digest,
    view: watch::Sender<InjectionView>,
}

/// What is shown of an injection before anything happened.
pub(crate) fn first_view(arm: &Arm, state: State, since: Timestamp, mine: bool) -> InjectionView {
    InjectionView {
        injection: arm.id.clone(),
        title: arm.title.clone(),
        kind: arm.kind.clone(),
        driver: arm.driver.clone(),
        class: arm.class.clone(),
        state,
        cause: None,
        deadline: None,
        ends: None,
        owner: arm.owner.clone(),
        host: arm.host.clone(),
        approved_by: arm.approved_by.clone(),
        mine,
        since,
        unconfirmed_since: None,
        trouble: None,
        steps: arm
            .steps
            .iter()
            .map(|step| StepView {
                n: step.n,
                op: step.op,
                object: arming::object(&step.object).to_string(),
                written: false,
                outcome: None,
                note: String::new(),
            })
            .collect(),
        residue: Vec::new(),
        notes: Vec::new(),
        evidence: None,
        ramp: None,
        abort_when: conditions(&arm.intent),
    }
}

/// The abort conditions of a kept intent, as far as it can be read: how they stand is known to who watches them alone.
fn conditions(intent: &Value) -> Vec<ConditionView> {
    if intent.pointer("/spec/abortWhen").is_none() {
        return Vec::new();
    }
    let fault = file::read("intent", &intent.to_string(), &file::Defaults::of(""));
    fault.map(|fault| probe::views(&fault.abort_when)).unwrap_or_default()
}

impl Ledger {
    /// A ledger with the journal this process holds, or none.
    pub(crate) fn new(journal: Option<Writer>, view: InjectionView) -> (Self, watch::Receiver<InjectionView>) {
        let (view, seen) = watch::channel(view);
        (Self { journal, told: Digest::default(), view }, seen)
    }

    /// A ledger of an injection that begins now: its journal holds the arming fact and nothing else.
    pub(crate) fn begun(
        journal: Writer,
        arm: &Arm,
        at: Timestamp,
        view: InjectionView,
    ) -> (Self, watch::Receiver<InjectionView>) {
        let (mut ledger, seen) = Self::new(Some(journal), view);
        ledger.told.take(at, &Fact::Arm(Box::new(arm.clone())));
        (ledger, seen)
    }

    /// Everything told since it began.
    pub(crate) fn digest(&self) -> &Digest {
        &self.told
    }

    /// The view as it is.
    pub(crate) fn view(&self) -> InjectionView {
        self.view.borrow().clone()
    }

    /// Changes what is seen. Nobody is told when nothing changed.
    pub(crate) fn show(&self, change: impl FnOnce(&mut InjectionView)) {
        self.view.send_if_modified(|view| {
            let before = view.clone();
            change(view);
            *view != before
        });
    }

    /// Enters a state.
    pub(crate) fn enter<A: Api>(&self, api: &A, state: State) {
        let now = api.now();
        self.show(|view| {
            if view.state != state {
                view.state = state;
                view.since = now;
            }
        });
    }

    /// Shows what is in the way while the undo goes on trying.
    pub(crate) fn trouble<A: Api>(&self, api: &A, why: Option<String>) {
        let now = api.now();
        self.show(|view| {
            view.unconfirmed_since = why.as_ref().map(|_| view.unconfirmed_since.unwrap_or(now));
            view.trouble = why;
        });
    }

    /// Writes a fact that must be on the disk before the next request. Whoever stops waiting has told it all the same: the
    /// disk may have it, or get it yet.
    pub(crate) async fn must(&mut self, at: Timestamp, fact: Fact) -> io::Result<()> {
        let before = self.told.clone();
        self.told.take(at, &fact);
        let written = match &self.journal {
            Some(journal) => journal.write(at, fact).await,
            None => Err(io::Error::new(io::ErrorKind::NotConnected, "this process does not hold the journal")),
        };
        if written.is_err() {
            self.told = before;
        }
        written
    }

    /// Writes a fact that nothing waits for (rule R2: no disk stops an undo, neither by an error nor by hanging).
    pub(crate) fn may(&mut self, at: Timestamp, fact: Fact) {
        self.told.take(at, &fact);
        let sync = if matches!(fact, Fact::Done { .. } | Fact::Stuck { .. }) { Sync::Now } else { Sync::Later };
        if let Some(journal) = &self.journal
            && let Err(error) = journal.post(at, fact, sync)
        {
            tracing::warn!(%error, "the journal cannot be written; the undo goes on without it");
        }
    }

    /// The step's write was announced.
    pub(crate) async fn will(&mut self, at: Timestamp, step: u32) -> io::Result<()> {
        self.must(at, Fact::Will { step }).await?;
        self.show(|view| {
            for seen in view.steps.iter_mut().filter(|seen| seen.n == step) {
                seen.written = true;
            }
        });
        Ok(())
    }

    /// What came of it.
    pub(crate) fn did(&mut self, at: Timestamp, step: u32, outcome: Did) {
        self.may(at, Fact::Did { step, outcome });
    }

    /// The undo of a step came to this.
    pub(crate) fn undid(&mut self, at: Timestamp, step: u32, outcome: Outcome, note: &str) {
        self.may(at, Fact::Undid { step, outcome, note: note.to_owned() });
        self.show(|view| {
            for seen in view.steps.iter_mut().filter(|seen| seen.n == step) {
                seen.outcome = Some(outcome);
                note.clone_into(&mut seen.note);
            }
        });
    }

    /// The undo begins.
    pub(crate) fn undo<A: Api>(&mut self, api: &A, cause: Cause) {
        self.may(api.now(), Fact::Undo { cause });
        self.show(|view| view.cause = Some(view.cause.unwrap_or(cause)));
        self.enter(api, State::Undoing);
    }

    /// Shows which steps count as written, for a case found on disk or in the cluster.
    pub(crate) fn show_case(&self, case: &Case) {
        self.show(|view| {
            for step in &mut view.steps {
                step.written = case.begun.as_ref().is_none_or(|begun| begun.contains(&step.n));
            }
        });
    }

    /// Puts the journal away, if this process holds it. A disk that hangs is not waited for: the next scan finds the file
    /// where it is.
    pub(crate) async fn put_away(&mut self, shelf: &Shelf, arm: &Arm) {
        let Some(journal) = self.journal.take() else { return };
        let put = tokio::select! {
            put = journal.put_away(shelf.clone(), arm.clone()) => put,
            () = patience::wait(PUTS_AWAY) => Err(io::Error::new(io::ErrorKind::TimedOut, "the disk does not answer")),
        };
        if let Err(error) = put {
            tracing::warn!(%error, "the finished journal stays where it is; the next scan puts it away");
        }
    }
}
