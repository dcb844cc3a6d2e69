//! Requests, one by one: who calls whom, what every proxy on the way does with it, what is counted and logged.
//!
//! The room reads objects, never writes them, knows no protocol and no clock: a tick is a call with two times. What it leaves
//! out is written in its README.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of pods, ports and microseconds stay far below what these types hold"
)]

pub mod behaviour;
mod certificate;
mod chaos;
mod closed;
mod compile;
mod edge;
mod expression;
mod flags;
mod generator;
mod health;
mod json;
mod limit;
mod log;
mod queue;
mod report;
mod request;
mod serve;
mod shapes;
mod sidecar;
mod span;
mod state;
mod stream;
mod tries;
mod tunnel;
mod walk;

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::world::Town;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
};

use self::{
    behaviour::Flow,
    closed::Closed,
    state::{Bound, State},
    stream::Stream,
    walk::Walk,
};
pub use self::{
    closed::{Ended, Wanted},
    compile::{Container, Plane, Probe, Proxy, READ, Snapshot, compile},
    edge::{BOUNDS, Edge, EdgeKey, Reporter, Security, Workload},
    flags::Flags,
    generator::generators,
    log::{Access, Line, LogRecord, Shape, reason, stamp},
    request::Request,
    sidecar::{Counted, What},
    tries::{CLASSES, Tries},
    tunnel::{Tunnel, TunnelKey},
    walk::Outcome,
};

/// Shortest and longest time until the proxies have a change, milliseconds.
const CONVERGENCE: (f64, f64) = (80.0, 400.0);

/// How a flow fared so far.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Fared {
    /// Requests sent.
    pub sent: u64,
    /// Of these, failed: 5xx, no answer, gRPC errors.
    pub failed: u64,
    /// Sum of their latencies, milliseconds.
    pub latency: f64,
}

/// A pod's signals, as its node would report them.
#[derive(Debug, Clone, PartialEq)]
pub struct Signal {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Pod.
    pub pod: Arc<str>,
    /// Uid.
    pub uid: Arc<str>,
    /// Cores in use.
    pub cores: f64,
    /// Bytes in use.
    pub memory: f64,
    /// Requests in flight.
    pub in_flight: u32,
    /// Requests per second.
    pub rps: f64,
    /// Of these cores, what it needs without any request.
    pub idle_cores: f64,
    /// CPU seconds of its requests so far.
    pub cpu_seconds: f64,
    /// Its sidecar.
    pub proxy: Option<Proxied>,
    /// Bytes beyond which it is killed.
    pub memory_limit: Option<f64>,
    /// Its containers with their limits.
    pub containers: Arc<[Container]>,
    /// How its node asks whether it is ready.
    pub probe: Option<Probe>,
    /// How long a request of its node would take now, milliseconds.
    pub answers_in: f64,
}

/// A sidecar's own part of its pod's signals.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proxied {
    /// Cores it needs without any request.
    pub idle_cores: f64,
    /// CPU seconds of the requests it let through so far.
    pub cpu_seconds: f64,
    /// Bytes in use.
    pub memory: f64,
}

/// What a container needs that neither serves nor lets requests through: cores and bytes.
pub const IDLE: (f64, f64) = (0.001, 16e6);

/// The traffic of a world.
#[derive(Debug, Clone)]
pub struct Traffic {
    seed: u64,
    flows: Vec<Flow>,
    /// How many of the flows are the world's own; the others come and go with their Jobs.
    own: usize,
    fared: Vec<Fared>,
    /// Closed flows by the number they were given.
    loads: BTreeMap<u64, Closed>,
    loaded: u64,
    state: State,
    seen: Option<Arc<Snapshot>>,
    /// How many snapshots were seen.
    snapshots: u64,
    active: Bound,
    pending: Vec<(f64, Bound)>,
    convergence: Vec<f64>,
    pushes: u64,
    rejects: u64,
    asked: u64,
}

impl Traffic {
    /// Traffic of these flows; nothing flows until the first [`Traffic::tick`].
    pub fn new(seed: u64, flows: Vec<Flow>) -> Self {
        let fared = vec![Fared::default(); flows.len()];
        Self {
            seed,
            own: flows.len(),
            flows,
            fared,
            loads: BTreeMap::new(),
            loaded: 0,
            state: State::default(),
            seen: None,
            snapshots: 0,
            active: Bound::default(),
            pending: Vec::new(),
            convergence: Vec::new(),
            pushes: 0,
            rejects: 0,
            asked: 0,
        }
    }

