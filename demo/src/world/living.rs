//! A world that lives: its API, its controllers, its traffic and what is measured of it, under one clock.
//!
//! Pure: [`World::advance`] lets time pass, requests are answered at the moment they come. Whoever serves it moves the time.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use super::{
    Bundle, Flood, Stage, Trouble, build,
    build::oldest,
    file,
    keeping::Keeping,
    logs::Logs,
    meter::{Meter, Readout},
    strain::Strain,
};
use crate::{
    agents::Desk,
    api::{Cluster, Pulled, Request, Response, Standing, Stream, User},
    base::{kinds, objects::Kind, value::text},
    control::{
        Clocked, Control,
        inject::{self, Injectors},
        key::Key,
        time,
    },
    metrics::{self, Scraper, Tsdb},
    model::Rules,
    store::{Change, KindId, KindRow},
    traffic::{self, Snapshot, Traffic, behaviour},
};

/// One step of the traffic, milliseconds.
const TICK: u64 = 100;
/// Traffic that is lived through before anybody looks, milliseconds: the pattern that the history before it repeats.
const WARM: u64 = 30_000;
/// History made up before that, milliseconds.
const PAST: u64 = 30 * 60_000;
/// A machine that slept does not live through what it missed: the traffic of more than so many milliseconds is left out.
const MISSED: u64 = 10_000;
/// Between two looks at what lies about: probes, memory, logs of pods that are gone.
const CHORES: u64 = 1_000;

/// A write of somebody: the version it made, what it is, its state now.
type News = (u64, Key, Option<Arc<Value>>);

/// How a world is made.
#[derive(Debug, Clone)]
pub struct Wish {
    /// Its texts.
    pub bundle: Bundle,
    /// How many pods; `None`: as its file says.
    pub pods: Option<usize>,
    /// The seed of all names and draws.
    pub seed: u64,
    /// The time it is built for.
    pub now: Timestamp,
}

/// A world.
#[derive(Debug, Clone)]
pub struct World {
    pub(super) cluster: Cluster,
    control: Control,
    pub(super) traffic: Traffic,
    behaviours: behaviour::Behaviours,
    snapshot: Arc<Snapshot>,
    /// The version of the store the controllers know, and the one the snapshot was compiled from.
    observed: u64,
    pub(super) compiled: u64,
    /// The end of the last tick, Unix milliseconds.
    pub(super) ticked: u64,
    chores: u64,
    tsdb: Tsdb,
    scraper: Scraper,
    logs: Logs,
    /// The version of the store at which logs of pods that are gone were last looked for.
    swept: u64,
    pub(super) rules: Rules,
    floods: Vec<Flood>,
    strain: Strain,
    meter: Meter,
    pub(super) desk: Desk,
    /// The token of the first user who may do everything: agents ask by it, each in the name of its own account.
    pub(super) token: String,
}

impl World {
    /// Builds a world and lets its traffic warm up.
    pub fn new(wish: &Wish) -> Result<Self, Trouble> {
        let file = file::read(&wish.bundle)?;
        let rules = match &wish.bundle.rules {
            Some((path, text)) => Rules::with(path, text)?,
            None => Rules::own()?,
        };
        // The cluster is as old as the oldest thing in it; its file tells.
        let mut cluster = Cluster::with(wish.seed, oldest(&file, wish.now), &file.crds);
        cluster.set_admission(admission);
        cluster.set_forgetful(true);
        let warm = time::earlier(wish.now, std::time::Duration::from_millis(WARM));
        let built = build(file, wish.pods, wish.seed, warm, &mut cluster)?;
        let behaviours = behaviours(&built.file)?;
        let flows = built.file.flows.iter().map(|flow| read(flow, "traffic")).collect::<Result<Vec<_>, _>>()?;
        let (start, keeping) = (millis(warm), Keeping::of(built.pods));
        let mut world = Self {
            observed: cluster.store().version(),
            compiled: 0,
            cluster,
            control: built.control,
            traffic: Traffic::new(wish.seed, flows),
            behaviours,
            snapshot: Arc::default(),
            ticked: start,
            chores: start,
            tsdb: Tsdb::new(keeping.scrape, keeping.samples),
            scraper: Scraper::new(wish.seed, keeping.detail),
            logs: Logs::new(keeping.lines),
            swept: 0,
            rules,
            floods: Vec::new(),
            strain: Strain::default(),
            meter: Meter::default(),
            desk: Desk::new(wish.seed),
            token: String::new(),
        };
        world.cluster.set_forgetful(false);
        world.observe_all();
        world.live(wish.now);
        let seed = wish.seed;
        world.tsdb.tile_back(PAST, |k| crate::base::keyed::unit(seed, "past", k.unsigned_abs()));
        // Nobody has watched how it was built: the states on the way are forgotten, which is most of what was stored.
        world.cluster.compact();
        Ok(world)
    }

