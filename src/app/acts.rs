//! Actions on the object under the cursor, or on all that are marked: which objects are meant, and why not where none is.

use super::{App, Screen};
use crate::{
    base::Ticket,
    cluster::ObjectRef,
    config::Role,
    fault::{
        action::{ActionKind, Seen},
        foreseen::Foreseen,
        known,
    },
    msg::{Command, Effect, Failure},
    panes::{
        Act, Cx, Picker, Reply, Subject,
        form::controller,
        picker::{Choice, Item},
    },
};

/// Objects acted on at once. Each is read and checked; the guardrails allow fewer, as a rule.
const MOST: usize = 100;

/// The action of a command.
fn action(command: Command) -> Option<ActionKind> {
    Some(match command {
        Command::Scale => ActionKind::Scale,
        Command::Restart => ActionKind::Restart,
        Command::Rollback => ActionKind::Rollback,
        Command::SuspendCron => ActionKind::Suspend,
        Command::ResumeCron => ActionKind::Resume,
        Command::Trigger => ActionKind::Trigger,
        Command::Cordon => ActionKind::Cordon,
        Command::Uncordon => ActionKind::Uncordon,
        Command::Drain => ActionKind::Drain,
        Command::Label => ActionKind::Label,
        Command::Annotate => ActionKind::Annotate,
        Command::DeleteObject => ActionKind::Delete,
        Command::KillPod => ActionKind::Kill,
        _ => return None,
    })
}

impl App {
    /// A key that acts on the object under the cursor; `None` for all others.
    pub(super) fn act_by_key(&mut self, command: Command) -> Option<Vec<Effect>> {
        if command == Command::Actions {
            return Some(self.list_actions());
        }
        action(command).map(|action| self.act(action, ""))
    }

    /// Does this to the marked objects, or to the one under the cursor; to the controllers of pods where these are meant.
    pub(super) fn act(&mut self, action: ActionKind, given: &str) -> Vec<Effect> {
        if self.only_looks() {
            return Vec::new();
        }
        let marked = self.marked();
        if action.alone() && self.marked_too_many(action.word(), &marked) {
            return Vec::new();
        }
        let subjects = if marked.is_empty() { self.subject().into_iter().collect() } else { marked.subjects };
        if subjects.is_empty() {
            self.notify("put the cursor on an object first", Role::Warn);
            return Vec::new();
        }
        let mut objects: Vec<ObjectRef> = Vec::new();
        for subject in &subjects {
            let Some(object) = meant(action, subject) else {
                let what = format!(
                    "{} does not go with {}: it needs {}",
                    action.word(),
                    subject.object.short(),
                    action.needs()
                );
                self.notify(what, Role::Warn);
                return Vec::new();
            };
            // Pods of one controller mean it once.
            if !objects.contains(&object) {
                objects.push(object);
            }
        }
        if objects.len() > MOST {
            let what = format!("{} are marked: no more than {MOST} are acted on at once", objects.len());
            self.notify(what, Role::Warn);
            return Vec::new();
        }
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let (act, effects) = Act::open_all(action, objects, marked.hidden, given, &mut cx);
        self.screens.push(Screen::Act(Box::new(act)));
        effects
    }

    /// Whether nothing may be written, which is said.
    pub(super) fn only_looks(&mut self) -> bool {
        if self.world.readonly {
            self.notify("brink only looks here: start it without --readonly to change anything", Role::Warn);
        }
        self.world.readonly
    }

    /// The actions that go with the object under the cursor, to choose from.
    fn list_actions(&mut self) -> Vec<Effect> {
        if self.only_looks() {
            return Vec::new();
        }
        let marked = self.marked();
        if marked.len() > 1 {
            let fits = |action: &ActionKind| marked.subjects.iter().all(|subject| meant(*action, subject).is_some());
            let items = ActionKind::ALL.into_iter().filter(|action| !action.alone()).filter(fits);
            let item = |action: ActionKind| Item {
                name: action.word().to_owned(),
                note: format!("{} marked: {}", marked.len(), action.doc()),
                current: false,
            };
            let (items, ticket) = (items.map(item).collect(), self.tickets.take());
            self.screens.push(Screen::Picker(Picker::of(Choice::Action, ticket, items)));
            return Vec::new();
        }
        let Some(subject) = marked.subjects.into_iter().next().or_else(|| self.subject()) else { return Vec::new() };
        let items: Vec<Item> = ActionKind::ALL
            .into_iter()
            .filter_map(|action| Some((action, meant(action, &subject)?)))
            .map(|(action, object)| Item {
                name: action.word().to_owned(),
                note: if object == subject.object {
                    action.doc().to_owned()
                } else {
                    format!("{}: {}", object.short(), action.doc())
                },
                current: false,
            })
            .collect();
        let ticket = self.tickets.take();
        self.screens.push(Screen::Picker(Picker::of(Choice::Action, ticket, items)));
        Vec::new()
    }

    /// An action was chosen from the list.
    pub(super) fn chosen_action(&mut self, word: &str) -> Vec<Effect> {
        ActionKind::named(word).map(|action| self.act(action, "")).unwrap_or_default()
    }
}

/// Tells the screens of actions what was read of their objects.
pub(super) fn seen(
    screens: &mut [Screen],
    ticket: Ticket,
    answer: &Result<Box<Seen>, Failure>,
    cx: &mut Cx<'_>,
) -> Vec<Reply> {
    let tell = |screen: &mut Screen| match screen {
        Screen::Act(act) => Some(act.seen(ticket, answer.clone(), cx)),
        _ => None,
    };
    screens.iter_mut().filter_map(tell).collect()
}

/// Tells the previews of undos what an undo would write.
pub(super) fn foreseen(screens: &mut [Screen], ticket: Ticket, answer: &Result<Box<Foreseen>, Failure>) {
    for screen in screens {
        if let Screen::Undo(undo) = screen {
            undo.hear(ticket, answer.clone());
        }
    }
}

/// The object itself where the action goes with it, else the controller of a pod.
fn meant(action: ActionKind, subject: &Subject) -> Option<ObjectRef> {
    if action.fits(&subject.object.kind) {
        return Some(subject.object.clone());
    }
    workload(subject).filter(|object| action.fits(&object.kind))
}

/// The workload that controls what is under the cursor, of a kind brink knows.
pub(super) fn workload(subject: &Subject) -> Option<ObjectRef> {
    let (kind, name) = controller(subject)?;
    Some(ObjectRef::new(known::workload(&kind)?, subject.object.namespace.as_deref()?, &name))
}
