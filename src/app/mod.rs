//! The cockpit: who has the focus, what lies on top of what, and where events go.
//!
//! [`App::update`] takes one event and gives effects; it is total, never blocks and does no I/O. [`App::settle`] computes what
//! depends on the size, [`App::view`] draws and changes nothing. What a pane means is the pane's business; here is only
//! routing, layout, header and hints.

mod acts;
mod answers;
mod caption;
mod caster;
mod explain;
mod far;
mod found;
mod go;
pub mod header;
pub mod hints;
pub mod layout;
mod links;
mod marked;
mod mouse;
mod object;
mod objects;
mod observed;
mod overlaid;
mod own;
mod pods;
pub mod prompt;
mod related;
mod saved;
pub mod screen;
mod shown;
pub mod spoken;
mod table_line;
mod theme;
mod update;
mod used;
pub mod veil;
mod view;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub use layout::Layout;
pub use screen::Screen;
pub use veil::Veil;

use crate::{
    agent::{Model, mention::Object},
    base::{Now, Ticket, Tickets},
    cluster::{address::ContextName, discovery::Discovery},
    config::{Keymap, Role, Theme, custom::Customs, overlay::Overlays, theme::Worn},
    fault::intent::Fault,
    mesh::{around::Around, health::Tolerances, signals::resource_use::UsageOf},
    msg::{Caption, Context, Effect, Failure, Key, line::Request},
    panes::{Agent, Cx, Faults, Look, Mesh, PaneKind, Pods, Routes, Stop, World, live},
};

/// How the cockpit begins.
#[derive(Debug, Clone)]
pub struct Start {
    /// Keys.
    pub keymap: Keymap,
    /// Colours by meaning.
    pub theme: Theme,
    /// Which theme that is.
    pub worn: Worn,
    /// The terminal's size.
    pub size: (u16, u16),
    /// Show all namespaces.
    pub all_namespaces: bool,
    /// The namespace asked for; `None`: the context's own.
    pub namespace: Option<String>,
    /// Only look.
    pub readonly: bool,
    /// A metric source is configured.
    pub metrics: bool,
    /// From which share of bad answers something is unwell.
    pub tolerances: Tolerances,
    /// The model to ask, or why there is none.
    pub agent: Result<Model, Failure>,
    /// Why it is not asked in this context.
    pub mute: Option<Failure>,
    /// Offset of the wall clock shown, from UTC.
    pub zone: jiff::tz::TimeZone,
    /// The moment of the start.
    pub now: Now,
    /// What was wrong with the configuration, to be told once.
    pub notices: Vec<String>,
    /// What a person adds of their own.
    pub custom: Customs,
    /// What holds in which context.
    pub overlays: Arc<Overlays>,
    /// The kubeconfig's files, as the environment variable lists them.
    pub kubeconfig: String,
    /// The groups a person acts as.
    pub groups: String,
}

/// A line over the hints, for a while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What is said.
    pub text: String,
    /// How it is meant.
    pub role: Role,
    until: Duration,
    /// The injection it is about, if any.
    about: Option<String>,
}

/// The panes.
#[derive(Debug, Default)]
pub struct Panes {
    /// Pods.
    pub pods: Pods,
    /// Routes.
    pub routes: Routes,
    /// Golden signals.
    pub mesh: Mesh,
    /// Injections.
    pub faults: Faults,
    /// The conversation with the agent.
    pub agent: Agent,
}

/// The cockpit.
#[expect(clippy::struct_excessive_bools, reason = "each holds or does not, whatever the others do")]
#[derive(Debug)]
pub struct App {
    /// What all panes share.
    pub world: World,
    /// The panes.
    pub panes: Panes,
    /// Screens above the panes, the uppermost last.
    pub screens: Vec<Screen>,
    focus: PaneKind,
    /// The pane that had the focus before.
    before: PaneKind,
    zoomed: bool,
    layout: Layout,
    size: (u16, u16),
    keymap: Keymap,
    own: own::Own,
    overlaid: overlaid::Overlaid,
    theme: Theme,
    wardrobe: theme::Wardrobe,
    tickets: Tickets,
    now: Now,
    zone: jiff::tz::TimeZone,
    pending: Vec<Key>,
    prompt: Option<prompt::Prompt>,
    history: Vec<String>,
    notice: Option<Notice>,
    waiting_notices: Vec<Notice>,
    stop: Stop,
    /// What the running script says.
    caption: Option<Box<Caption>>,
    /// Fewer things, larger: for those in the last row.
    presenting: bool,
    /// The keys pressed last, while presenting.
    caster: caster::Caster,
    /// Intents applied here, by injection.
    intents: BTreeMap<String, Fault>,
    /// Commands asked for to finish an undo by hand.
    printed: Option<Ticket>,
    quit_asked: Option<Duration>,
    pointer: mouse::Pointer,
    link: Option<Ticket>,
    /// What was asked for on the command line, until the first link says what holds.
    wanted: (bool, Option<String>),
    names_ticket: Option<Ticket>,
    namespaces: Vec<String>,
    contexts: Vec<ContextName>,
    /// Which kinds the cluster serves, once it is known, and the names they are completed by.
    discovery: Option<Arc<Discovery>>,
    kinds: Vec<String>,
    /// The question for them, and what waits for its answer.
    discovering: Option<Ticket>,
    waiting: Option<objects::Waiting>,
    /// The question for what is used, and by whom.
    using: Option<(Ticket, UsageOf)>,
    /// When that was last on screen.
    usage_seen: Duration,
    /// The question for an object to go on from, and where to.
    reading: Option<(Ticket, objects::After)>,
    /// What to show once the other context is linked.
    after_link: Option<Request>,
    /// The context that was asked for when this one was linked; `None`: the one of the command line.
    linked_as: Option<String>,
    /// What contexts that were linked before were known to serve.
    atlas: BTreeMap<String, Arc<Discovery>>,
    /// The far side, while it is open.
    far: Option<far::Far>,
    /// This is the far side itself: it has tables and no panes, and nothing is changed from here.
    looks_only: bool,
    mesh_word: Option<&'static str>,
    /// An object whose row is gone to once there are rows.
    sought: Option<Object>,
    /// A metric source is wanted.
    measures: bool,
    /// When pods and routes were last on screen.
    seen: (Duration, Duration, Duration),
}

