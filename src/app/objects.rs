//! Objects of any kind: from a word of the command line to a table, and from a row to what stands below or above it.

use std::sync::Arc;

use super::{App, Screen, own::names};
use crate::{
    base::Ticket,
    cluster::{
        Kind, Manifest, ObjectRef, Scope,
        columns::{Direction, Sort},
        discovery::{self, Discovery},
        selector,
    },
    config::{
        Role,
        custom::{Jump, Towards},
    },
    msg::{
        Command, Effect, Failure,
        line::{self, Line, Place, Request},
    },
    panes::{
        Objects, PaneKind,
        objects::{Into, Wanted, into},
        picker::Choice,
        world::LinkState,
    },
};

/// What waits until it is known which kinds there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Waiting {
    /// A line.
    Line(Request),
    /// The tree of a kind.
    Xray(Request),
    /// The pulses.
    Pulses,
    /// A controller, of a kind known by its name alone: kind, namespace, name.
    Owner(String, String, String),
}

/// Where to go from an object that is read.
#[derive(Debug)]
pub(super) enum After {
    /// To the pods it selects.
    Pods,
    /// To the object an event is about.
    About,
    /// Where a person's own jump leads.
    Jump(Box<Jump>),
}

impl App {
    /// Asks which kinds there are, unless that is being asked.
    pub(super) fn discover(&mut self) -> Option<Effect> {
        if self.world.link != LinkState::Up || self.discovering.is_some() {
            return None;
        }
        let ticket = self.tickets.take();
        self.discovering = Some(ticket);
        Some(Effect::Discover(ticket))
    }

    pub(super) fn discovered(&mut self, ticket: Ticket, answer: Result<Arc<Discovery>, Failure>) -> Vec<Effect> {
        if self.discovering != Some(ticket) {
            return Vec::new();
        }
        self.discovering = None;
        let waiting = self.waiting.take();
        match answer {
            Ok(discovery) => {
                self.atlas.insert(self.world.names.context.clone(), discovery.clone());
                self.know_kinds(Some(discovery));
                self.suggest();
                match waiting {
                    Some(Waiting::Line(request)) => self.show_objects(&request, true),
                    Some(Waiting::Xray(request)) => self.show_xray(&request, true),
                    Some(Waiting::Pulses) => self.open_pulses(),
                    Some(Waiting::Owner(kind, namespace, name)) => self.show_owner(&kind, &namespace, &name),
                    None => Vec::new(),
                }
            }
            Err(failure) => {
                if waiting.is_some() {
                    self.tell(&failure);
                }
                Vec::new()
            }
        }
    }

    /// Which kinds there are, and the names they are completed by.
    pub(super) fn know_kinds(&mut self, discovery: Option<Arc<Discovery>>) {
        let listed = |verbs: &[String]| verbs.iter().any(|verb| verb == "list");
        let kinds = discovery.iter().flat_map(|known| &known.kinds).filter(|served| listed(&served.verbs));
        let mut names: Vec<String> = kinds.map(|served| served.kind.plural.clone()).collect();
        names.sort();
        names.dedup();
        self.kinds = names;
        self.discovery = discovery;
    }

    /// Shows what a request asks for: a pane where its word names one, else a table.
    pub(super) fn go_request(&mut self, request: &Request) -> Vec<Effect> {
        let pane = match line::parse(&request.word) {
            Ok(Line::Run(command)) if command.shows_pane() => Some(command),
            _ => None,
        };
        match pane {
            Some(command) if self.looks_only => self.looking_line(Line::Pane(command, request.clone())),
            Some(command) => self.go_pane(command, request),
            None => self.go_objects(request),
        }
    }

    /// Shows a pane as a line asks for it.
    pub(super) fn go_pane(&mut self, command: Command, request: &Request) -> Vec<Effect> {
        if let Some(effects) = self.go_first(request) {
            return effects;
        }
        let mut effects = self.close_screens_for(command);
        effects.extend(self.run(command, true));
        effects.extend(self.go_place(&request.place));
        let filter = if request.labels.is_empty() { request.filter.clone() } else { format!("-l {}", request.labels) };
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        match self.focus {
            PaneKind::Pods => self.panes.pods.filter_by(&filter, &mut cx),
            PaneKind::Routes => self.panes.routes.filter_by(&filter, &mut cx),
            PaneKind::Mesh | PaneKind::Faults | PaneKind::Agent => {}
        }
        if let Some(Sort { column, direction }) = &request.sort {
            let falls = *direction == Direction::Descending;
            let found = match self.focus {
                PaneKind::Pods => self.panes.pods.order_by(column, falls, &mut cx),
                PaneKind::Routes => self.panes.routes.order_by(column, falls, &mut cx),
                PaneKind::Mesh | PaneKind::Faults | PaneKind::Agent => true,
            };
            if !found {
                self.notify(format!("there is no column {column} here to sort by"), Role::Warn);
            }
        }
        effects
    }

