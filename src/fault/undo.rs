//! The undo of one step as a function of the object that is found: three-way, conditional, idempotent (rule R3).
//!
//! | found | act |
//! |---|---|
//! | our mark, every path as we left it | put the values before back, take the mark off |
//! | every path as before | take the mark off if it is there |
//! | no path as we left it | leave the values, take the mark off |
//! | anything mixed, edited, or without our mark | nothing: a person decides |
//!
//! Created objects are deleted by uid while they are still what we made; deleted ones are made anew, but only on the word of
//! our own journal. Every write is conditional on what was seen, so any number of undoers may work at the same time.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    anew,
    arming::object,
    compare::{differences, last_writer, meant},
    edit::{self, find},
    identity::{identity, same, same_or_absent},
    mark::Mark,
    observe::{Observe, Standing},
    plan::Edit,
};
use crate::{
    cluster::{
        Manifest,
        api::{Preconditions, Removal, Write},
    },
    journal::{
        entry::{Op, Outcome, StepFact, Values},
        path::{Seg, show},
    },
};

/// What stands at the step's place now (by a quorum read).
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// An object.
    Object(Box<Manifest>),
    /// None of that name.
    Absent,
    /// The namespace is gone or going.
    NamespaceGone,
    /// The API server no longer serves the kind.
    KindGone,
}

/// What is known about the injection beside the object.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Known<'a> {
    /// The injection.
    pub id: &'a str,
    /// When the record was created (or the journal armed): what is older was not made by us.
    pub since: Option<Timestamp>,
    /// Our own journal says that the write of this step was announced. Without it (a record alone) nothing is re-created.
    pub announced: bool,
    /// The change was meant to be kept, so it carries no mark.
    pub unmarked: bool,
    /// The uid the server answered when the step's write landed: what an object without a mark is known by.
    pub made: Option<&'a str>,
    /// An earlier step deleted the object this step created: what we made stands in its place and is to stay.
    pub stands_in: bool,
    /// A person decided about an entangled object.
    pub decision: Option<Decision>,
}

/// What a person decides about a stuck undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Their values stay; only the mark goes.
    KeepTheirs,
    /// The values before are written over what is there now (still conditional on uid and version).
    ForceMine,
}

/// What to do about it.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Nothing: `outcome` already holds.
    Nothing,
    /// Send this; `outcome` holds once it landed.
    Send(Box<Write>),
    /// It is going (finalizers); look again later.
    Wait(String),
}

/// The answer of [`decide`].
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// What to do.
    pub act: Act,
    /// What it comes to.
    pub outcome: Outcome,
    /// In words: who superseded it, what differs; empty when there is nothing to say.
    pub note: String,
}

impl Verdict {
    fn new(act: Act, outcome: Outcome, note: impl Into<String>) -> Self {
        Self { act, outcome, note: note.into() }
    }

    fn settled(outcome: Outcome, note: impl Into<String>) -> Self {
        Self::new(Act::Nothing, outcome, note)
    }
}

/// Why a record alone cannot force.
const UNVOUCHED: &str = "; without the mark only the journal of its owner may force it";

/// Decides what the undo of this step does to what it finds.
pub fn decide(step: &StepFact, found: &Found, known: &Known<'_>) -> Verdict {
    match found {
        Found::Absent | Found::Object(_) if step.values == Values::Elsewhere => elsewhere(step, found, known),
        Found::NamespaceGone => Verdict::settled(Outcome::Gone, "its namespace is gone"),
        Found::KindGone => Verdict::settled(Outcome::Gone, "its kind is no longer served"),
        Found::Absent => absent(step, known),
        Found::Object(live) => match step.op {
            Op::Create => created(step, live, known),
            Op::Patch | Op::Scale => patched(step, live, known),
            Op::Delete => deleted(step, live, known),
            Op::Evict => evicted(step, live),
        },
    }
}

/// The record lacks the values of this step, and with them the hash its mark is known by: nothing is written.
fn elsewhere(step: &StepFact, found: &Found, known: &Known<'_>) -> Verdict {
    let marked = |live: &Manifest| Mark::on(live).is_some_and(|mark| mark.id == known.id && mark.step == step.n);
    match (step.op, found, known.decision) {
        // Without the mark nothing would be written whatever the values are.
        (_, Found::Object(live), _) if !marked(live) => Verdict::settled(
            Outcome::Already,
            "its mark is gone; whether its values are as before can be told on the machine that made it",
        ),
        (Op::Create, Found::Absent, _) => Verdict::settled(Outcome::Already, ""),
        (Op::Patch | Op::Scale, Found::Absent, _) => {
            Verdict::settled(Outcome::Gone, "the object was deleted by others")
        }
        (_, _, Some(Decision::KeepTheirs)) => Verdict::settled(Outcome::Superseded, "left as it is, as decided"),
        _ => Verdict::settled(
            Outcome::Entangled,
            "a secret is among its values, so its undo stands only in the journal of the machine that made it: abort it there",
        ),
    }
}

