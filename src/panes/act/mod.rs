//! An action on one object, or on all that are marked: what must be chosen for it, if anything, and then the preview.
//!
//! The objects are read first, and whether the person may do it at all is asked before a form stands. Where one of them refuses
//! it is named, and there is no form. The form asks for what the action needs and no more, once for all of them; what needs
//! nothing goes on to the API server at once, unless some of the objects are marked out of sight: these are told first. Nothing
//! here writes: the preview does.

mod fields;
mod view;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    Cx, Look, Reply, Title,
    marked::{counted, names},
};
use crate::{
    base::{Ticket, sanitize},
    cluster::ObjectRef,
    config::Role,
    fault::{
        action::{ActionKind, Seen},
        checked::Checked,
    },
    msg::{Command, Context, Effect, Failure},
};
use fields::Fields;

/// One of the objects, while it is read.
#[derive(Debug)]
struct Reading {
    /// The question for it; `None`: answered.
    ticket: Option<Ticket>,
    object: ObjectRef,
    answer: Option<Result<Box<Seen>, Failure>>,
}

/// What it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Look,
    Check(Ticket),
}

/// See the module docs.
#[derive(Debug)]
pub struct Act {
    action: ActionKind,
    objects: Vec<ObjectRef>,
    /// Marked ones that the filter of their table hides.
    hidden: Vec<ObjectRef>,
    /// What was typed with the action on the command line.
    given: String,
    asked: Option<Asked>,
    reading: Vec<Reading>,
    /// All objects once they were read; empty before.
    seen: Vec<Seen>,
    fields: Fields,
    failure: Option<Failure>,
}

impl Act {
    /// Reads the object to act on. `given` is what stands for the form, as typed on the command line; empty asks.
    pub fn open(action: ActionKind, object: ObjectRef, given: &str, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        Self::open_all(action, vec![object], Vec::new(), given, cx)
    }

    /// The same for several objects; `hidden` are those of them that nobody sees in their table.
    pub fn open_all(
        action: ActionKind,
        objects: Vec<ObjectRef>,
        hidden: Vec<ObjectRef>,
        given: &str,
        cx: &mut Cx<'_>,
    ) -> (Self, Vec<Effect>) {
        let read = |object: &ObjectRef| {
            let ticket = cx.tickets.take();
            let effect = Effect::LookAct(ticket, action, object.clone());
            (Reading { ticket: Some(ticket), object: object.clone(), answer: None }, effect)
        };
        let (reading, effects) = objects.iter().map(read).unzip();
        let act = Self {
            action,
            objects,
            hidden,
            given: given.trim().to_owned(),
            asked: Some(Asked::Look),
            reading,
            seen: Vec::new(),
            fields: Fields::Nothing,
            failure: None,
        };
        (act, effects)
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.seen.is_empty() {
            return Context::Viewer;
        }
        match self.fields {
            // Nothing is to be chosen, but something is to be read.
            Fields::Nothing if !self.hidden.is_empty() => Context::Form,
            _ => self.fields.context(),
        }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::Back | Command::Cancel => return Reply::close(),
            Command::Accept | Command::Submit | Command::Choose if self.asked.is_none() && !self.seen.is_empty() => {
                return self.submit(cx);
            }
            command => {
                if self.fields.update(command, self.seen.first()) {
                    self.failure = None;
                }
            }
        }
        Reply::none()
    }

    /// Text for a field.
    pub fn insert(&mut self, text: &str) {
        self.failure = None;
        self.fields.insert(text);
    }

    /// What was read of an object, or why it cannot be acted on.
    pub fn seen(&mut self, ticket: Ticket, answer: Result<Box<Seen>, Failure>, cx: &mut Cx<'_>) -> Reply {
        let Some(reading) = self.reading.iter_mut().find(|one| one.ticket == Some(ticket)) else {
            return Reply::none();
        };
        (reading.ticket, reading.answer) = (None, Some(answer));
        if self.reading.iter().any(|one| one.ticket.is_some()) {
            return Reply::none();
        }
        self.asked = None;
        match whole(std::mem::take(&mut self.reading)) {
            Ok(seen) => {
                self.fields = Fields::of(&seen, &self.given);
                self.seen = seen;
                if self.fields.settled(&self.given) && self.hidden.is_empty() {
                    return self.submit(cx);
                }
            }
            Err(failure) => self.failure = Some(failure),
        }
        Reply::none()
    }

    /// The API server's answer to the check.
    pub fn checked(&mut self, ticket: Ticket, answer: Result<Box<Checked>, Failure>) -> Reply {
        if self.asked != Some(Asked::Check(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        Reply::checked(answer, &mut self.failure)
    }

    fn submit(&mut self, cx: &mut Cx<'_>) -> Reply {
        let Some(first) = self.seen.first() else { return Reply::none() };
        let intent = self.fields.action(first, cx.now.server).and_then(|action| {
            action
                .intents(&self.seen)
                .map_err(|error| Failure::new(sanitize::line(&error.what), sanitize::line(&error.fix)))
        });
        match intent {
            Ok(fault) => {
                self.failure = None;
                let ticket = cx.tickets.take();
                self.asked = Some(Asked::Check(ticket));
                Effect::CheckChange(ticket, Box::new(fault), cx.world.traffic(cx.now)).into()
            }
            Err(failure) => {
                self.failure = Some(failure);
                Reply::none()
            }
        }
    }

    /// Name for the frame.
    pub fn name(&self) -> String {
        let word = self.action.word();
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{}{rest}", first.to_uppercase())
    }

    /// The title.
    pub fn title(&self) -> Title {
        let right = self.asked.map(|asked| {
            let text = match asked {
                Asked::Look => "reading…",
                Asked::Check(_) => "asking the API server…",
            };
            (text.to_owned(), Role::TextDim)
        });
        Title { words: vec![(sanitize::line(&self.what()).into_owned(), Role::Text)], right }
    }

    /// The objects in words: by name, or counted.
    fn what(&self) -> String {
        match self.objects.as_slice() {
            [only] => only.short(),
            all => format!("{}: {}", counted(all), names(all)),
        }
    }

    /// The keys that matter here.
    pub fn hints(&self) -> Vec<(Command, &'static str, Role)> {
        let mut hints = if self.seen.is_empty() { Vec::new() } else { self.fields.hints() };
        if self.context() == Context::Form && self.fields == Fields::Nothing {
            hints.push((Command::Submit, "preview", Role::Key));
        }
        let leave = if self.context() == Context::Input { Command::Cancel } else { Command::Back };
        hints.push((leave, "leave", Role::Key));
        hints
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        view::view(self, area, buf, look);
    }
}

/// All objects as they were read; where some cannot be acted on, which and why.
fn whole(reading: Vec<Reading>) -> Result<Vec<Seen>, Failure> {
    let all = reading.len();
    let (mut seen, mut failed): (Vec<Seen>, Vec<(ObjectRef, Failure)>) = (Vec::new(), Vec::new());
    for one in reading {
        match one.answer {
            Some(Ok(read)) => seen.push(*read),
            Some(Err(failure)) => failed.push((one.object, failure)),
            None => {}
        }
    }
    match failed.as_slice() {
        [] => Ok(seen),
        [(_, failure)] if all == 1 => Err(failure.clone()),
        [(_, first), ..] => {
            let told: Vec<String> =
                failed.iter().map(|(object, failure)| format!("{}: {}", object.short(), failure.what)).collect();
            let what = format!("{} of {all} refuse: {}", failed.len(), told.join("; "));
            Err(Failure::new(what, format!("take the mark off, or {}; nothing was sent", first.fix)))
        }
    }
}
