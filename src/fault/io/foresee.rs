//! Rehearses an undo: what it would find, what it would decide, what the API server would store. Writes nothing.

use serde_json::Value;

use super::{engine::Engine, finding::find, outside::Outside, undoer::Case};
use crate::{
    cluster::{
        Manifest,
        api::{Write, WriteApi},
    },
    fault::{
        arming, diff,
        foreseen::{Foreseen, ForeseenStep},
        refusal::OrderError,
        undo::{self, Act, Decision, Found, Verdict},
    },
    journal::{
        entry::{Outcome, StepFact},
        io::Drawer,
    },
};

impl<A: WriteApi + 'static> Engine<A> {
    /// What the undo of an open injection, own or foreign, would write now if a person decided so.
    pub async fn foresee(&self, id: &str, decision: Option<Decision>) -> Result<Foreseen, OrderError> {
        let case = self.case(id).await?;
        let mut steps = Vec::new();
        for step in case.arm.steps.iter().rev().filter(|step| case.may_have_begun(step.n)) {
            steps.push(self.foresee_step(&case, step, decision).await?);
        }
        let (title, owner) = (case.arm.title.clone(), case.arm.owner.clone());
        let mine = owner == self.bench.place.user;
        let kept = case.arm.class == arming::KEPT;
        Ok(Foreseen { injection: id.to_owned(), title, owner, mine, kept, decision, steps })
    }

    /// What is known of an injection: by this machine's journal, else by its record.
    pub(super) async fn case(&self, id: &str) -> Result<Case, OrderError> {
        let shelf = &self.bench.shelf;
        let slots = shelf
            .slots(Drawer::Open)
            .map_err(|error| OrderError::Disk { what: "reading the journals".to_owned(), why: error.to_string() })?;
        let digest = slots.into_iter().find(|slot| slot.id == id).and_then(|slot| shelf.digest(&slot.path).ok());
        if let Some(digest) = digest
            && let Some((arm, _)) = digest.arm.clone()
        {
            return Ok(Case::of_journal(arm, &digest, None));
        }
        if let Some(case) = self.kept_case(id)? {
            return Ok(case);
        }
        let (outside, _) = self.outside().await?;
        let record = match outside.into_iter().find(|found| found.id() == id) {
            Some(Outside::Own(case, ..)) => return Ok(*case),
            Some(Outside::Foreign(claims)) => self.true_one(claims).await,
            _ => None,
        };
        let record = record.ok_or_else(|| OrderError::Unknown(id.to_owned()))?;
        Ok(Case::of_record(record, None))
    }

    async fn foresee_step(
        &self,
        case: &Case,
        step: &StepFact,
        decision: Option<Decision>,
    ) -> Result<ForeseenStep, OrderError> {
        let api = &*self.bench.api;
        let link = |why: String| OrderError::Link { what: format!("reading {}", step.object.show()), why };
        let found = find(api, &step.object).await.map_err(|trouble| link(trouble.to_string()))?;
        let Verdict { act, outcome, note } = undo::decide(step, &found, &case.known(step, decision));
        let mut seen = ForeseenStep {
            op: "nothing",
            object: step.object.show(),
            note,
            refused: None,
            blocked: outcome == Outcome::Entangled,
            diff: String::new(),
        };
        let write = match act {
            Act::Nothing => return Ok(seen),
            Act::Wait(why) => return Ok(ForeseenStep { note: why, ..seen }),
            Act::Send(write) => write,
        };
        seen.op = match *write {
            Write::Create(..) => "create",
            Write::Delete(..) => "delete",
            Write::Evict(..) => "evict",
            Write::Patch(..) | Write::Replace(..) | Write::Scale(..) => "patch",
        };
        match api.dry_run(&write).await {
            Ok(answer) => {
                let live = match &found {
                    Found::Object(live) => Some(&**live),
                    Found::Absent | Found::NamespaceGone | Found::KindGone => None,
                };
                seen.diff = diff::unified(live, stored(&write, live, answer.body).as_ref());
            }
            Err(trouble) if trouble.transient() => return Err(link(trouble.to_string())),
            Err(trouble) => seen.refused = Some(trouble.to_string()),
        }
        Ok(seen)
    }
}

/// The object after the write. The answer to a delete is no object, that of a scale is not the workload.
fn stored(write: &Write, live: Option<&Manifest>, body: Manifest) -> Option<Manifest> {
    match write {
        Write::Delete(..) | Write::Evict(..) => None,
        Write::Scale(..) => {
            let mut after = live?.clone();
            let replicas = body.at(&["spec", "replicas"]).cloned().unwrap_or(Value::Null);
            after.map_mut(&["spec"])?.insert("replicas".to_owned(), replicas);
            Some(after)
        }
        Write::Create(..) | Write::Patch(..) | Write::Replace(..) => Some(body),
    }
}
