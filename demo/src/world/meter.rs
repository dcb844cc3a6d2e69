//! The metrics server of a world: reads from time to time what the containers of its pods use. And what the API reads of the
//! world beyond its objects.
//!
//! As the real one it knows CPU only as a sum that grows, so a pod is told from the second reading on. A container's part comes
//! from the traffic model: the application's, its sidecar's, and what a container needs that does nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use serde_json::Value;

use super::logs::Logs;
use crate::{
    api::{Answered, Ask, Asked, Line, Readings},
    base::{
        proxies, quantity,
        usage::{Amount, PodUsage, Usage},
        value::{at, list, text},
    },
    metrics::{Door, Scraper},
    store::{Object, Store},
    traffic::{IDLE, Signal, Traffic},
};

/// Between two readings, milliseconds: `--metric-resolution` of the real one.
const EVERY: u64 = 15_000;

/// Sums of CPU seconds at a moment: the application's, its sidecar's.
#[derive(Debug, Clone, Copy)]
struct Point {
    at: u64,
    own: f64,
    proxy: f64,
}

/// Whose part a container takes.
#[derive(Debug, Clone, Copy)]
enum Part {
    /// The application's.
    Own,
    /// The sidecar's.
    Proxy,
    /// Neither: it does nothing.
    Idle(Amount),
}

/// The containers of a pod that run, in one of its states.
#[derive(Debug, Clone)]
struct Running {
    version: u64,
    parts: Vec<(String, Part)>,
}

/// What was read last, by uid.
#[derive(Debug, Clone, Default)]
pub(super) struct Meter {
    points: HashMap<Arc<str>, Point>,
    running: HashMap<Arc<str>, Running>,
    read: u64,
}

impl Meter {
    /// Reads all pods when it is time; `now` in Unix milliseconds.
    pub(super) fn read(&mut self, traffic: &Traffic, store: &Store, now: u64) -> Option<Usage> {
        if now < self.read + EVERY {
            return None;
        }
        self.read = now;
        let pods = store.find("", "pods")?;
        let when = i64::try_from(now).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())?;
        let mut points = HashMap::with_capacity(self.points.len());
        let mut held = std::mem::take(&mut self.running);
        let mut usage = Usage::default();
        for signal in traffic.signals() {
            let proxy = signal.proxy.map_or(0.0, |proxy| proxy.cpu_seconds);
            let point = Point { at: now, own: signal.cpu_seconds, proxy };
            if let (Some(before), Some(pod)) =
                (self.points.get(&signal.uid), store.get(pods, &signal.namespace, &signal.pod))
            {
                let window = Duration::from_millis(now - before.at);
                let known = held.remove(&signal.uid).filter(|running| running.version == pod.version);
                let running = known.unwrap_or_else(|| Running::of(pod, &signal));
                let containers = running.use_of(&signal, *before, point);
                self.running.insert(Arc::clone(&signal.uid), running);
                usage.note(&signal.namespace, &signal.pod, PodUsage { at: when, window, containers });
            }
            points.insert(signal.uid, point);
        }
        self.points = points;
        Some(usage)
    }
}

impl Running {
    fn of(pod: &Object, signal: &Signal) -> Self {
        let (version, pod) = (pod.version, pod.tree());
        let statuses = list(&pod, &["status", "containerStatuses"]).iter();
        let statuses = list(&pod, &["status", "initContainerStatuses"]).iter().chain(statuses);
        let running = statuses.filter(|one| at(one, &["state", "running"]).is_object());
        let specs = list(&pod, &["spec", "containers"]).iter();
        let own = specs.map(|one| text(one, &["name"])).find(|name| *name != proxies::ISTIO || signal.proxy.is_none());
        let part = |name: &str| match name {
            _ if Some(name) == own => Part::Own,
            proxies::ISTIO if signal.proxy.is_some() => Part::Proxy,
            _ => Part::Idle(idle(&pod, name)),
        };
        let names = running.map(|one| text(one, &["name"]));
        Self { version, parts: names.map(|name| (name.to_owned(), part(name))).collect() }
    }

    /// What each of them uses.
    fn use_of(&self, signal: &Signal, before: Point, now: Point) -> Vec<(String, Amount)> {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds between two readings")]
        let seconds = (now.at - before.at) as f64 / 1000.0;
        let rate = |from: f64, to: f64| ((to - from) / seconds).max(0.0);
        let amount = |part: &Part| match (part, signal.proxy) {
            (Part::Own, _) => Amount { cores: signal.idle_cores + rate(before.own, now.own), memory: signal.memory },
            (Part::Proxy, Some(proxy)) => {
                Amount { cores: proxy.idle_cores + rate(before.proxy, now.proxy), memory: proxy.memory }
            }
            (Part::Idle(amount), _) => *amount,
            (Part::Proxy, None) => Amount::default(),
        };
        self.parts.iter().map(|(name, part)| (name.clone(), amount(part))).collect()
    }
}

/// A container that does nothing, within its limits.
fn idle(pod: &Value, name: &str) -> Amount {
    let spec = list(pod, &["spec", "containers"]).iter().find(|one| text(one, &["name"]) == name);
    let limit = |resource: &str, most: f64| {
        let said = spec.map(|spec| text(spec, &["resources", "limits", resource]));
        said.and_then(quantity::read).map_or(most, |limit| limit.min(most))
    };
    Amount { cores: limit("cpu", IDLE.0), memory: limit("memory", IDLE.1) }
}

/// What the API reads of a living world beyond its objects.
pub(super) struct Readout<'a> {
    pub(super) logs: &'a Logs,
    pub(super) usage: &'a Usage,
    pub(super) traffic: &'a Traffic,
    pub(super) scraper: &'a Scraper,
    /// The end of the last tick, Unix milliseconds.
    pub(super) at: u64,
}

impl Readout<'_> {
    /// What answers in a pod; ztunnels and istiod are no proxies of their own pods.
    fn door(&self, pod: &Object) -> Option<Door> {
        match text(pod.labels(), &["app"]) {
            "istiod" => Some(Door::Istiod),
            "ztunnel" => Some(Door::Ztunnel),
            _ => {
                let number = self.traffic.pods().find(|(_, uid)| ***uid == *pod.uid()).map(|(number, _)| number);
                number.filter(|number| self.traffic.proxy(*number).reads()).map(Door::Proxy)
            }
        }
    }
}

impl Readings for Readout<'_> {
    fn log(&self, ask: &Ask) -> Vec<Line> {
        self.logs.log(ask)
    }

    fn usage(&self) -> Option<&Usage> {
        Some(self.usage)
    }

    fn reach(&self, store: &Store, pod: &Object, asked: Asked<'_>) -> Answered {
        let Some(door) = self.door(pod).filter(|_| pod.phase() == "Running") else { return Answered::Closed };
        let (ports, paths) = door.places(self.traffic);
        if !ports.contains(&asked.port) {
            return Answered::Closed;
        }
        if !paths.contains(&asked.path) {
            return Answered::NoPath;
        }
        let node = pod.node();
        let pods = store.find("", "pods");
        let beside = |namespace: &str, name: &str| {
            pods.and_then(|pods| store.get(pods, namespace, name)).is_some_and(|one| one.node() == node)
        };
        Answered::Metrics(self.scraper.exposition(self.traffic, door, asked.used_only, self.at, beside))
    }
}
