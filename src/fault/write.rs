//! The forward write of a step on the object as it is now: marked, and conditional on what was previewed.

use serde_json::{Value, json};
use thiserror::Error;

use super::{
    edit, fuse,
    mark::Mark,
    plan::{Change, Step},
    undo::guards,
};
use crate::{
    cluster::{
        Manifest,
        api::{Preconditions, Removal, Write},
    },
    journal::entry::StepFact,
};

/// Why a write cannot be made for what is there now.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoWrite {
    /// The object it changes is not there.
    #[error("it is not there any more")]
    Gone,
    /// An edit does not fit.
    #[error("{0}")]
    Edit(String),
}

/// What ties a write to its injection.
#[derive(Debug, Clone, Copy)]
pub struct Tie<'a> {
    /// The injection.
    pub id: &'a str,
    /// The step as armed.
    pub fact: &'a StepFact,
    /// Uid of the fuse in the step's namespace.
    pub fuse: Option<&'a str>,
    /// A kept change carries no mark.
    pub unmarked: bool,
}

/// The write of a step, its mark in the same request. `live` is the object now; a delete wants the mark there already
/// ([`mark_only`]) and holds for this very version.
pub fn forward(step: &Step, live: Option<&Manifest>, tie: &Tie<'_>) -> Result<Write, NoWrite> {
    let mark = Mark::of(tie.id, tie.fact);
    if let Change::Create { object, fused } = &step.change {
        let name = fuse::name(tie.id);
        let owner = tie.fuse.filter(|_| *fused).map(|uid| (name.as_str(), uid));
        let object = if tie.unmarked { object.clone() } else { fuse::tied(object, &mark, owner) };
        return Ok(Write::Create(step.object.clone(), object));
    }
    let live = live.ok_or(NoWrite::Gone)?;
    let conditions = || Preconditions {
        uid: live.text(&["metadata", "uid"]).map(str::to_owned),
        resource_version: live.resource_version().map(str::to_owned),
    };
    let patch = |operations: Vec<Value>| {
        let mut all = guards(live);
        all.extend(operations);
        if !tie.unmarked {
            all.extend(mark.put_on(live));
        }
        Write::Patch(step.object.clone(), all)
    };
    Ok(match &step.change {
        Change::Create { .. } | Change::Delete => Write::Delete(step.object.clone(), conditions(), Removal::default()),
        Change::Remove(removal) => Write::Delete(step.object.clone(), conditions(), *removal),
        Change::Evict => Write::Evict(step.object.clone(), conditions()),
        Change::Patch { edits } => {
            patch(edit::operations(&live.0, edits).map_err(|error| NoWrite::Edit(error.to_string()))?)
        }
        // On the workload itself, not on its `scale` subresource, which cannot carry the mark.
        Change::Scale { to, .. } => {
            let test =
                live.at(&["spec", "replicas"]).map(|now| json!({"op": "test", "path": "/spec/replicas", "value": now}));
            patch(test.into_iter().chain([json!({"op": "add", "path": "/spec/replicas", "value": to})]).collect())
        }
    })
}

/// The mark alone, ahead of a delete.
pub fn mark_only(step: &Step, live: &Manifest, tie: &Tie<'_>) -> Write {
    let mut all = guards(live);
    all.extend(Mark::of(tie.id, tie.fact).put_on(live));
    Write::Patch(step.object.clone(), all)
}
