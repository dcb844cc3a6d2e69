//! Trees of what hangs together, the pulses, and events: where they are opened from, and where their keys lead.

use super::{App, Screen, objects::Waiting};
use crate::{
    base::Ticket,
    cluster::{Batch, Kind, Manifest, ObjectRef, Scope, event_rows, resource_health::HealthRow},
    config::Role,
    mesh::relations::Relative,
    msg::{
        Command, Effect,
        line::{self, Request},
    },
    panes::{PaneKind, Pulses, Xray, objects::Wanted, picker::Choice, pulses::Leads, world::LinkState, xray::Of},
};

/// A screen of these, to be opened again in another namespace.
pub(super) enum Related {
    Xray(Of, String),
    Pulses,
}

impl App {
    /// The tree of a kind, as a line asks for it.
    pub(super) fn go_xray(&mut self, request: &Request) -> Vec<Effect> {
        // In another context the line is carried out once that is linked.
        let whole = Request { word: format!("xray {}", request.word), ..request.clone() };
        match self.go_first(&whole) {
            Some(effects) => effects,
            None => self.show_xray(request, false),
        }
    }

    /// `sure`: what is not known now is not served.
    pub(super) fn show_xray(&mut self, request: &Request, sure: bool) -> Vec<Effect> {
        let known = self.discovery.clone();
        let Some(served) = known.as_deref().and_then(|known| known.find(&request.word)) else {
            if sure || self.world.link != LinkState::Up {
                let names = known.iter().flat_map(|known| known.names());
                self.notify(line::unknown(&request.word, names), Role::Warn);
                return Vec::new();
            }
            self.waiting = Some(Waiting::Xray(request.clone()));
            return self.discover().into_iter().collect();
        };
        let kind = served.kind.clone();
        let filter = if request.labels.is_empty() { request.filter.clone() } else { format!("-l {}", request.labels) };
        let mut effects = self.close_all();
        effects.extend(self.go_place(&request.place));
        let namespace = self.world.namespace.clone().filter(|_| kind.namespaced);
        effects.extend(self.open_xray(Of::Kind(kind, namespace), &filter));
        effects
    }

    /// The tree of the object under the cursor.
    pub(super) fn xray_subject(&mut self) -> Vec<Effect> {
        match self.subject() {
            Some(subject) => self.open_xray(Of::One(subject.object), ""),
            None => {
                self.notify("put the cursor on an object first, or name a kind: xray deploy", Role::Warn);
                Vec::new()
            }
        }
    }

    fn open_xray(&mut self, of: Of, filter: &str) -> Vec<Effect> {
        let Some(discovery) = self.discovery.clone() else {
            self.notify("which kinds the cluster serves is being asked: try again", Role::TextDim);
            return self.discover().into_iter().collect();
        };
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let (xray, effects) = Xray::open(of, filter, discovery, &mut cx);
        self.screens.push(Screen::Xray(Box::new(xray)));
        effects
    }

    /// How the cluster is.
    pub(super) fn open_pulses(&mut self) -> Vec<Effect> {
        let Some(discovery) = self.discovery.clone() else {
            self.waiting = Some(Waiting::Pulses);
            return self.discover().into_iter().collect();
        };
        self.prompt = None;
        let mut effects = self.close_all();
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let (pulses, more) = Pulses::open(self.world.namespace.clone(), &discovery, self.measures, &mut cx);
        self.screens.push(Screen::Pulses(Box::new(pulses)));
        effects.extend(more);
        effects
    }

    /// A key while a tree or the pulses are in front; `None`: the screen's own.
    pub(super) fn related_key(&mut self, command: Command) -> Option<Vec<Effect>> {
        match (self.screens.last_mut(), command) {
            (Some(Screen::Xray(_)), Command::Open) => Some(self.go_object()),
            (Some(Screen::Xray(_)), command) => self.objects_key(command),
            (Some(Screen::Pulses(_)), Command::AllNamespaces) => Some(self.go_namespace(None)),
            (Some(Screen::Pulses(_)), Command::Namespaces) => Some(self.pick(Choice::Namespace)),
            (Some(Screen::Pulses(_)), Command::Contexts) => Some(self.pick(Choice::Context)),
            (
                Some(Screen::Pulses(_)),
                Command::ShowPods | Command::ShowRoutes | Command::ShowMesh | Command::ShowFaults | Command::ShowAgent,
            ) => {
                let mut effects = self.close_all();
                effects.extend(self.run(command, true));
                Some(effects)
            }
            (Some(Screen::Pulses(pulses)), command) => {
                let leads = pulses.update(command)?;
                Some(self.follow_tile(leads))
            }
            _ => None,
        }
    }

    fn follow_tile(&mut self, leads: Leads) -> Vec<Effect> {
        let scope = |kind: &Kind, namespace: &Option<String>| Scope {
            namespace: namespace.clone().filter(|_| kind.namespaced),
            ..Scope::default()
        };
        match leads {
            Leads::Mesh | Leads::Faults => {
                let mut effects = self.close_all();
                let pane = if leads == Leads::Mesh { PaneKind::Mesh } else { PaneKind::Faults };
                effects.extend(self.focus_on(pane));
                effects
            }
            Leads::All(kind, filter) => {
                let scope = scope(&kind, &self.world.namespace);
                self.open_objects(Wanted { scope, ..Wanted::all(kind, None) }, filter)
            }
            Leads::Unwell(kind) => {
                let these = match self.screens.last() {
                    Some(Screen::Pulses(pulses)) => pulses.unwell(&kind),
                    _ => return Vec::new(),
                };
                let scope = scope(&kind, &self.world.namespace);
                let wanted = Wanted { scope, of: "that need a look".to_owned(), ..Wanted::all(kind, None) };
                let effects = self.open_objects(wanted, "");
                let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
                if let Some(Screen::Objects(objects)) = self.screens.last_mut() {
                    objects.keep_only(these, &mut cx);
                }
                effects
            }
        }
    }

