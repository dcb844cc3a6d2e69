//! The narrow interface to an API server: read, dry run, write under a warrant.
//!
//! It is what the fault engine needs and no more, at the level of HTTP verbs, so that the real server (`io/`), a proxy that
//! misbehaves and a world under virtual time are the same thing to it. Streams (watches, logs) are not here.

use std::{future::Future, time::Duration};

use jiff::Timestamp;
use serde_json::Value;
use thiserror::Error;

use super::{Kind, Manifest, ObjectRef, warrant::Warrant};

/// What is asked of the server without changing anything.
#[derive(Debug, Clone, PartialEq)]
pub enum Read {
    /// One object, quorum read.
    Get(ObjectRef),
    /// A collection (all namespaces when `namespace` is `None`), whole, quorum read; the answer's body is the List.
    List {
        /// Which kind.
        kind: Kind,
        /// In which namespace.
        namespace: Option<String>,
        /// Label selector, empty for all.
        labels: String,
    },
    /// Any other path, such as `/version` or `/openapi/v3`.
    Path(String),
    /// May this user do `verb` on it? (`SelfSubjectAccessReview`, authorization.k8s.io/v1; answers are not stored.)
    Allowed {
        /// `get`, `create`, `patch`, …
        verb: String,
        /// Which kind.
        kind: Kind,
        /// In which namespace.
        namespace: Option<String>,
        /// Which object.
        name: Option<String>,
        /// Subresource such as `eviction`.
        subresource: Option<String>,
    },
}

/// What is asked of the server to change.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// POST to the collection.
    Create(ObjectRef, Manifest),
    /// JSON Patch (RFC 6902), with its own `test` operations.
    Patch(ObjectRef, Vec<Value>),
    /// PUT with the object's resourceVersion.
    Replace(ObjectRef, Manifest),
    /// DELETE with preconditions.
    Delete(ObjectRef, Preconditions, Removal),
    /// POST to `pods/NAME/eviction` (policy/v1).
    Evict(ObjectRef, Preconditions),
    /// JSON Patch on the `scale` subresource.
    Scale(ObjectRef, Vec<Value>),
}

impl Write {
    /// The object it touches.
    pub fn target(&self) -> &ObjectRef {
        match self {
            Self::Create(target, _)
            | Self::Patch(target, _)
            | Self::Replace(target, _)
            | Self::Delete(target, ..)
            | Self::Evict(target, _)
            | Self::Scale(target, _) => target,
        }
    }
}

/// What must hold for a delete or an eviction (`DeleteOptions.preconditions`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconditions {
    /// As the server writes it.
    pub uid: Option<String>,
    /// As the server writes it.
    pub resource_version: Option<String>,
}

/// How an object goes (`DeleteOptions`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removal {
    /// What becomes of the objects it owns.
    pub propagation: Propagation,
    /// Seconds its pods get to end; `None` leaves it to the object, 0 waits for nobody.
    pub grace: Option<u32>,
}

/// What becomes of the objects an object owns when it is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Propagation {
    /// They go after it.
    #[default]
    Background,
    /// They go before it.
    Foreground,
    /// They stay, without an owner.
    Orphan,
}

impl Propagation {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Background, Self::Foreground, Self::Orphan];

    /// The API's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }

    /// The one of a word, however it is written.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word().eq_ignore_ascii_case(word))
    }
}

/// An answer with a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The object, list or document.
    pub body: Manifest,
    /// The server's `Date`, when no proxy stripped it.
    pub date: Option<Timestamp>,
}

/// Why there is no good answer.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Trouble {
    /// The request did not reach the server; nothing happened.
    #[error("cannot reach {server}: {why}")]
    Unreachable {
        /// The server's address.
        server: String,
        /// What the link said.
        why: String,
    },
    /// The request was sent and no answer came: it may have been carried out.
    #[error("no answer from {server}: {why}; the request may have been carried out")]
    Unknown {
        /// The server's address.
        server: String,
        /// What the link said.
        why: String,
    },
    /// The server answered with a failure.
    #[error("{0}")]
    Refused(Refusal),
    /// This verb of this kind has no `dryRun` parameter, so a dry run might really write; nothing was sent.
    #[error("{kind} has no dry run for {verb}: the server might really write")]
    NoDryRun {
        /// The kind, for people.
        kind: String,
        /// The verb.
        verb: String,
    },
    /// The warrant does not cover the write; nothing was sent.
    #[error("not written: {0}")]
    NoWarrant(String),
}

/// A `Status` of kind Failure (meta/v1).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Refusal {
    /// HTTP status code.
    pub code: u16,
    /// `NotFound`, `Conflict`, `Invalid`, `Forbidden`, …
    pub reason: String,
    /// The server's words, sanitised.
    pub message: String,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// The server's `Date`.
    pub date: Option<Timestamp>,
}

impl Trouble {
    /// The HTTP status code, when the server answered.
    pub fn code(&self) -> Option<u16> {
        match self {
            Self::Refused(refusal) => Some(refusal.code),
            Self::Unreachable { .. } | Self::Unknown { .. } | Self::NoDryRun { .. } | Self::NoWarrant(_) => None,
        }
    }

    /// The object or kind is not there.
    pub fn not_found(&self) -> bool {
        self.code() == Some(404)
    }

    /// Worth another try without any change (the link, 429, 5xx).
    pub fn transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Unknown { .. } => true,
            Self::Refused(refusal) => matches!(refusal.code, 429 | 500..=599),
            Self::NoDryRun { .. } | Self::NoWarrant(_) => false,
        }
    }
}

/// An API server, real or simulated, as far as nothing is changed. Whoever holds no more than this cannot write.
pub trait Api: Send + Sync {
    /// Reads. Every answer that carries a `Date` moves the server clock.
    fn read(&self, read: &Read) -> impl Future<Output = Result<Answer, Trouble>> + Send;

    /// Sends the write with `dryRun=All`, after making sure the server knows that parameter for it.
    fn dry_run(&self, write: &Write) -> impl Future<Output = Result<Answer, Trouble>> + Send;

    /// The server's time now, as best known (rule R9).
    fn now(&self) -> Timestamp;

    /// Waits on the clock [`Self::now`] is carried on by.
    fn sleep(&self, span: Duration) -> impl Future<Output = ()> + Send;

    /// The server's address, for messages and the journal.
    fn server(&self) -> &str;

    /// Resolves when the cluster has gone for good, known beyond doubt: a simulated one whose process has ended. Of a real one
    /// it never does, however long it is away.
    fn gone(&self) -> impl Future<Output = ()> + Send {
        std::future::pending()
    }
}

/// An API server that may be written to: the one write door. Few need it, and nothing that a model drives has it.
pub trait WriteApi: Api {
    /// Writes, under a warrant for this very cluster.
    fn write(&self, warrant: &Warrant, write: &Write) -> impl Future<Output = Result<Answer, Trouble>> + Send;
}
