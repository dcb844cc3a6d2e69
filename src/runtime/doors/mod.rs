//! Runs effects through the I/O doors, on one thread with one tokio runtime; answers come back as events.
//!
//! Every question runs as a task of its own under its ticket, so that [`Effect::Stop`] ends exactly that. Rows go through a
//! small bounded channel per watch and one bounded channel to the loop: a slow screen slows the stream, nothing is dropped.
//! Metrics are latest-wins.

mod agent;
mod ask;
mod copy;
mod errand;
mod far;
mod faults;
mod inbox;
mod links;
mod pods;
mod program;
mod related;
mod rows_first;
mod save;
mod talks;
mod watch;

use std::{
    collections::HashMap,
    io,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    runtime::Builder,
    sync::mpsc::{Receiver, Sender, channel, error::TrySendError},
    sync::oneshot,
    task::AbortHandle,
};

use crate::{
    agent::{
        Model,
        io::{inbox::Inbox, mcp::Hub, meter::Meter},
        mcp::{Answer, Server},
    },
    base::Ticket,
    cluster::{
        Address,
        io::{clock::Clock, connect::Link, live::Live},
    },
    config::{io::look, overlay::Overlays},
    fault::policy::Policy,
    mesh::{
        io::{metrics::Metrics, sampler::Demand},
        wanted::Wanted,
    },
    msg::{Effect, Event, Failure, event::Names},
    runtime::{Stage, enter::SharedAddress},
};

pub use faults::Pulse;
pub use program::foreground;
use rows_first::RowsFirst;

/// Events on their way to the loop.
const EVENTS: usize = 64;
/// Effects on their way to the doors; more at once than a person can cause.
const EFFECTS: usize = 256;

/// Longest wait for one answer of the metric source.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long work that blocks may take when the cockpit ends.
const LAST_WORK: Duration = Duration::from_secs(1);

/// The server's clock for the loop, once there is a server; this machine's before.
#[derive(Debug, Clone, Default)]
pub struct SharedClock(Arc<Mutex<Option<Clock>>>);

impl SharedClock {
    /// The server's time as best known.
    pub fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map_or_else(Timestamp::now, Clock::now)
    }

    fn set(&self, clock: Clock) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock);
    }
}

/// What the doors need to know from the start.
#[derive(Debug)]
pub struct Plan {
    /// Where to connect.
    pub address: Address,
    /// Where figures come from.
    pub metrics: Wanted,
    /// Refuse every write.
    pub readonly: bool,
    /// Guardrails.
    pub policy: Policy,
    /// The model to ask.
    pub agent: Option<Model>,
    /// MCP servers whose tools the model may use.
    pub servers: Vec<Server>,
    /// Where journals live.
    pub state_dir: PathBuf,
    /// Set once linked.
    pub clock: SharedClock,
    /// Set once linked.
    pub place: SharedAddress,
    /// Whether the screen's thread lives.
    pub pulse: Pulse,
    /// The world that this process started, for its script.
    pub stage: Option<Stage>,
    /// No agent is asked in this context.
    pub mute: bool,
    /// What holds in which context.
    pub overlays: Arc<Overlays>,
    /// The program of this machine's clipboard.
    pub clipboard: Option<&'static [&'static str]>,
}

/// The loop's end of the doors.
#[derive(Debug)]
pub struct Doors {
    effects: Sender<Effect>,
    events: Sender<Event>,
    thread: JoinHandle<()>,
}

impl Doors {
    /// Starts the thread.
    pub fn open(plan: Plan) -> io::Result<(Self, Receiver<Event>)> {
        let (effects, orders) = channel(EFFECTS);
        let (events, answers) = channel(EVENTS);
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let out = events.clone();
        let thread = thread::Builder::new().name("doors".to_owned()).spawn(move || {
            runtime.block_on(Keeper::new(plan, out).serve(orders));
            // A disk that hangs keeps nobody in front of a dead screen.
            runtime.shutdown_timeout(LAST_WORK);
        })?;
        Ok((Self { effects, events, thread }, answers))
    }

    /// Hands an effect over.
    pub fn send(&self, effect: Effect) {
        if let Err(TrySendError::Full(effect)) = self.effects.try_send(effect) {
            tracing::warn!("too much at once, dropped: {effect:?}");
            let failure = Failure::new("too much was asked at once", "wait a moment and ask again");
            let _ = self.events.try_send(Event::Notice(failure));
        }
    }

    /// Ends everything in order: tasks are dropped, faults are handed to their guardian.
    pub fn close(self) {
        let Self { effects, events, thread } = self;
        drop(effects);
        drop(events);
        let _ = thread.join();
    }
}