    /// The objects.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// What its scripted model goes by.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// What its Prometheus holds.
    pub fn samples(&self) -> &Tsdb {
        &self.tsdb
    }

    /// Lets time pass up to a moment.
    pub fn advance(&mut self, to: Timestamp) {
        let end = millis(to);
        if end.saturating_sub(self.ticked) > MISSED {
            self.ticked = end - MISSED;
        }
        self.live(to);
    }

    fn live(&mut self, to: Timestamp) {
        let end = millis(to);
        while self.ticked + TICK <= end {
            let from = self.ticked;
            self.ticked += TICK;
            self.control(at(self.ticked));
            self.tick(from, self.ticked);
            self.think();
        }
        self.control(to);
        self.think();
    }

    fn control(&mut self, to: Timestamp) {
        self.observe();
        self.control.advance(&mut self.cluster, to);
    }

    /// Tells the controllers what clients wrote.
    fn observe(&mut self) {
        let version = self.cluster.store().version();
        if version == self.observed {
            return;
        }
        let Some(mut news) = self.news() else {
            // Forgotten changes: everything is looked at once more.
            return self.observe_all();
        };
        news.sort_by_key(|(version, ..)| *version);
        for (_, key, object) in news {
            self.control.observe(&key, object.as_deref(), self.cluster.now());
        }
        self.observed = version;
    }

    /// What was written since the last look; `None` when that is forgotten.
    fn news(&self) -> Option<Vec<News>> {
        let mut news = Vec::new();
        for (kind, id) in known(&self.cluster) {
            let events = self.cluster.store().since(id, self.observed).ok()?;
            news.extend(events.map(|event| {
                let key = Key::new(kind, event.new.namespace(), event.new.name());
                let object = (event.change != Change::Deleted).then(|| event.new.tree());
                (event.version, key, object)
            }));
        }
        Some(news)
    }

    fn observe_all(&mut self) {
        for (kind, id) in known(&self.cluster) {
            for object in self.cluster.store().list(id, None) {
                let key = Key::new(kind, object.namespace(), object.name());
                if !self.control.knows(&key, object.version) {
                    self.control.observe(&key, Some(&object.tree()), self.cluster.now());
                }
            }
        }
        self.observed = self.cluster.store().version();
    }

    fn tick(&mut self, from: u64, to: u64) {
        self.compile();
        self.traffic.tick(&self.snapshot, from, to);
        for record in self.traffic.take_logs() {
            self.logs.take(record);
        }
        self.flood(from, to);
        self.scraper.converged(&self.traffic.take_convergence());
        self.scraper.scrape(&mut self.tsdb, &self.traffic, from, to);
        if to - self.chores >= CHORES {
            self.chores = to;
            self.chores();
        }
    }

    /// Containers that talk without end.
    fn flood(&mut self, from: u64, to: u64) {
        let store = self.cluster.store();
        let Some(pods) = store.find("", "pods").filter(|_| !self.floods.is_empty()) else { return };
        for flood in &self.floods {
            for pod in store.list(pods, Some(&flood.namespace)).filter(|pod| flood.hits(pod.name())) {
                for line in flood.lines(pod.name(), from, to) {
                    self.logs.take(line);
                }
            }
        }
    }

    /// Makes a new snapshot when something was written that proxies follow.
    fn compile(&mut self) {
        let store = self.cluster.store();
        let version = store.version();
        if version == self.compiled {
            return;
        }
        let moved = self.compiled == 0
            || traffic::READ
                .iter()
                .filter_map(|kind| store.find(kind.group, kind.plural))
                .any(|id| store.since(id, self.compiled).map_or(true, |mut events| events.next().is_some()));
        if moved {
            self.traffic.set_generators(traffic::generators(&self.cluster));
            let flows = self.traffic.flows();
            self.snapshot = Arc::new(traffic::compile(&self.cluster, &self.behaviours, flows, &self.snapshot));
        }
        self.compiled = version;
    }

    fn chores(&mut self) {
        if let Some(usage) = self.meter.read(&self.traffic, self.cluster.store(), self.ticked) {
            (self.control.state.usage, self.control.state.unmeasured) = (usage, false);
        }
        self.strain.look(self.traffic.signals(), &mut self.control.state, at(self.ticked));
        self.cluster.tidy();
        let store = self.cluster.store();
        if let Some(pods) = store.find("", "pods") {
            let went =
                store.since(pods, self.swept).map_or(true, |mut all| all.any(|one| one.change == Change::Deleted));
            if went {
                self.logs.keep(|namespace, pod| store.get(pods, namespace, pod).is_some());
            }
            self.swept = store.version();
        }
        if let Ok(now) = i64::try_from(self.ticked) {
            self.tsdb.forget(now / self.tsdb.interval());
        }
    }

