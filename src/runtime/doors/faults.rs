//! Faults: plans are checked, orders go to the engine, and what it does is told. Records of others are watched.
//!
//! The engine is made once per link, by the first task that needs it; whatever is asked before it stands waits for it. When
//! the cockpit leaves, the engine is dropped: its guardian finds the socket closed and undoes what is live.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    io::AsyncReadExt as _,
    sync::{OnceCell, mpsc},
};

use super::Keeper;
use crate::{
    base::{Ticket, Uid, sanitize},
    cluster::{
        Batch, Delta, Manifest, Scope, Source,
        api::Api,
        io::{connect::Link, live::Live, watch as watches},
    },
    fault::{
        approval::Approval,
        catalogue::view::kinds,
        checked::Checked,
        drivers::CompileError,
        file,
        intent::Fault,
        io::{
            check::{self, CheckError},
            engine::Engine,
            fresh, glance,
            outside::foreign_view,
            sight,
        },
        record,
        refusal::{ApplyError, OrderError},
        rules::Terms,
        traffic::Traffic,
        view::InjectionView,
    },
    journal::io::{Shelf, latch},
    mesh::io::alerts,
    msg::{Effect, Event, Failure},
    runtime::engine::{engine, host},
};

/// Silence of the screen's thread after which the cockpit does not count as well.
const SILENCE: Duration = Duration::from_secs(15);
/// Views are told faster than a screen draws them.
const VIEWS: usize = 64;
/// A file with objects is text a person wrote; more is a mistake.
const LARGEST_FILE: u64 = 4 << 20;
/// Ended injections that are shown from the journal.
const HISTORY: usize = 50;

/// Whether the screen's thread lives. The guardian's beat hangs on it: a screen that hangs must not keep a fault alive.
#[derive(Debug, Clone)]
pub struct Pulse {
    last: Arc<Mutex<Instant>>,
    away: Arc<AtomicBool>,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { last: Arc::new(Mutex::new(Instant::now())), away: Arc::default() }
    }
}

impl Pulse {
    /// The screen's thread is at work.
    pub fn beat(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// A child of ours has the terminal; waiting for it is no silence.
    pub fn away(&self, away: bool) {
        self.away.store(away, Ordering::Relaxed);
        self.beat();
    }

    fn well(&self) -> bool {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        self.away.load(Ordering::Relaxed) || last.elapsed() < SILENCE
    }
}

/// The engine of one link, made by whoever needs it first.
#[derive(Clone)]
struct Desk {
    live: Live,
    state_dir: PathBuf,
    terms: Arc<Terms>,
    prometheus: Option<String>,
    pulse: Pulse,
    made: Arc<OnceCell<Arc<Engine<Live>>>>,
    views: mpsc::Sender<InjectionView>,
}

impl Desk {
    async fn engine(&self) -> Arc<Engine<Live>> {
        let make = || async {
            let pulse = self.pulse.clone();
            let well = Arc::new(move || pulse.well());
            Arc::new(engine(&self.live, &self.state_dir, &self.terms.policy, well, self.views.clone()).await)
        };
        self.made.get_or_init(make).await.clone()
    }

    /// What the metric source says, alerts of this moment included.
    async fn seen(&self, traffic: &Traffic) -> Traffic {
        let alerts = alerts::ask(self.prometheus.as_deref(), &self.terms.policy.alerts).await;
        Traffic { alerts, ..traffic.clone() }
    }
}

/// What the doors hold of faults.
#[derive(Default)]
pub struct Faults {
    desk: Option<Desk>,
}

impl std::fmt::Debug for Faults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Faults").field("open", &self.desk.is_some()).finish()
    }
}

impl Keeper {
    pub(super) async fn fault_effect(&mut self, effect: Effect) {
        let effect = match effect {
            Effect::ReadFile(ticket, path) => {
                let events = self.events.clone();
                self.spawn(ticket, async move {
                    let _ = events.send(Event::Text(ticket, read_file(&path).await)).await;
                });
                return;
            }
            Effect::WatchFaults(ticket) => {
                self.tell_latch().await;
                self.watch_faults(ticket);
                return;
            }
            other => other,
        };
        let Some(desk) = self.faults.desk.clone() else {
            self.refuse_unlinked(effect).await;
            return;
        };
        let Some(ticket) = ticket(&effect) else { return };
        let events = self.events.clone();
        self.spawn(ticket, async move {
            // On the heap: checking and applying hold a whole plan, and a task is as large as its largest part.
            if let Some(event) = Box::pin(answer(desk, effect, &events)).await {
                let _ = events.send(event).await;
            }
        });
    }

