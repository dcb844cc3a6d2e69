//! What a journal line says. Field names are the file format: `{v, seq, at, by, kind, body, crc32}`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path::Path;
use crate::base::redact;

/// The version of the format.
pub const VERSION: u32 = 1;

/// One line: a fact, who wrote it and when (server time).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Version of the format.
    pub v: u32,
    /// Position in the file, from 0.
    pub seq: u64,
    /// Server time.
    pub at: Timestamp,
    /// `pid@host`.
    pub by: String,
    /// The fact.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened, or is about to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum Fact {
    /// All that is needed to undo, written before anything else. Fsynced with its directory.
    Arm(Box<Arm>),
    /// The write of a step is about to be sent. Fsynced.
    Will {
        /// Step number, from 1.
        step: u32,
    },
    /// What came of it.
    Did {
        /// Step number.
        step: u32,
        /// The answer.
        outcome: Did,
    },
    /// All steps are in.
    Active,
    /// The lease or duration was moved by an approved act.
    Extended {
        /// New lease, seconds from the record's creation.
        lease_s: u64,
        /// New duration, seconds from `active`.
        duration_s: u64,
    },
    /// The undo begins.
    Undo {
        /// Why.
        cause: Cause,
    },
    /// What the undo of one step came to.
    Undid {
        /// Step number.
        step: u32,
        /// The outcome.
        outcome: Outcome,
        /// In words: who superseded it, what differs.
        note: String,
    },
    /// Every touched object was read back.
    Verified {
        /// What differs but is not ours.
        notes: Vec<String>,
    },
    /// The undo cannot go on without a person.
    Stuck {
        /// The server's words or what is entangled.
        reason: String,
    },
    /// Finished.
    Done {
        /// What stays behind.
        residue: Vec<String>,
    },
}

/// The arming fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Format version.
    pub v: u32,
    /// The injection's id.
    pub id: String,
    /// Uid of the cluster (of namespace kube-system, or what `cluster_uid_of` says).
    pub cluster_uid: String,
    /// Which object's uid that is.
    pub cluster_uid_of: String,
    /// The API server's address.
    pub server: String,
    /// How to reach it again: kubeconfig files as given, context, user, impersonation.
    pub access: Access,
    /// Who: the user as the cluster knows it, and the host.
    pub owner: String,
    /// `pid@host` of the process that armed.
    pub host: String,
    /// The intent, as a Fault file (JSON).
    pub intent: Value,
    /// The intent in one line.
    pub title: String,
    /// The fault kind.
    pub kind: String,
    /// The driver.
    pub driver: String,
    /// `self-expiring`, `guarded`, `one-way`, or `change` for a kept change.
    pub class: String,
    /// Seconds from the record's creation to the deadline.
    pub lease_s: u64,
    /// Seconds of effect from `active`.
    pub duration_s: u64,
    /// Hash of what was shown and approved.
    pub token: String,
    /// How it was approved: `key`, `--yes`.
    pub approved_by: String,
    /// The steps, in order of application; the undo goes backwards.
    pub steps: Vec<StepFact>,
    /// The record's object name, the same in every touched namespace.
    pub record: String,
    /// The fuse's object name, the same in every touched namespace; empty when the plan needs none.
    pub fuse: String,
    /// Namespaces that carry a record.
    pub namespaces: Vec<String>,
}