    pub(super) fn go_place(&mut self, place: &Place) -> Vec<Effect> {
        match place {
            Place::Here => Vec::new(),
            Place::All => self.go_namespace(None),
            Place::Named(name) => self.go_namespace(Some(name.clone())),
        }
    }

    /// Another context comes first; the line is carried out there.
    pub(super) fn go_first(&mut self, request: &Request) -> Option<Vec<Effect>> {
        let context = request.context.clone().filter(|name| *name != self.world.names.context)?;
        let there = Request { context: None, ..request.clone() };
        let effects = self.go_context(context);
        // Where a live fault keeps one here, the line is not for this cluster.
        self.after_link = (!effects.is_empty()).then_some(there);
        Some(effects)
    }

    pub(super) fn line_after_link(&mut self) -> Vec<Effect> {
        match self.after_link.take() {
            Some(request) => self.go_request(&request),
            None => Vec::new(),
        }
    }

    /// Shows what a line asks for, once it is known which kinds there are.
    pub(super) fn go_objects(&mut self, request: &Request) -> Vec<Effect> {
        if let Some(effects) = self.go_first(request) {
            return effects;
        }
        self.show_objects(request, false)
    }

    /// `sure`: what is not known now is not served.
    fn show_objects(&mut self, request: &Request, sure: bool) -> Vec<Effect> {
        let known = self.discovery.clone();
        let served = known.as_deref().and_then(|known| known.find(&request.word));
        // What every server has is not waited for.
        let usual =
            if known.is_none() && self.world.link == LinkState::Up { discovery::usual(&request.word) } else { None };
        let Some(served) = served.or(usual.as_ref()) else {
            if sure || self.world.link != LinkState::Up {
                let names = known.iter().flat_map(|known| known.names());
                self.notify(line::unknown(&request.word, names), Role::Warn);
                return Vec::new();
            }
            self.waiting = Some(Waiting::Line(request.clone()));
            return self.discover().into_iter().collect();
        };
        if !served.verbs.iter().any(|verb| verb == "list") {
            self.notify(format!("{} cannot be listed", served.kind.plural), Role::Warn);
            return Vec::new();
        }
        let kind = served.kind.clone();
        let mut effects = self.close_all();
        effects.extend(self.go_place(&request.place));
        let place = if kind.namespaced { self.world.scope() } else { Scope::all() };
        let wanted = Wanted { scope: Scope { labels: request.labels.clone(), ..place }, ..Wanted::all(kind, None) };
        effects.extend(self.open_objects(wanted, &request.filter));
        if let Some(Screen::Objects(objects)) = self.screens.last_mut() {
            objects.show_as(request.sort.clone(), request.wide);
        }
        effects
    }

    pub(super) fn open_objects(&mut self, wanted: Wanted, filter: &str) -> Vec<Effect> {
        let names = names(&wanted.kind, self.discovery.as_deref());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let only = wanted.scope.namespace.as_deref().filter(|_| !wanted.scope.is_wide());
        let view = self.own.custom.view(&names, only).cloned().map(Arc::new);
        let mut cx = Self::cx(self.now, &mut self.tickets, &self.world, false);
        let (objects, effects) = Objects::open(wanted, filter, view, &mut cx);
        self.screens.push(Screen::Objects(Box::new(objects)));
        effects
    }

    /// The table that is looked at, for other namespaces, or all; what stands above it goes.
    pub(super) fn objects_elsewhere(&self, names: &[String]) -> Option<(Wanted, String)> {
        let Some(Screen::Objects(objects)) = self.screens.first() else { return None };
        let mut wanted = objects.wanted().clone();
        if !wanted.kind.namespaced {
            return None;
        }
        let Scope { namespace, beside, .. } = Scope::namespaces(names);
        (wanted.scope.namespace, wanted.scope.beside) = (namespace, beside);
        Some((wanted, objects.filter().to_owned()))
    }

    /// Commands of the app while a table of objects is in front; `None`: the table's own.
    pub(super) fn objects_key(&mut self, command: Command) -> Option<Vec<Effect>> {
        match command {
            Command::ShowPods | Command::ShowRoutes | Command::ShowMesh | Command::ShowFaults | Command::ShowAgent => {
                let mut effects = self.close_all();
                effects.extend(self.run(command, true));
                Some(effects)
            }
            Command::AllNamespaces => Some(self.go_namespace(None)),
            Command::Namespaces => Some(self.pick(Choice::Namespace)),
            Command::Contexts => Some(self.pick(Choice::Context)),
            Command::Open => self.open_object(),
            command => self.act_on_subject(command),
        }
    }

