//! Marked rows: what a command is about once rows are marked, and which commands are about one object only.

use super::{App, Screen};
use crate::{
    config::{Role, keymap::chain},
    msg::{Command, Context, Effect},
    panes::{Change, Logs, Marked, PaneKind, Subject},
};

impl App {
    /// The marked rows of the table in front.
    pub(super) fn marked(&self) -> Marked {
        if let Some(Screen::Objects(objects)) = self.screens.last() {
            return objects.marked();
        }
        match self.focus {
            PaneKind::Pods => self.panes.pods.marked(),
            PaneKind::Routes | PaneKind::Mesh | PaneKind::Faults | PaneKind::Agent => Marked::default(),
        }
    }

    /// Whether any row of the table in front is marked.
    pub(super) fn any_marked(&self) -> bool {
        match self.screens.last() {
            Some(Screen::Objects(objects)) => objects.any_marked(),
            _ => self.focus == PaneKind::Pods && self.panes.pods.any_marked(),
        }
    }

    /// Whether something else is marked than what is about one object can take, which is said.
    pub(super) fn marked_too_many(&mut self, what: &str, marked: &Marked) -> bool {
        if marked.len() < 2 {
            return false;
        }
        self.tell_alone(what, marked);
        true
    }

    fn tell_alone(&mut self, what: &str, marked: &Marked) {
        let key = self.keymap.key(&chain(Context::Objects), Command::ClearMarks);
        let clear = key.map(|key| format!("; {key} takes the marks off")).unwrap_or_default();
        let others =
            if marked.len() == 1 { "another is marked".to_owned() } else { format!("{} are marked", marked.len()) };
        self.notify(format!("{what} is about one object, and {others}{clear}"), Role::Warn);
    }

    /// What the marked object, or the one under the cursor, is; `None` where there is none, or several are marked, which is said.
    pub(super) fn one_subject(&mut self, what: &str) -> Option<Subject> {
        let marked = self.marked();
        if self.marked_too_many(what, &marked) {
            return None;
        }
        marked.subjects.into_iter().next().or_else(|| self.subject())
    }

    /// Commands that mean all marked rows, or say that they do not; `None` for all others, and where nothing but the row under the
    /// cursor is marked.
    pub(super) fn act_on_marked(&mut self, command: Command) -> Option<Vec<Effect>> {
        let alone = match command {
            Command::Shell => "a shell",
            Command::Attach => "attaching",
            Command::ForwardPort => "a forwarded port",
            Command::EditObject => "editing",
            Command::NewFault => "a fault",
            Command::SetImage | Command::Logs | Command::LogsPrevious | Command::CopyName | Command::CopyNamespace => {
                ""
            }
            _ => return None,
        };
        let marked = self.marked();
        if match marked.subjects.as_slice() {
            [] => true,
            [only] => self.subject().is_some_and(|subject| subject.object == only.object),
            _ => false,
        } {
            return None;
        }
        match command {
            Command::CopyName => Some(self.copy_names(marked)),
            Command::CopyNamespace => {
                let mut spaces: Vec<String> =
                    marked.subjects.into_iter().filter_map(|subject| subject.object.namespace).collect();
                spaces.sort();
                spaces.dedup();
                Some(self.copy_lines(&spaces))
            }
            Command::Logs | Command::LogsPrevious => Some(self.marked_logs(marked, command == Command::LogsPrevious)),
            Command::SetImage => Some(self.set_images(&marked)),
            // No form names pods one by one; whoever means all pods of a workload aims at it.
            Command::NewFault if marked.len() > 1 => {
                self.notify(
                    format!(
                        "a fault aims at one pod, a workload or labels: the {} marked cannot be named one by one",
                        marked.len()
                    ),
                    Role::Warn,
                );
                Some(Vec::new())
            }
            _ => {
                self.tell_alone(alone, &marked);
                Some(Vec::new())
            }
        }
    }

    fn copy_names(&mut self, marked: Marked) -> Vec<Effect> {
        let names: Vec<String> = marked.subjects.into_iter().map(|subject| subject.object.name).collect();
        self.copy_lines(&names)
    }

    fn copy_lines(&mut self, lines: &[String]) -> Vec<Effect> {
        let hidden = self.marked().hidden.len();
        let hidden = if hidden > 0 { format!(", {hidden} of them hidden by the filter") } else { String::new() };
        let names = if lines.len() == 1 { "name" } else { "names" };
        self.notify(format!("copied {} {names}{hidden}", lines.len()), Role::TextDim);
        vec![Effect::Copy(lines.join("\n"))]
    }

    /// The logs of all marked pods as one stream.
    fn marked_logs(&mut self, marked: Marked, previous: bool) -> Vec<Effect> {
        self.tell_hidden(&marked);
        let mut pods: Vec<(String, String)> = Vec::new();
        for subject in marked.subjects {
            if subject.object.kind.kind != "Pod" {
                let what = format!("logs of several are read of pods: {} is none", subject.object.short());
                self.notify(what, Role::Warn);
                return Vec::new();
            }
            pods.push((subject.object.namespace.unwrap_or_default(), subject.object.name));
        }
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, true);
        let (logs, effects) = Logs::several(pods, previous, &mut cx);
        self.screens.push(Screen::Logs(Box::new(logs)));
        effects
    }

    /// The images of all marked workloads, or of those whose pods are marked.
    fn set_images(&mut self, marked: &Marked) -> Vec<Effect> {
        if self.only_looks() {
            return Vec::new();
        }
        let mut objects = Vec::new();
        for subject in &marked.subjects {
            let Some(object) = super::object::imaged(subject) else {
                let what = format!("{} has no controller brink knows: take its mark off", subject.object.short());
                self.notify(what, Role::Warn);
                return Vec::new();
            };
            if !objects.contains(&object) {
                objects.push(object);
            }
        }
        self.tell_hidden(marked);
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let (change, effects) = Change::images(objects, &mut cx);
        self.screens.push(Screen::Change(Box::new(change)));
        effects
    }

    fn tell_hidden(&mut self, marked: &Marked) {
        if !marked.hidden.is_empty() {
            let verb = if marked.hidden.len() == 1 { "is" } else { "are" };
            let names = crate::panes::marked::names(&marked.hidden);
            let text = format!("{} of the marked {verb} hidden by the filter: {names}", marked.hidden.len());
            self.notify(text, Role::Warn);
        }
    }
}
