//! What is read of an object before a person chooses what to do to it.

use super::{ActionKind, Revision};
use crate::cluster::{Manifest, ObjectRef};

/// The object, and what the action must know of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Which action.
    pub action: ActionKind,
    /// Which object.
    pub object: ObjectRef,
    /// The object as it stands.
    pub live: Manifest,
    /// Its scale, where that is what is asked for.
    pub scale: Option<Scale>,
    /// Its revisions, newest first, where one is to be chosen.
    pub revisions: Vec<Revision>,
}

/// A scale subresource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scale {
    /// Replicas wanted now.
    pub replicas: u32,
    /// Where the object keeps that number (`specReplicasPath` of a custom kind).
    pub path: Vec<String>,
}
