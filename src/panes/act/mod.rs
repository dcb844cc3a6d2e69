//! An action on one object: what must be chosen for it, if anything, and then the preview.
//!
//! The object is read first, and whether the person may do it at all is asked before a form stands. The form asks for what the
//! action needs and no more; what needs nothing goes on to the API server at once. Nothing here writes: the preview does.

mod fields;
mod view;

use ratatui::{buffer::Buffer, layout::Rect};

use super::{Cx, Look, Reply, Title};
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

/// What it waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Look(Ticket),
    Check(Ticket),
}

/// See the module docs.
#[derive(Debug)]
pub struct Act {
    action: ActionKind,
    object: ObjectRef,
    /// What was typed with the action on the command line.
    given: String,
    asked: Option<Asked>,
    seen: Option<Box<Seen>>,
    fields: Fields,
    failure: Option<Failure>,
}

impl Act {
    /// Reads the object to act on. `given` is what stands for the form, as typed on the command line; empty asks.
    pub fn open(action: ActionKind, object: ObjectRef, given: &str, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let ticket = cx.tickets.take();
        let effects = vec![Effect::LookAct(ticket, action, object.clone())];
        let act = Self {
            action,
            object,
            given: given.trim().to_owned(),
            asked: Some(Asked::Look(ticket)),
            seen: None,
            fields: Fields::Nothing,
            failure: None,
        };
        (act, effects)
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.seen.is_none() { Context::Viewer } else { self.fields.context() }
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Reply {
        match command {
            Command::Back | Command::Cancel => return Reply::close(),
            Command::Accept | Command::Submit | Command::Choose if self.asked.is_none() && self.seen.is_some() => {
                return self.submit(cx);
            }
            command => {
                if self.fields.update(command, self.seen.as_deref()) {
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

    /// What was read of the object, or why it cannot be acted on.
    pub fn seen(&mut self, ticket: Ticket, answer: Result<Box<Seen>, Failure>, cx: &mut Cx<'_>) -> Reply {
        if self.asked != Some(Asked::Look(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        match answer {
            Ok(seen) => {
                self.fields = Fields::of(&seen, &self.given);
                self.seen = Some(seen);
                if self.fields.settled(&self.given) {
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
        let Some(seen) = &self.seen else { return Reply::none() };
        let intent = self.fields.action(seen, cx.now.server).and_then(|action| {
            action.intent(seen).map_err(|error| Failure::new(sanitize::line(&error.what), sanitize::line(&error.fix)))
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
                Asked::Look(_) => "reading…",
                Asked::Check(_) => "asking the API server…",
            };
            (text.to_owned(), Role::TextDim)
        });
        Title { words: vec![(sanitize::line(&self.object.short()).into_owned(), Role::Text)], right }
    }

    /// The keys that matter here.
    pub fn hints(&self) -> Vec<(Command, &'static str, Role)> {
        let mut hints = if self.seen.is_some() { self.fields.hints() } else { Vec::new() };
        let leave = if self.context() == Context::Input { Command::Cancel } else { Command::Back };
        hints.push((leave, "leave", Role::Key));
        hints
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        view::view(self, area, buf, look);
    }
}