impl App {
    /// The cockpit, and what it wants done first.
    pub fn new(start: Start) -> (Self, Vec<Effect>) {
        let mut tickets = Tickets::default();
        let link = tickets.take();
        let around = Around { tolerances: start.tolerances, ..Around::default() };
        let mut world = World { readonly: start.readonly, around, ..World::default() };
        if start.metrics {
            world.metric_source = crate::mesh::signals::MetricSource::Asking;
        }
        let agent = start.mute.clone().map_or_else(|| start.agent.clone(), Err);
        let mut app = Self {
            world,
            panes: Panes { agent: Agent::new(agent), ..Panes::default() },
            screens: Vec::new(),
            focus: PaneKind::Pods,
            before: PaneKind::Pods,
            zoomed: false,
            layout: Layout::default(),
            size: start.size,
            keymap: start.keymap,
            own: own::Own {
                customs: start.custom,
                kubeconfig: start.kubeconfig,
                groups: start.groups,
                ..own::Own::default()
            },
            overlaid: overlaid::Overlaid::new(&start.worn.name, start.overlays, start.agent, start.mute),
            theme: start.theme,
            wardrobe: theme::Wardrobe::new(start.worn),
            tickets,
            now: start.now,
            zone: start.zone,
            pending: Vec::new(),
            prompt: None,
            history: Vec::new(),
            notice: None,
            waiting_notices: Vec::new(),
            stop: Stop::default(),
            caption: None,
            presenting: false,
            caster: caster::Caster::default(),
            intents: BTreeMap::new(),
            printed: None,
            quit_asked: None,
            pointer: mouse::Pointer::default(),
            link: Some(link),
            wanted: (start.all_namespaces, start.namespace),
            names_ticket: None,
            namespaces: Vec::new(),
            contexts: Vec::new(),
            discovery: None,
            kinds: Vec::new(),
            discovering: None,
            waiting: None,
            using: None,
            usage_seen: start.now.mono,
            reading: None,
            after_link: None,
            linked_as: None,
            atlas: BTreeMap::new(),
            far: None,
            looks_only: false,
            mesh_word: None,
            sought: None,
            measures: start.metrics,
            seen: (start.now.mono, start.now.mono, start.now.mono),
        };
        app.own.settle("");
        for complaint in app.own.bindings.conflicts(&app.keymap) {
            app.notify(complaint.to_string(), Role::Warn);
        }
        for text in start.notices {
            app.notify(text, Role::Warn);
        }
        app.settle();
        (app, vec![Effect::Link(link, None)])
    }

    /// The moment of the last event.
    pub fn now(&self) -> Now {
        self.now
    }

    /// Who stands where.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The pane with the focus.
    pub fn focus(&self) -> PaneKind {
        self.focus
    }

    /// The contexts asked for a key now, from the innermost outwards.
    pub fn chain(&self) -> Vec<Context> {
        let context = if self.prompt.is_some() {
            Context::Input
        } else if let Some(far) = self.far_front() {
            far.screens.last().map_or(Context::Global, Screen::context)
        } else if let Some(screen) = self.screens.last() {
            screen.context()
        } else {
            match self.focus {
                PaneKind::Pods => self.panes.pods.context(),
                PaneKind::Routes => self.panes.routes.context(),
                PaneKind::Mesh => self.panes.mesh.context(),
                PaneKind::Faults => self.panes.faults.context(),
                PaneKind::Agent => self.panes.agent.context(),
            }
        };
        let mut chain = crate::config::keymap::chain(context);
        match &self.caption {
            Some(caption) if caption.asks_first() && context != Context::Input => chain.insert(0, Context::Script),
            Some(caption) if caption.asks_last() && context != Context::Input => chain.push(Context::Script),
            _ => {}
        }
        chain
    }

