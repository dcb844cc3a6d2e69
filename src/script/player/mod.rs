//! The player: a state machine over steps. It is told what the cockpit shows and what time it is, and says what to do next.
//!
//! A step is a queue of deeds, then a wait, then a checkpoint, then a hold. A deed is tried until it can be done, so nothing
//! depends on how fast a cluster answers; what takes longer than the step's `within` fails the step. It gives up only when that
//! much virtual time has passed and a few seconds of this machine too: at twenty-fold speed a minute is three seconds, less than
//! a busy machine may need for an answer.

mod deed;
mod words;

use std::{collections::VecDeque, time::Duration};

use jiff::Timestamp;

use super::{
    file::Script,
    judge::{Answers, open},
    survey,
    told::{Report, Told},
};
use crate::{
    app::App,
    base::Now,
    fault::injection::State,
    msg::{Brought, Command, Cue, Errand, Failure},
    panes::world::LinkState,
};
use deed::{Deed, Tried};

/// The checkpoint every script begins with.
pub const START: &str = "start";
/// However fast the world's time goes, a wait has this much of this machine's; much more where nobody waits for it.
const AT_LEAST: Duration = Duration::from_secs(10);
const AT_LEAST_UNSEEN: Duration = Duration::from_mins(2);
/// How often what the script waits for is looked at, besides at every event.
const LOOK: Duration = Duration::from_millis(100);
/// Between two characters that are typed.
const STROKE: Duration = Duration::from_millis(35);
/// Two aborts within a second are the emergency stop; a rewind never means that.
const BETWEEN_ABORTS: Duration = Duration::from_secs(3);
/// How long the world may take to be as it was, in virtual time.
const SETTLES: Duration = Duration::from_mins(2);

/// What the player wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// Give the cockpit a cue.
    Cue(Cue),
    /// Run an errand; its answer comes back by [`Player::hear`].
    Errand(u64, Errand),
}

/// What the player may do where it plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Leave {
    /// It may approve: the world is brink's own, started by this very process.
    pub approve: bool,
    /// The world can be rewound.
    pub rewind: bool,
}

/// How it plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Manner {
    /// Nobody watches: no typing effect, no holds, and the world is compared with its beginning.
    pub headless: bool,
}

/// Since when something is tried, by both clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Since {
    mono: Duration,
    server: Timestamp,
}

impl Since {
    fn of(now: Now) -> Self {
        Self { mono: now.mono, server: now.server }
    }

    fn over(self, within: Duration, now: Now, manner: Manner) -> bool {
        let least = if manner.headless { AT_LEAST_UNSEEN } else { AT_LEAST };
        now.age(self.server) >= within && now.mono.saturating_sub(self.mono) >= least
    }
}

/// Where the player is.
#[derive(Debug, Clone, PartialEq)]
enum Phase {
    /// The cockpit is not linked yet.
    Before,
    /// An errand whose answer the script goes on with.
    Away(u64, Away),
    /// At work on a step.
    Step,
    /// It waits for the speaker.
    Held,
    /// A step failed.
    Failed(String),
    /// The speaker does it by hand.
    ByHand,
    /// Faults are being ended before the world is restored.
    Rewinding(String, Option<Duration>),
    /// All is over; the world is compared.
    Comparing(Since),
    /// Over.
    Over,
}

/// What the errand was for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Away {
    Survey,
    Begin,
    Checkpoint(String),
    Restore(String),
    Compare(Since),
}

/// Plays a script.
#[derive(Debug)]
pub struct Player {
    script: Script,
    manner: Manner,
    at: usize,
    phase: Phase,
    deeds: VecDeque<Deed>,
    answers: Answers,
    since: Option<Since>,
    begun: Option<Timestamp>,
    /// Checkpoints passed, with the step after each.
    checkpoints: Vec<(String, usize)>,
    before: std::collections::BTreeMap<String, serde_json::Value>,
    errands: u64,
    /// What was last said, so that it is said once.
    said: Option<crate::msg::Caption>,
    reports: Vec<Report>,
    told: Told,
    looked: Option<Duration>,
    failed: bool,
}