fn absent(step: &StepFact, known: &Known<'_>) -> Verdict {
    match step.op {
        Op::Create => Verdict::settled(Outcome::Already, ""),
        Op::Patch | Op::Scale => Verdict::settled(Outcome::Gone, "the object was deleted by others"),
        Op::Evict => Verdict::settled(Outcome::Gone, "evicted: there is nothing to undo"),
        Op::Delete => {
            let forced = known.decision == Some(Decision::ForceMine);
            if known.decision == Some(Decision::KeepTheirs) {
                return Verdict::settled(Outcome::Superseded, "left deleted, as decided");
            }
            if !known.announced && !forced {
                return Verdict::settled(
                    Outcome::Entangled,
                    "it is gone, and only the journal of its owner could tell whether by this injection or by a person",
                );
            }
            match &step.object_body {
                Some(body) => {
                    let write = Write::Create(object(&step.object), anew::object(body));
                    Verdict::new(Act::Send(Box::new(write)), Outcome::ReCreated, "made anew: new uid and creation time")
                }
                None => Verdict::settled(Outcome::Entangled, "the journal does not hold the deleted object"),
            }
        }
    }
}

fn created(step: &StepFact, live: &Manifest, known: &Known<'_>) -> Verdict {
    let body = step.object_body.clone().map(Manifest);
    let engine = Observe::of(&step.object.group, &step.object.kind);
    let is_post = body.as_ref().is_some_and(|body| {
        engine.and_then(|engine| engine.still_asks(body, live)).unwrap_or_else(|| same_meaning(body, live))
    });
    let ours = if known.unmarked {
        match known.made {
            Some(made) => live.text(&["metadata", "uid"]) == Some(made),
            // No answer told which object it is: a colleague may have made the same. A person decides.
            None => known.decision.is_some(),
        }
    } else {
        Mark::on(live).as_ref() == Some(&Mark::of(known.id, step))
    };
    let young = match (known.since, live.created()) {
        // Both are server times in whole seconds; an object made within the same second may be ours.
        (Some(since), Some(created)) => created.as_second() >= since.as_second(),
        _ => true,
    };
    if !ours {
        return if is_post && known.stands_in {
            Verdict::settled(Outcome::Already, "it stands in place of the deleted one")
        } else if is_post && known.decision.is_none() {
            let why = if known.unmarked && known.made.is_some() {
                return Verdict::settled(Outcome::Superseded, by(live, &[], "another object of this name"));
            } else if known.unmarked {
                "it is what was to be made, but no answer told whether this is it or somebody else's"
            } else {
                "it is what we made, but without our mark"
            };
            Verdict::settled(Outcome::Entangled, why)
        } else {
            Verdict::settled(Outcome::Superseded, by(live, &[], "another object of this name"))
        };
    }
    if live.terminating() {
        let finalizers = live.at(&["metadata", "finalizers"]).map(Value::to_string).unwrap_or_default();
        let says = match engine.map(|engine| (engine, engine.judge(&[Some(live.clone())]))) {
            Some((engine, Standing::Reverting(how))) => format!(" ({}: {how})", engine.facts().word),
            _ => String::new(),
        };
        return Verdict::new(Act::Wait(format!("being deleted, waits for {finalizers}{says}")), Outcome::Removed, "");
    }
    match known.decision {
        Some(Decision::KeepTheirs) => {
            return release(step, live, known, Outcome::Superseded, "left as it is, as decided");
        }
        None if !young => {
            return Verdict::settled(Outcome::Entangled, "it carries our mark but is older than the injection");
        }
        None if !is_post => {
            let changed = body.map(|body| paths_between(&body, live)).unwrap_or_default();
            return Verdict::settled(Outcome::Entangled, format!("others edited what we made: {changed}"));
        }
        None | Some(Decision::ForceMine) => {}
    }
    if known.stands_in {
        // Deleting it only to make it anew would cost the traffic a gap for nothing.
        return release(step, live, known, Outcome::ReCreated, "it stands in place of the deleted one");
    }
    let conditions = Preconditions {
        uid: live.text(&["metadata", "uid"]).map(str::to_owned),
        // Its status may churn; what we judged is its spec, so the version must hold as well.
        resource_version: live.resource_version().map(str::to_owned),
    };
    Verdict::new(
        Act::Send(Box::new(Write::Delete(object(&step.object), conditions, Removal::default()))),
        Outcome::Removed,
        "",
    )
}

