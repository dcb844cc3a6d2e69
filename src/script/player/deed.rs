//! One thing a step does, tried until it can be done.

use std::{collections::VecDeque, time::Duration};

use super::{Leave, STROKE};
use crate::{
    app::App,
    base::Now,
    fault::intent::Fault,
    msg::{Command, Cue},
    panes::PaneKind,
    script::file::Step,
};

/// See the module docs.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Deed {
    /// A command.
    Do(Command),
    /// The approval of what is previewed.
    Apply(Applying),
    /// Opens the fault form.
    Open(Box<Fault>),
    /// Types, then enters.
    Type {
        /// What is still to be typed.
        rest: String,
        /// When the last character was.
        last: Option<Duration>,
    },
    /// Chooses a proposal of this kind.
    Choose(String),
    /// Closes everything above the panes.
    Home,
}

/// How far an approval is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Applying {
    /// No preview was seen yet.
    Awaited,
    /// There is one.
    Seen,
}

/// What came of a try.
#[derive(Debug, PartialEq)]
pub(super) enum Tried {
    /// Done by these cues.
    Done(Vec<Cue>),
    /// These cues are a part of it.
    Part(Vec<Cue>),
    /// It is a person's turn.
    Asks,
    /// Not yet, and why.
    Not(String),
}

/// What a step does, in order.
pub(super) fn queue(step: &Step) -> VecDeque<Deed> {
    let command = |command: &Command| match command {
        Command::Apply => Deed::Apply(Applying::Awaited),
        command => Deed::Do(*command),
    };
    let mut deeds: VecDeque<Deed> = step.choose.iter().cloned().map(Deed::Choose).collect();
    deeds.extend(step.commands.iter().map(command));
    deeds.extend(step.fault.iter().cloned().map(Deed::Open));
    deeds.extend(step.text.iter().map(|text| Deed::Type { rest: text.clone(), last: None }));
    deeds.extend(step.then.iter().map(command));
    deeds
}

impl Deed {
    /// Whether characters are being typed.
    pub(super) fn types(&self) -> bool {
        matches!(self, Self::Type { .. })
    }

    /// Whether it waits for the key by which a person approves.
    pub(super) fn approval(&self) -> bool {
        matches!(self, Self::Apply(_))
    }

    /// Tries it.
    pub(super) fn tried(&mut self, app: &App, now: Now, leave: Leave, at_once: bool) -> Tried {
        let plain = |command| Cue::Do { command, approves: false };
        match self {
            Self::Do(command) => Tried::Done(vec![plain(*command)]),
            Self::Open(fault) => Tried::Done(vec![Cue::Open(fault.clone())]),
            Self::Home => Tried::Done(vec![Cue::Home]),
            Self::Type { rest, last } => typed(app, now, rest, last, at_once),
            Self::Choose(kind) => choose(app, kind),
            Self::Apply(applying) => apply(app, now, leave, applying),
        }
    }
}

fn typed(app: &App, now: Now, rest: &mut String, last: &mut Option<Duration>, at_once: bool) -> Tried {
    if !app.typing() {
        return Tried::Not("no text field is open to type into".to_owned());
    }
    let enter = || Cue::Do { command: Command::Accept, approves: false };
    if at_once || rest.is_empty() {
        return Tried::Done(vec![Cue::Type(std::mem::take(rest)), enter()]);
    }
    if last.is_some_and(|last| now.mono < last + STROKE) {
        return Tried::Part(Vec::new());
    }
    *last = Some(now.mono);
    let one = rest.remove(0);
    Tried::Part(vec![Cue::Type(one.to_string())])
}

fn choose(app: &App, kind: &str) -> Tried {
    let plain = |command| Cue::Do { command, approves: false };
    if app.focus() != PaneKind::Agent {
        return Tried::Part(vec![plain(Command::ShowAgent)]);
    }
    let is = |word: &str| word == kind;
    match app.panes.agent.chosen() {
        Some(chosen) if is(chosen.fault.kind.word()) => Tried::Done(Vec::new()),
        _ if app.panes.agent.proposals().any(|one| is(one.fault.kind.word())) => {
            Tried::Part(vec![plain(Command::NextProposal)])
        }
        _ => Tried::Not(format!("the agent proposed no {kind}")),
    }
}

fn apply(app: &App, now: Now, leave: Leave, applying: &mut Applying) -> Tried {
    let Some(preview) = app.preview() else {
        return match applying {
            Applying::Awaited => Tried::Not("no preview came that could be applied".to_owned()),
            // It closes when what it showed is in.
            Applying::Seen => Tried::Done(Vec::new()),
        };
    };
    *applying = Applying::Seen;
    if !leave.approve {
        return Tried::Asks;
    }
    if !preview.ready(now, &app.world) {
        return Tried::Not(preview.trouble().unwrap_or("the preview is not done").to_owned());
    }
    let approve = |command| Cue::Do { command, approves: true };
    let name = &preview.checked().confirm_name;
    match preview.confirming() {
        None => Tried::Part(vec![approve(Command::Apply)]),
        Some(typed) if typed == name => Tried::Part(vec![approve(Command::Accept)]),
        Some(_) => {
            let clear = Cue::Do { command: Command::DeleteAll, approves: false };
            Tried::Part(vec![clear, Cue::Type(name.clone())])
        }
    }
}
