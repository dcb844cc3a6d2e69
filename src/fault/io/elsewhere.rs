//! Ends what no task of this process works on: orphans of this machine, others' injections by their record, kept changes.

use std::time::Duration;

use super::{
    engine::{Engine, ended, nothing_to_decide},
    finding::get,
    finish::{self, finish},
    ledger::Ledger,
    nets,
    orders::orders,
    outside::{Claims, Outside, foreign_view, view_of},
    patience,
    undoer::{Case, Undoer},
};
use crate::{
    cluster::api::WriteApi,
    fault::{
        arming, guard,
        injection::State,
        mark::Mark,
        record::{self, Record},
        refusal::OrderError,
        view::InjectionView,
    },
    journal::{
        digest::SETTLE_S,
        entry::Cause,
        io::{Drawer, Journal},
    },
};

/// How long the owner of a foreign injection may take to stop it itself.
const OWNER_STOPS: Duration = Duration::from_secs(20);

impl<A: WriteApi + 'static> Engine<A> {
    /// Undoes an own orphan in a task of its own.
    pub(super) fn finish_own(&self, case: Case, journal: Option<Journal>, mut view: InjectionView, cause: Cause) {
        view.state = State::Undoing;
        let bench = self.bench.clone();
        let (ledger, seen) = Ledger::new(journal.map(|journal| bench.shelf.writer(journal)), view);
        ledger.show_case(&case);
        let (orders, mut taken) = orders();
        let id = case.arm.id.clone();
        self.run(id, orders, seen, async move {
            finish(&*bench.api, &bench.shelf, ledger, case, cause, &mut taken).await;
        });
    }

    /// Closes an injection that is over but was not put away: its undo was verified, so nothing is undone again, whatever has
    /// become of its objects since.
    pub(super) fn close_over(&self, case: Case, journal: Journal, mut view: InjectionView) {
        let (residue, notes) = (std::mem::take(&mut view.residue), view.notes.clone());
        view.state = State::Verifying;
        let bench = self.bench.clone();
        let (ledger, seen) = Ledger::new(Some(bench.shelf.writer(journal)), view);
        let (orders, taken) = orders();
        self.run(case.arm.id.clone(), orders, seen, async move {
            // Kept to the end: until then it counts as worked on.
            let _taken = taken;
            finish::close(&*bench.api, &bench.shelf, ledger, &case.arm, residue, notes).await;
        });
    }

    /// Ends an injection that no task here works on.
    pub(super) async fn end_elsewhere(&self, id: &str, cause: Cause) -> Result<InjectionView, OrderError> {
        let (outside, _) = self.outside().await?;
        let found = outside.into_iter().find(|found| found.id() == id);
        match found {
            Some(Outside::Own(case, journal, view)) => {
                self.finish_own(*case, Some(journal), *view, cause);
            }
            Some(Outside::Over(case, journal, view)) => self.close_over(*case, journal, *view),
            Some(Outside::Held(view, Some(record))) => {
                return self.stop_owner(self.told_here(*record), *view, cause).await;
            }
            Some(Outside::Foreign(claims)) => return self.end_foreign(claims, cause).await,
            Some(Outside::Held(view, None)) => {
                let why = "another brink on this machine is working on it and it has no cluster record to stop it by";
                return Err(OrderError::NotNow { id: id.to_owned(), state: view.state.word(), why: why.to_owned() });
            }
            None => {
                if let Some(view) = self.take_back(id, cause)? {
                    return Ok(ended(view).await);
                }
                return Err(OrderError::Unknown(id.to_owned()));
            }
        }
        match self.view(id) {
            Some(view) => Ok(ended(view).await),
            None => Err(OrderError::Unknown(id.to_owned())),
        }
    }

    /// Takes up a stuck undo that no task of this process works on, so that a person can decide about it: nothing is written
    /// by it but what the undo itself writes. Answers when it has ended or is stuck here as well.
    pub(super) async fn take_up(&self, id: &str) -> Result<InjectionView, OrderError> {
        let (outside, _) = self.outside().await?;
        let (record, view) = match outside.into_iter().find(|found| found.id() == id) {
            Some(Outside::Foreign(claims)) => {
                let contested = claims.contested();
                let record = self.true_one(claims).await.ok_or_else(|| OrderError::Unknown(id.to_owned()))?;
                let mut view = foreign_view(&record);
                view.notes.extend(contested);
                (record, view)
            }
            Some(Outside::Held(view, Some(record))) => (self.told_here(*record), *view),
            Some(Outside::Own(case, journal, view)) if view.state == State::Stuck => {
                self.finish_own(*case, Some(journal), *view, Cause::Person);
                let view = self.view(id).ok_or_else(|| OrderError::Unknown(id.to_owned()))?;
                return Ok(ended(view).await);
            }
            Some(Outside::Own(_, _, view) | Outside::Over(_, _, view) | Outside::Held(view, None)) => {
                return Err(nothing_to_decide(id, view.state));
            }
            // A kept change whose undo got stuck in an earlier session.
            None => match self.take_back(id, Cause::Person)? {
                Some(view) => return Ok(ended(view).await),
                None => return Err(OrderError::Unknown(id.to_owned())),
            },
        };
        if view.state != State::Stuck {
            return Err(nothing_to_decide(id, view.state));
        }
        self.may_decide(id, &record.arm.owner, record.deadline())?;
        self.stop_owner(record, view, Cause::Person).await
    }

    /// Undoes a kept change, from its journal.
    fn take_back(
        &self,
        id: &str,
        cause: Cause,
    ) -> Result<Option<tokio::sync::watch::Receiver<InjectionView>>, OrderError> {
        let disk =
            |error: std::io::Error| OrderError::Disk { what: "reading the journal".to_owned(), why: error.to_string() };
        let slots = self.bench.shelf.slots(Drawer::Kept).map_err(disk)?;
        let Some(slot) = slots.into_iter().find(|slot| slot.id == id) else { return Ok(None) };
        let Some((journal, digest)) = self.bench.shelf.take(&slot.path).map_err(disk)? else {
            let why = "another brink on this machine is working on it".to_owned();
            return Err(OrderError::NotNow { id: id.to_owned(), state: State::Applying.word(), why });
        };
        let Some((arm, _)) = digest.arm.clone() else { return Ok(None) };
        let view = view_of(&arm, &digest, self.bench.api.now());
        let case = Case::of_journal(arm, &digest, None);
        if digest.open() {
            self.finish_own(case, Some(journal), view, cause);
        } else {
            // It was taken back before, and its process died before it was put away.
            self.close_over(case, journal, view);
        }
        Ok(self.view(id))
    }

    /// A record with the facts of this machine's journal, which also holds the values that no record may.
    fn told_here(&self, mut record: Record) -> Record {
        let path = self.bench.shelf.path(Drawer::Open, &record.arm.cluster_uid, &record.arm.id);
        if let Some((arm, _)) = self.bench.shelf.digest(&path).ok().and_then(|digest| digest.arm)
            && record::same(&arm, &record.arm)
        {
            record.arm = arm;
        }
        record
    }

    /// Ends somebody else's injection by the record that is true, and says which others claimed to be it.
    async fn end_foreign(&self, claims: Claims, cause: Cause) -> Result<InjectionView, OrderError> {
        let (id, contested) = (claims.id().to_owned(), claims.contested());
        let Some(record) = self.true_one(claims).await else { return Err(OrderError::Unknown(id)) };
        let mut view = foreign_view(&record);
        view.notes.extend(contested);
        self.stop_owner(record, view, cause).await
    }

    /// The record whose marks stand on its objects; where none does, the earliest.
    pub(super) async fn true_one(&self, claims: Claims) -> Option<Record> {
        let mut claims = claims.0;
        if claims.len() > 1 {
            for at in 0..claims.len() {
                if let Some(record) = claims.get(at)
                    && self.marked(record).await
                {
                    return Some(claims.swap_remove(at));
                }
            }
        }
        claims.into_iter().next()
    }

    /// Whether an object carries the mark of one of its steps.
    async fn marked(&self, record: &Record) -> bool {
        for step in &record.arm.steps {
            if let Ok(Some(live)) = get(&*self.bench.api, &arming::object(&step.object)).await
                && Mark::on(&live).as_ref() == Some(&Mark::of(&record.arm.id, step))
            {
                return true;
            }
        }
        false
    }

    /// Asks the owner to stop, by the record; if it does not, undoes in its place. Both may act at once.
    async fn stop_owner(&self, record: Record, view: InjectionView, cause: Cause) -> Result<InjectionView, OrderError> {
        let api = &*self.bench.api;
        let warrant = guard::undo(&record.arm.id, arming::cluster(&record.arm));
        let who = format!("{} ({})", self.bench.place.user, self.bench.place.host);
        let told = nets::tell_records(api, &warrant, &record.arm, "stop", &who).await;
        let settled = record.state == State::Active;
        let unsettled_until =
            (!settled).then(|| super::keeper::after(api.now(), u64::try_from(SETTLE_S).unwrap_or(65)));
        let id = record.arm.id.clone();
        let case = Case::of_record(record.clone(), unsettled_until);
        let start = patience::Since::now();
        while told && start.within(OWNER_STOPS) {
            match get(api, &record.place).await {
                // The owner takes its record down last, but so can anybody else: what counts is what stands.
                Ok(None) if settled && matches!(Undoer::new(api, &case).verify(&case).await, Ok(Ok(_))) => {
                    let mut view = view;
                    view.state = State::Recovered;
                    view.cause = Some(cause);
                    view.notes.push("undone by its owner".to_owned());
                    return Ok(view);
                }
                Ok(None) => break,
                Ok(Some(object)) if record::read(&object).is_ok_and(|now| now.state == State::Stuck) => break,
                _ => patience::wait(Duration::from_millis(500)).await,
            }
        }
        self.finish_own(case, None, view, cause);
        match self.view(&id) {
            Some(view) => Ok(ended(view).await),
            None => Err(OrderError::Unknown(id)),
        }
    }
}