    /// What stands below the row; a jump of a person's own comes first.
    fn open_object(&mut self) -> Option<Vec<Effect>> {
        let object = self.subject()?.object;
        let names = names(&object.kind, self.discovery.as_deref());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if let Some(jump) = self.own.custom.jump(&names).cloned() {
            return Some(self.read_first(object, After::Jump(Box::new(jump))));
        }
        match into(&object) {
            Into::Description => self.act_on_subject(Command::Describe),
            Into::Table(wanted) => Some(self.open_objects(wanted, "")),
            Into::Namespace(name) => {
                let mut effects = self.close_all();
                effects.extend(self.go_namespace(Some(name)));
                Some(effects)
            }
            Into::Kind(word) => {
                let request = Request { word, ..Request::default() };
                Some(self.show_objects(&request, false))
            }
            Into::Selected(object) => Some(self.read_first(object, After::Pods)),
            Into::About(object) => Some(self.read_first(object, After::About)),
        }
    }

    fn read_first(&mut self, object: ObjectRef, after: After) -> Vec<Effect> {
        let ticket = self.tickets.take();
        self.reading = Some((ticket, after));
        vec![Effect::ReadObject(ticket, object)]
    }

    /// An object was read: on from there.
    pub(super) fn read(
        &mut self,
        ticket: Ticket,
        object: &ObjectRef,
        answer: Result<Box<Manifest>, Failure>,
    ) -> Vec<Effect> {
        let Some((_, after)) = self.reading.take_if(|(asked, _)| *asked == ticket) else { return Vec::new() };
        let manifest = match answer {
            Ok(manifest) => manifest,
            Err(failure) => {
                self.tell(&failure);
                return Vec::new();
            }
        };
        let of = format!("of {}", object.short());
        match after {
            After::About => self.go_about(&manifest),
            After::Pods => {
                let Some(labels) = selector::of(&manifest) else {
                    self.notify(format!("{} selects no pods: it has no selector", object.short()), Role::TextDim);
                    return Vec::new();
                };
                let scope = Scope { namespace: object.namespace.clone(), labels, ..Scope::default() };
                let pods = Kind::namespaced("", "v1", "Pod", "pods");
                self.open_objects(Wanted { scope, of, ..Wanted::all(pods, None) }, "")
            }
            After::Jump(jump) => match jump.towards(&manifest.0) {
                Ok(towards) => self.jump(towards, of),
                Err(why) => {
                    self.notify(format!("no jump from {}: {why}", object.short()), Role::Warn);
                    Vec::new()
                }
            },
        }
    }

    fn jump(&mut self, towards: Towards, of: String) -> Vec<Effect> {
        let Some(served) = self.discovery.as_deref().and_then(|known| known.find(&towards.kind)) else {
            self.notify(format!("the jump leads to {}, which the cluster does not serve", towards.kind), Role::Warn);
            return Vec::new();
        };
        let kind = served.kind.clone();
        let scope = Scope {
            namespace: towards.namespace.filter(|_| kind.namespaced),
            labels: towards.labels.unwrap_or_default(),
            fields: towards.fields.unwrap_or_default(),
            ..Scope::default()
        };
        self.open_objects(Wanted { scope, of, ..Wanted::all(kind, None) }, "")
    }

    /// The controller of what is under the cursor.
    pub(super) fn go_owner(&mut self) -> Vec<Effect> {
        let Some(subject) = self.subject() else { return Vec::new() };
        let Some((kind, name)) = subject.owner else {
            self.notify(format!("{} has no controller", subject.object.short()), Role::TextDim);
            return Vec::new();
        };
        self.show_owner(&kind, &subject.object.namespace.unwrap_or_default(), &name)
    }

    pub(super) fn show_owner(&mut self, kind: &str, namespace: &str, name: &str) -> Vec<Effect> {
        let Some(known) = self.discovery.clone() else {
            self.waiting = Some(Waiting::Owner(kind.to_owned(), namespace.to_owned(), name.to_owned()));
            return self.discover().into_iter().collect();
        };
        let Some(served) = known.kinds.iter().find(|served| served.kind.kind == kind) else {
            self.notify(format!("the cluster serves no kind {kind}"), Role::Warn);
            return Vec::new();
        };
        let (kind, place) = (served.kind.clone(), served.kind.namespaced.then(|| namespace.to_owned()));
        let effects = self.open_objects(Wanted::all(kind, place), "");
        if let Some(Screen::Objects(objects)) = self.screens.last_mut() {
            objects.seek(if served.kind.namespaced { namespace } else { "" }, name);
        }
        effects
    }
}
