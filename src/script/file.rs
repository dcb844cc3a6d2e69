//! A script as data. How its text is read stands in `read`.

use std::time::Duration;

use super::condition::Condition;
use crate::{fault::intent::Fault, msg::Command};

/// How long a wait may take where the script is silent, in virtual time.
pub const WITHIN: Duration = Duration::from_mins(1);

/// A script.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    /// Its name.
    pub name: String,
    /// What it is about, in a line.
    pub title: String,
    /// The world it plays in.
    pub world: String,
    /// Who is asked in brink's own world, as `--agent` names it; where it is silent, the world's scripted model.
    pub agent: Option<String>,
    /// How long it takes on stage.
    pub minutes: u64,
    /// How many faults it has open at once. In brink's own world they may be; elsewhere the guardrails say how many.
    pub concurrent: u32,
    /// Objects that may differ at the end: `KIND NS/NAME`, with `*`.
    pub leaves: Vec<String>,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One step. Its parts come in the order of these fields.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// The caption.
    pub say: String,
    /// What only the speaker reads.
    pub note: String,
    /// A proposal of this fault kind is chosen in the agent pane.
    pub choose: Option<String>,
    /// Commands, in order.
    pub commands: Vec<Command>,
    /// The fault form is opened with this.
    pub fault: Option<Box<Fault>>,
    /// Text that is typed, then entered.
    pub text: Option<String>,
    /// Commands after that.
    pub then: Vec<Command>,
    /// What must be so before the script goes on.
    pub wait: Option<Condition>,
    /// How long that may take, in virtual time.
    pub within: Duration,
    /// What to say when it takes longer.
    pub message: String,
    /// The step ends only when a person says so.
    pub hold: bool,
    /// The world is remembered under this name, to be rewound to.
    pub checkpoint: Option<String>,
}

impl Step {
    /// What it is called in reports: its caption, or else what it does.
    pub fn title(&self) -> String {
        if !self.say.is_empty() {
            return self.say.clone();
        }
        let commands = self.commands.iter().chain(&self.then).map(|command| command.name());
        let words: Vec<&str> = commands.chain(self.fault.iter().map(|fault| fault.kind.word())).collect();
        if words.is_empty() { "wait".to_owned() } else { words.join(", ") }
    }
}
