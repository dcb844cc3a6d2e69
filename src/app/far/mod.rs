//! The far side: tables of another context beside the cockpit's own, which are only looked at.
//!
//! It is a cockpit without panes, so that whatever a table can do on the near side it can do there: filters, orders, ways down
//! to what stands below, texts and logs. What it wants done goes through [`FarAsk`], which has no word for a change, to a door
//! that holds no more than a cluster that cannot be written to. Keys of the cockpit itself (abort, the command line, the panes)
//! never reach it.

mod keys;
mod lines;
mod view;

use std::{sync::Arc, time::Duration};

pub(super) use keys::looks;
pub(super) use lines::steers as steers_line;

use super::{App, Screen, Start, layout};
use crate::{
    base::Ticket,
    cluster::Kind,
    config::{Keymap, Role, keymap::chain, theme::Worn},
    msg::{Command, Context, Effect, Event, Failure, FarAsk, line::Request, saved::Kept},
    panes::{Look, objects::Wanted, world::LinkState},
};

/// The far side while it is open.
#[derive(Debug)]
pub(super) struct Far {
    ticket: Ticket,
    app: Box<App>,
    /// Its keys count.
    focused: bool,
    /// Only the side with the focus is shown.
    alone: bool,
}

impl Far {
    /// What it may ask of what it wants done. The rest has no way out of it.
    fn asks(&self, effects: Vec<Effect>) -> Vec<Effect> {
        let ask = |effect| match effect {
            Effect::Copy(_) | Effect::Redraw => Some(effect),
            effect => FarAsk::of(effect).map(|ask| Effect::Far(self.ticket, ask)),
        };
        effects.into_iter().filter_map(ask).collect()
    }

    /// Other keys hold from now on; hints and help name them.
    pub fn keys(&mut self, keymap: &Keymap) {
        self.app.keymap = keymap.clone();
    }

    /// Other views are kept from now on.
    pub fn know_views(&mut self, kept: &Kept) {
        self.app.know_views(kept);
    }

    /// The context it looks at.
    pub fn context(&self) -> &str {
        &self.app.world.names.context
    }
}

impl App {
    /// The far side, where its keys count.
    pub(super) fn far_front(&self) -> Option<&App> {
        self.far.as_ref().filter(|far| far.focused && !self.covers_far()).map(|far| &*far.app)
    }

    /// The context of the far side, while it is open.
    pub fn far_context(&self) -> Option<&str> {
        self.far.as_ref().map(Far::context)
    }

    /// What is written or approved needs the whole room: the far side waits behind it.
    fn covers_far(&self) -> bool {
        let beside = |screen: &Screen| {
            matches!(screen, Screen::Objects(_) | Screen::Viewer(_) | Screen::Logs(_) | Screen::Picker(_))
        };
        self.screens.last().is_some_and(|screen| !beside(screen))
    }

    /// Gives the far side its part of the room.
    pub(super) fn divide(&mut self) {
        if let Some(far) = self.far.as_ref().filter(|_| !self.covers_far()) {
            self.layout.divide(self.focus, far.focused, far.alone);
        }
    }

    /// Fits what stands on the far side to its frame.
    pub(super) fn settle_far(&mut self) {
        let area = layout::inside(self.layout.far);
        let Some(far) = self.far.as_mut().filter(|_| !area.is_empty()) else { return };
        let app = &mut far.app;
        let look =
            Look { now: self.now, theme: &self.theme, keymap: &self.keymap, world: &app.world, focused: far.focused };
        for screen in &mut app.screens {
            screen.settle(area, &look);
        }
    }

    /// Opens the far side, or goes there: the table of a line, or without its word the one that is looked at here.
    pub(super) fn open_far(&mut self, request: Request) -> Vec<Effect> {
        let request = if request.word.is_empty() {
            Request { context: request.context, ..self.table_line().unwrap_or_else(pods) }
        } else {
            request
        };
        if let Some(far) = &mut self.far {
            far.focused = true;
            let here = self.world.names.context.clone();
            let request = Request { context: Some(request.context.unwrap_or(here)), ..request };
            return self.on_far(|app| app.go_request(&request));
        }
        let there = Request { context: None, ..request };
        let effects = self.link_far(request.context);
        if let Some(far) = &mut self.far {
            far.app.after_link = Some(there);
        }
        effects
    }