    /// Lets go of the engine: its guardian sees the socket close and undoes what is live.
    pub(super) async fn close_faults(&mut self) {
        if let Some(engine) = self.faults.desk.take().and_then(|desk| desk.made.get().cloned()) {
            engine.written().await;
        }
        // The engine's tasks end at their next await; they must have let go of the journals before anybody else looks.
        tokio::task::yield_now().await;
    }

    async fn tell_latch(&self) {
        let by = latch::get(&self.plan.state_dir).map(|latch| sanitize::line(&latch.by).into_owned());
        self.tell(Event::Latched(by)).await;
    }

    fn watch_faults(&mut self, ticket: Ticket) {
        let Some(live) = self.live.clone() else { return };
        let (tell, mut views) = mpsc::channel(VIEWS);
        let link = live.link().clone();
        let terms = Terms {
            policy: self.plan.policy.clone(),
            context: link.context().to_owned(),
            readonly: self.plan.readonly,
        };
        let desk = Desk {
            live,
            state_dir: self.plan.state_dir.clone(),
            terms: Arc::new(terms),
            prometheus: self.plan.prometheus.clone(),
            pulse: self.plan.pulse.clone(),
            made: Arc::default(),
            views: tell,
        };
        self.faults.desk = Some(desk.clone());
        let events = self.events.clone();
        self.spawn(ticket, async move {
            while let Some(view) = views.recv().await {
                if events.send(Event::Injection(Box::new(view))).await.is_err() {
                    return;
                }
            }
        });
        let events = self.events.clone();
        self.spawn(ticket, async move {
            let engine = desk.engine().await;
            match engine.scan().await {
                Ok(scanned) => {
                    let _ = events.send(Event::Scanned(Box::new(scanned))).await;
                }
                Err(error) => {
                    let failure =
                        Failure::new(format!("what a crash left could not be looked for: {error}"), error.fix());
                    let _ = events.send(Event::Notice(failure)).await;
                }
            }
            if let Ok(views) = engine.list(true).await {
                for view in views.into_iter().filter(InjectionView::ended).take(HISTORY) {
                    let _ = events.send(Event::Injection(Box::new(view))).await;
                }
            }
        });
        let (events, desk) = (self.events.clone(), self.faults.desk.clone());
        self.spawn(ticket, async move {
            if let Some(desk) = desk {
                watch_records(ticket, link, desk, events).await;
            }
        });
    }

    /// Without a link nothing can be asked; the emergency stop still latches.
    async fn refuse_unlinked(&mut self, effect: Effect) {
        let nothing =
            || Failure::new("there is no cluster to ask", "choose a context with :ctx, or wait until it answers");
        let event = match effect {
            Effect::Kinds(ticket, _) => Event::Kinds(ticket, Err(nothing())),
            Effect::Check(ticket, ..) | Effect::CheckChange(ticket, ..) => Event::Checked(ticket, Err(nothing())),
            Effect::Print(ticket, _) => Event::Text(ticket, Err(nothing())),
            Effect::Apply(ticket, ..) => {
                let error =
                    ApplyError::Link { what: "applying".to_owned(), why: "there is no cluster to ask".to_owned() };
                Event::Applied(ticket, Err(error))
            }
            Effect::Abort(ticket, _) | Effect::Extend(ticket, ..) | Effect::Decide(ticket, ..) => {
                Event::Ordered(ticket, Err(nothing()))
            }
            Effect::StopAll(ticket, _) => {
                let set = latch::set(
                    &self.plan.state_dir,
                    &latch::Latch { at: self.plan.clock.now(), by: crate::runtime::engine::host() },
                );
                self.tell_latch().await;
                let what = match set {
                    Ok(()) => "no new fault is allowed, but there is no cluster to ask".to_owned(),
                    Err(error) => format!("the stop could not be latched: {error}; and there is no cluster to ask"),
                };
                Event::Stopped(
                    ticket,
                    Err(Failure::new(what, "`brink abort --all` undoes in every cluster the journal knows")),
                )
            }
            Effect::Release(ticket, _) => {
                let lifted = latch::lift(&self.plan.state_dir);
                self.tell_latch().await;
                let failed = |error: std::io::Error| {
                    Failure::new(
                        format!("the latch could not be lifted: {error}"),
                        "remove the file `stop` of the state directory",
                    )
                };
                Event::Ordered(ticket, lifted.map_err(failed))
            }
            _ => return,
        };
        self.tell(event).await;
    }
}