impl Player {
    /// A player at the beginning of its script.
    pub fn new(script: Script, manner: Manner) -> Self {
        Self {
            script,
            manner,
            at: 0,
            phase: Phase::Before,
            deeds: VecDeque::new(),
            answers: Answers::default(),
            since: None,
            begun: None,
            checkpoints: Vec::new(),
            before: std::collections::BTreeMap::new(),
            errands: 0,
            said: None,
            reports: Vec::new(),
            told: Told::default(),
            looked: None,
            failed: false,
        }
    }

    /// Whether it is over, and well.
    pub fn over(&self) -> Option<bool> {
        match self.phase {
            Phase::Over => Some(!self.failed),
            // Nobody is there to press a key.
            Phase::Failed(_) if self.manner.headless => Some(false),
            _ => None,
        }
    }

    /// What became of the steps since the last time.
    pub fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// Where it is, for the speaker's second terminal.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// When it wants to look again, on the monotonic clock.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        match self.phase {
            Phase::Before | Phase::Held | Phase::Failed(_) | Phase::ByHand | Phase::Over => None,
            _ if self.deeds.front().is_some_and(Deed::types) && !self.manner.headless => Some(now.mono + STROKE),
            _ => Some(now.mono + LOOK),
        }
    }

    /// What a person wants of it.
    pub fn order(&mut self, command: Command, leave: Leave, now: Now) {
        match (command, &self.phase) {
            (Command::ScriptOn, Phase::Held | Phase::ByHand)
            | (Command::ScriptSkip, Phase::Failed(_) | Phase::ByHand) => self.next(now),
            (Command::ScriptOn, Phase::Over) => self.said = None,
            (Command::ScriptRetry, Phase::Failed(_) | Phase::ByHand) => {
                self.answers = Answers::default();
                self.since = Some(Since::of(now));
                self.phase = Phase::Step;
            }
            (Command::ScriptByHand, Phase::Failed(_)) => self.phase = Phase::ByHand,
            (Command::ScriptRewind, Phase::Failed(_) | Phase::ByHand | Phase::Held) if leave.rewind => {
                if let Some((name, _)) = self.checkpoints.last().cloned() {
                    self.phase = Phase::Rewinding(name, None);
                    self.since = Some(Since::of(now));
                }
            }
            _ => {}
        }
    }

    /// What an errand brought.
    pub fn hear(&mut self, id: u64, answer: Result<Brought, Failure>, now: Now) {
        let Phase::Away(wanted, away) = &self.phase else {
            self.answers.hear(id, answer, now);
            return;
        };
        if *wanted != id {
            self.answers.hear(id, answer, now);
            return;
        }
        match (away.clone(), answer) {
            // A machine that is busy may answer late; what is only compared has time.
            (Away::Survey, Err(_)) if !self.since.get_or_insert(Since::of(now)).over(SETTLES, now, self.manner) => {
                self.phase = Phase::Before;
            }
            (Away::Compare(since), Err(_)) if !since.over(SETTLES, now, self.manner) => {
                self.phase = Phase::Comparing(since);
            }
            (_, Err(failure)) => self.fail(format!("{}: {}", failure.what, failure.fix), now),
            (Away::Survey, Ok(Brought::Survey(world))) => {
                self.before = world;
                self.phase = Phase::Before;
            }
            (Away::Begin, Ok(_)) => {
                self.checkpoints = vec![(START.to_owned(), 0)];
                self.enter(0, now);
            }
            (Away::Checkpoint(name), Ok(_)) => {
                self.checkpoints.push((name, self.at + 1));
                self.held_or_next(now);
            }
            (Away::Restore(name), Ok(_)) => {
                let to = self.checkpoints.iter().find(|(known, _)| *known == name).map_or(0, |(_, step)| *step);
                self.enter(to, now);
                self.deeds.push_front(Deed::Home);
            }
            (Away::Compare(since), Ok(Brought::Survey(world))) => self.compared(&world, since, now),
            (_, Ok(_)) => self.fail("an errand of the script brought something else".to_owned(), now),
        }
    }

    /// One look: what is to be done now. To be called again until nothing is.
    pub fn tick(&mut self, app: &App, now: Now, leave: Leave) -> Vec<Act> {
        let mut acts = Vec::new();
        // As far as it goes without anybody else: an act must be carried out before the next look.
        for _ in 0..8 {
            let (phase, at, deeds) = (self.phase.clone(), self.at, self.deeds.len());
            self.advance(app, now, leave, &mut acts);
            if !acts.is_empty() || (&phase, at, deeds) == (&self.phase, self.at, self.deeds.len()) {
                break;
            }
        }
        let caption = words::caption(self, app, leave);
        if self.said.as_ref() != caption.as_ref() && !(caption.is_none() && self.said.is_none()) {
            self.said.clone_from(&caption);
            acts.push(Act::Cue(Cue::Caption(caption.map(Box::new))));
        }
        self.told = words::told(self, now);
        acts
    }

    fn advance(&mut self, app: &App, now: Now, leave: Leave, acts: &mut Vec<Act>) {
        match self.phase.clone() {
            Phase::Before if app.world.link != LinkState::Up => {}
            Phase::Before => {
                self.begun.get_or_insert(now.server);
                if self.manner.headless && self.before.is_empty() {
                    self.send(Errand::Survey, Away::Survey, acts);
                } else if leave.rewind {
                    self.send(Errand::Checkpoint(START.to_owned()), Away::Begin, acts);
                } else {
                    self.enter(0, now);
                }
            }
            Phase::Step => self.step(app, now, leave, acts),
            Phase::Rewinding(name, last) => self.rewind(app, now, &name, last, acts),
            Phase::Comparing(since) => {
                if self.looked.is_none_or(|looked| now.mono >= looked + Duration::from_millis(500)) {
                    self.looked = Some(now.mono);
                    self.send(Errand::Survey, Away::Compare(since), acts);
                }
            }
            Phase::Away(..) | Phase::Held | Phase::Failed(_) | Phase::ByHand | Phase::Over => {}
        }
    }

    fn send(&mut self, errand: Errand, away: Away, acts: &mut Vec<Act>) {
        self.errands += 1;
        self.phase = Phase::Away(self.errands, away);
        acts.push(Act::Errand(self.errands, errand));
    }

    /// Begins a step, or ends the script after the last one.
    fn enter(&mut self, step: usize, now: Now) {
        self.at = step;
        self.answers = Answers::default();
        self.since = Some(Since::of(now));
        match self.script.steps.get(step) {
            Some(step) => {
                self.deeds = deed::queue(step);
                self.phase = Phase::Step;
            }
            None if self.manner.headless => self.phase = Phase::Comparing(Since::of(now)),
            None => self.phase = Phase::Over,
        }
    }

    fn next(&mut self, now: Now) {
        self.enter(self.at + 1, now);
    }

    fn step(&mut self, app: &App, now: Now, leave: Leave, acts: &mut Vec<Act>) {
        let Some(step) = self.script.steps.get(self.at) else { return self.next(now) };
        let within = step.within;
        let since = *self.since.get_or_insert(Since::of(now));
        if let Some(deed) = self.deeds.front_mut() {
            match deed.tried(app, now, leave, self.manner.headless) {
                Tried::Done(cues) => {
                    acts.extend(cues.into_iter().map(Act::Cue));
                    self.deeds.pop_front();
                    if self.deeds.is_empty() {
                        // The wait has its own time.
                        self.since = Some(Since::of(now));
                    }
                }
                Tried::Part(cues) => acts.extend(cues.into_iter().map(Act::Cue)),
                // A person decides how long a person takes.
                Tried::Asks => self.since = Some(Since::of(now)),
                Tried::Not(why) if since.over(within, now, self.manner) => self.fail(why, now),
                Tried::Not(_) => {}
            }
            return;
        }
        let Some(condition) = step.wait.clone() else { return self.passed(app, now, leave, acts) };
        let errands = self.answers.due(&condition, now, &mut self.errands);
        acts.extend(errands.into_iter().map(|(id, errand)| Act::Errand(id, errand)));
        match condition.judge(app, &mut self.answers, now) {
            Ok(()) => self.passed(app, now, leave, acts),
            Err(miss) if since.over(within, now, self.manner) => {
                let why = miss.why;
                let message = self.script.steps.get(self.at).map(|step| step.message.clone()).unwrap_or_default();
                self.fail(if message.is_empty() { why } else { format!("{message} ({why})") }, now);
            }
            Err(_) => {}
        }
    }

    /// What the step waits for is so.
    fn passed(&mut self, app: &App, now: Now, leave: Leave, acts: &mut Vec<Act>) {
        let checkpoint = self.script.steps.get(self.at).and_then(|step| step.checkpoint.clone());
        if let Some(name) =
            checkpoint.filter(|name| leave.rewind && self.checkpoints.iter().all(|(known, _)| known != name))
        {
            // A world remembered under a fault would bring the traces of that fault back, and nobody to end it.
            if !open(app).is_empty() {
                return self.fail(format!("the checkpoint {name} would remember a live fault"), now);
            }
            self.report(true, String::new(), now);
            self.send(Errand::Checkpoint(name.clone()), Away::Checkpoint(name), acts);
            return;
        }
        self.report(true, String::new(), now);
        self.held_or_next(now);
    }

    fn held_or_next(&mut self, now: Now) {
        let hold = self.script.steps.get(self.at).is_some_and(|step| step.hold);
        if hold && !self.manner.headless {
            self.phase = Phase::Held;
        } else {
            self.next(now);
        }
    }

    fn rewind(&mut self, app: &App, now: Now, name: &str, last: Option<Duration>, acts: &mut Vec<Act>) {
        let live = open(app);
        if let Some(stuck) = live.iter().find(|view| view.state == State::Stuck) {
            let why = format!("{} is stuck: decide about it in the faults pane, then rewind", stuck.kind);
            return self.fail(why, now);
        }
        if let Some(other) = live.iter().find(|view| !view.mine) {
            return self
                .fail(format!("{}'s {} is live: the world is not rewound under it", other.owner, other.kind), now);
        }
        if live.is_empty() {
            return self.send(Errand::Restore(name.to_owned()), Away::Restore(name.to_owned()), acts);
        }
        let pressable = last.is_none_or(|last| now.mono >= last + BETWEEN_ABORTS);
        if pressable && live.iter().any(|view| view.state == State::Active) {
            self.phase = Phase::Rewinding(name.to_owned(), Some(now.mono));
            acts.push(Act::Cue(Cue::Do { command: Command::Abort, approves: false }));
        }
    }

    fn compared(&mut self, world: &std::collections::BTreeMap<String, serde_json::Value>, since: Since, now: Now) {
        let differs = survey::differences(&self.before, world, &self.script.leaves);
        if !differs.is_empty() && !since.over(SETTLES, now, self.manner) {
            self.phase = Phase::Comparing(since);
            return;
        }
        self.failed |= !differs.is_empty();
        let waited = now.age(since.server);
        self.reports.push(Report {
            step: self.script.steps.len() + 1,
            name: "the world is as it was".to_owned(),
            ok: differs.is_empty(),
            waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
            message: differs.join("; "),
        });
        self.phase = Phase::Over;
    }

    fn fail(&mut self, why: String, now: Now) {
        self.report(false, why.clone(), now);
        self.phase = Phase::Failed(why);
    }

    fn report(&mut self, ok: bool, message: String, now: Now) {
        let waited = self.since.map_or(Duration::ZERO, |since| now.age(since.server));
        self.reports.push(Report {
            step: self.at + 1,
            name: self.script.steps.get(self.at).map(super::file::Step::title).unwrap_or_default(),
            ok,
            waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
            message,
        });
    }
}
