//! Into pods and out of them: logs that were typed, shells, copies, forwarded ports.

use super::{App, Screen};
use crate::{
    base::Now,
    cluster::{
        Kind, ObjectRef,
        logs::Of,
        session::{Copy, Ended, Entering, Place, Standing},
    },
    config::Role,
    fault::known,
    msg::{Command, Effect, Event, Failure, line::LogsLine},
    panes::{Enter, Forward, Forwarded, Forwards, Logs, enter::Deed},
};

/// Kinds whose pods a port can lead to.
const LEADS: [&str; 8] = ["Pod", "Service", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "Gateway"];

impl App {
    /// The logs asked for on the command line.
    pub(super) fn typed_logs(&mut self, asked: LogsLine) -> Vec<Effect> {
        if asked == LogsLine::default() {
            return self.run(Command::Logs, true);
        }
        let Some(namespace) = asked.namespace.clone().or_else(|| self.world.only_namespace().map(str::to_owned)) else {
            self.notify("say in which namespace: logs shop -l app=web", Role::Warn);
            return Vec::new();
        };
        let of = match (&asked.object, &asked.labels) {
            (Some(_), Some(_)) => {
                self.notify("an object selects its pods itself: leave -l out", Role::Warn);
                return Vec::new();
            }
            (Some((kind, name)), None) => match selecting(kind) {
                None => Of::Pod(name.clone()),
                Some(kind) => Of::Selected(ObjectRef::new(kind, &namespace, name)),
            },
            (None, Some(labels)) => Of::Labels(labels.clone()),
            (None, None) => Of::All,
        };
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, true);
        match Logs::typed(namespace, of, asked.container, &asked.filter, &mut cx) {
            Ok((logs, effects)) => {
                self.screens.push(Screen::Logs(Box::new(logs)));
                effects
            }
            Err(why) => {
                self.notify(why, Role::Warn);
                Vec::new()
            }
        }
    }

    /// A shell in the pod under the cursor, or its program.
    pub(super) fn enter_pod(&mut self, command: Command) -> Vec<Effect> {
        let Some(subject) = self.subject() else { return Vec::new() };
        if subject.object.kind.kind != "Pod" {
            self.notify(format!("nobody can go into {}: choose a pod", subject.object.short()), Role::Warn);
            return Vec::new();
        }
        let place = Place {
            namespace: subject.object.namespace.unwrap_or_default(),
            pod: subject.object.name,
            container: None,
        };
        let entering = if command == Command::Attach { Entering::Attach } else { Entering::Shell };
        self.go_in(Deed::Enter(place, entering), subject.containers)
    }

    /// `cp FROM TO`.
    pub(super) fn copy_file(&mut self, from: &str, to: &str) -> Vec<Effect> {
        match Copy::parse(from, to, self.world.only_namespace()) {
            Ok(copy) => self.go_in(Deed::Copy(copy), Vec::new()),
            Err(why) => {
                self.notify(why, Role::Warn);
                Vec::new()
            }
        }
    }

    fn go_in(&mut self, deed: Deed, containers: Vec<String>) -> Vec<Effect> {
        if self.world.readonly {
            self.notify("brink only looks here: start it without --readonly to go into pods", Role::Warn);
            return Vec::new();
        }
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, true);
        match Enter::open(deed, containers, &mut cx) {
            Ok(effect) => {
                self.remember(&effect);
                vec![effect]
            }
            Err(screen) => {
                self.screens.push(Screen::Enter(screen));
                Vec::new()
            }
        }
    }

    /// Asks which port leads to what is under the cursor.
    pub(super) fn ask_forward(&mut self) -> Vec<Effect> {
        let Some(subject) = self.subject() else { return Vec::new() };
        let kind = subject.object.kind.kind.as_str();
        if !LEADS.contains(&kind) {
            self.notify(format!("no port leads to a {kind}: choose a pod, a workload or a Service"), Role::Warn);
            return Vec::new();
        }
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, true);
        let (forward, effects) = Forward::open(subject.object, &mut cx);
        self.screens.push(Screen::Forward(Box::new(forward)));
        effects
    }

    pub(super) fn open_forwards(&mut self) -> Vec<Effect> {
        self.prompt = None;
        if !matches!(self.screens.last(), Some(Screen::Forwards(_))) {
            self.screens.push(Screen::Forwards(Forwards::default()));
        }
        Vec::new()
    }

    /// What is asked of the doors is known here before they answer.
    pub(super) fn remember(&mut self, effect: &Effect) {
        match effect {
            Effect::Forward(ticket, wish) => {
                self.world.forwards.push(Forwarded { ticket: *ticket, wish: wish.clone(), view: None });
            }
            Effect::Stop(ticket) => {
                let at = self.world.forwards.iter().position(|forward| forward.ticket == *ticket);
                if let Some(forward) = at.map(|at| self.world.forwards.remove(at)) {
                    self.notify(format!("ended: {}", forward.words()), Role::TextDim);
                }
            }
            Effect::CopyFile(_, copy) => {
                self.notify(format!("copying {}:{}…", copy.place.words(), copy.remote), Role::TextDim);
            }
            _ => {}
        }
    }

    /// Answers about what was done in pods.
    pub(super) fn of_pods(&mut self, event: Event, now: Now) {
        match event {
            Event::Log(ticket, batch) => {
                let logs = self.screens.iter_mut().find_map(|screen| match screen {
                    Screen::Logs(logs) if logs.asked(ticket) => Some(logs),
                    _ => None,
                });
                if let Some(logs) = logs {
                    logs.hear(ticket, batch, now);
                }
            }
            Event::Saved(ticket, answer) => {
                let logs = self.screens.iter_mut().find_map(|screen| match screen {
                    Screen::Logs(logs) => Some(logs),
                    _ => None,
                });
                if logs.is_some_and(|logs| logs.saved(ticket)) {
                    self.said(answer.map(|path| format!("saved to {path}")));
                }
            }
            Event::Copied(_, answer) => self.said(answer),
            Event::Left(_, Ok(Ended::Left(0))) => {}
            Event::Left(_, Ok(Ended::Left(code))) => self.notify(format!("it ended with {code}"), Role::TextDim),
            Event::Left(_, Ok(Ended::Detached)) => self.notify("let go; it goes on", Role::TextDim),
            Event::Left(_, Err(failure)) => self.tell(&failure),
            Event::Ports(ticket, answer) => {
                for screen in &mut self.screens {
                    if let Screen::Forward(forward) = screen {
                        forward.hear(ticket, answer.clone());
                    }
                }
            }
            Event::Forward(ticket, Ok(view)) => {
                let forward = self.world.forwards.iter_mut().find(|forward| forward.ticket == ticket);
                let Some(forward) = forward else { return };
                let (first, failing) = (forward.view.is_none(), matches!(view.standing, Standing::Failing(_)));
                forward.view = Some(view);
                let words = forward.words();
                if first && !failing {
                    self.notify(format!("listening: {words}"), Role::Good);
                }
            }
            Event::Forward(ticket, Err(failure)) => {
                self.world.forwards.retain(|forward| forward.ticket != ticket);
                self.tell(&failure);
            }
            _ => {}
        }
    }

    fn said(&mut self, answer: Result<String, Failure>) {
        match answer {
            Ok(text) => self.notify(text, Role::Good),
            Err(failure) => self.tell(&failure),
        }
    }
}

/// The kind that a word of the command line stands for; `None` for pods.
fn selecting(word: &str) -> Option<Kind> {
    match word {
        "deploy" | "deployment" | "deployments" => Some(known::deployment()),
        "sts" | "statefulset" | "statefulsets" => Some(known::stateful_set()),
        "ds" | "daemonset" | "daemonsets" => Some(known::daemon_set()),
        "rs" | "replicaset" | "replicasets" => Some(known::replica_set()),
        "job" | "jobs" => Some(known::job()),
        "svc" | "service" | "services" => Some(known::service()),
        "gw" | "gateway" | "gateways" => Some(known::gateway()),
        _ => None,
    }
}