    /// Says something at the bottom for a while; what is already said is heard out first.
    pub fn notify(&mut self, text: impl Into<String>, role: Role) {
        self.notify_about(text, role, None);
    }

    /// The same of an injection: once it has ended, nothing more is to be said of it here.
    fn notify_about(&mut self, text: impl Into<String>, role: Role, about: Option<String>) {
        let seconds = if role == Role::Good { 8 } else { 6 };
        let notice = Notice { text: text.into(), role, until: self.now.mono + Duration::from_secs(seconds), about };
        match &self.notice {
            Some(shown) if shown.until > self.now.mono && shown.role == Role::Bad && role != Role::Bad => {
                self.waiting_notices.push(notice);
            }
            _ => self.notice = Some(notice),
        }
    }

    fn forget_notices_of(&mut self, injection: &str) {
        let of = |notice: &Notice| notice.about.as_deref() == Some(injection);
        self.waiting_notices.retain(|notice| !of(notice));
        if self.notice.as_ref().is_some_and(of) {
            self.notice = self.waiting_notices.pop();
        }
    }

    /// What was said is heard, and what was proven is seen: both make room.
    fn hush(&mut self) {
        let until = self.now.mono + Duration::from_secs(6);
        self.notice = self.waiting_notices.pop().map(|notice| Notice { until, ..notice });
        self.world.seen_proof = live::last_ended(&self.world).map(|view| view.injection.clone());
    }

    fn cx<'a>(now: Now, tickets: &'a mut Tickets, world: &'a World, alone: bool) -> Cx<'a> {
        Cx { now, tickets, world, alone }
    }

    fn look(&self, focused: bool) -> Look<'_> {
        Look { now: self.now, theme: &self.theme, keymap: &self.keymap, world: &self.world, focused }
    }

    /// When the picture changes by time alone, on the monotonic clock; `None` when it does not.
    pub fn wakes(&self) -> Option<Duration> {
        let mut soonest: Option<Duration> = None;
        let mut offer = |at: Option<Duration>| {
            if let Some(at) = at {
                soonest = Some(soonest.map_or(at, |soonest| soonest.min(at)));
            }
        };
        offer(self.notice.as_ref().map(|notice| notice.until));
        offer(Some(self.now.mono + header::changes_in(self)));
        offer(live::proven_until(&self.world, self.now));
        offer(self.caster.wakes());
        if self.screens.is_empty() {
            for (kind, _) in &self.layout.panes {
                offer(match kind {
                    PaneKind::Pods => self.panes.pods.wakes(self.now),
                    PaneKind::Routes => self.panes.routes.wakes(self.now),
                    PaneKind::Mesh => self.panes.mesh.wakes(self.now),
                    PaneKind::Faults => self.panes.faults.wakes(&self.world, self.now),
                    PaneKind::Agent => None,
                });
            }
        } else {
            for screen in &self.screens {
                offer(screen.wakes(self.now));
            }
        }
        offer(self.far_wakes());
        // Waking more often than a person can see helps nobody.
        soonest.map(|at| at.max(self.now.mono + Duration::from_millis(100)))
    }

    /// Lays the screen out for what is on it now.
    fn place(&mut self) {
        let mut wish = layout::Wish {
            focus: self.focus,
            zoomed: self.zoomed,
            agent: self.panes.agent.ready() || self.panes.agent.waits() || self.focus == PaneKind::Agent,
            above: self.stop.height(&self.world),
            below: 0,
            caption: caption::height(self),
            presenting: self.presenting,
            shares: self.pointer.shares,
        };
        let faults_seen = {
            let layout = Layout::new(self.size.0, self.size.1, wish);
            self.screens.is_empty() && layout.pane(PaneKind::Faults).is_some()
        };
        wish.below = live::strip_height(&self.world, self.now, faults_seen);
        self.layout = Layout::new(self.size.0, self.size.1, wish);
        self.divide();
    }

    /// Computes what depends on the size: to be called after events and before a draw.
    pub fn settle(&mut self) {
        self.place();
        if self.layout.too_small {
            return;
        }
        let look = Look { now: self.now, theme: &self.theme, keymap: &self.keymap, world: &self.world, focused: true };
        for (kind, area) in &self.layout.panes {
            let area = layout::inside(*area);
            match kind {
                PaneKind::Pods => self.panes.pods.settle(area, &look),
                PaneKind::Routes => self.panes.routes.settle(area, &look),
                PaneKind::Mesh => self.panes.mesh.settle(area, &look),
                PaneKind::Faults => self.panes.faults.settle(area, &look),
                PaneKind::Agent => self.panes.agent.settle(area, &look),
            }
        }
        let inside = layout::inside(self.layout.body);
        if !inside.is_empty() {
            for screen in &mut self.screens {
                screen.settle(inside, &look);
            }
        }
        self.settle_far();
    }
}
