//! Asks the server what it would store, step by step, without writing anything.

use serde_json::{Value, json};

use crate::{
    cluster::{
        Manifest, ObjectRef,
        api::{Api, Preconditions, Removal, Trouble, Write},
        warrant::Purpose,
    },
    fault::{
        PREFIX, edit, fuse,
        mark::{self, Mark},
        plan::{Change, Plan, Step},
        preview::DryRun,
    },
};

/// What came of one step.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsed {
    /// How sure the shown change is.
    pub state: DryRun,
    /// The server's words, or what was done instead.
    pub message: String,
    /// What the server would store.
    pub stored: Option<Manifest>,
}

impl Rehearsed {
    fn of(state: DryRun, message: impl Into<String>, stored: Option<Manifest>) -> Self {
        Self { state, message: message.into(), stored }
    }
}

/// Rehearses a step; only a server that cannot be reached is an error.
pub async fn rehearse<A: Api>(api: &A, plan: &Plan, step: &Step) -> Result<Rehearsed, Trouble> {
    match &step.change {
        Change::Create { object, .. } => create(api, plan, step, object).await,
        Change::Patch { .. } | Change::Scale { .. } => patch(api, plan, step).await,
        Change::Delete => delete(api, plan, step, Removal::default()).await,
        Change::Remove(removal) => delete(api, plan, step, *removal).await,
        Change::Evict => {
            let write = Write::Evict(step.object.clone(), preconditions(step));
            let answer = api.dry_run(&write).await;
            // A drain waits for its budgets, as an eviction of a fault does not.
            if let Err(Trouble::Refused(refusal)) = &answer
                && refusal.code == 429
                && plan.purpose == Purpose::Change
            {
                let message = format!("it waits for its budget: {}", refusal.message);
                return Ok(Rehearsed::of(DryRun::Checked, message, None));
            }
            settle(answer, |_| Rehearsed::of(DryRun::Checked, "the server would evict it", None))
        }
    }
}

/// Sorts an answer: stored, refused with words, not checkable, or not reached.
pub(super) fn settle(
    answer: Result<crate::cluster::api::Answer, Trouble>,
    good: impl FnOnce(Manifest) -> Rehearsed,
) -> Result<Rehearsed, Trouble> {
    match answer {
        Ok(answer) => Ok(good(answer.body)),
        Err(trouble @ Trouble::NoDryRun { .. }) => Ok(Rehearsed::of(DryRun::Unchecked, trouble.to_string(), None)),
        Err(Trouble::Refused(refusal))
            if refusal.code == 400 && refusal.message.contains("does not support dry run") =>
        {
            Ok(Rehearsed::of(DryRun::Unchecked, refusal.message, None))
        }
        // The client's credentials or the server's health, not the change, are what is wrong.
        Err(trouble) if trouble.code() == Some(401) || (trouble.transient() && trouble.code() != Some(429)) => {
            Err(trouble)
        }
        Err(Trouble::Refused(refusal)) => Ok(Rehearsed::of(DryRun::Refused, refusal.message, None)),
        Err(trouble) => Ok(Rehearsed::of(DryRun::Refused, trouble.to_string(), None)),
    }
}

fn preconditions(step: &Step) -> Preconditions {
    let text = |field: &str| step.before.as_ref()?.text(&["metadata", field]).map(str::to_owned);
    Preconditions { uid: text("uid"), resource_version: text("resourceVersion") }
}

/// The operations of a patch step on its object before, with the uid tested.
fn operations(step: &Step) -> Result<Vec<Value>, edit::EditError> {
    let before = step.before.clone().unwrap_or_default();
    let mut all: Vec<Value> = Vec::new();
    if let Some(uid) = before.text(&["metadata", "uid"]) {
        all.push(json!({"op": "test", "path": "/metadata/uid", "value": uid}));
    }
    match &step.change {
        Change::Patch { edits } => all.extend(edit::operations(&before.0, edits)?),
        // Not through the scale subresource: the mark must go in the same request (rule R4).
        Change::Scale { from, to } => {
            if before.at(&["spec", "replicas"]).is_some() {
                all.push(json!({"op": "test", "path": "/spec/replicas", "value": from}));
            }
            all.push(json!({"op": "add", "path": "/spec/replicas", "value": to}));
        }
        Change::Create { .. } | Change::Delete | Change::Remove(_) | Change::Evict => {}
    }
    Ok(all)
}

