//! What a model proposes, once it would apply: an intent with the answers of the API server.

use serde::{Deserialize, Serialize};

use super::lesson::Lesson;
use crate::fault::{
    catalogue,
    checked::Checked,
    intent::Fault,
    preview::{DryRun, Ruling},
    probe,
};

/// A proposal a person may look at.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// The intent.
    pub fault: Fault,
    /// A change that is kept, rather than a fault with a lease.
    pub kept: bool,
    /// What the model believes, in its words, sanitised; not to be trusted.
    pub hypothesis: String,
    /// What the model expects to be seen, in its words, sanitised.
    pub expects: String,
    /// What it would teach, by facts.
    pub lesson: Lesson,
    /// Where it stands in a plan.
    pub step: Option<Step>,
    /// As it was checked; old by the time it is opened, so it is checked again then.
    pub checked: Box<Checked>,
    /// How many tries it took, refused ones included.
    pub rounds: u32,
}

/// A place in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What the model calls the plan, sanitised.
    pub plan: String,
    /// From 1.
    pub at: usize,
    /// How many there are.
    pub of: usize,
}

impl Proposal {
    /// The deed in words.
    pub fn title(&self) -> &str {
        &self.checked.preview.title
    }

    /// When it ends early; empty when nothing would end it.
    pub fn aborts(&self) -> String {
        let conditions = probe::views(&self.fault.abort_when);
        let words: Vec<String> = conditions.into_iter().map(|one| one.condition).collect();
        if words.is_empty() { String::new() } else { format!("ends early when {}", words.join(" or ")) }
    }

    /// What a person should know before opening it: changes, blast radius, class.
    pub fn facts(&self) -> String {
        let preview = &self.checked.preview;
        let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
        let mut parts = vec![count(preview.changes.len(), "change")];
        for (names, what) in [(&preview.blast.pods, "pod"), (&preview.blast.routes, "route")] {
            if !names.is_empty() {
                parts.push(count(names.len(), what));
            }
        }
        parts.push(match preview.blast.traffic_share {
            Some(share) => format!("{:.0} % of traffic", share * 100.0),
            None => "traffic unknown".to_owned(),
        });
        if self.kept {
            parts.push("stays".to_owned());
        } else {
            parts.push(format!("lease {}", crate::base::span::format(self.fault.lease)));
        }
        parts.join(" · ")
    }
}

/// Whether two intents are the same deed: kind, target, scope, and values with the usual ones filled in. Another duration or
/// another driver is no other question.
pub fn same(one: &Fault, other: &Fault) -> bool {
    let what = |fault: &Fault| (fault.kind, fault.namespace.clone(), fault.target.clone(), fault.scope.clone());
    let values = |fault: &Fault| catalogue::deed(fault).ok();
    what(one) == what(other) && one.manifests == other.manifests && values(one) == values(other)
}

/// Why a checked plan would not apply, in the words of whoever refuses; empty when it would.
pub fn refusals(checked: &Checked) -> Vec<String> {
    let preview = &checked.preview;
    let server = preview
        .changes
        .iter()
        .filter(|change| change.dry_run == DryRun::Refused)
        .map(|change| format!("the API server refuses {} {}: {}", change.op, change.object, change.message));
    // The rule about dry runs says the same again in fewer words.
    let rules = preview.guard.iter().filter(|verdict| verdict.verdict == Ruling::Refuse && verdict.rule != "dry-run");
    let rules = rules.map(|verdict| {
        let limit = if verdict.limit.is_empty() { String::new() } else { format!(" (limit {})", verdict.limit) };
        format!("the guardrail `{}` refuses: {}{limit}; {}", verdict.rule, verdict.value, verdict.change)
    });
    let told: Vec<String> = server.chain(rules).collect();
    if told.is_empty() && preview.guard.iter().any(|verdict| verdict.verdict == Ruling::Refuse) {
        return preview.guard.iter().filter(|v| v.verdict == Ruling::Refuse).map(|v| v.value.clone()).collect();
    }
    told
}