    /// The flows, in the order [`compile`] needs them.
    pub fn flows(&self) -> &[Flow] {
        &self.flows
    }

    /// Takes over what Jobs send now, beside the world's own flows.
    pub fn set_generators(&mut self, generators: Vec<Flow>) {
        self.flows.truncate(self.own);
        self.flows.extend(generators);
        self.flows.extend(self.loads.values().map(|load| load.flow().clone()));
        self.fared.resize(self.flows.len(), Fared::default());
    }

    /// Begins a closed flow, as soon as a snapshot with it is active. Its number.
    pub fn load(&mut self, wanted: Wanted) -> u64 {
        self.loaded += 1;
        let number = self.loaded;
        let flow = Flow { name: format!("load {number}"), rps: 0.0, ..wanted.flow };
        self.loads.insert(number, Closed::new(Wanted { flow, ..wanted }));
        number
    }

    /// How many closed flows there are.
    pub fn loads(&self) -> usize {
        self.loads.len()
    }

    /// What came of a closed flow once it is over at a moment (Unix milliseconds). It is gone then.
    pub fn ended(&mut self, number: u64, at: u64) -> Option<Ended> {
        self.loads.get(&number).filter(|load| load.over(at as f64))?;
        self.loads.remove(&number).map(Closed::into_ended)
    }

    /// Changes the rate of a flow; whether there is one of this name.
    pub fn set_rate(&mut self, flow: &str, rps: f64) -> bool {
        let found = self.flows.iter_mut().find(|one| one.name == flow);
        found.map(|one| one.rps = rps).is_some()
    }

    /// Lets all requests of a tick happen (Unix milliseconds). The snapshot is the latest; the proxies follow it a little
    /// later, as a control plane lets them.
    pub fn tick(&mut self, snapshot: &Arc<Snapshot>, from: u64, to: u64) {
        let (start, end) = (from as f64, to as f64);
        self.follow(snapshot, start);
        let span = end - start;
        if span <= 0.0 {
            return;
        }
        let mut arrivals: Vec<(f64, usize, Stream)> = Vec::new();
        for (at, flow) in self.flows.iter().enumerate() {
            let mut stream = Stream::of(self.seed, &flow.name, from);
            let wave = flow.wave.as_ref().map_or(1.0, |wave| {
                let phase = Stream::of(self.seed, &flow.name, u64::MAX).unit();
                1.0 + wave.depth * (std::f64::consts::TAU * (start / wave.period.max(1.0) + phase)).sin()
            });
            let n = stream.poisson(flow.rps * wave.max(0.0) * span / 1000.0);
            let times: Vec<f64> = (0..n).map(|_| start + stream.unit() * span).collect();
            arrivals.extend((0u64..).zip(times).map(|(n, time)| (time, at, stream.child(n))));
        }
        arrivals.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut arrivals = arrivals.into_iter().peekable();
        let mut turns = self.turns(start, end);
        loop {
            // Moments of this era are above zero, so that their bits sort as they do.
            let turn = turns.peek().map(|Reverse((bits, ..))| f64::from_bits(*bits));
            if let Some((t, flow, stream)) = arrivals.next_if(|(t, ..)| turn.is_none_or(|turn| *t <= turn)) {
                self.state.advance(t);
                let patience = self.flows[flow].timeout.unwrap_or(f64::INFINITY);
                let outcome = self.enter(flow, patience, t, stream);
                let fared = &mut self.fared[flow];
                fared.sent += 1;
                fared.failed += u64::from(outcome.failed());
                fared.latency += outcome.latency;
            } else if let Some(Reverse((bits, number, worker, entry))) = turns.pop() {
                let t = f64::from_bits(bits);
                self.state.advance(t);
                let Some(next) = self.take_turn(number, worker, entry, t) else { continue };
                if next < end {
                    turns.push(Reverse((next.to_bits(), number, worker, entry)));
                }
            } else {
                break;
            }
        }
        self.state.advance(end);
        self.state.settle(span);
    }

    /// The turns of closed flows in a tick, with the entry each goes in by. One begins when the proxies know of it.
    fn turns(&mut self, start: f64, end: f64) -> BinaryHeap<Reverse<(u64, u64, usize, usize)>> {
        let entries = &self.active.snapshot.entries;
        let mut turns = BinaryHeap::new();
        for (number, load) in &mut self.loads {
            let Some(entry) = entries.iter().position(|entry| entry.name == load.flow().name) else { continue };
            load.begin(start);
            turns.extend(load.due(end).map(|(next, worker)| Reverse((next.to_bits(), *number, worker, entry))));
        }
        turns
    }

