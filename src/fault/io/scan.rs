//! Looks for what a crash left, at every start, and reaches injections this process does not keep.

use std::{collections::BTreeMap, time::Duration};

use tokio::sync::mpsc;

use super::{
    engine::{Engine, ended},
    finding::{cluster_uid, get},
    finish::{Order, Orders, finish},
    ledger::{Ledger, first_view},
    nets,
    undoer::Case,
};
use crate::{
    cluster::api::{Api, Trouble},
    fault::{
        arming, guard,
        injection::State,
        mark::Mark,
        record::{self, Record},
        refusal::OrderError,
        view::InjectionView,
    },
    journal::{
        digest::Digest,
        entry::{Arm, Cause},
        io::{Drawer, shelf::Slot},
    },
};

/// How long the owner of a foreign injection may take to stop it itself.
const OWNER_STOPS: Duration = Duration::from_secs(20);
/// How many finished journals are looked through for marks that came back.
const REMEMBERED: usize = 50;

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

/// An open injection nobody here works on.
pub(super) enum Outside {
    /// Its journal is here and nobody holds it, or it is damaged and the record is.
    Own(Box<Case>, Option<crate::journal::io::Journal>, Box<InjectionView>),
    /// Another process on this machine holds its journal.
    Held(Box<InjectionView>, Option<Box<Record>>),
    /// Only the record is known.
    Foreign(Box<Record>),
}

/// What a look around could not act on, in words.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    /// What is no open injection of this machine in this cluster, as far as anybody can tell.
    pub(super) notes: Vec<String>,
    /// Journals of this machine that are open, or may be, and could not be taken up.
    pub(super) lost: Vec<String>,
}

