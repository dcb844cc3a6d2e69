//! Stale marks: those of finished injections that are on their objects again.
//!
//! A Deployment's annotations are copied to its ReplicaSets, so a rollback can bring a mark back long after the undo. It does
//! no harm, but it is a trace of brink on somebody's object. They are told at every scan and taken off on request alone: the
//! mark and nothing else, and never while anything visible says that its injection is open.

use super::{
    engine::Engine,
    finding::get,
    outside::{Outside, Unseen},
};
use crate::{
    cluster::{
        Manifest, ObjectRef,
        api::{Write, WriteApi},
        io::cluster_id,
        warrant::Warrant,
    },
    fault::{arming, guard, mark::Mark, record, refusal::OrderError, undo},
    journal::{entry::Arm, io::Drawer},
};

/// How many finished journals are looked through.
const REMEMBERED: usize = 50;
/// Tries of one removal while the object's version moves.
const CONFLICTS: u32 = 5;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StaleMark {
    /// The object that carries it, `KIND NS/NAME`.
    pub object: String,
    /// The finished injection it is of.
    pub injection: String,
    /// It was taken off, and a read afterwards did not find it.
    pub removed: bool,
    /// Why it was not; empty when nobody asked for it.
    pub why: String,
}

/// A stale mark and where it was found.
struct Found {
    arm: Arm,
    object: ObjectRef,
}

impl Found {
    fn told(&self, removed: bool, why: String) -> StaleMark {
        StaleMark { object: self.object.short(), injection: self.arm.id.clone(), removed, why }
    }
}

impl<A: WriteApi + 'static> Engine<A> {
    /// The stale marks of this cluster that this machine's journal knows of, and what could not be looked at, in words.
    pub async fn stale_marks(&self) -> (Vec<StaleMark>, Vec<String>) {
        let (found, warnings) = self.found().await;
        (found.iter().map(|found| found.told(false, String::new())).collect(), warnings)
    }

    /// Takes the stale marks off. What is left says why.
    pub async fn remove_stale_marks(&self) -> Result<(Vec<StaleMark>, Vec<String>), OrderError> {
        if self.bench.place.readonly {
            return Err(OrderError::ReadOnly);
        }
        let (found, mut warnings) = self.found().await;
        if found.is_empty() {
            return Ok((Vec::new(), warnings));
        }
        let (outside, Unseen { lost, .. }) = self.outside().await?;
        let mut open: Vec<String> = outside
            .iter()
            .filter(|found| !matches!(found, Outside::Over(..)))
            .map(|found| found.id().to_owned())
            .collect();
        // Their locks go: nothing is taken up here.
        drop(outside);
        open.extend(self.kept().into_iter().filter(|view| !view.ended()).map(|view| view.injection));
        warnings.extend(lost);
        let mut marks = Vec::new();
        for found in found {
            let why = if open.contains(&found.arm.id) {
                Some("its injection is open".to_owned())
            } else {
                self.recorded(&found.arm).await
            };
            marks.push(match why {
                Some(why) => found.told(false, why),
                None => match self.unmark(&found).await {
                    Ok(()) => found.told(true, String::new()),
                    Err(why) => found.told(false, why),
                },
            });
        }
        Ok((marks, warnings))
    }

    /// Marks of injections this machine finished in this cluster, that are on their objects again.
    async fn found(&self) -> (Vec<Found>, Vec<String>) {
        let (bench, api) = (&self.bench, &*self.bench.api);
        let slots = bench.shelf.slots(Drawer::Done).unwrap_or_default();
        let mut recent: Vec<_> = slots
            .into_iter()
            .filter_map(|slot| bench.shelf.digest(&slot.path).ok())
            .filter_map(|digest| Some((digest.last?, digest.arm?.0)))
            .collect();
        recent.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
        let (mut found, mut warnings): (Vec<Found>, Vec<String>) = (Vec::new(), Vec::new());
        // Most journals are of one cluster: it is asked once for each object it is known by.
        let mut known: Vec<(String, Option<String>)> = Vec::new();
        for (_, arm) in recent.into_iter().take(REMEMBERED) {
            let of = &arm.cluster_uid_of;
            if !known.iter().any(|(known, _)| known == of) {
                known.push((of.clone(), cluster_id::uid(api, of).await.ok().flatten()));
            }
            if !known.iter().any(|(known, uid)| known == of && uid.as_ref() == Some(&arm.cluster_uid)) {
                continue;
            }
            for step in &arm.steps {
                let object = arming::object(&step.object);
                if found.iter().any(|found| found.object == object) {
                    continue;
                }
                match get(api, &object).await {
                    Ok(Some(live)) if carries(&live, &arm.id) => found.push(Found { arm: arm.clone(), object }),
                    Err(trouble) if trouble.transient() => {
                        warnings.push(format!("stale marks could not be looked for: {trouble}"));
                        return (found, warnings);
                    }
                    Ok(_) | Err(_) => {}
                }
            }
        }
        found.sort_by(|a, b| a.object.cmp(&b.object));
        (found, warnings)
    }

    /// Why the record of a finished injection speaks against touching its marks: it still stands, or nobody can say.
    async fn recorded(&self, arm: &Arm) -> Option<String> {
        for namespace in &arm.namespaces {
            let place = record::place(namespace, &arm.record);
            match get(&*self.bench.api, &place).await {
                Ok(None) => {}
                Ok(Some(_)) => return Some(format!("its record {} still stands", place.short())),
                // The journal here says that it is over; what may not be seen says nothing against it.
                Err(trouble) if trouble.code() == Some(403) => {}
                Err(trouble) => return Some(trouble.to_string()),
            }
        }
        None
    }

    /// Takes one off and reads the object again.
    async fn unmark(&self, found: &Found) -> Result<(), String> {
        let (api, arm) = (&*self.bench.api, &found.arm);
        let warrant: Warrant = guard::unmark(&arm.id, arming::cluster(arm), self.bench.place.readonly)
            .map_err(|refused| refused.to_string())?;
        let mut last = "others keep writing to it".to_owned();
        for _ in 0..CONFLICTS {
            let live = get(api, &found.object).await.map_err(|trouble| trouble.to_string())?;
            let Some(live) = live.filter(|live| carries(live, &arm.id)) else { return Ok(()) };
            let write = Write::Patch(found.object.clone(), undo::bare(&live));
            match api.write(&warrant, &write).await {
                Ok(_) => {}
                Err(trouble) if matches!(trouble.code(), Some(404 | 409 | 422)) => last = trouble.to_string(),
                Err(trouble) => return Err(trouble.to_string()),
            }
        }
        Err(last)
    }
}

/// Whether an object carries a mark of this injection.
fn carries(live: &Manifest, id: &str) -> bool {
    Mark::on(live).is_some_and(|mark| mark.id == id)
}
