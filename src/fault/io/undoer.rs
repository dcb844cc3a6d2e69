//! Takes steps back: reads what stands, lets [`crate::fault::undo`] decide, sends what it decided. Nothing here remembers
//! more than it must: any number of undoers may run at once, and each may be killed at any point.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::finding::find;
use crate::{
    cluster::{
        api::{Trouble, WriteApi},
        io::cluster_id,
        warrant::Warrant,
    },
    fault::{
        arming, guard,
        record::Record,
        undo::{self, Act, Decision, Found, Known},
    },
    journal::{
        digest::{Begun, Digest},
        entry::{Arm, Did, Op, Outcome, StepFact},
    },
};

/// Tries of one write against a moving version before the pass goes on to the next step.
const CONFLICTS: u32 = 5;

/// What is to be undone, and what is known about it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Case {
    /// The facts.
    pub arm: Arm,
    /// When the record was created, or the journal armed.
    pub since: Option<Timestamp>,
    /// Steps whose write was announced; `None` when only the record is known: then any may have been.
    pub begun: Option<BTreeSet<u32>>,
    /// Until when a write whose answer never came may still land.
    pub unsettled_until: Option<Timestamp>,
    /// Uids the server answered, of the steps that landed.
    pub landed: BTreeMap<u32, String>,
}

impl Case {
    /// From our own journal.
    pub(crate) fn of_journal(arm: Arm, digest: &Digest, record_created: Option<Timestamp>) -> Self {
        // Both are moments before anything was made; a record that somebody made anew must not make our objects look old.
        let since = digest.arm.as_ref().map(|(_, at)| *at).into_iter().chain(record_created).min();
        // A mark tells our write from the same write of others. What is kept carries none, so there a refusal counts: what
        // stands is not ours.
        let counts = |begun: &Begun| arm.class != arming::KEPT || !matches!(begun.did, Some(Did::Refused(_)));
        let begun = (!digest.damaged)
            .then(|| digest.begun.iter().filter(|(_, begun)| counts(begun)).map(|(step, _)| *step).collect());
        let landed = digest
            .begun
            .iter()
            .filter_map(|(step, begun)| match &begun.did {
                Some(Did::Landed { uid, .. }) => Some((*step, uid.clone())),
                Some(Did::Refused(_) | Did::Unknown(_)) | None => None,
            })
            .collect();
        Self { since, begun, unsettled_until: digest.unsettled_until(), landed, arm }
    }

    /// From the record alone: any step may have been written.
    pub(crate) fn of_record(record: Record, unsettled_until: Option<Timestamp>) -> Self {
        Self { since: record.created, begun: None, unsettled_until, landed: BTreeMap::new(), arm: record.arm }
    }

    /// What is known of a step, for the decision what its undo would be.
    pub(crate) fn known(&self, step: &StepFact, decision: Option<Decision>) -> Known<'_> {
        Known {
            id: &self.arm.id,
            since: self.since,
            announced: self.begun.as_ref().is_some_and(|begun| begun.contains(&step.n)),
            unmarked: self.unmarked(),
            made: self.landed.get(&step.n).map(String::as_str),
            stands_in: stands_in(&self.arm, step),
            decision,
        }
    }

    fn unmarked(&self) -> bool {
        self.arm.class == arming::KEPT
    }

    pub(crate) fn may_have_begun(&self, step: u32) -> bool {
        self.begun.as_ref().is_none_or(|begun| begun.contains(&step))
    }
}

/// What a pass over all steps came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Every step has its outcome.
    Settled,
    /// The link or the server's state stands in the way: try again.
    Again(String),
    /// Somebody must decide or allow it: the server's words, or what is entangled.
    Blocked(String),
}

/// See the module docs.
pub(crate) struct Undoer<'a, A> {
    api: &'a A,
    warrant: Warrant,
    /// Outcomes so far.
    pub ends: BTreeMap<u32, (Outcome, String)>,
    /// What a person decided about steps that were blocked; it holds for one answer of the step, never for what comes later.
    decisions: BTreeMap<u32, Decision>,
    /// Steps the last pass was blocked at: what a decision is about.
    blocked: BTreeSet<u32>,
    /// Steps that were settled by leaving the values of others where they are.
    theirs: BTreeSet<u32>,
    /// Outcomes whose write was sent but not answered: if it turns out to have landed, that is what it came to.
    sent: BTreeMap<u32, (Outcome, String)>,
}

enum Tried {
    Settled(Outcome, String),
    Again(String),
    Blocked(String),
}

impl<'a, A: WriteApi> Undoer<'a, A> {
    pub(crate) fn new(api: &'a A, case: &Case) -> Self {
        Self {
            api,
            warrant: guard::undo(&case.arm.id, arming::cluster(&case.arm)),
            ends: BTreeMap::new(),
            decisions: BTreeMap::new(),
            blocked: BTreeSet::new(),
            theirs: BTreeSet::new(),
            sent: BTreeMap::new(),
        }
    }

    /// A person decided: about the steps that are blocked now, and no others.
    pub(crate) fn decide(&mut self, decision: Decision) {
        self.decisions = self.blocked.iter().map(|step| (*step, decision)).collect();
    }

