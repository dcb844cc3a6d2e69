//! How a person said yes.

use super::{
    action::owned,
    intent::Target,
    plan::{Change, Plan},
};
use crate::cluster::warrant::Purpose;

/// An approval. What it is worth is decided by the guard: a `confirm` verdict needs the typed name or `--yes`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The act.
    pub how: How,
    /// The token of what was on screen; another token approves nothing.
    pub token: String,
}

/// The act of approval.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// One key on the preview.
    Key,
    /// The target's name, typed.
    Typed(String),
    /// `--yes` on the command line: answers ok and confirm, never refuse, and not in production contexts.
    Yes,
}

impl How {
    /// The word of the journal and of the machine output.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Typed(_) => "typed",
            Self::Yes => "--yes",
        }
    }
}

/// The name a person types to confirm: the target's own, so that the wrong object is noticed. Of several objects that are changed
/// to stay it is how many: `3 deployments`.
pub fn name_to_type(plan: &Plan) -> String {
    match &plan.fault.target {
        Target::Service(name)
        | Target::Route(name)
        | Target::Node(name)
        | Target::Zone(name)
        | Target::Host(name)
        | Target::Workload { name, .. } => name.clone(),
        Target::Selector(_) => plan.fault.namespace.clone(),
        Target::Manifest => {
            several(plan).or_else(|| plan.steps.first().map(|step| step.object.name.clone())).unwrap_or_default()
        }
    }
}

fn several(plan: &Plan) -> Option<String> {
    let given = &plan.fault.manifests;
    if plan.purpose != Purpose::Change || given.len() < 2 {
        return None;
    }
    // A drain is about its nodes, whatever is evicted from them.
    let drain = plan.steps.iter().any(|step| step.change == Change::Evict);
    let kinds: Vec<&str> = if drain {
        given.iter().map(crate::cluster::Manifest::kind).collect()
    } else {
        plan.steps.iter().map(|step| step.object.kind.kind.as_str()).collect()
    };
    let many = kinds.len();
    match owned::counted_kinds(kinds.into_iter()).as_slice() {
        _ if many < 2 => None,
        [one] => Some(one.to_lowercase()),
        _ => Some(format!("{many} objects")),
    }
}
