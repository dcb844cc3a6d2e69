//! The plan: an intent compiled against the live cluster into ordered steps.

use std::{collections::BTreeMap, time::Duration};

use super::{
    action,
    class::Class,
    intent::{Driver, Fault},
};
use crate::{
    cluster::{Kind, Manifest, ObjectRef, api::Removal, warrant::Purpose},
    journal::{entry::Op, path::Path},
};

/// What an intent becomes. Made by a driver from what the cluster holds; nothing was written yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The injection's id, short, lower-case, unique (`7f3a9c`); part of every name and mark.
    pub id: String,
    /// A leased fault, or a change that is kept (previewed and journaled alike, but without lease, record and fuse).
    pub purpose: Purpose,
    /// The intent.
    pub fault: Fault,
    /// Who carries it out.
    pub driver: Driver,
    /// Why this driver, and what else could do it.
    pub driver_why: String,
    /// Other drivers that could.
    pub alternatives: Vec<Driver>,
    /// The class of the weakest step.
    pub class: Class,
    /// Time of effect.
    pub duration: Duration,
    /// Safety cap.
    pub lease: Duration,
    /// The deed in words: "Delay half of the requests to reviews by 1 s for 90 s".
    pub title: String,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// Namespaces in which a fuse must burn.
    pub fuses: Vec<String>,
    /// What is hit.
    pub reach: Reach,
    /// What should be seen, in words.
    pub predicts: Vec<String>,
    /// Why the effect may fail to show; each asks for a confirmation.
    pub doubts: Vec<String>,
    /// The undo, in words, one line a step, in the order it will go.
    pub undo: Vec<String>,
}

impl Plan {
    /// Whether the very pods it hits are what is approved. An action on an object is about the object: while its pods roll over
    /// they are others from one look to the next. A drain names its pods.
    pub fn by_pods(&self) -> bool {
        action::intent::of(&self.fault).is_none() || self.steps.iter().any(|step| step.change == Change::Evict)
    }
}

/// One change of one object.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// From 1.
    pub n: u32,
    /// The object.
    pub object: ObjectRef,
    /// The change.
    pub change: Change,
    /// The object before; `None` for a create.
    pub before: Option<Manifest>,
    /// What stays behind after a perfect undo.
    pub residue: Vec<String>,
    /// This step works on something an earlier step leaves behind, so its dry run can only be assumed.
    pub assumed: bool,
}

impl Step {
    /// The first step: makes an object of our own, under a fuse, where its metadata says.
    pub fn made(kind: Kind, object: Manifest) -> Self {
        Self {
            n: 1,
            object: ObjectRef::new(kind, object.namespace().unwrap_or_default(), object.name()),
            change: Change::Create { object, fused: true },
            before: None,
            residue: Vec::new(),
            assumed: false,
        }
    }
}

/// A change.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Make this object. Under a fuse: the owner reference is added when the fuse's uid is known.
    Create {
        /// The object, without mark, label and owner.
        object: Manifest,
        /// Whether a fuse owns it.
        fused: bool,
    },
    /// Set or remove values.
    Patch {
        /// What to write where.
        edits: Vec<Edit>,
    },
    /// Remove the object, for as long as the fault lasts.
    Delete,
    /// Remove the object as a person wants it, to stay away.
    Remove(Removal),
    /// Set the scale subresource.
    Scale {
        /// Replicas before.
        from: u32,
        /// Replicas after.
        to: u32,
    },
    /// Evict a pod.
    Evict,
}

impl Change {
    /// Its operation.
    pub fn op(&self) -> Op {
        match self {
            Self::Create { .. } => Op::Create,
            Self::Patch { .. } => Op::Patch,
            Self::Delete | Self::Remove(_) => Op::Delete,
            Self::Scale { .. } => Op::Scale,
            Self::Evict => Op::Evict,
        }
    }
}

/// One value of a patch.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// Where. Every segment but the last must be there. A trailing `Named` segment that is absent means: insert the
    /// element into the list before it.
    pub path: Path,
    /// The new value; `None` removes.
    pub value: Option<serde_json::Value>,
    /// For an inserted element: its index once the edits before this one are done; `None` appends.
    pub at: Option<usize>,
}

/// What is hit, by name (rule R6). Unknown counts as everything (rule R5).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reach {
    /// Pods by namespace.
    pub pods: BTreeMap<String, Vec<String>>,
    /// Pods that are lost (killed, evicted, scaled away), by workload `NS/KIND/NAME`: lost of all.
    pub lost: BTreeMap<String, (u32, u32)>,
    /// Routes, `KIND NS/NAME`.
    pub routes: Vec<String>,
    /// Workloads whose traffic is hit, `NS/NAME`.
    pub workloads: Vec<String>,
    /// Services, `NS/NAME`.
    pub services: Vec<String>,
    /// Share of the requests to these workloads that the fault touches, 0..=1.
    pub portion: f64,
    /// The whole namespace or mesh counts as hit, and why.
    pub everything: Option<String>,
}