fn ticket(effect: &Effect) -> Option<Ticket> {
    match effect {
        Effect::Kinds(ticket, _)
        | Effect::Check(ticket, ..)
        | Effect::CheckChange(ticket, ..)
        | Effect::Apply(ticket, ..)
        | Effect::Abort(ticket, _)
        | Effect::Extend(ticket, ..)
        | Effect::Decide(ticket, ..)
        | Effect::Print(ticket, _)
        | Effect::StopAll(ticket, _)
        | Effect::Release(ticket, _) => Some(*ticket),
        _ => None,
    }
}

async fn answer(desk: Desk, effect: Effect, events: &mpsc::Sender<Event>) -> Option<Event> {
    Some(match effect {
        Effect::Kinds(ticket, _) => {
            let seen = sight::survey(&desk.live).await;
            Event::Kinds(ticket, seen.map(|sight| kinds(&sight)).map_err(|error| uncompiled(&error)))
        }
        Effect::Check(ticket, fault, traffic) => Event::Checked(ticket, checked(&desk, &fault, &traffic, false).await),
        Effect::CheckChange(ticket, fault, traffic) => {
            Event::Checked(ticket, checked(&desk, &fault, &traffic, true).await)
        }
        Effect::Apply(ticket, checked, approval, traffic) => {
            Event::Applied(ticket, apply(&desk, *checked, approval, &traffic).await)
        }
        Effect::Abort(ticket, id) => {
            let ended = desk.engine().await.abort(&id).await;
            Event::Ordered(ticket, told(ended, events).await)
        }
        Effect::Extend(ticket, id, by) => {
            let extended = desk.engine().await.extend(&id, by).await;
            Event::Ordered(ticket, told(extended, events).await)
        }
        Effect::Decide(ticket, id, decision) => {
            let decided = desk.engine().await.decide(&id, decision).await;
            Event::Ordered(ticket, told(decided, events).await)
        }
        Effect::Print(ticket, id) => {
            let lines = desk.engine().await.print(&id).await.map_err(|error| disobeyed(&error));
            Event::Text(ticket, lines.map(|lines| lines.join("\n")))
        }
        Effect::StopAll(ticket, everyone) => {
            let stopped = desk.engine().await.stop_all(everyone).await.map_err(|error| disobeyed(&error));
            Event::Stopped(ticket, stopped)
        }
        Effect::Release(ticket, reason) => {
            let lifted = desk.engine().await.release(&reason).await.map_err(|error| disobeyed(&error));
            let by = latch::get(&desk.state_dir).map(|latch| sanitize::line(&latch.by).into_owned());
            let _ = events.send(Event::Latched(by)).await;
            Event::Ordered(ticket, lifted)
        }
        _ => return None,
    })
}

/// Tells the view an order came to, and whether it was obeyed.
async fn told(answer: Result<InjectionView, OrderError>, events: &mpsc::Sender<Event>) -> Result<(), Failure> {
    match answer {
        Ok(view) => {
            let _ = events.send(Event::Injection(Box::new(view))).await;
            Ok(())
        }
        Err(error) => Err(disobeyed(&error)),
    }
}

async fn checked(desk: &Desk, fault: &Fault, traffic: &Traffic, kept: bool) -> Result<Box<Checked>, Failure> {
    let id = fresh::id();
    let traffic = desk.seen(traffic).await;
    let checked = if kept {
        check::prepare_change(&desk.live, fault, &id, &desk.terms, &traffic).await
    } else {
        check::prepare(&desk.live, fault, &id, &desk.terms, &traffic).await
    };
    checked.map(Box::new).map_err(|error| unchecked(&error))
}

fn unchecked(error: &CheckError) -> Failure {
    match error {
        CheckError::Compile(error) => uncompiled(error),
        CheckError::Link { .. } => {
            Failure::new(safe(error), "check the connection with `brink doctor`, then try again")
        }
    }
}

fn uncompiled(error: &CompileError) -> Failure {
    let fix = match error {
        CompileError::Intent(_) => "change the field it names",
        CompileError::NoSuchTarget { .. } => "choose another target",
        CompileError::NothingMatches { .. } => "aim it at something that has pods",
        CompileError::CannotExpress { what, fix } => return Failure::new(safe(what), safe(fix)),
        CompileError::NotServed { .. } | CompileError::NoDriver { .. } => {
            "choose another driver or kind; `brink doctor` says what this cluster lacks"
        }
        CompileError::Unreadable { .. } => "ask for the right to read it; `brink doctor` shows what is missing",
    };
    Failure::new(safe(error), fix)
}

fn disobeyed(error: &OrderError) -> Failure {
    Failure::new(safe(error), error.fix())
}