    /// A worker sends; when it sends again, if it does.
    fn take_turn(&mut self, number: u64, worker: usize, entry: usize, t: f64) -> Option<f64> {
        let load = self.loads.get(&number)?;
        let patience = load.flow().timeout.unwrap_or(f64::INFINITY);
        let stream = Stream::of(self.seed, &load.flow().name, t.to_bits()).child(worker as u64);
        let outcome = self.enter(entry, patience, t, stream);
        let load = self.loads.get_mut(&number)?;
        Some(load.answered(worker, t, outcome)).filter(|next| *next < load.until())
    }

    /// Notices a new snapshot, and lets the proxies have those that are due.
    fn follow(&mut self, snapshot: &Arc<Snapshot>, now: f64) {
        let known = self.seen.as_ref().is_some_and(|seen| Arc::ptr_eq(seen, snapshot));
        if !known {
            let bound = self.state.bind(snapshot);
            self.state.see(&bound);
            self.snapshots += 1;
            let plane = snapshot.plane().unwrap_or_default();
            self.pushes += plane.clients;
            self.rejects += plane.refusing;
            if self.seen.is_none() {
                self.active = bound;
            } else {
                let draw = Stream::of(self.seed, "control plane", now as u64).unit();
                let delay = CONVERGENCE.0 + draw * (CONVERGENCE.1 - CONVERGENCE.0);
                self.convergence.push(delay);
                self.pending.push((now + delay, bound));
            }
            self.seen = Some(Arc::clone(snapshot));
        }
        while let Some(at) = self.pending.iter().rposition(|(due, _)| *due <= now) {
            self.active = self.pending.swap_remove(at).1;
            self.state.shapes.forget();
            // What was pushed before it is overtaken.
            self.pending.drain(..at.min(self.pending.len()));
        }
    }

    fn enter(&mut self, flow: usize, patience: f64, t: f64, mut stream: Stream) -> Outcome {
        let nobody = Outcome { latency: 1.0, code: 0, grpc: None, flags: Flags::NONE };
        let bound = &self.active;
        let Some(entry) = bound.snapshot.entries.get(flow) else { return nobody };
        let Some(site) = entry.site else { return nobody };
        if entry.dropped {
            return Outcome { latency: patience.min(10_000.0), ..nobody };
        }
        let pod = match (entry.through, entry.pods.is_empty()) {
            (true, true) => return nobody,
            (true, false) => Some(bound.pods[entry.pods[stream.below(entry.pods.len())] as usize]),
            (false, _) => None,
        };
        if pod.is_some_and(|pod| !self.state.pods[pod as usize].alive) {
            return nobody;
        }
        if let Some(pod) = pod {
            self.state.touch(pod).queue.arrive(0.3, 0.2, 256);
        }
        let site = &bound.snapshot.sites[site as usize];
        Walk { bound, state: &mut self.state, stream }.call(site, pod, t, patience, 0)
    }

    /// A real request that arrives at a Gateway, `NAMESPACE/NAME`; `None` when no pod of it takes connections.
    pub fn request(&mut self, gateway: &str, request: Request, at: u64) -> Option<Outcome> {
        let (pod, site) = self.active.snapshot.at_gateway(gateway, request)?;
        let pod = self.active.pods[pod as usize];
        if !self.state.pods[pod as usize].alive {
            return None;
        }
        self.asked += 1;
        let stream = Stream::of(self.seed, gateway, at).child(self.asked);
        let mut walk = Walk { bound: &self.active, state: &mut self.state, stream };
        Some(walk.call(&site, Some(pod), at as f64, f64::INFINITY, 0))
    }

    /// The counters of the edges that a pod reports, with numbers that stay.
    pub fn edges_of(&self, pod: u32) -> impl Iterator<Item = (u32, &Edge)> {
        self.state.edges.of(pod)
    }

    /// Rises whenever other pods may be there.
    pub fn pods_seen(&self) -> u64 {
        self.snapshots
    }

    /// Counters of all edges, with numbers that stay.
    pub fn counters(&self) -> impl Iterator<Item = (u32, &Edge)> {
        self.state.edges.iter()
    }

    /// The names of a workload's number; `None`: unknown.
    pub fn workload(&self, number: u32) -> Option<&Workload> {
        self.state.workloads.name(number)
    }

