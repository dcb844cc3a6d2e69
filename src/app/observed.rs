//! What a script may see and do: the cells a person sees, and cues that end where keys end.

use super::{App, Screen};
use crate::{
    msg::{Context, Cue, Effect},
    panes::{Form, PaneKind, preview::Preview},
};

impl App {
    /// Takes a cue of the running script.
    pub(super) fn cue(&mut self, cue: Cue) -> Vec<Effect> {
        match cue {
            Cue::Do { command, approves } => {
                self.pending.clear();
                self.run(command, approves)
            }
            Cue::Type(text) if self.typing() => self.insert(&text),
            Cue::Type(_) => Vec::new(),
            Cue::Open(fault) => {
                self.hush();
                let mut effects = self.close_all();
                let (form, more) = Form::again(*fault, &mut Self::cx(self.now, &mut self.tickets, &self.world, false));
                self.screens.push(Screen::Form(Box::new(form)));
                effects.extend(more);
                effects
            }
            Cue::Home => {
                self.prompt = None;
                self.close_all()
            }
            Cue::Caption(caption) => {
                self.caption = caption;
                Vec::new()
            }
        }
    }

    /// Fewer panes, bold words and the keys pressed, for those in the last row.
    pub fn present(&mut self) {
        self.set_presenting(true);
        self.settle();
    }

    pub(super) fn set_presenting(&mut self, on: bool) {
        if on == self.presenting {
            return;
        }
        self.presenting = on;
        self.caster = super::caster::Caster::default();
        self.dress_for_stage();
    }

    /// The terminal's size.
    pub fn size(&self) -> (u16, u16) {
        self.size
    }

    /// Whether a text field is open.
    pub fn typing(&self) -> bool {
        self.chain().first() == Some(&Context::Input)
    }

    /// The preview in front, if there is one.
    pub fn preview(&self) -> Option<&Preview> {
        match self.screens.last() {
            Some(Screen::Preview(preview)) if self.prompt.is_none() => Some(preview),
            _ => None,
        }
    }

    /// Whether a table shows what is there now: without rows, that there are none.
    pub fn listed(&self, pane: PaneKind) -> bool {
        match pane {
            PaneKind::Pods => self.panes.pods.standing().complete(),
            PaneKind::Routes => self.panes.routes.standing().complete(),
            PaneKind::Mesh | PaneKind::Faults | PaneKind::Agent => false,
        }
    }

    /// What stands in a column for the rows of a name, as a person reads it. The name may hold `*`, and a namespace before `/`.
    /// `None` when the pane has no such column.
    pub fn cells(&self, pane: PaneKind, row: &str, column: &str) -> Option<Vec<String>> {
        match pane {
            PaneKind::Pods => self.panes.pods.cells(row, column, &self.world, self.now),
            PaneKind::Routes => self.panes.routes.cells(row, column, &self.world, self.now),
            PaneKind::Mesh | PaneKind::Faults | PaneKind::Agent => None,
        }
    }
}