    /// One try of every step that has no outcome yet, last step first. A failing step never stops the rest.
    pub(crate) async fn pass(&mut self, case: &Case) -> Pass {
        match cluster_id::uid(self.api, &case.arm.cluster_uid_of).await {
            Ok(Some(uid)) if uid == case.arm.cluster_uid => {}
            Ok(Some(_)) => return Pass::Blocked("this context leads to another cluster now".to_owned()),
            Ok(None) => {
                let of = &case.arm.cluster_uid_of;
                return Pass::Blocked(format!("its cluster is known by {of}, which is not here (any more)"));
            }
            Err(trouble) if retry(&trouble) => return Pass::Again(trouble.to_string()),
            Err(trouble) => return Pass::Blocked(trouble.to_string()),
        }
        let mut again = None;
        let mut blocked = Vec::new();
        self.blocked.clear();
        for step in case.arm.steps.iter().rev() {
            if self.ends.contains_key(&step.n) || !case.may_have_begun(step.n) {
                continue;
            }
            let later_open = case.arm.steps.iter().any(|later| {
                later.n > step.n
                    && later.object.same_object(&step.object)
                    && case.may_have_begun(later.n)
                    && !self.ends.contains_key(&later.n)
            });
            if later_open {
                continue;
            }
            match self.step(case, step).await {
                Tried::Settled(outcome, note) => {
                    self.ends.insert(step.n, (outcome, note));
                    if self.decisions.remove(&step.n) == Some(Decision::KeepTheirs) {
                        self.theirs.insert(step.n);
                    }
                }
                Tried::Again(why) => again = Some(why),
                Tried::Blocked(why) => {
                    // Blocked in spite of a decision: what stands now was not what it was about.
                    self.decisions.remove(&step.n);
                    self.blocked.insert(step.n);
                    blocked.push(format!("{}: {why}", step.object.show()));
                }
            }
        }
        match (again, blocked.is_empty()) {
            // What can still move is tried before a person is asked.
            (Some(why), true) => Pass::Again(why),
            (_, false) => Pass::Blocked(blocked.join("; ")),
            (None, true) => Pass::Settled,
        }
    }

    async fn step(&mut self, case: &Case, step: &StepFact) -> Tried {
        let mut last = String::new();
        let mut refused = false;
        for _ in 0..CONFLICTS {
            let found = match find(self.api, &step.object).await {
                Ok(found) => found,
                Err(trouble) if retry(&trouble) => return Tried::Again(trouble.to_string()),
                Err(trouble) => return Tried::Blocked(trouble.to_string()),
            };
            let known = case.known(step, self.decisions.get(&step.n).copied());
            let verdict = undo::decide(step, &found, &known);
            let write = match verdict.act {
                Act::Nothing if verdict.outcome.settled() => {
                    let (outcome, note) = match (verdict.outcome, self.sent.remove(&step.n)) {
                        (Outcome::Already, Some(sent)) => sent,
                        (outcome, _) => (outcome, verdict.note),
                    };
                    return Tried::Settled(outcome, note);
                }
                Act::Nothing => return Tried::Blocked(verdict.note),
                Act::Wait(why) => {
                    self.sent.insert(step.n, (verdict.outcome, verdict.note));
                    return Tried::Again(why);
                }
                Act::Send(write) => write,
            };
            match self.api.write(&self.warrant, &write).await {
                Ok(_) if verdict.outcome == Outcome::Removed => {
                    // Deleted is what is gone, not what was asked to go.
                    self.sent.insert(step.n, (verdict.outcome, verdict.note));
                    refused = false;
                    "it is being deleted".clone_into(&mut last);
                }
                Ok(_) => return Tried::Settled(verdict.outcome, verdict.note),
                Err(trouble) if matches!(trouble.code(), Some(404 | 409 | 422)) => {
                    // A failed `test` of a JSON Patch is 422 like an invalid object: only a new look tells them apart.
                    refused = trouble.code() == Some(422);
                    last = trouble.to_string();
                }
                Err(trouble) if retry(&trouble) => {
                    self.sent.insert(step.n, (verdict.outcome, verdict.note));
                    return Tried::Again(trouble.to_string());
                }
                Err(trouble) => return Tried::Blocked(trouble.to_string()),
            }
        }
        if refused { Tried::Blocked(last) } else { Tried::Again(last) }
    }

    /// Reads everything again. `Ok` holds what others changed; `Err` the steps that are not as their outcome says.
    pub(crate) async fn verify(&mut self, case: &Case) -> Result<Result<Vec<String>, Vec<u32>>, Trouble> {
        let mut notes = Vec::new();
        let mut wrong = Vec::new();
        for step in case.arm.steps.iter().filter(|step| case.may_have_begun(step.n)) {
            let found = find(self.api, &step.object).await?;
            // Without the decision: it was carried out. What it left to others may go on looking entangled.
            let verdict = undo::decide(step, &found, &case.known(step, None));
            let left = verdict.outcome == Outcome::Entangled && self.theirs.contains(&step.n);
            if verdict.act != Act::Nothing || !(verdict.outcome.settled() || left) {
                wrong.push(step.n);
            }
            if let (Op::Patch | Op::Scale, Found::Object(live)) = (step.op, &found) {
                notes.extend(undo::changed_by_others(step, live));
            }
        }
        if wrong.is_empty() {
            Ok(Ok(notes))
        } else {
            for step in &wrong {
                self.ends.remove(step);
                self.theirs.remove(step);
            }
            Ok(Err(wrong))
        }
    }
}

/// Whether an earlier step deleted the object this step created.
pub(crate) fn stands_in(arm: &Arm, step: &StepFact) -> bool {
    step.op == Op::Create
        && arm
            .steps
            .iter()
            .any(|earlier| earlier.n < step.n && earlier.op == Op::Delete && earlier.object.same_object(&step.object))
}

/// Whether an undo tries again by itself. A login that ran out (401) comes back; a refusal (403, admission) needs a person.
pub(crate) fn retry(trouble: &Trouble) -> bool {
    trouble.transient() || matches!(trouble.code(), Some(401 | 408))
}
