//! A proposal as a session keeps it: what a person was shown, and the intent. The answers of the API server are not kept: they
//! are old by the time anybody reads them.

use serde::{Deserialize, Serialize};

use crate::{
    agent::{
        lesson::Lesson,
        proposal::{Proposal, Step},
    },
    fault::{file, preview::Preview},
};

/// See the module docs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    /// What was shown.
    pub preview: Preview,
    /// Changes, blast radius, class, in words.
    pub facts: String,
    /// The intent, as YAML.
    pub intent: String,
    /// Namespace of what names none.
    pub namespace: String,
    /// A change that is kept, rather than a fault.
    pub kept: bool,
    /// What the model believes, in its words.
    pub hypothesis: String,
    /// What the model expects to be seen, in its words.
    pub expects: String,
    /// When it ends early, in words.
    pub aborts: String,
    /// What it would teach.
    pub lesson: Lesson,
    /// Where it stands in a plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// How many tries it took.
    pub rounds: u32,
}

impl Offer {
    /// What is kept of a proposal that took so many tries.
    pub fn of(proposal: &Proposal, rounds: u32) -> Self {
        Self {
            preview: proposal.checked.preview.clone(),
            facts: proposal.facts(),
            intent: file::yaml(&proposal.fault),
            namespace: proposal.fault.namespace.clone(),
            kept: proposal.kept,
            hypothesis: proposal.hypothesis.clone(),
            expects: proposal.expects.clone(),
            aborts: proposal.aborts(),
            lesson: proposal.lesson.clone(),
            step: proposal.step.clone(),
            rounds,
        }
    }

    /// The deed in words.
    pub fn title(&self) -> &str {
        &self.preview.title
    }
}
