//! An injection as people and scripts see it: the machine output of `fault list | show | abort | recover`, and what the
//! faults pane draws. Nothing decides by a view.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::injection::State;
use crate::journal::entry::{Cause, Op, Outcome};

/// One injection at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InjectionView {
    /// Its id.
    pub injection: String,
    /// The deed in words.
    pub title: String,
    /// Fault kind.
    pub kind: String,
    /// Driver.
    pub driver: String,
    /// `self-expiring`, `guarded`, `one-way`, or `change` for what is kept.
    pub class: String,
    /// Where it stands.
    pub state: State,
    /// Why it ended, once it does.
    pub cause: Option<Cause>,
    /// Server time by which the safety cap ends it; `None` until the record exists.
    pub deadline: Option<Timestamp>,
    /// Server time at which its duration is over; `None` until it is active.
    pub ends: Option<Timestamp>,
    /// The user as the cluster knows it.
    pub owner: String,
    /// `pid@host` of the process that armed.
    pub host: String,
    /// `key`, `typed`, `--yes`.
    pub approved_by: String,
    /// Armed by this brink's user on this machine (its journal is here).
    pub mine: bool,
    /// Server time of the last change of state.
    pub since: Timestamp,
    /// Set while the cluster cannot be read: the state is what was last seen, `unconfirmed since` this moment.
    pub unconfirmed_since: Option<Timestamp>,
    /// What is in the way: the server's words of a stuck undo, or the link's while it is retried.
    pub trouble: Option<String>,
    /// Every step, in order of application.
    pub steps: Vec<StepView>,
    /// What stays behind (final once `state` is `recovered` or `residue`).
    pub residue: Vec<String>,
    /// What others changed meanwhile, and what the verification found, in words.
    pub notes: Vec<String>,
}

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepView {
    /// Number, from 1.
    pub n: u32,
    /// What it does.
    pub op: Op,
    /// `GROUP/VERSION/KIND NS/NAME`.
    pub object: String,
    /// Its write was sent (it counts as landed unless the server refused it).
    pub written: bool,
    /// What its undo came to.
    pub outcome: Option<Outcome>,
    /// Who superseded it, what differs; empty when there is nothing to say.
    pub note: String,
}

impl InjectionView {
    /// No more effect and nothing left to do.
    pub fn ended(&self) -> bool {
        self.state.ended()
    }
}