    /// The table of the object under the cursor, with the cursor on it.
    fn go_object(&mut self) -> Vec<Effect> {
        let Some(subject) = self.subject() else { return Vec::new() };
        self.stand_on_object(subject.object)
    }

    fn stand_on_object(&mut self, object: ObjectRef) -> Vec<Effect> {
        let ObjectRef { kind, namespace, name } = object;
        let effects = self.open_objects(Wanted::all(kind, namespace.clone()), "");
        if let Some(Screen::Objects(objects)) = self.screens.last_mut() {
            objects.seek(namespace.as_deref().unwrap_or_default(), &name);
        }
        effects
    }

    /// From an event to whom it is about.
    pub(super) fn go_about(&mut self, event: &Manifest) -> Vec<Effect> {
        let text = |field: &str| event_rows::about(event)?.get(field)?.as_str().map(str::to_owned);
        let (Some(kind), Some(name)) = (text("kind"), text("name")) else {
            self.notify(format!("{} does not say whom it is about", event.name()), Role::Warn);
            return Vec::new();
        };
        let version = text("apiVersion").unwrap_or_default();
        let group = version.split_once('/').map_or("", |(group, _)| group);
        let served = self.discovery.as_deref().and_then(|known| known.served(group, &kind));
        let Some(served) = served.map(|served| served.kind.clone()) else {
            self.notify(format!("the cluster serves no kind {kind} of {version}"), Role::Warn);
            return Vec::new();
        };
        let namespace = text("namespace").unwrap_or_default();
        self.stand_on_object(ObjectRef::new(served, &namespace, &name))
    }

    /// The events about the object under the cursor, the newest first.
    pub(super) fn events_of_subject(&mut self) -> Vec<Effect> {
        let Some(subject) = self.subject() else { return Vec::new() };
        let object = subject.object;
        let fields = format!("involvedObject.kind={},involvedObject.name={}", object.kind.kind, object.name);
        // Those about nodes and the like stand in whichever namespace their writer chose.
        let scope = Scope { namespace: object.namespace.clone(), fields, ..Scope::default() };
        let events = Kind::namespaced("", "v1", "Event", "events");
        let of = format!("about {}", object.short());
        self.open_objects(Wanted { scope, of, ..Wanted::all(events, None) }, "")
    }

    /// Objects of a tree.
    pub(super) fn relatives(&mut self, ticket: Ticket, batch: Batch<Relative>) -> Vec<Effect> {
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let xray = self.screens.iter_mut().find_map(|screen| match screen {
            Screen::Xray(xray) if xray.asked(ticket) => Some(xray),
            _ => None,
        });
        xray.map(|xray| xray.hear(ticket, batch, &mut cx)).unwrap_or_default()
    }

    /// How well objects are; a table of those that need a look follows.
    pub(super) fn health(&mut self, ticket: Ticket, batch: &Batch<HealthRow>) {
        let now = self.now;
        let moved = self.screens.iter_mut().find_map(|screen| match screen {
            Screen::Pulses(pulses) => pulses.hear(ticket, batch, now),
            _ => None,
        });
        if moved != Some(true) {
            return;
        }
        let mut cx = Self::cx(now, &mut self.tickets, &self.world, false);
        let (below, above) = self.screens.split_at_mut(1);
        let Some(Screen::Pulses(pulses)) = below.first() else { return };
        for screen in above {
            if let Screen::Objects(objects) = screen
                && objects.sifts()
            {
                let these = pulses.unwell(&objects.wanted().kind);
                objects.keep_only(these, &mut cx);
            }
        }
    }

    /// Has each tree look for what it names.
    pub(super) fn tend_trees(&mut self) -> Vec<Effect> {
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let trees = self.screens.iter_mut().filter_map(|screen| match screen {
            Screen::Xray(xray) => Some(xray),
            _ => None,
        });
        trees.flat_map(|xray| xray.tend(&mut cx)).collect()
    }

    /// What is looked at of these, for another namespace; what stands above it goes.
    pub(super) fn related_elsewhere(&self, namespace: Option<&String>) -> Option<Related> {
        match self.screens.first()? {
            Screen::Xray(xray) => match xray.of() {
                Of::Kind(kind, _) if kind.namespaced => {
                    Some(Related::Xray(Of::Kind(kind.clone(), namespace.cloned()), xray.filter().to_owned()))
                }
                Of::Kind(..) | Of::One(_) => None,
            },
            Screen::Pulses(_) => Some(Related::Pulses),
            _ => None,
        }
    }

    /// Opens it again.
    pub(super) fn related_again(&mut self, related: Option<Related>) -> Vec<Effect> {
        match related {
            Some(Related::Xray(of, filter)) => self.open_xray(of, &filter),
            Some(Related::Pulses) => self.open_pulses(),
            None => Vec::new(),
        }
    }
}