/// How to reach the cluster again, by the guardian or a later brink.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Access {
    /// Kubeconfig files in order; empty means in-cluster.
    pub kubeconfig: Vec<String>,
    /// The context's name.
    pub context: String,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`.
    pub as_groups: Vec<String>,
}

/// One step as a fact.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepFact {
    /// Step number, from 1.
    pub n: u32,
    /// What it does.
    pub op: Op,
    /// The object.
    pub object: Target,
    /// The object's uid before the step; `None` for a create.
    pub uid: Option<String>,
    /// Hash of the object as previewed, without server-made fields.
    pub identity: String,
    /// Short hash of this step, part of the mark.
    pub hash: String,
    /// The touched paths with their values before and after.
    pub paths: Vec<Touched>,
    /// For a create: the object as created (its spec decides whether it is still ours); for a delete: the whole object before.
    pub object_body: Option<Value>,
    /// What stays behind even after a perfect undo.
    pub residue: Vec<String>,
    /// Where its values may stand.
    #[serde(default, skip_serializing_if = "Values::anywhere")]
    pub values: Values,
}

/// Where the values of a step (of `paths` and `object_body`) may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Values {
    /// Nothing in them is secret: journal and record hold them.
    #[default]
    Anywhere,
    /// A secret is among them: the journal of the machine that armed holds them, and nothing else does.
    Here,
    /// This copy of the step lacks them for that reason.
    Elsewhere,
}

impl Values {
    /// Nothing in them is secret.
    pub fn anywhere(&self) -> bool {
        *self == Self::Anywhere
    }
}

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// A new object.
    Create,
    /// Fields of an existing object.
    Patch,
    /// An object goes.
    Delete,
    /// The scale subresource.
    Scale,
    /// A pod is evicted.
    Evict,
}

impl Op {
    /// The word of the machine output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Scale => "scale",
            Self::Evict => "evict",
        }
    }
}

/// Names an object without the cluster room's types (this room imports only `base`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// API group, empty for core.
    pub group: String,
    /// API version.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// Plural.
    pub plural: String,
    /// Namespace; `None` when cluster-scoped.
    pub namespace: Option<String>,
    /// Name.
    pub name: String,
}

/// A touched value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Touched {
    /// Where.
    pub path: Path,
    /// Before; `None` = absent.
    pub pre: Option<Value>,
    /// After; `None` = removed.
    pub post: Option<Value>,
    /// Of a removed list element: its position before, so that it is put back where it stood.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<usize>,
}

/// What came of a write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Did {
    /// It landed.
    Landed {
        /// The object's uid.
        uid: String,
        /// Its resourceVersion.
        resource_version: String,
    },
    /// It was refused; nothing changed.
    Refused(String),
    /// No answer: treat as landed.
    Unknown(String),
}

/// Why an undo begins. The words are those of the machine output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// A person aborted.
    Person,
    /// The duration ended.
    Duration,
    /// The lease ended.
    Lease,
    /// An abort condition held.
    Breached,
    /// The emergency stop.
    Stop,
    /// The server stored something else than previewed.
    Deviated,
    /// A step failed while applying.
    FailedStep,
    /// The cluster could not be reached.
    LostLink,
    /// The process was told to end.
    Signal,
    /// Its owner is gone.
    Orphan,
    /// Somebody else put everything back.
    Reverted,
}

/// What the undo of one step came to. The words are those of the machine output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The value before is back.
    Restored,
    /// What we made is gone.
    Removed,
    /// Somebody had undone it.
    Already,
    /// Deleted by us, made anew.
    ReCreated,
    /// Somebody moved on; their values stay.
    Superseded,
    /// Half ours: nothing was written.
    Entangled,
    /// Namespace or kind is gone.
    Gone,
}

impl Arm {
    /// The same without the values of anybody's objects: what is kept once it is over.
    #[must_use]
    pub fn without_values(mut self) -> Self {
        for step in &mut self.steps {
            step.drop_values();
        }
        // The manifests of this kind are values too; every other intent is a few parameters, of which a header may be a key.
        self.intent = if self.kind == "manifest" { Value::Null } else { redact::value(&self.intent).value };
        self
    }
}

impl Fact {
    /// The same without the values of anybody's objects: servers repeat them when they refuse one.
    #[must_use]
    pub fn without_values(self) -> Self {
        let clean = |text: String| redact::text(&text).into_owned();
        match self {
            Self::Arm(arm) => Self::Arm(Box::new(arm.without_values())),
            Self::Did { step, outcome } => Self::Did {
                step,
                outcome: match outcome {
                    Did::Refused(words) => Did::Refused(clean(words)),
                    Did::Unknown(words) => Did::Unknown(clean(words)),
                    landed @ Did::Landed { .. } => landed,
                },
            },
            Self::Undid { step, outcome, note } => Self::Undid { step, outcome, note: clean(note) },
            Self::Verified { notes } => Self::Verified { notes: notes.into_iter().map(clean).collect() },
            Self::Stuck { reason } => Self::Stuck { reason: clean(reason) },
            Self::Done { residue } => Self::Done { residue: residue.into_iter().map(clean).collect() },
            plain @ (Self::Will { .. } | Self::Active | Self::Extended { .. } | Self::Undo { .. }) => plain,
        }
    }
}

impl StepFact {
    /// The step as the cluster may hold it: where a secret is among its values, without any.
    #[must_use]
    pub fn for_record(&self) -> Self {
        let mut step = self.clone();
        if !step.values.anywhere() {
            step.drop_values();
            step.values = Values::Elsewhere;
        }
        step
    }

    fn drop_values(&mut self) {
        self.object_body = None;
        for touched in &mut self.paths {
            touched.pre = None;
            touched.post = None;
        }
    }
}

impl Target {
    /// `GROUP/VERSION/KIND NS/NAME`, the form of the machine output.
    pub fn show(&self) -> String {
        let version =
            if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) };
        match &self.namespace {
            Some(namespace) => format!("{version}/{} {namespace}/{}", self.kind, self.name),
            None => format!("{version}/{} {}", self.kind, self.name),
        }
    }

    /// Whether both name the same object, whatever version they speak.
    pub fn same_object(&self, other: &Self) -> bool {
        self.group == other.group
            && self.plural == other.plural
            && self.namespace == other.namespace
            && self.name == other.name
    }
}

impl Cause {
    /// The word of the machine output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Duration => "duration",
            Self::Lease => "lease",
            Self::Breached => "breached",
            Self::Stop => "stop",
            Self::Deviated => "deviated",
            Self::FailedStep => "failed-step",
            Self::LostLink => "lost-link",
            Self::Signal => "signal",
            Self::Reverted => "reverted",
            Self::Orphan => "orphan",
        }
    }
}

impl Outcome {
    /// The word of the machine output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Restored => "restored",
            Self::Removed => "removed",
            Self::Already => "already",
            Self::ReCreated => "re-created",
            Self::Superseded => "superseded",
            Self::Entangled => "entangled",
            Self::Gone => "gone",
        }
    }

    /// Ends without a person.
    pub fn settled(self) -> bool {
        self != Self::Entangled
    }
}
