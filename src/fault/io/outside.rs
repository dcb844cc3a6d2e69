//! What is open and worked on by nobody in this process: journals of this machine and records of the cluster, held together.
//!
//! Nothing is acted on here. One journal or record that cannot be placed is told and never hides the others.

use std::time::Duration;

use super::{engine::Engine, ledger::first_view, nets, patience, undoer::Case};
use crate::{
    cluster::{
        ClusterId,
        api::{Api, Trouble, WriteApi},
        io::cluster_id,
    },
    fault::{
        arming,
        injection::State,
        record::{self, Record},
        refusal::OrderError,
        view::InjectionView,
    },
    journal::{
        digest::Digest,
        entry::Arm,
        io::{Drawer, Journal, file::free, shelf::Slot},
    },
};

/// How long a journal may be nobody's between a process that left and its guardian.
const HANDED_OVER: Duration = Duration::from_secs(1);

/// An injection nobody here works on.
pub(super) enum Outside {
    /// Its journal is here and nobody holds it, or it is damaged and the record is.
    Own(Box<Case>, Journal, Box<InjectionView>),
    /// It was brought to its end, verified and journaled, but its process died before the journal was put away.
    Over(Box<Case>, Journal, Box<InjectionView>),
    /// Another process on this machine holds its journal.
    Held(Box<InjectionView>, Option<Box<Record>>),
    /// Only records are known.
    Foreign(Claims),
}

/// The records that claim one id and tell different things, earliest first. Ids are chosen at random when a fault is armed, so
/// whoever copies one comes later.
pub(super) struct Claims(pub(super) Vec<Record>);

/// What a look around could not act on, in words.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    /// What is no open injection of this machine in this cluster, as far as anybody can tell.
    pub(super) notes: Vec<String>,
    /// Journals of this machine that are open, or may be, and could not be taken up.
    pub(super) lost: Vec<String>,
}

/// Whether a cluster is the one at hand.
pub(super) enum Here {
    Yes,
    /// The object its id is of has another uid.
    No,
    /// Why nobody can tell.
    Untold(String),
}

/// Places ids, each object read once.
pub(super) struct Placer<'a, A> {
    api: &'a A,
    read: Vec<(String, Result<Option<String>, Trouble>)>,
}

impl<'a, A: Api> Placer<'a, A> {
    /// With nothing read yet.
    pub(super) fn new(api: &'a A) -> Self {
        Self { api, read: Vec::new() }
    }

    pub(super) async fn place(&mut self, id: &ClusterId) -> Here {
        if !self.read.iter().any(|(of, _)| *of == id.of) {
            self.read.push((id.of.clone(), cluster_id::uid(self.api, &id.of).await));
        }
        match self.read.iter().find(|(of, _)| *of == id.of) {
            Some((_, Ok(Some(uid)))) if *uid == id.uid => Here::Yes,
            Some((_, Ok(Some(_)))) => Here::No,
            Some((of, Err(trouble))) => Here::Untold(format!("{of} cannot be read: {trouble}")),
            Some((_, Ok(None))) | None => Here::Untold(format!("{} is not here", id.of)),
        }
    }
}

