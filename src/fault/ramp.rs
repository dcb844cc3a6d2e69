//! A fault that rises in levels: each level is an object of its own, and takes the place of the one before it.
//!
//! A level that were a change of the object before it could not be told from a change by somebody else once a process is gone.
//! So a plan has one create a level; the undo of every one of them is the same as ever, whichever of them stands.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{
    catalogue::deed::PERCENT,
    drivers::{CompileError, compile, words},
    intent::Fault,
    plan::{Change, Plan, Step},
    sight::Sight,
};
use crate::base::span;

/// Compiles every level, and makes one plan of them; it stays at the last.
pub(super) fn plan(fault: &Fault, lower: &[u8], last: u8, sight: &Sight, id: &str) -> Result<Plan, CompileError> {
    let at = |level: u8| {
        let mut one = Fault { ramp: Vec::new(), ..fault.clone() };
        one.params.insert(PERCENT.to_owned(), Value::from(level));
        compile(&one, sight, id)
    };
    let mut steps = lower.iter().map(|level| own(&at(*level)?, *level)).collect::<Result<Vec<_>, _>>()?;
    let plan = at(last)?;
    steps.push(own(&plan, last)?);
    for (n, step) in (1..).zip(&mut steps) {
        step.n = n;
    }
    let (levels, each) = (listed(&fault.ramp), span::format(stands(&plan, fault.ramp.len())));
    let mut predicts = vec![format!("it rises: {levels}, a level every {each} while the abort conditions are well")];
    predicts.extend(plan.predicts);
    let undo = words::undo(&steps);
    let title = format!("{}, rising over {levels}", plan.title);
    Ok(Plan { title, steps, predicts, undo, fault: fault.clone(), ..plan })
}

/// The one object of a level, under a name of its own.
fn own(plan: &Plan, level: u8) -> Result<Step, CompileError> {
    let refuse = || CompileError::CannotExpress {
        what: format!(
            "{} changes what is there, or more than one object: it cannot be raised level by level",
            plan.driver.word()
        ),
        fix: "leave `ramp` out, or choose a driver that adds one object of its own".to_owned(),
    };
    let [step] = plan.steps.as_slice() else { return Err(refuse()) };
    let Change::Create { object, fused: true } = &step.change else { return Err(refuse()) };
    let mut step = step.clone();
    let name = format!("{}-{level}", step.object.name);
    let mut object = object.clone();
    if let Some(metadata) = object.map_mut(&["metadata"]) {
        metadata.insert("name".to_owned(), Value::from(name.as_str()));
    }
    step.object.name = name;
    step.change = Change::Create { object, fused: true };
    Ok(step)
}

/// `10 %, 25 % and 50 %`.
fn listed(levels: &[u8]) -> String {
    let all: Vec<String> = levels.iter().map(|level| format!("{level} %")).collect();
    match all.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => String::new(),
    }
}

/// How long each level stands.
fn stands(plan: &Plan, levels: usize) -> Duration {
    plan.duration / u32::try_from(levels.max(1)).unwrap_or(u32::MAX)
}

/// The climb of one active fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Climb {
    levels: Vec<u8>,
    /// Which of them stands.
    at: usize,
    each: Duration,
    /// When the one that stands began.
    since: Timestamp,
}

impl Climb {
    /// The climb of a plan that became active, at its first level; `None`: it stands where it is.
    pub fn new(plan: &Plan, active: Timestamp) -> Option<Self> {
        let levels = plan.fault.ramp.clone();
        let fits = !levels.is_empty() && levels.len() == plan.steps.len();
        fits.then(|| Self { each: stands(plan, levels.len()), levels, at: 0, since: active })
    }

    /// The steps of a plan that are written at once.
    pub fn first(plan: &Plan) -> usize {
        if plan.fault.ramp.is_empty() { plan.steps.len() } else { 1 }
    }

    /// When the next level is due; `None` at the last one.
    pub fn due(&self) -> Option<Timestamp> {
        let more = self.at + 1 < self.levels.len();
        more.then(|| self.since.checked_add(self.each).unwrap_or(Timestamp::MAX))
    }

    /// Which step stands: its place in the plan.
    pub fn step(&self) -> usize {
        self.at
    }

    /// The next level stands.
    pub fn rise(&mut self, now: Timestamp) {
        (self.at, self.since) = (self.at + 1, now);
    }

    /// In words: `at 10 % of 50 %`.
    pub fn words(&self) -> String {
        let level = |at: usize| self.levels.get(at).copied().unwrap_or_default();
        format!("at {} % of {} %", level(self.at), level(self.levels.len().saturating_sub(1)))
    }
}
