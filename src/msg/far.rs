//! What is asked of the cluster on the far side. There is no word here for anything that changes it: whatever stands on that
//! side can ask for nothing else.

use std::sync::Arc;

use super::{Effect, effect::ManagedFields};
use crate::{
    base::Ticket,
    cluster::{Kind, ObjectRef, Scope, columns::View, logs::LogWish},
};

/// One question, or the end of one.
#[derive(Debug, Clone, PartialEq)]
pub enum FarAsk {
    /// Connect to a context; `None` for the one of the command line. Everything asked before is dropped.
    Link(Ticket, Option<String>),
    /// Read the contexts of the kubeconfig.
    Contexts(Ticket),
    /// List the namespaces.
    Namespaces(Ticket),
    /// Ask which kinds the cluster serves.
    Discover(Ticket),
    /// Watch objects of a kind until [`FarAsk::Stop`].
    WatchTable(Ticket, Kind, Scope, Option<Arc<View>>),
    /// Read an object, to go on from it.
    ReadObject(Ticket, ObjectRef),
    /// Describe an object.
    Describe(Ticket, ObjectRef),
    /// Read an object as YAML.
    Yaml(Ticket, ObjectRef, ManagedFields),
    /// Read logs until [`FarAsk::Stop`].
    Log(Ticket, LogWish),
    /// Write a text that is shown to a file of this machine.
    SaveText(Ticket, String, String),
    /// End what a ticket asked for.
    Stop(Ticket),
}

impl FarAsk {
    /// The question of an effect; `None` where it is none that may be asked from there.
    pub fn of(effect: Effect) -> Option<Self> {
        Some(match effect {
            Effect::Link(ticket, context) => Self::Link(ticket, context),
            Effect::Contexts(ticket) => Self::Contexts(ticket),
            Effect::Namespaces(ticket) => Self::Namespaces(ticket),
            Effect::Discover(ticket) => Self::Discover(ticket),
            Effect::WatchTable(ticket, kind, scope, view) => Self::WatchTable(ticket, kind, scope, view),
            Effect::ReadObject(ticket, object) => Self::ReadObject(ticket, object),
            Effect::Describe(ticket, object) => Self::Describe(ticket, object),
            Effect::Yaml(ticket, object, managed) => Self::Yaml(ticket, object, managed),
            Effect::Log(ticket, wish) => Self::Log(ticket, wish),
            Effect::SaveText(ticket, name, text) => Self::SaveText(ticket, name, text),
            Effect::Stop(ticket) => Self::Stop(ticket),
            _ => return None,
        })
    }
}