impl<A: Api + 'static> Engine<A> {
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
                    self.finish_own(*case, journal, *view, Cause::Orphan);
                }
                Outside::Held(view, _) => scanned.held.push(*view),
                Outside::Foreign(record) => scanned.foreign.push(foreign_view(&record)),
            }
        }
        scanned.stale_marks = self.stale_marks(&mut scanned.warnings).await;
        Ok(scanned)
    }

    /// Everything open that no task of this process works on.
    pub(super) async fn outside(&self) -> Result<(Vec<Outside>, Unseen), OrderError> {
        let bench = &self.bench;
        let mut slots = bench
            .shelf
            .slots(Drawer::Open)
            .map_err(|error| OrderError::Disk { what: "reading the journals".to_owned(), why: error.to_string() })?;
        let here: Vec<String> =
            self.kept().into_iter().filter(|view| !view.ended()).map(|view| view.injection).collect();
        slots.retain(|slot| !here.contains(&slot.id));
        let mut unseen = Unseen::default();
        let mut namespaces: Vec<String> = bench.place.home.iter().cloned().collect();
        let mut digests = Vec::new();
        for slot in slots {
            match bench.shelf.digest(&slot.path) {
                Ok(digest) => {
                    namespaces.extend(digest.arm.iter().flat_map(|(arm, _)| arm.namespaces.clone()));
                    digests.push((slot, digest));
                }
                Err(error) => unseen.lost.push(format!("{}: {error}", slot.path.display())),
            }
        }
        namespaces.sort();
        namespaces.dedup();
        let link = |what: &str, trouble: &Trouble| OrderError::Link { what: what.to_owned(), why: trouble.to_string() };
        let (mut records, unread) =
            nets::records(&*bench.api, &namespaces).await.map_err(|trouble| link("looking for records", &trouble))?;
        unseen.notes.extend(unread);
        let mut outside = Vec::new();
        for (slot, digest) in digests {
            let record = records.iter().position(|record| record.arm.id == slot.id);
            let arm = match (&digest.arm, record.and_then(|at| records.get(at))) {
                (Some((arm, _)), _) => arm.clone(),
                (None, Some(record)) => record.arm.clone(),
                (None, None) => {
                    unseen.lost.push(format!(
                        "{} is damaged and the cluster holds no record of it: look at the objects it names, then remove it",
                        slot.path.display()
                    ));
                    continue;
                }
            };
            let here = cluster_uid(&*bench.api, &arm.cluster_uid_of)
                .await
                .map_err(|trouble| link("asking which cluster this is", &trouble))?;
            if here.as_deref() != Some(arm.cluster_uid.as_str()) {
                unseen.notes.push(format!(
                    "injection {} is open in another cluster ({}, context {}): `brink --context {} fault recover {}`",
                    arm.id, arm.server, arm.access.context, arm.access.context, arm.id
                ));
                continue;
            }
            let record = record.map(|at| records.remove(at));
            match self.own(&slot, arm, &digest, record) {
                Ok(found) => outside.push(found),
                Err(why) => unseen.lost.push(why),
            }
        }
        let mut uids: Vec<(String, Option<String>)> = Vec::new();
        for record in records.into_iter().filter(|record| !here.contains(&record.arm.id)) {
            let of = &record.arm.cluster_uid_of;
            let known = uids.iter().find(|(known, _)| known == of).map(|(_, uid)| uid.clone());
            let uid = match known {
                Some(uid) => uid,
                None => {
                    let uid = cluster_uid(&*bench.api, of)
                        .await
                        .map_err(|trouble| link("asking which cluster this is", &trouble))?;
                    uids.push((of.clone(), uid.clone()));
                    uid
                }
            };
            if uid.as_deref() == Some(record.arm.cluster_uid.as_str()) {
                outside.push(Outside::Foreign(Box::new(record)));
            } else {
                unseen
                    .notes
                    .push(format!("{}: it was made in another cluster and is not acted on", record.place.short()));
            }
        }
        Ok((outside, unseen))
    }

    /// An open journal of this machine: taken over, or shown as held.
    fn own(&self, slot: &Slot, arm: Arm, digest: &Digest, record: Option<Record>) -> Result<Outside, String> {
        let created = record.as_ref().and_then(|record| record.created);
        let mut view = view_of(&arm, digest, self.bench.api.now());
        view.deadline = digest.deadline(created);
        match self.bench.shelf.take(&slot.path) {
            Ok(None) => Ok(Outside::Held(Box::new(view), record.map(Box::new))),
            Ok(Some((journal, digest))) => {
                let case = Case::of_journal(arm, &digest, created);
                Ok(Outside::Own(Box::new(case), Some(journal), Box::new(view)))
            }
            Err(error) => Err(format!("{}: {error}", slot.path.display())),
        }
    }

    /// Undoes an own orphan in a task of its own.
    pub(super) fn finish_own(
        &self,
        case: Case,
        journal: Option<crate::journal::io::Journal>,
        mut view: InjectionView,
        cause: Cause,
    ) {
        view.state = State::Undoing;
        let (ledger, seen) = Ledger::new(journal, view);
        ledger.show_case(&case);
        let (orders, taken) = mpsc::channel(8);
        let bench = self.bench.clone();
        let id = case.arm.id.clone();
        self.run(id, orders, seen, async move {
            finish(&*bench.api, &bench.shelf, ledger, case, cause, &mut Orders(Some(taken))).await;
        });
    }

    /// Ends an injection that no task here works on.
    pub(super) async fn end_elsewhere(&self, id: &str, cause: Cause) -> Result<InjectionView, OrderError> {
        let (outside, _) = self.outside().await?;
        let found = outside.into_iter().find(|found| found.id() == id);
        match found {
            Some(Outside::Own(case, journal, view)) => {
                self.finish_own(*case, journal, *view, cause);
            }
            Some(Outside::Held(view, Some(record))) => return self.stop_owner(*record, *view, cause).await,
            Some(Outside::Foreign(record)) => {
                let view = foreign_view(&record);
                return self.stop_owner(*record, view, cause).await;
            }
            Some(Outside::Held(view, None)) => {
                let why = "another brink on this machine is working on it and it has no cluster record to stop it by";
                return Err(OrderError::NotNow { id: id.to_owned(), state: view.state.word(), why: why.to_owned() });
            }
            None => {
                if let Some(view) = self.take_back(id, cause)? {
                    return Ok(view.wait().await);
                }
                return Err(OrderError::Unknown(id.to_owned()));
            }
        }
        match self.order(id, Order::Now) {
            Some(view) => Ok(ended(view).await),
            None => Err(OrderError::Unknown(id.to_owned())),
        }
    }

    /// Undoes a kept change, from its journal.
    fn take_back(&self, id: &str, cause: Cause) -> Result<Option<Waiting>, OrderError> {
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
        self.finish_own(Case::of_journal(arm, &digest, None), Some(journal), view, cause);
        Ok(self.order(id, Order::Now).map(Waiting))
    }

    /// Asks the owner to stop, by the record; if it does not, undoes in its place. Both may act at once.
    async fn stop_owner(&self, record: Record, view: InjectionView, cause: Cause) -> Result<InjectionView, OrderError> {
        let api = &*self.bench.api;
        let warrant = guard::undo(&record.arm.id, &record.arm.cluster_uid);
        let who = format!("{} ({})", self.bench.place.user, self.bench.place.host);
        let told = nets::tell_records(api, &warrant, &record.arm, "stop", &who).await;
        let start = api.now();
        while told && nets::elapsed(api, start) < OWNER_STOPS {
            match get(api, &record.place).await {
                // The owner takes its record down last, once all is verified.
                Ok(None) => {
                    let mut view = view;
                    view.state = State::Recovered;
                    view.cause = Some(cause);
                    view.notes.push("undone by its owner".to_owned());
                    return Ok(view);
                }
                Ok(Some(object)) if record::read(&object).is_ok_and(|now| now.state == State::Stuck) => break,
                _ => api.sleep(Duration::from_millis(500)).await,
            }
        }
        let settled = record.state == State::Active;
        let unsettled_until = (!settled)
            .then(|| super::keeper::after(api.now(), u64::try_from(crate::journal::digest::SETTLE_S).unwrap_or(65)));
        let id = record.arm.id.clone();
        let case =
            Case { since: record.created, begun: None, unsettled_until, landed: BTreeMap::new(), arm: record.arm };
        self.finish_own(case, None, view, cause);
        match self.order(&id, Order::Now) {
            Some(view) => Ok(ended(view).await),
            None => Err(OrderError::Unknown(id)),
        }
    }

    /// Finishes what a crash left: with no id all own orphans; with one, that injection, which must be the reader's own or
    /// past its deadline (anyone may abort; recovering another's live fault is aborting it). Answers when ended or stuck.
    pub async fn recover(&self, id: Option<&str>) -> Result<Vec<InjectionView>, OrderError> {
        if self.bench.place.readonly {
            return Err(OrderError::ReadOnly);
        }
        if let Some(id) = id {
            let (outside, _) = self.outside().await?;
            if let Some(Outside::Foreign(record)) = outside.iter().find(|found| found.id() == id)
                && record.deadline().is_some_and(|deadline| deadline > self.bench.api.now())
            {
                let why = "its deadline is not over; `brink fault abort` stops it".to_owned();
                return Err(OrderError::NotYours { id: id.to_owned(), owner: record.arm.owner.clone(), why });
            }
            drop(outside);
            return self.end(id, Cause::Orphan).await.map(|view| vec![view]);
        }
        let (outside, _) = self.outside().await?;
        let mut waiting = Vec::new();
        for found in outside {
            if let Outside::Own(case, journal, view) = found {
                let id = case.arm.id.clone();
                self.finish_own(*case, journal, *view, Cause::Orphan);
                waiting.extend(self.order(&id, Order::Now));
            }
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
            views.push(match found {
                Outside::Own(_, _, view) | Outside::Held(view, _) => *view,
                Outside::Foreign(record) => foreign_view(&record),
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

    /// Marks of finished injections that are on their objects again.
    async fn stale_marks(&self, warnings: &mut Vec<String>) -> Vec<String> {
        let bench = &self.bench;
        let mut found = Vec::new();
        let slots = bench.shelf.slots(Drawer::Done).unwrap_or_default();
        let mut recent: Vec<_> = slots
            .into_iter()
            .filter_map(|slot| Some((bench.shelf.digest(&slot.path).ok()?, slot)))
            .filter_map(|(digest, slot)| Some((digest.last?, digest.arm?.0, slot)))
            .collect();
        recent.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
        for (_, arm, _) in recent.into_iter().take(REMEMBERED) {
            for step in &arm.steps {
                let object = arming::object(&step.object);
                match get(&*bench.api, &object).await {
                    Ok(Some(live)) if Mark::on(&live).is_some_and(|mark| mark.id == arm.id) => {
                        found.push(object.short());
                    }
                    Err(trouble) if trouble.transient() => {
                        warnings.push(format!("stale marks could not be looked for: {trouble}"));
                        return found;
                    }
                    Ok(_) | Err(_) => {}
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// The kubectl commands a person would type to finish a stuck undo by hand.
    pub async fn print(&self, id: &str) -> Result<Vec<String>, OrderError> {
        let path = self
            .bench
            .shelf
            .slots(Drawer::Open)
            .map_err(|error| OrderError::Disk { what: "reading the journals".to_owned(), why: error.to_string() })?
            .into_iter()
            .find(|slot| slot.id == id);
        let arm = match path.and_then(|slot| self.bench.shelf.digest(&slot.path).ok()?.arm) {
            Some((arm, _)) => arm,
            None => {
                let (outside, _) = self.outside().await?;
                match outside.into_iter().find(|found| found.id() == id) {
                    Some(Outside::Foreign(record)) => record.arm,
                    Some(Outside::Own(case, _, _)) => case.arm,
                    _ => return Err(OrderError::Unknown(id.to_owned())),
                }
            }
        };
        Ok(crate::fault::by_hand::commands(&arm))
    }
}

/// A view somebody waits for.
struct Waiting(tokio::sync::watch::Receiver<InjectionView>);

impl Waiting {
    async fn wait(self) -> InjectionView {
        ended(self.0).await
    }
}

impl Outside {
    fn id(&self) -> &str {
        match self {
            Self::Own(case, _, _) => &case.arm.id,
            Self::Held(view, _) => &view.injection,
            Self::Foreign(record) => &record.arm.id,
        }
    }
}

/// A view from a journal.
pub(super) fn view_of(arm: &Arm, digest: &Digest, now: jiff::Timestamp) -> InjectionView {
    let state = match &digest.done {
        Some(residue) if residue.is_empty() => State::Recovered,
        Some(_) => State::Residue,
        None if digest.stuck.is_some() => State::Stuck,
        None if digest.cause.is_some() => State::Undoing,
        None if digest.active.is_some() => State::Active,
        None if digest.begun.is_empty() => State::Arming,
        None => State::Applying,
    };
    let mut view = first_view(arm, state, digest.last.unwrap_or(now), true);
    view.cause = digest.cause;
    view.deadline = digest.deadline(None);
    view.ends = digest.ends();
    view.trouble.clone_from(&digest.stuck);
    view.residue = digest.done.clone().unwrap_or_default();
    view.notes.clone_from(&digest.notes);
    for step in &mut view.steps {
        step.written = digest.begun.contains_key(&step.n);
        if let Some((outcome, note)) = digest.undid.get(&step.n) {
            step.outcome = Some(*outcome);
            step.note.clone_from(note);
        }
    }
    view
}

/// A view from a record: texts of others, made safe where they are drawn.
pub fn foreign_view(record: &Record) -> InjectionView {
    let since = record.created.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let mut view = first_view(&record.arm, record.state, since, false);
    view.deadline = record.deadline();
    view
}