/// The other end: owns the link and every running question.
struct Keeper {
    plan: Plan,
    events: Sender<Event>,
    live: Option<Live>,
    /// Links that were used before.
    links: links::Links,
    /// The cluster of the far side, while it is open.
    beside: Option<far::Far>,
    /// The metric source of that link.
    metrics: Metrics,
    running: HashMap<Ticket, Vec<AbortHandle>>,
    rows: RowsFirst,
    demand: Option<tokio::sync::watch::Sender<Option<Demand>>>,
    faults: faults::Faults,
    errands: errand::Known,
    talks: talks::Talks,
    /// What asks may spend.
    meter: Meter,
    /// The inbox of that link, once it is known which cluster it is.
    inbox: Arc<OnceLock<Inbox>>,
    hub: Arc<Hub>,
    /// Questions a person has not answered yet.
    questions: Questions,
}

/// Who waits for a person's answer, by number.
type Questions = Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>;

impl Keeper {
    fn new(plan: Plan, events: Sender<Event>) -> Self {
        let metrics = Metrics::new(plan.metrics.clone(), None, PATIENCE);
        let hub = Arc::new(Hub::new(plan.servers.clone(), plan.state_dir.clone()));
        Self {
            inbox: Arc::default(),
            hub,
            questions: Arc::default(),
            meter: Meter::new(plan.agent.as_ref().map(|model| model.tuning.limits).unwrap_or_default()),
            plan,
            events,
            live: None,
            links: links::Links::default(),
            beside: None,
            metrics,
            running: HashMap::new(),
            rows: RowsFirst::default(),
            demand: None,
            faults: faults::Faults::default(),
            errands: errand::Known::default(),
            talks: talks::Talks::default(),
        }
    }

    async fn serve(mut self, mut orders: Receiver<Effect>) {
        while let Some(effect) = orders.recv().await {
            self.running.retain(|_, tasks| {
                tasks.retain(|task| !task.is_finished());
                !tasks.is_empty()
            });
            self.carry_out(effect).await;
        }
        self.stop_everything();
        self.beside = None;
        self.close_faults().await;
    }