    /// Namespace and name of a Service's number; `None`: unknown.
    pub fn service(&self, number: u32) -> Option<&(Arc<str>, Arc<str>)> {
        self.state.services.name(number)
    }

    /// Namespace and name of a pod's number.
    pub fn pod(&self, number: u32) -> Option<(&Arc<str>, &Arc<str>)> {
        self.state.pods.get(number as usize).map(|pod| (&pod.namespace, &pod.name))
    }

    /// A pod's address.
    pub fn address(&self, number: u32) -> &str {
        self.state.pods.get(number as usize).map_or("", |pod| &pod.ip)
    }

    /// What stands before a pod's containers, or is all it runs.
    pub fn proxy(&self, number: u32) -> Proxy {
        self.state.pods.get(number as usize).map_or(Proxy::None, |pod| pod.proxy)
    }

    /// A Gateway and a route of it (`NAMESPACE/NAME` each) by their number; `None`: unknown.
    pub fn route(&self, number: u32) -> Option<&(Arc<str>, Arc<str>)> {
        self.state.routes.name(number)
    }

    /// Pods that are there, by number, with their uid.
    pub fn pods(&self) -> impl Iterator<Item = (u32, &Arc<str>)> {
        (0u32..).zip(&self.state.pods).filter(|(_, pod)| pod.there).map(|(number, pod)| (number, &pod.uid))
    }

    /// Tries of calling pods towards clusters (`outbound|PORT|SUBSET|HOST`).
    pub fn tries(&self) -> impl Iterator<Item = (u32, &Arc<str>, Tries)> {
        self.state.tries.iter().map(|((pod, cluster), tries)| (*pod, cluster, *tries))
    }

    /// Hosts of a cluster that are ejected at a moment (Unix milliseconds), as a calling pod's proxy knows.
    pub fn ejected(&self, pod: u32, cluster: &Arc<str>, at: u64) -> usize {
        let caller = self.state.pods.get(pod as usize).map_or(u32::MAX, |pod| pod.workload);
        self.state.ejected.now(caller, cluster, &self.state.health, at as f64)
    }

    /// What istiod tells of itself; `None` while none runs.
    pub fn plane(&self) -> Option<Plane> {
        self.seen.as_ref()?.plane()
    }

    /// How many times istiod pushed to a proxy.
    pub fn pushes(&self) -> u64 {
        self.pushes
    }

    /// How many of these pushes were refused.
    pub fn rejects(&self) -> u64 {
        self.rejects
    }

    /// What ztunnels counted.
    pub fn tunnels(&self) -> impl Iterator<Item = (&TunnelKey, &Tunnel)> {
        self.state.tunnels.iter()
    }

    /// What sidecars of Dapr counted, and the application id of each pod that has one.
    pub fn sidecars(&self) -> impl Iterator<Item = (&Counted, u64)> {
        self.state.sidecars.counts()
    }

    /// The application of Dapr that a pod is of.
    pub fn app_id(&self, number: u32) -> Option<&Arc<str>> {
        self.state.pods.get(number as usize)?.app_id.as_ref()
    }

    /// How the flows fared, in their order.
    pub fn fared(&self) -> &[Fared] {
        &self.fared
    }

    /// How long the proxies took to follow each change since the last call, milliseconds.
    pub fn take_convergence(&mut self) -> Vec<f64> {
        std::mem::take(&mut self.convergence)
    }

    /// Log lines since the last call, in the order in which they were written.
    pub fn take_logs(&mut self) -> Vec<LogRecord> {
        let mut logs = std::mem::take(&mut self.state.logs);
        logs.sort_by(|a, b| a.at.total_cmp(&b.at));
        logs
    }

    /// Signals of all pods that run.
    pub fn signals(&self) -> impl Iterator<Item = Signal> {
        self.state.pods.iter().filter(|pod| pod.alive).map(|pod| Signal {
            namespace: Arc::clone(&pod.namespace),
            pod: Arc::clone(&pod.name),
            uid: Arc::clone(&pod.uid),
            cores: pod.cores(),
            memory: pod.base_memory + pod.stress.1 + f64::from(pod.in_flight) * pod.memory_per_request,
            in_flight: pod.in_flight,
            rps: pod.queue.rps(),
            idle_cores: pod.base_cpu,
            cpu_seconds: pod.cpu_seconds,
            proxy: (pod.proxy == Proxy::Sidecar).then(|| pod.proxied()),
            memory_limit: pod.memory_limit,
            containers: Arc::clone(&pod.containers),
            probe: pod.probe,
            answers_in: pod.queue.takes(),
        })
    }
}