impl<A: WriteApi + 'static> Engine<A> {
    /// Everything that no task of this process works on.
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
        let (mut records, unread) = nets::records(&*bench.api, &namespaces)
            .await
            .map_err(|trouble| OrderError::Link { what: "looking for records".to_owned(), why: trouble.to_string() })?;
        unseen.notes.extend(unread);
        records.retain(|record| !here.contains(&record.arm.id));
        let mut placer = Placer::new(&*bench.api);
        let mut outside = Vec::new();
        let mut waited = false;
        for (slot, digest) in digests {
            let found = self.of_journal(&slot, &digest, &mut records, &mut placer, &mut unseen, &mut waited).await;
            outside.extend(found);
        }
        let mut foreign: Vec<Claims> = Vec::new();
        for record in records {
            match placer.place(&arming::cluster(&record.arm)).await {
                Here::Yes => {}
                Here::No => {
                    let place = record.place.short();
                    unseen.notes.push(format!("{place}: it was made in another cluster and is not acted on"));
                    continue;
                }
                // It counts as what it says (rule R5); a write under its name is refused until its cluster is known.
                Here::Untold(why) => {
                    unseen
                        .notes
                        .push(format!("{}: which cluster it was made in is not known: {why}", record.place.short()));
                }
            }
            match foreign.iter_mut().find(|claims| claims.id() == record.arm.id) {
                Some(claims) => claims.0.push(record),
                None => foreign.push(Claims(vec![record])),
            }
        }
        unseen.notes.extend(foreign.iter().filter_map(Claims::contested));
        outside.extend(foreign.into_iter().map(Outside::Foreign));
        Ok((outside, unseen))
    }

    /// An open journal of this machine: taken over, shown as held, or told as what cannot be taken up. The record that tells
    /// the same is taken out of `records`; others that claim its id are not acted on.
    async fn of_journal(
        &self,
        slot: &Slot,
        digest: &Digest,
        records: &mut Vec<Record>,
        placer: &mut Placer<'_, A>,
        unseen: &mut Unseen,
        waited: &mut bool,
    ) -> Option<Outside> {
        let at = records.iter().position(|record| match &digest.arm {
            Some((arm, _)) => record::same(&record.arm, arm),
            // A damaged journal: the earliest record that claims its id is the best word there is.
            None => record.arm.id == slot.id,
        });
        let record = at.map(|at| records.remove(at));
        for other in records.extract_if(.., |record| record.arm.id == slot.id) {
            let (place, id) = (other.place.short(), &slot.id);
            unseen.notes.push(format!("{place} claims injection {id} and tells another one; it is not acted on"));
        }
        let arm = match (&digest.arm, &record) {
            (Some((arm, _)), _) => arm.clone(),
            (None, Some(record)) => record.arm.clone(),
            (None, None) => {
                unseen.lost.push(format!(
                    "{} is damaged and the cluster holds no record of it: look at the objects it names, then remove it",
                    slot.path.display()
                ));
                return None;
            }
        };
        let (id, context) = (&arm.id, &arm.access.context);
        match placer.place(&arming::cluster(&arm)).await {
            Here::Yes => {}
            // It is where it was armed, as far as anybody can tell. Its undo asks again before each pass, for as long as it takes.
            Here::Untold(why) if arm.server == self.bench.api.server() => {
                unseen.notes.push(format!("injection {id}: its cluster cannot be told from others: {why}"));
            }
            Here::No | Here::Untold(_) => {
                unseen.notes.push(format!(
                    "injection {id} is open in another cluster ({}, context {context}): `brink --context {context} fault abort {id}`",
                    arm.server
                ));
                return None;
            }
        }
        let created = record.as_ref().and_then(|record| record.created);
        let mut view = view_of(&arm, digest, self.bench.api.now());
        view.deadline = digest.deadline(created);
        // One wait is enough for all of them.
        if !*waited && may_be_handed_over(slot, digest) {
            patience::wait(HANDED_OVER).await;
            *waited = true;
        }
        match self.bench.shelf.take(&slot.path) {
            // Whoever holds it is about to put it away.
            Ok(None) if !digest.open() => None,
            Ok(None) => Some(Outside::Held(Box::new(view), record.map(Box::new))),
            Ok(Some((journal, digest))) => {
                let case = Box::new(Case::of_journal(arm, &digest, created));
                if digest.open() {
                    return Some(Outside::Own(case, journal, Box::new(view)));
                }
                let view = view_of(&case.arm, &digest, self.bench.api.now());
                Some(Outside::Over(case, journal, Box::new(view)))
            }
            Err(error) => {
                unseen.lost.push(format!("{}: {error}", slot.path.display()));
                None
            }
        }
    }
}

/// Whether nobody holds the journal of a fault that nothing ended: its process may have said farewell a moment ago, and its
/// guardian be about to take it.
fn may_be_handed_over(slot: &Slot, digest: &Digest) -> bool {
    let live = digest.active.is_some() && digest.cause.is_none() && digest.open();
    live && free(&slot.path).unwrap_or(false)
}

impl Outside {
    pub(super) fn id(&self) -> &str {
        match self {
            Self::Own(case, ..) | Self::Over(case, ..) => &case.arm.id,
            Self::Held(view, _) => &view.injection,
            Self::Foreign(claims) => claims.id(),
        }
    }
}

impl Claims {
    pub(super) fn id(&self) -> &str {
        self.0.first().map_or("", |record| &record.arm.id)
    }

    /// Whether one of them says that it is this user's.
    pub(super) fn any_of(&self, user: &str) -> bool {
        self.0.iter().any(|record| record.arm.owner == user)
    }

    /// Says that more than one record claims the id.
    pub(super) fn contested(&self) -> Option<String> {
        let places: Vec<String> = self.0.iter().map(|record| record.place.short()).collect();
        (places.len() > 1).then(|| {
            let (id, all) = (self.id(), places.join(", "));
            format!("{all} all claim injection {id} and differ; only what carries their marks is ever written to")
        })
    }

    /// What is shown of it: what the earliest tells.
    pub(super) fn view(&self) -> Option<InjectionView> {
        self.0.first().map(foreign_view)
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