fn safe(error: &impl ToString) -> String {
    sanitize::line(&error.to_string()).into_owned()
}

/// Looks once more, and applies only what a person saw.
async fn apply(desk: &Desk, checked: Checked, approval: Approval, traffic: &Traffic) -> Result<String, ApplyError> {
    let traffic = desk.seen(traffic).await;
    let now = check::still(&desk.live, &checked, &desk.terms, &traffic).await?;
    let intent = file::value(&now.plan.fault);
    desk.engine().await.apply(now, approval, intent).await
}

async fn read_file(path: &str) -> Result<String, Failure> {
    let full = match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => Path::new(path).to_path_buf(),
    };
    let failed = |why: String| {
        Failure::new(format!("cannot read {}: {why}", sanitize::line(path)), "give the path of a YAML or JSON file")
    };
    let file = tokio::fs::File::open(&full).await.map_err(|error| failed(error.to_string()))?;
    let meta = file.metadata().await.map_err(|error| failed(error.to_string()))?;
    // A pipe or a device may never end.
    if !meta.is_file() {
        return Err(failed("it is no file".to_owned()));
    }
    let mut text = String::new();
    file.take(LARGEST_FILE + 1).read_to_string(&mut text).await.map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(failed(format!("it is larger than {} MiB", LARGEST_FILE >> 20)));
    }
    Ok(text)
}

/// A record of somebody's injection.
struct RecordRow {
    uid: Uid,
    cluster: String,
    view: InjectionView,
}

fn row(manifest: &Manifest) -> Option<RecordRow> {
    let record = record::read(manifest).ok()?;
    Some(RecordRow { uid: manifest.uid()?, cluster: record.arm.cluster_uid.clone(), view: foreign_view(&record) })
}

/// Watches the records of the cluster, or of the namespace where only that is allowed.
async fn watch_records(ticket: Ticket, link: Link, desk: Desk, events: mpsc::Sender<Event>) {
    let mut scope = Scope { labels: record::selector(), ..Scope::all() };
    loop {
        let (to, mut batches) = mpsc::channel::<Batch<RecordRow>>(watches::CHANNEL);
        let work = tokio::spawn(watches::objects(link.clone(), record::kind(), scope.clone(), row, to));
        let work = AbortOnDrop(work);
        let mut rows: HashMap<Uid, RecordRow> = HashMap::new();
        let mut narrower = false;
        while let Some(batch) = batches.recv().await {
            if matches!(batch.source, Source::Forbidden { .. }) && scope.namespace.is_none() {
                narrower = true;
                break;
            }
            for delta in batch.deltas {
                if tell_record(&desk, delta, &mut rows, &events).await.is_none() {
                    return;
                }
            }
            if events.send(Event::FaultSource(ticket, batch.source)).await.is_err() {
                return;
            }
        }
        drop(work);
        if !narrower {
            return;
        }
        scope.namespace = Some(link.namespace().to_owned());
    }
}

/// Tells of a record unless its injection is kept here: then the engine knows better. One kept by another process of this
/// person is his own, and its journal tells more than its record. `None` when nobody listens any more.
async fn tell_record(
    desk: &Desk,
    delta: Delta<RecordRow>,
    rows: &mut HashMap<Uid, RecordRow>,
    events: &mpsc::Sender<Event>,
) -> Option<()> {
    let (id, cluster) = match delta {
        Delta::Upsert(row) => {
            let named = (row.view.injection.clone(), row.cluster.clone());
            rows.insert(row.uid, row);
            named
        }
        Delta::Remove(uid) => match rows.remove(&uid) {
            Some(row) => (row.view.injection, row.cluster),
            None => return Some(()),
        },
    };
    if desk.made.get().is_some_and(|engine| engine.kept().iter().any(|view| view.injection == id)) {
        return Some(());
    }
    let shelf = Shelf::new(&desk.state_dir, &host());
    // Of several that claim an id the earliest is shown: ids are random, so a copy comes later.
    let claims = rows.values().filter(|row| row.view.injection == id);
    let first = claims.min_by(|a, b| (a.view.since, &a.uid).cmp(&(b.view.since, &b.uid)));
    let cluster = first.map_or(cluster, |row| row.cluster.clone());
    let event = match (glance::own(&shelf, &cluster, &id, desk.live.now()), first) {
        (Some(own), _) => Event::Injection(Box::new(own)),
        (None, Some(row)) => Event::Injection(Box::new(row.view.clone())),
        (None, None) => Event::Gone(id),
    };
    events.send(event).await.ok()
}

/// A task that ends with whoever waits for it.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
