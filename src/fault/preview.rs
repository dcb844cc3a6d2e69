//! The preview: what a person reads before one key breaks something. Also the machine output of `fault plan`.

use serde::{Deserialize, Serialize};

use super::class::Class;
use crate::mesh::what_if::Rerouted;

/// A checked plan, ready to show. Serialises to the stable JSON of `brink fault plan -o json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Preview {
    /// The plan's id.
    pub plan: String,
    /// Fault kind.
    pub kind: String,
    /// Driver.
    pub driver: String,
    /// How it does it, and why no preferred one does.
    pub driver_why: String,
    /// `self-expiring`, `guarded`, `one-way`.
    pub class: String,
    /// Why the class is weaker than the changes alone would make it; empty when it is not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class_why: String,
    /// Seconds of effect.
    pub duration_s: u64,
    /// Seconds to the deadline.
    pub lease_s: u64,
    /// Hash of what is shown; what `apply` must present.
    pub token: String,
    /// The deed in words.
    pub title: String,
    /// What could do it instead.
    pub alternatives: Vec<String>,
    /// Every change, in order.
    pub changes: Vec<ChangeView>,
    /// What is hit.
    pub blast: Blast,
    /// What the guardrails say.
    pub guard: Vec<Verdict>,
    /// What should be seen.
    pub predicts: Vec<String>,
    /// Requests that another answers while it holds, or that are answered otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub what_if: Vec<Rerouted>,
    /// What stays behind.
    pub residue: Vec<String>,
    /// Who else writes the touched paths, and what they will do.
    pub rivals: Vec<String>,
    /// The undo, in words.
    pub undo: Vec<String>,
}

impl Preview {
    /// How it ends, in words.
    pub fn promise(&self) -> String {
        match Class::of(&self.class) {
            None => "kept: it stays until somebody changes it back".to_owned(),
            Some(class) if self.class_why.is_empty() => class.promise().to_owned(),
            Some(_) => {
                format!("undone by the cockpit, its guardian or a later brink on this machine: {}", self.class_why)
            }
        }
    }
}

/// One change as shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeView {
    /// `create`, `patch`, `delete`, `scale`, `evict`.
    pub op: String,
    /// `GROUP/VERSION/KIND NS/NAME`.
    pub object: String,
    /// How the server answered the dry run.
    pub dry_run: DryRun,
    /// The server's words.
    pub message: String,
    /// Unified diff of the live object against what the server would store.
    pub diff: String,
}

/// How sure the shown change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DryRun {
    /// The server said what it would store.
    Checked,
    /// It depends on an earlier step.
    Assumed,
    /// The server has no dry run for it.
    Unchecked,
    /// The server would refuse it.
    Refused,
}

/// The blast radius.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Blast {
    /// `NS/NAME`.
    pub pods: Vec<String>,
    /// `KIND NS/NAME`.
    pub routes: Vec<String>,
    /// Workloads that call what is hit, directly or through others, as measured; the nearest first. `NS/NAME`.
    pub dependants: Vec<String>,
    /// 0..=1; `None` = unknown, which counts as everything.
    pub traffic_share: Option<f64>,
    /// Where the number comes from.
    pub traffic_source: TrafficSource,
}

/// Origin of a traffic number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrafficSource {
    /// Measured for exactly this.
    Measured,
    /// Shared with others, shown with `≈`.
    Shared,
    /// No source.
    Unknown,
}

/// One guardrail's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The rule.
    pub rule: String,
    /// ok, confirm or refuse.
    pub verdict: Ruling,
    /// What was found.
    pub value: String,
    /// The limit.
    pub limit: String,
    /// How to change it.
    pub change: String,
}

/// The three rulings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// Nothing to say.
    Ok,
    /// Type the target's name.
    Confirm,
    /// Not at all.
    Refuse,
}