    /// A cockpit without panes on a context; without one, on the one that is linked here.
    fn link_far(&mut self, context: Option<String>) -> Vec<Effect> {
        let start = Start {
            keymap: self.keymap.clone(),
            theme: self.theme.clone(),
            worn: Worn::default(),
            size: self.size,
            all_namespaces: false,
            namespace: None,
            readonly: true,
            metrics: false,
            tolerances: self.world.around.tolerances,
            agent: Err(Failure::new("the far side has no agent", "ask on the near side")),
            mute: None,
            zone: self.zone.clone(),
            now: self.now,
            notices: Vec::new(),
            custom: self.own.customs.clone(),
            overlays: Arc::default(),
            kubeconfig: self.own.kubeconfig.clone(),
            groups: self.own.groups.clone(),
        };
        let (mut app, _) = App::new(start);
        app.looks_only = true;
        // Keys of one's own that are in conflict were told when the cockpit began.
        app.notice = None;
        app.waiting_notices.clear();
        app.atlas = self.atlas.clone();
        let linked = self.linked_as.clone();
        let here = self.world.names.context.clone();
        let name = context.unwrap_or_else(|| here.clone());
        let to = if name == here { linked } else { Some(name.clone()) };
        let far = Far { ticket: self.tickets.take(), app: Box::new(app), focused: true, alone: false };
        self.far = Some(far);
        self.on_far(|app| app.link_to(name, to))
    }

    /// When its picture changes by time alone.
    pub(super) fn far_wakes(&self) -> Option<Duration> {
        let far = self.far.as_ref().filter(|_| !self.layout.far.is_empty())?;
        far.app.screens.last()?.wakes(self.now)
    }

    /// Ends the far side.
    pub(super) fn close_far(&mut self) -> Vec<Effect> {
        self.far.take().map(|far| Effect::EndFar(far.ticket)).into_iter().collect()
    }

    /// Does something on the far side, and gives what it asks for. What it has to say is said here.
    pub(super) fn on_far(&mut self, work: impl FnOnce(&mut Self) -> Vec<Effect>) -> Vec<Effect> {
        let Some(mut far) = self.far.take() else { return Vec::new() };
        far.app.now = self.now;
        let mut effects = work(&mut far.app);
        effects.extend(far.app.stand());
        let context = far.context().to_owned();
        for notice in far.app.notice.take().into_iter().chain(far.app.waiting_notices.drain(..)) {
            self.notify(format!("{context}: {}", notice.text), notice.role);
        }
        let asked = far.asks(effects);
        self.far = Some(far);
        asked
    }

    /// Something came from the far side; what was asked by one that is closed is dropped.
    pub(super) fn far_hears(&mut self, ticket: Ticket, event: Event) -> Vec<Effect> {
        if self.far.as_ref().is_none_or(|far| far.ticket != ticket) {
            return Vec::new();
        }
        self.on_far(|app| app.answer(event))
    }

    /// A far side always shows a table: pods where nothing else was asked for.
    fn stand(&mut self) -> Vec<Effect> {
        let waits = self.waiting.is_some() || self.after_link.is_some();
        if !self.screens.is_empty() || waits || self.world.link != LinkState::Up {
            return Vec::new();
        }
        let pods = Kind::namespaced("", "v1", "Pod", "pods");
        self.open_objects(Wanted::all(pods, self.world.namespace.clone()), "")
    }

    /// The key that opens the far side and closes it.
    pub(super) fn split(&mut self) -> Vec<Effect> {
        if self.far.is_some() {
            return self.close_far();
        }
        self.pick(crate::panes::picker::Choice::FarContext)
    }

    /// While there are two sides, the keys that go from pane to pane go from side to side, and the one that shows a pane alone
    /// shows a side alone; those that name a pane lead back to the near side.
    pub(super) fn side_key(&mut self, command: Command) -> Option<Vec<Effect>> {
        if self.covers_far() {
            return None;
        }
        let far = self.far.as_mut()?;
        match command {
            Command::NextPane | Command::PreviousPane | Command::LastPane => far.focused = !far.focused,
            Command::Zoom => far.alone = !far.alone,
            Command::ShowPods | Command::ShowRoutes | Command::ShowMesh | Command::ShowFaults | Command::ShowAgent => {
                far.focused = false;
                return None;
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Makes the context of the far side the cockpit's own; its table goes along.
    pub(super) fn take_over(&mut self) -> Vec<Effect> {
        let Some(far) = &self.far else {
            let key = self.keymap.key(&chain(Context::Global), Command::Split);
            let fix = key.map(|key| format!(": {key} opens one")).unwrap_or_default();
            self.notify(format!("there is no far side to take over{fix}"), Role::TextDim);
            return Vec::new();
        };
        let (context, request) = (far.context().to_owned(), far.app.table_line());
        self.atlas.extend(far.app.atlas.clone());
        if context == self.world.names.context {
            let mut effects = self.close_far();
            effects.extend(request.iter().flat_map(|request| self.go_request(request)).collect::<Vec<_>>());
            return effects;
        }
        let mut effects = self.go_context(context);
        // Where a live fault keeps one here, nothing has happened.
        if !effects.is_empty() {
            self.after_link = request;
            effects.extend(self.close_far());
        }
        effects
    }
}

fn pods() -> Request {
    Request { word: "pods".to_owned(), ..Request::default() }
}