/// The same but for metadata (and the version it is spoken of in): labels and annotations of a created object may be added to by any controller.
fn same_meaning(a: &Manifest, b: &Manifest) -> bool {
    let strip = |object: &Manifest| {
        let mut body = meant(object);
        if let Some(map) = body.as_object_mut() {
            for field in ["apiVersion", "kind", "metadata", "status"] {
                map.remove(field);
            }
        }
        body
    };
    same(&strip(a), &strip(b))
}

fn paths_between(a: &Manifest, b: &Manifest) -> String {
    let mut paths: Vec<_> = differences(&meant(a), &meant(b))
        .iter()
        .filter(|difference| difference.path.first() != Some(&Seg::Field("metadata".to_owned())))
        .map(|difference| show(&difference.path))
        .collect();
    paths.truncate(5);
    paths.join(", ")
}

fn patched(step: &StepFact, live: &Manifest, known: &Known<'_>) -> Verdict {
    let at = |path: &[Seg]| find(&live.0, path);
    let is_pre = step.paths.iter().all(|touched| same_or_absent(at(&touched.path), touched.pre.as_ref()));
    let post = step.paths.iter().filter(|touched| same_or_absent(at(&touched.path), touched.post.as_ref())).count();
    let marked = Mark::on(live).as_ref() == Some(&Mark::of(known.id, step));
    let same_object = step.uid.as_deref() == live.text(&["metadata", "uid"]);
    if !same_object {
        return if post > 0 && known.decision.is_none() && !is_pre {
            Verdict::settled(Outcome::Entangled, "another object of this name carries our values")
        } else {
            Verdict::settled(Outcome::Superseded, by(live, &[], "another object of this name"))
        };
    }
    if is_pre {
        return unmark(step, live, known, Outcome::Already, "");
    }
    let ours = (marked || known.unmarked) && post == step.paths.len();
    // What a record alone says must be borne out by the mark: whoever forged it would write with the rights of who forces.
    let vouched = marked || known.unmarked || known.announced;
    let forced = known.decision == Some(Decision::ForceMine) && vouched;
    if ours || forced {
        return restore(step, live, known, marked);
    }
    if known.decision == Some(Decision::KeepTheirs) {
        return unmark(step, live, known, Outcome::Superseded, "left as it is, as decided");
    }
    // An element we inserted that others edited is neither ours nor theirs.
    let edited_element = step.paths.iter().find(|touched| {
        touched.pre.is_none()
            && matches!(touched.path.last(), Some(Seg::Named { .. }))
            && at(&touched.path).is_some_and(|value| !touched.post.as_ref().is_some_and(|post| same(value, post)))
    });
    if let Some(touched) = edited_element {
        let who = last_writer(live, &touched.path).unwrap_or_else(|| "others".to_owned());
        return Verdict::settled(
            Outcome::Entangled,
            format!("{who} edited {}, which we had inserted", show(&touched.path)),
        );
    }
    if post == 0 {
        let path = step.paths.first().map(|touched| touched.path.as_slice()).unwrap_or_default();
        return unmark(step, live, known, Outcome::Superseded, &by(live, path, "others"));
    }
    let note = if post == step.paths.len() {
        "our values stand, but without our mark".to_owned()
    } else {
        let theirs: Vec<_> = step
            .paths
            .iter()
            .filter(|touched| !same_or_absent(at(&touched.path), touched.post.as_ref()))
            .map(|touched| show(&touched.path))
            .collect();
        format!("others changed {} and left the rest of ours", theirs.join(", "))
    };
    let unheard = if known.decision == Some(Decision::ForceMine) { UNVOUCHED } else { "" };
    Verdict::settled(Outcome::Entangled, format!("{note}{unheard}"))
}

fn by(live: &Manifest, path: &[Seg], fallback: &str) -> String {
    last_writer(live, path).map_or_else(|| format!("by {fallback}"), |who| format!("by {who}"))
}

/// Puts the values before back and takes the mark off, in one conditional request.
fn restore(step: &StepFact, live: &Manifest, known: &Known<'_>, marked: bool) -> Verdict {
    // Backwards, so that positions are those of the moment each element was removed.
    let edits: Vec<Edit> = step
        .paths
        .iter()
        .rev()
        .filter(|touched| !same_or_absent(find(&live.0, &touched.path), touched.pre.as_ref()))
        .map(|touched| Edit {
            path: touched.path.clone(),
            value: touched.pre.clone(),
            at: touched.at.map(|at| at.min(list_length(live, &touched.path))),
        })
        .collect();
    match edit::operations(&live.0, &edits) {
        Ok(operations) => {
            let mut all = guards(live);
            all.extend(operations);
            if marked {
                all.extend(Mark::of(known.id, step).take_off());
            }
            Verdict::new(Act::Send(Box::new(Write::Patch(object(&step.object), all))), Outcome::Restored, "")
        }
        Err(error) => Verdict::settled(Outcome::Entangled, error.to_string()),
    }
}