async fn patch<A: Api>(api: &A, plan: &Plan, step: &Step) -> Result<Rehearsed, Trouble> {
    let operations = match operations(step) {
        Ok(operations) => operations,
        Err(error) => return Ok(Rehearsed::of(DryRun::Refused, error.to_string(), None)),
    };
    let write = Write::Patch(step.object.clone(), operations);
    let done = settle(api.dry_run(&write).await, |stored| {
        Rehearsed::of(DryRun::Checked, "the server would store it", Some(stored))
    })?;
    if done.state != DryRun::Checked {
        return Ok(done);
    }
    Ok(marked(api, plan, step).await?.unwrap_or(done))
}

/// Finds objects that some policy refuses to update at all: the mark alone, on the object as it is. `None` = accepted.
async fn marked<A: Api>(api: &A, plan: &Plan, step: &Step) -> Result<Option<Rehearsed>, Trouble> {
    // What is kept carries no mark.
    let Some(before) = step.before.as_ref().filter(|_| plan.purpose == Purpose::Fault) else { return Ok(None) };
    let write = Write::Patch(step.object.clone(), preview(plan, step).put_on(before));
    let done = settle(api.dry_run(&write).await, |_| Rehearsed::of(DryRun::Checked, "", None))?;
    Ok((done.state != DryRun::Checked)
        .then(|| Rehearsed { message: format!("the mark {PREFIX}/injection: {}", done.message), ..done }))
}

/// The mark of a rehearsal. The hash is not known yet: it covers what the server says it would store.
fn preview(plan: &Plan, step: &Step) -> Mark {
    Mark { id: plan.id.clone(), step: step.n, hash: "preview".to_owned() }
}

async fn delete<A: Api>(api: &A, plan: &Plan, step: &Step, removal: Removal) -> Result<Rehearsed, Trouble> {
    if let Some(refused) = marked(api, plan, step).await? {
        return Ok(refused);
    }
    let write = Write::Delete(step.object.clone(), preconditions(step), removal);
    settle(api.dry_run(&write).await, |_| Rehearsed::of(DryRun::Checked, "the server would delete it", None))
}

/// A create; of a name that an earlier step takes away, under another name.
async fn create<A: Api>(api: &A, plan: &Plan, step: &Step, object: &Manifest) -> Result<Rehearsed, Trouble> {
    let still_there = plan
        .steps
        .iter()
        .any(|other| other.n < step.n && other.change == Change::Delete && other.object == step.object);
    let mut probe = dressed(plan, step, object);
    if !still_there {
        let write = Write::Create(step.object.clone(), probe);
        return settle(api.dry_run(&write).await, |mut stored| {
            undress(&mut stored);
            Rehearsed::of(DryRun::Checked, "the server would store it", Some(stored))
        });
    }
    let name = probe_name(&step.object.name, &plan.id);
    if let Some(metadata) = probe.map_mut(&["metadata"]) {
        metadata.insert("name".to_owned(), Value::String(name.clone()));
    }
    let place = ObjectRef { name, ..step.object.clone() };
    let own_name = step.object.name.clone();
    settle(api.dry_run(&Write::Create(place, probe)).await, |mut stored| {
        undress(&mut stored);
        if let Some(metadata) = stored.map_mut(&["metadata"]) {
            metadata.insert("name".to_owned(), Value::String(own_name));
        }
        Rehearsed::of(DryRun::Checked, "checked under another name: this one is still taken", Some(stored))
    })
}

/// The object as it will be sent, marked and labelled: what a server adds may hang on there being none of a kind. A Job without
/// labels takes those of its template, and one with a label does not.
fn dressed(plan: &Plan, step: &Step, object: &Manifest) -> Manifest {
    if plan.purpose != Purpose::Fault {
        return object.clone();
    }
    fuse::tied(object, &preview(plan, step), None)
}

fn undress(stored: &mut Manifest) {
    if let Some(metadata) = stored.map_mut(&["metadata"]) {
        mark::wipe(metadata);
    }
}

/// Another name of a permitted length.
fn probe_name(name: &str, id: &str) -> String {
    let tail = format!("-{id}");
    let keep = 63usize.saturating_sub(tail.len()).min(name.len());
    format!("{}{tail}", name.get(..keep).unwrap_or(name))
}
