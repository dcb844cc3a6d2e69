//! An injection as people and scripts see it: the machine output of `fault list | show | abort | recover`, and what the
//! faults pane draws. Nothing decides by a view.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::injection::State;
use crate::{
    base::span,
    journal::entry::{Cause, Op, Outcome},
};

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
    /// Whether it bites, as the process that keeps it sees it; `None` where nobody looked.
    #[serde(default)]
    pub evidence: Option<EvidenceView>,
    /// How far it has risen, as the process that keeps it raises it; `None` where it does not rise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp: Option<RampView>,
    /// Its abort conditions, as the process that keeps it reads them.
    #[serde(default, rename = "abortWhen")]
    pub abort_when: Vec<ConditionView>,
}

/// How far a fault has risen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RampView {
    /// In words: `at 10 % of 50 %`.
    pub at: String,
    /// When the next level is due; `None` at the last one.
    pub next: Option<Timestamp>,
    /// Why it waits although it is due; else empty.
    pub waits: String,
}

/// What was seen of its effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceView {
    /// How far the look came.
    pub state: EvidenceState,
    /// What moved: `503s 0% -> 42%`; empty unless seen.
    pub seen: String,
    /// Why nothing may be seen, once that is said.
    pub reasons: Vec<String>,
}

/// How far the look for an effect came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EvidenceState {
    /// Nothing yet.
    Looking,
    /// Something moved.
    Seen,
    /// Nothing within 30 s.
    None,
    /// Nobody can say what should be seen.
    Unknown,
}

/// One abort condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConditionView {
    /// The condition in words.
    pub condition: String,
    /// How it stands.
    pub state: ConditionState,
    /// What was read last.
    pub value: Option<Figure>,
    /// Why it was breached, or could not be read; else empty.
    pub why: String,
}

/// What a condition looks at stands so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Figure {
    /// Of metrics.
    Number(f64),
    /// Of answers and objects.
    Text(String),
}

impl fmt::Display for Figure {
    /// A number has three decimals at most.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => {
                let text = format!("{number:.3}");
                f.write_str(text.trim_end_matches('0').trim_end_matches('.'))
            }
            Self::Text(text) if text.is_empty() => f.write_str("empty"),
            Self::Text(text) => f.write_str(text),
        }
    }
}

/// How an abort condition stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConditionState {
    /// Not read here: another process watches it, or it is over.
    Unread,
    /// Not breached.
    Fine,
    /// Beyond its limit, not long enough yet.
    Holding,
    /// The last reading came to nothing.
    Unreadable,
    /// It ended the fault.
    Breached,
}

impl ConditionState {
    /// The word of the machine output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unread => "unread",
            Self::Fine => "fine",
            Self::Holding => "holding",
            Self::Unreadable => "unreadable",
            Self::Breached => "breached",
        }
    }
}

impl ConditionView {
    /// In words: `abort when … (fine, 0.012)`.
    pub fn words(&self) -> String {
        let mut words = format!("abort when {} ({}", self.condition, self.state.word());
        if let Some(value) = &self.value {
            words.push_str(&format!(", {value}"));
        }
        if !self.why.is_empty() {
            words.push_str(&format!(": {}", self.why));
        }
        words.push(')');
        words
    }
}

impl RampView {
    /// In words: `rises: at 10 % of 50 %, more in 20s`.
    pub fn words(&self, now: Timestamp) -> String {
        let next = match self.next {
            None => String::new(),
            Some(_) if !self.waits.is_empty() => format!(", waits: {}", self.waits),
            Some(next) => {
                let left = Duration::try_from(next.duration_since(now)).unwrap_or_default();
                format!(", more in {}", span::format(Duration::from_secs(left.as_secs())))
            }
        };
        format!("rises: {}{next}", self.at)
    }
}

impl EvidenceView {
    /// In words: `effect seen: …`, `no effect seen: …`.
    pub fn words(&self) -> String {
        match self.state {
            EvidenceState::Looking => "looking for an effect".to_owned(),
            EvidenceState::Seen => format!("effect seen: {}", self.seen),
            EvidenceState::None => format!("no effect seen: {}", self.reasons.join("; ")),
            EvidenceState::Unknown => format!("effect not looked for: {}", self.reasons.join("; ")),
        }
    }
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

    /// A change that is written: it stays, and nobody waits for its end.
    pub fn kept(&self) -> bool {
        self.class == "change" && self.state == State::Active
    }

    /// It has an effect that is to end, or has something left to do.
    pub fn open(&self) -> bool {
        !self.ended() && !self.kept()
    }
}