    async fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Link(ticket, context) => self.link(ticket, context).await,
            Effect::Stop(ticket) => self.stop(ticket),
            Effect::Contexts(ticket) => self.contexts(ticket).await,
            Effect::Themes(ticket) => self.tell(Event::Themes(ticket, look::themes())).await,
            Effect::Namespaces(ticket) => self.namespaces(ticket),
            Effect::WatchPods(ticket, scope) => self.watch_pods(ticket, scope),
            Effect::Discover(ticket) => self.discover(ticket),
            Effect::WatchTable(ticket, kind, scope, view) => self.watch_table(ticket, kind, scope, view),
            Effect::WatchRelatives(ticket, kind, scope) => self.watch_relatives(ticket, kind, scope),
            Effect::WatchHealth(ticket, kind, scope) => self.watch_health(ticket, kind, scope),
            Effect::WatchUsage(ticket, of) => self.watch_usage(ticket, of),
            Effect::ReadObject(ticket, object) => self.read_object(ticket, object),
            Effect::WatchRoutes(ticket, scope) => self.watch_routes(ticket, &scope),
            Effect::WatchLabels(ticket) => self.watch_labels(ticket),
            Effect::MeshRoot(ticket) => self.mesh_root(ticket),
            Effect::WatchBeside(ticket, scope) => self.watch_beside(ticket, &scope),
            Effect::ReadRouting(ticket) => self.read_routing(ticket),
            Effect::Measure(ticket, interest) => self.measure(ticket, interest),
            Effect::Describe(ticket, object) => self.describe(ticket, object),
            Effect::Yaml(ticket, object, managed) => self.yaml(ticket, object, managed),
            Effect::Log(ticket, wish) => self.log(ticket, wish),
            Effect::SaveText(ticket, name, text) => self.save_text(ticket, &name, text),
            Effect::CopyFile(ticket, copy) => self.copy_file(ticket, copy),
            Effect::Ports(ticket, object) => self.ports(ticket, object),
            Effect::Forward(ticket, wish) => self.forward(ticket, wish),
            Effect::Ask(ticket, namespace, talk) => self.ask(ticket, namespace, *talk).await,
            Effect::Talk(ticket, wish) => self.wish(ticket, wish),
            Effect::Answer(id, answer) => self.answer(id, answer),
            Effect::DiscardQueued(id) => self.discard_queued(id),
            Effect::Errand(id, errand) => self.errand(id, errand),
            Effect::Start(ticket, program) => self.start(ticket, *program),
            Effect::Far(far, ask) => self.far(far, ask).await,
            Effect::KeepView(ticket, name, context, view) => self.keep_view(ticket, name, context, view),
            Effect::EndFar(far) => self.end_far(far),
            Effect::Copy(text) => self.copy(text),
            Effect::Quit
            | Effect::Demo
            | Effect::Suspend
            | Effect::Redraw
            | Effect::Frames(_)
            | Effect::EditText(..)
            | Effect::Enter(..)
            | Effect::Script(_) => {
                // These belong to the loop and never get here.
            }
            effect @ (Effect::WatchFaults(_)
            | Effect::Kinds(..)
            | Effect::Check(..)
            | Effect::CheckChange(..)
            | Effect::LookAct(..)
            | Effect::ReadFile(..)
            | Effect::Apply(..)
            | Effect::Abort(..)
            | Effect::Extend(..)
            | Effect::Decide(..)
            | Effect::Foresee(..)
            | Effect::Undo(..)
            | Effect::Print(..)
            | Effect::Release(..)
            | Effect::StopAll(..)) => self.fault_effect(effect).await,
        }
    }

    async fn tell(&self, event: Event) {
        // The loop is gone only when everything ends.
        let _ = self.events.send(event).await;
    }

    async fn link(&mut self, ticket: Ticket, context: Option<String>) {
        self.stop_everything();
        self.close_faults().await;
        self.live = None;
        self.plan.place.set(None);
        self.errands = errand::Known::default();
        self.talks = talks::Talks::default();
        self.inbox = Arc::default();
        self.rows = RowsFirst::default();
        if let Some(context) = context.as_deref().filter(|_| !self.plan.overlays.is_empty()) {
            self.lay_over(context);
        }
        match self.links.make(&self.address(context)) {
            Ok(link) => {
                self.plan.clock.set(link.clock().clone());
                self.plan.place.set(Some(link.pinned().clone()));
                let names = names(&link, &self.plan.policy);
                tracing::info!(context = names.context, server = names.server, "linked");
                let live = Live::new(link, self.plan.readonly);
                self.metrics = Metrics::new(self.plan.metrics.clone(), Some(live.clone()), PATIENCE);
                self.live = Some(live);
                self.tell(Event::Linked(ticket, names)).await;
            }
            Err(error) => {
                let failure = Failure::new(error.to_string(), error.fix());
                self.tell(Event::NotLinked(ticket, failure)).await;
            }
        }
    }

    /// What the settings say of another context holds from here on: figures, guardrails, whether anything is written or asked.
    fn lay_over(&mut self, context: &str) {
        let settings = self.plan.overlays.sources.within(context);
        self.plan.readonly = settings.readonly();
        self.plan.metrics = settings.metrics();
        self.plan.policy = self.plan.overlays.policy(context);
        self.plan.mute = settings.mute().is_some();
    }

    /// Where a context is; `None` is the one of the command line.
    fn address(&self, context: Option<String>) -> Address {
        let mut address = self.plan.address.clone();
        if context.is_some() {
            // The namespace of the command line belongs to the context it was given for.
            address.namespace = None;
            address.context = context;
        }
        address
    }

    /// Runs a question under its ticket.
    fn spawn(&mut self, ticket: Ticket, work: impl Future<Output = ()> + Send + 'static) {
        let task = tokio::spawn(work).abort_handle();
        self.running.entry(ticket).or_default().push(task);
    }

    /// The same once the first rows are there.
    fn spawn_after_rows(&mut self, ticket: Ticket, work: impl Future<Output = ()> + Send + 'static) {
        let rows = self.rows.clone();
        self.spawn(ticket, async move {
            rows.wait().await;
            work.await;
        });
    }

    fn stop(&mut self, ticket: Ticket) {
        for task in self.running.remove(&ticket).unwrap_or_default() {
            task.abort();
        }
    }

    fn stop_everything(&mut self) {
        for (_, tasks) in self.running.drain() {
            for task in tasks {
                task.abort();
            }
        }
        self.demand = None;
    }

    /// The guardrails for this cluster: those of the person, and in the world of a script as many faults at once as it has.
    fn policy(&self, link: &Link) -> Policy {
        let policy = self.plan.policy.clone();
        match self.stage(link) {
            Some(stage) => stage.loosened(policy),
            None => policy,
        }
    }

    /// The world of the script that plays, where that is the cluster looked at.
    fn stage(&self, link: &Link) -> Option<&Stage> {
        self.plan.stage.as_ref().filter(|stage| stage.server == link.server())
    }

    fn linked(&self) -> Option<Link> {
        self.live.as_ref().map(|live| live.link().clone())
    }
}

fn names(link: &Link, policy: &Policy) -> Names {
    Names {
        context: link.context().to_owned(),
        cluster: link.cluster().to_owned(),
        user: link.user().to_owned(),
        namespace: link.namespace().to_owned(),
        server: link.server().to_owned(),
        production: policy.is_production(link.context()),
    }
}
