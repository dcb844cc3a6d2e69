//! What comes from outside the fields: a file, pasted text, what an editor was left with. A whole Fault fills the form; any
//! other objects become the `manifest` kind.

use super::{Asked, Form, field::Slot};
use crate::{
    base::{Ticket, sanitize},
    fault::{
        file::{self, Defaults},
        intent::FaultKind,
    },
    msg::{Effect, Failure},
    panes::{Cx, Reply},
};

impl Form {
    /// The file asked for.
    pub fn text(&mut self, ticket: Ticket, answer: &Result<String, Failure>, cx: &mut Cx<'_>) -> Reply {
        if self.asked != Some(Asked::File(ticket)) {
            return Reply::none();
        }
        self.asked = None;
        match answer {
            Ok(text) => {
                let name = self.content(Slot::File).to_owned();
                if self.take_yaml(&name, text) { self.submit(cx) } else { Reply::none() }
            }
            Err(failure) => {
                self.failure = Some(failure.clone());
                Reply::none()
            }
        }
    }

    /// The editor was left.
    pub fn edited(&mut self, ticket: Ticket, answer: &Result<Option<String>, Failure>) {
        if self.asked != Some(Asked::Editor(ticket)) {
            return;
        }
        self.asked = None;
        match answer {
            Ok(Some(text)) => {
                self.take_yaml("your text", text);
            }
            Ok(None) => {}
            Err(failure) => self.failure = Some(failure.clone()),
        }
    }

    /// Reads YAML: objects for the `manifest` kind, or a whole Fault, which then fills the form.
    pub(super) fn take_yaml(&mut self, name: &str, text: &str) -> bool {
        let defaults = Defaults::of(&self.namespace);
        match file::read(name, text, &defaults) {
            Ok(fault) => {
                self.failure = None;
                let path = self.content(Slot::File).to_owned();
                let spans = (self.content(Slot::Duration).to_owned(), self.content(Slot::Lease).to_owned());
                let any_yaml = fault.kind == FaultKind::Manifest;
                self.fill(fault);
                text.clone_into(&mut self.yaml);
                if any_yaml {
                    // Bare objects say nothing about time: what was typed stays.
                    self.set(Slot::File, &path);
                    self.set(Slot::Duration, &spans.0);
                    self.set(Slot::Lease, &spans.1);
                    self.changed();
                }
                true
            }
            Err(error) => {
                let error = sanitize::line(&error.to_string()).into_owned();
                let (what, fix) = error.rsplit_once("; ").unwrap_or((error.as_str(), ""));
                self.failure = Some(Failure::new(what, fix));
                false
            }
        }
    }

    pub(super) fn open_editor(&mut self, cx: &mut Cx<'_>) -> Reply {
        if self.asked.is_some() {
            return Reply::none();
        }
        let text = if self.kind() == FaultKind::Manifest {
            if self.yaml.is_empty() {
                "# Any Kubernetes objects, parted by ---. They are previewed before anything is written.\n".to_owned()
            } else {
                self.yaml.clone()
            }
        } else {
            file::yaml(&self.draft().0)
        };
        let ticket = cx.tickets.take();
        self.asked = Some(Asked::Editor(ticket));
        Effect::EditText(ticket, text).into()
    }
}
