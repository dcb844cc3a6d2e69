//! Commands on the object under the cursor: what they open, change or copy.

use super::{App, Screen, acts};
use crate::{
    cluster::ObjectRef,
    config::Role,
    fault::action,
    msg::{Command, Effect, effect::ManagedFields},
    panes::{Change, Charts, Form, Logs, PaneKind, Subject, Viewer, WhoTakes, viewer::Reading},
};

impl App {
    pub(super) fn subject(&self) -> Option<Subject> {
        match self.screens.last() {
            Some(Screen::Objects(objects)) => return objects.subject(),
            Some(Screen::Xray(xray)) => return xray.subject(),
            // What lies below is not what is looked at.
            Some(Screen::Pulses(_)) => return None,
            _ => {}
        }
        match self.focus {
            PaneKind::Pods => self.panes.pods.subject(),
            PaneKind::Routes => self.panes.routes.subject(),
            PaneKind::Mesh => self.panes.mesh.subject(),
            PaneKind::Faults => self.panes.faults.subject(),
            PaneKind::Agent => None,
        }
    }

    /// A kept change of an object.
    pub(super) fn change(&mut self, object: ObjectRef, image: bool) -> Vec<Effect> {
        if self.only_looks() {
            return Vec::new();
        }
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let (change, effects) = if image { Change::image(object, &mut cx) } else { Change::edit(object, &mut cx) };
        self.screens.push(Screen::Change(Box::new(change)));
        effects
    }

    /// The workload whose image a pod runs.
    fn set_image(&mut self) -> Vec<Effect> {
        let Some(subject) = self.one_subject("an image") else { return Vec::new() };
        match imaged(&subject) {
            Some(object) => self.change(object, true),
            None => {
                self.notify(
                    format!("{} has no controller brink knows: edit it with e", subject.object.short()),
                    Role::Warn,
                );
                Vec::new()
            }
        }
    }

    /// The form with the fault under the cursor filled in.
    fn again(&mut self) -> Vec<Effect> {
        let Some(id) = self.panes.faults.selected(&self.world).map(|view| view.injection.clone()) else {
            return Vec::new();
        };
        let Some(fault) = self.intents.get(&id).cloned() else {
            self.notify(
                format!("{id} was not applied from here: `brink fault export {id}` writes it as a file"),
                Role::TextDim,
            );
            return Vec::new();
        };
        if action::intent::of(&fault).is_some() {
            self.notify("an action is done again on its object: a lists what can be done", Role::TextDim);
            return Vec::new();
        }
        let (form, effects) = Form::again(fault, &mut Self::cx(self.now, &mut self.tickets, &self.world, false));
        self.screens.push(Screen::Form(Box::new(form)));
        effects
    }

    fn copy(&mut self, name: String) -> Vec<Effect> {
        self.notify(format!("copied {name}"), Role::TextDim);
        vec![Effect::Copy(name)]
    }

    /// Commands that open something for the object under the cursor; `None` for all others.
    pub(super) fn act_on_subject(&mut self, command: Command) -> Option<Vec<Effect>> {
        if let Some(effects) = self.act_by_key(command).or_else(|| self.act_on_marked(command)) {
            return Some(effects);
        }
        if command == Command::FaultAgain && self.focus == PaneKind::Faults {
            return Some(self.again());
        }
        if command == Command::AskRoutes && self.focus == PaneKind::Routes {
            let line = self.panes.routes.request().map(|request| request.words()).unwrap_or_default();
            let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
            let (asked, effects) = WhoTakes::open(&line, &mut cx);
            self.screens.push(Screen::WhoTakes(Box::new(asked)));
            return Some(effects);
        }
        if command == Command::Charts && self.focus == PaneKind::Mesh {
            let of = self.panes.mesh.subject().map(|subject| {
                let service = subject.object.kind.kind == "Service";
                let name = if service { format!("svc/{}", subject.object.name) } else { subject.object.name };
                (subject.object.namespace.unwrap_or_default().into(), name.into())
            });
            self.screens.push(Screen::Charts(Charts::of(of)));
            return Some(Vec::new());
        }
        let table = matches!(self.screens.last(), Some(Screen::Objects(_) | Screen::Xray(_)));
        if command == Command::SetImage && (table || self.focus == PaneKind::Pods) {
            return Some(self.set_image());
        }
        if command == Command::GoOwner {
            return Some(self.go_owner());
        }
        if command == Command::Xray {
            return Some(self.xray_subject());
        }
        if command == Command::Events {
            return Some(self.events_of_subject());
        }
        if matches!(command, Command::Shell | Command::Attach) && (table || self.focus == PaneKind::Pods) {
            return Some(self.enter_pod(command));
        }
        if command == Command::ForwardPort {
            return Some(self.ask_forward());
        }
        if command == Command::EditObject {
            return Some(self.subject().map(|subject| self.change(subject.object, false)).unwrap_or_default());
        }
        // Its cards are opened by the pane itself.
        if self.focus == PaneKind::Agent && command == Command::Open {
            return None;
        }
        let opens = matches!(
            command,
            Command::Describe
                | Command::Yaml
                | Command::Open
                | Command::Logs
                | Command::LogsPrevious
                | Command::CopyName
                | Command::CopyNamespace
                | Command::WarpNamespace
                | Command::NewFault
        );
        if !opens {
            return None;
        }
        let subject = self.subject();
        if command == Command::NewFault {
            // Whoever begins another fault is done with the one before.
            self.hush();
            let (form, effects) = Form::open(subject, &mut Self::cx(self.now, &mut self.tickets, &self.world, false));
            self.screens.push(Screen::Form(Box::new(form)));
            return Some(effects);
        }
        let subject = subject?;
        if command == Command::Open
            && self.focus == PaneKind::Routes
            && let Some((name, text)) = self.panes.routes.conflicts()
        {
            self.screens.push(Screen::Viewer(Viewer::text(&name, &text)));
            return Some(Vec::new());
        }
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, true);
        let (screen, effects) = match command {
            Command::Yaml => {
                let (viewer, effects) = Viewer::ask(Reading::Yaml(subject.object, ManagedFields::Hidden), &mut cx);
                (Screen::Viewer(viewer), effects)
            }
            Command::Logs | Command::LogsPrevious if !subject.containers.is_empty() => {
                let previous = command == Command::LogsPrevious;
                let (logs, effects) = Logs::open(subject.object, subject.containers, previous, &mut cx);
                (Screen::Logs(Box::new(logs)), effects)
            }
            // What has no containers of its own may select pods that have.
            Command::Logs | Command::LogsPrevious => {
                let previous = command == Command::LogsPrevious;
                let (logs, effects) = Logs::of(subject.object, previous, &mut cx);
                (Screen::Logs(Box::new(logs)), effects)
            }
            Command::CopyName => return Some(self.copy(subject.object.name)),
            Command::CopyNamespace => {
                return Some(subject.object.namespace.map_or_else(Vec::new, |name| self.copy(name)));
            }
            Command::WarpNamespace => return Some(self.go_namespace(subject.object.namespace)),
            _ => {
                let (viewer, effects) = Viewer::ask(Reading::Describe(subject.object), &mut cx);
                (Screen::Viewer(viewer), effects)
            }
        };
        self.screens.push(screen);
        Some(effects)
    }
}

/// The workload whose images are corrected: the object itself, or the controller of a pod.
pub(super) fn imaged(subject: &Subject) -> Option<ObjectRef> {
    let own = matches!(subject.object.kind.kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "Rollout");
    if own { Some(subject.object.clone()) } else { acts::workload(subject) }
}