fn list_length(live: &Manifest, path: &[Seg]) -> usize {
    path.split_last().and_then(|(_, list)| find(&live.0, list)?.as_array().map(Vec::len)).unwrap_or_default()
}

/// `test` operations on uid and version: what was judged is what is written to.
pub fn guards(live: &Manifest) -> Vec<Value> {
    ["uid", "resourceVersion"]
        .into_iter()
        .filter_map(|field| {
            let value = live.text(&["metadata", field])?;
            Some(json!({"op": "test", "path": format!("/metadata/{field}"), "value": value}))
        })
        .collect()
}

/// Takes our mark off, when it is there, and touches nothing else.
fn unmark(step: &StepFact, live: &Manifest, known: &Known<'_>, outcome: Outcome, note: &str) -> Verdict {
    let mark = Mark::of(known.id, step);
    if Mark::on(live).as_ref() != Some(&mark) {
        return Verdict::settled(outcome, note);
    }
    let mut operations = guards(live);
    operations.extend(mark.take_off());
    Verdict::new(Act::Send(Box::new(Write::Patch(object(&step.object), operations))), outcome, note)
}

/// Takes whatever mark an object carries off, and the label that goes with it, of this very object in this very version.
/// Nothing else is touched.
pub fn bare(live: &Manifest) -> Vec<Value> {
    let mut operations = guards(live);
    if let Some(mark) = Mark::on(live) {
        operations.extend(mark.take_off());
        if live.label(&super::mark::key()) == Some(&mark.id) {
            operations.push(unlabel());
        }
    }
    operations
}

fn unlabel() -> Value {
    let key = super::mark::key().replace('/', "~1");
    json!({"op": "remove", "path": format!("/metadata/labels/{key}")})
}

/// Lets go of an object we created: mark, label and fuse are taken off, and it stays.
fn release(step: &StepFact, live: &Manifest, known: &Known<'_>, outcome: Outcome, note: &str) -> Verdict {
    let mut operations = guards(live);
    if Mark::on(live).is_some() {
        operations.extend(Mark::of(known.id, step).take_off());
    }
    if live.label(&super::mark::key()).is_some() {
        operations.push(unlabel());
    }
    let owners = live.at(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    let fuse = super::fuse::name(known.id);
    if let Some(at) = owners.and_then(|owners| {
        owners.iter().position(|owner| owner.get("name").and_then(Value::as_str) == Some(fuse.as_str()))
    }) {
        operations.push(json!({"op": "remove", "path": format!("/metadata/ownerReferences/{at}")}));
    }
    Verdict::new(Act::Send(Box::new(Write::Patch(object(&step.object), operations))), outcome, note)
}

fn deleted(step: &StepFact, live: &Manifest, known: &Known<'_>) -> Verdict {
    if step.uid.as_deref() == live.text(&["metadata", "uid"]) {
        if live.terminating() {
            let finalizers = live.at(&["metadata", "finalizers"]).map(Value::to_string).unwrap_or_default();
            return Verdict::new(Act::Wait(format!("being deleted, waits for {finalizers}")), Outcome::ReCreated, "");
        }
        return unmark(step, live, known, Outcome::Already, "it was never deleted");
    }
    let body = step.object_body.clone().map(Manifest);
    if Mark::on(live).is_none() && body.is_some_and(|body| same_meaning(&body, live)) {
        return Verdict::settled(Outcome::ReCreated, "made anew: new uid and creation time");
    }
    Verdict::settled(Outcome::Superseded, by(live, &[], "another object of this name"))
}

fn evicted(step: &StepFact, live: &Manifest) -> Verdict {
    if step.uid.as_deref() == live.text(&["metadata", "uid"]) && !live.terminating() {
        Verdict::settled(Outcome::Already, "it was never evicted")
    } else {
        Verdict::settled(Outcome::Gone, "evicted: there is nothing to undo")
    }
}

/// What others changed on an object whose touched paths are as before, in words; `None` when it is what it was.
pub fn changed_by_others(step: &StepFact, live: &Manifest) -> Option<String> {
    let unchanged = step.identity.is_empty()
        || step.uid.as_deref() != live.text(&["metadata", "uid"])
        || identity(live) == step.identity;
    if unchanged { None } else { Some(format!("{}: changed by others meanwhile", step.object.show())) }
}