    /// Answers a request of the API.
    pub fn request(&mut self, request: &Request) -> Response {
        if let Some(passed) = self.pass(request) {
            return passed;
        }
        let readout = Readout {
            logs: &self.logs,
            usage: &self.control.state.usage,
            traffic: &self.traffic,
            scraper: &self.scraper,
            at: self.ticked,
        };
        let response = self.cluster.answer(request, &readout);
        // What a client wrote concerns controllers at once.
        self.observe();
        response
    }

    /// What a stream has to say since the last time.
    pub fn pull(&mut self, stream: &mut Stream) -> Pulled {
        if let Stream::Passed(listener) = stream {
            return self.hear(*listener);
        }
        let readout = Readout {
            logs: &self.logs,
            usage: &self.control.state.usage,
            traffic: &self.traffic,
            scraper: &self.scraper,
            at: self.ticked,
        };
        self.cluster.pull(stream, &readout)
    }

    /// Who may log in.
    pub fn set_users(&mut self, users: Vec<User>) {
        let all = users.iter().find(|user| user.groups.iter().any(|group| group == "system:masters"));
        self.token = all.map(|user| user.token.clone()).unwrap_or_default();
        self.cluster.set_users(users);
    }

    /// Which trouble stands from now on, with the API and in the logs.
    pub fn set_trouble(&mut self, standing: Standing, floods: Vec<Flood>) {
        self.cluster.set_standing(standing);
        self.floods = floods;
    }

    /// Forgets changes and begun lists, so that watches and pages answer 410.
    pub fn compact(&mut self) {
        self.observe();
        self.cluster.compact();
    }

    /// Remembers all objects under a name. Metrics, logs and time are not of the past: they run on.
    pub fn checkpoint(&mut self, name: &str) {
        self.cluster.checkpoint(name);
    }

    /// Writes the remembered objects back, so that watchers see ordinary events; false without such a name.
    pub fn restore(&mut self, name: &str) -> bool {
        // What was written just before is known to the controllers before it is written over.
        self.observe();
        let known = self.cluster.restore(name);
        self.observe();
        known
    }

    /// Answers a request to the Prometheus.
    pub fn metrics(&self, path: &str, params: &[(String, String)]) -> (u16, Value) {
        metrics::answer(&self.tsdb, path, params, self.cluster.now().as_millisecond())
    }
}

impl Clocked for Cluster {
    fn set_now(&mut self, now: Timestamp) {
        self.advance(now);
    }
}

impl Stage for Cluster {
    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}

/// The kinds that controllers know and the cluster serves.
fn known(cluster: &Cluster) -> Vec<(Kind, KindId)> {
    kinds::ALL.iter().filter_map(|kind| Some((*kind, cluster.store().find(kind.group, kind.plural)?))).collect()
}

/// Sidecars, as the webhooks of Istio and Dapr would add them while one of their pods is there to answer.
fn admission(cluster: &Cluster, row: &KindRow, object: &mut Value) {
    if row.plural != kinds::POD.plural || !row.group.is_empty() {
        return;
    }
    let store = cluster.store();
    let space = text(object, &["metadata", "namespace"]).to_owned();
    let namespace = store.find("", "namespaces").and_then(|id| store.get(id, "", &space));
    let pods = store.find("", "pods");
    let there = |namespace: &str, app: &str| {
        pods.is_some_and(|pods| store.list(pods, Some(namespace)).any(|pod| text(pod.labels(), &["app"]) == app))
    };
    let injectors =
        Injectors { istio: there("istio-system", "istiod"), dapr: there("dapr-system", "dapr-sidecar-injector") };
    inject::join(object, namespace.map_or(&Value::Null, |namespace| namespace.value()), injectors);
}

fn behaviours(file: &super::WorldFile) -> Result<behaviour::Behaviours, Trouble> {
    let mut all = BTreeMap::new();
    for (workload, serves) in &file.serves {
        all.insert(workload.clone(), read(serves, workload)?);
    }
    Ok(all)
}

fn read<T: for<'de> Deserialize<'de>>(value: &Value, whose: &str) -> Result<T, Trouble> {
    T::deserialize(value).map_err(|error| Trouble::said(format!("{whose}: {error}"), "mend the world file"))
}

fn millis(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or_default()
}

fn at(millis: u64) -> Timestamp {
    i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok()).unwrap_or_default()
}
