//! How a person said yes.

use super::{intent::Target, plan::Plan};

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

/// The name a person types to confirm: the target's own, so that the wrong object is noticed.
pub fn name_to_type(plan: &Plan) -> String {
    match &plan.fault.target {
        Target::Service(name)
        | Target::Route(name)
        | Target::Node(name)
        | Target::Zone(name)
        | Target::Host(name)
        | Target::Workload { name, .. } => name.clone(),
        Target::Selector(_) => plan.fault.namespace.clone(),
        Target::Manifest => plan.steps.first().map(|step| step.object.name.clone()).unwrap_or_default(),
    }
}
