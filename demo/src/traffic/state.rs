//! What outlives a snapshot: queues, ejections, requests in flight, counters.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashMap},
    sync::Arc,
};

use super::{
    Proxied,
    chaos::Faults,
    compile::{Container, Counts, Limit, Probe, Proxy, Snapshot},
    edge::{Edges, Names, Workload},
    health::Health,
    limit::Bucket,
    log::LogRecord,
    queue::{self, Queue},
    shapes::Shapes,
    sidecar::Sidecars,
    tries::{Ejected, Tries},
    tunnel::Tunnels,
};

/// Most log lines a proxy writes in a second; of more a fair share is kept.
const MOST_LINES: f64 = 50.0;
/// Most log lines kept until somebody takes them.
const MOST_KEPT: usize = 50_000;

/// CPU milliseconds of a sidecar for each request it lets through, cores and bytes it needs without any, and bytes for each
/// request per second: Istio tells 0.2 cores and 60 MB at a thousand.
const PROXY_CPU: f64 = 0.2;
const PROXY_IDLE: (f64, f64) = (0.002, 42e6);
const PROXY_MEMORY: f64 = 18e3;

/// A pod, by its uid.
#[derive(Debug, Clone)]
pub(super) struct PodState {
    pub(super) namespace: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) uid: Arc<str>,
    pub(super) ip: String,
    /// Whether it takes connections.
    pub(super) alive: bool,
    pub(super) there: bool,
    pub(super) workload: u32,
    pub(super) app_id: Option<Arc<str>>,
    /// What stands before its containers, or is all it runs.
    pub(super) proxy: Proxy,
    pub(super) in_flight: u32,
    pub(super) queue: Queue,
    pub(super) cpu_limit: Option<f64>,
    pub(super) memory_limit: Option<f64>,
    pub(super) probe: Option<Probe>,
    pub(super) containers: Arc<[Container]>,
    pub(super) base_cpu: f64,
    pub(super) base_memory: f64,
    /// Cores and bytes that a chaos engine takes from it.
    pub(super) stress: (f64, f64),
    pub(super) memory_per_request: f64,
    pub(super) cpu_seconds: f64,
    /// CPU seconds of its sidecar.
    pub(super) proxy_seconds: f64,
    /// Requests its proxy saw in this tick, and the share of them that is logged.
    pub(super) seen: u32,
    pub(super) seen_rate: f64,
    pub(super) logged: f64,
    pub(super) in_busy: bool,
}

impl PodState {
    /// The part of its sidecar.
    pub(super) fn proxied(&self) -> Proxied {
        Proxied {
            idle_cores: PROXY_IDLE.0,
            cpu_seconds: self.proxy_seconds,
            memory: PROXY_IDLE.1 + self.seen_rate * PROXY_MEMORY,
        }
    }
}

impl PodState {
    /// Cores in use: its own and those a chaos engine takes, as far as its limit lets both.
    pub(super) fn cores(&self) -> f64 {
        let own = self.base_cpu + self.queue.cores(self.cpu_limit);
        if self.stress.0 <= 0.0 {
            return own;
        }
        self.cpu_limit.map_or(own + self.stress.0, |limit| (own + self.stress.0).min(limit))
    }
}

/// What happens later. Beginnings sort before ends of the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Done {
    /// A pod has one request more.
    PodMore(u32),
    /// A caller has one request more towards a cluster.
    PoolMore(u32),
    /// A pod has one request less.
    Pod(u32),
    /// A caller has one request less towards a cluster.
    Pool(u32),
    /// A request is counted, after so many microseconds.
    Edge(u32, u64),
}

/// All that outlives a snapshot.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) pods: Vec<PodState>,
    by_uid: HashMap<Arc<str>, u32>,
    pub(super) busy: Vec<u32>,
    pub(super) workloads: Names<Workload>,
    pub(super) services: Names<(Arc<str>, Arc<str>)>,
    /// Gateways with their routes, `NAMESPACE/NAME` each.
    pub(super) routes: Names<(Arc<str>, Arc<str>)>,
    pub(super) health: HashMap<(u32, u32), Health>,
    pub(super) pools: Vec<u32>,
    pool_of: HashMap<(u32, Arc<str>), u32>,
    /// By calling pod and cluster.
    pub(super) tries: HashMap<(u32, Arc<str>), Tries>,
    pub(super) ejected: Ejected,
    /// By pod and limit.
    buckets: HashMap<(u32, Arc<str>), Bucket>,
    heap: BinaryHeap<Reverse<(u64, Done)>>,
    pub(super) edges: Edges,
    pub(super) tunnels: Tunnels,
    pub(super) sidecars: Sidecars,
    pub(super) logs: Vec<LogRecord>,
    pub(super) shapes: Shapes,
}

/// A snapshot with the numbers its pods, groups and Services have in the state.
#[derive(Debug, Clone, Default)]
pub(super) struct Bound {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) pods: Vec<u32>,
    pub(super) groups: Vec<u32>,
    pub(super) services: Vec<u32>,
    pub(super) chaos: Faults,
}

impl State {
    /// Gives everything in a snapshot its number.
    pub(super) fn bind(&mut self, snapshot: &Arc<Snapshot>) -> Bound {
        let mut groups: Vec<Option<u32>> = Vec::new();
        let mut pods = Vec::with_capacity(snapshot.pods().len());
        for pod in snapshot.pods() {
            let group = snapshot.group(pod.group);
            if groups.len() <= pod.group as usize {
                groups.resize(pod.group as usize + 1, None);
            }
            let workload = *groups[pod.group as usize].get_or_insert_with(|| {
                let label = |names: [&str; 2]| -> Arc<str> {
                    let found = names.iter().find_map(|name| group.labels.get(*name));
                    found.map_or("unknown", String::as_str).into()
                };
                self.workloads.number(Workload {
                    namespace: Arc::clone(&group.namespace),
                    name: Arc::clone(&group.workload),
                    app: label(["app", "app.kubernetes.io/name"]),
                    version: label(["version", "app.kubernetes.io/version"]),
                    account: Arc::clone(&group.account),
                })
            });
            let number = *self.by_uid.entry(Arc::clone(&pod.uid)).or_insert_with(|| {
                self.pods.push(PodState {
                    namespace: Arc::clone(&pod.namespace),
                    name: Arc::clone(&pod.name),
                    uid: Arc::clone(&pod.uid),
                    ip: pod.ip.clone(),
                    alive: false,
                    there: false,
                    workload,
                    app_id: group.app_id.clone(),
                    proxy: group.proxy,
                    in_flight: 0,
                    queue: Queue::default(),
                    cpu_limit: pod.cpu_limit,
                    memory_limit: pod.memory_limit,
                    probe: pod.probe,
                    containers: Arc::clone(&pod.containers),
                    base_cpu: if group.behaviour.base_cpu > 0.0 { group.behaviour.base_cpu } else { 0.002 },
                    base_memory: if group.behaviour.base_memory > 0.0 { group.behaviour.base_memory } else { 48e6 },
                    stress: (0.0, 0.0),
                    memory_per_request: 131_072.0,
                    cpu_seconds: 0.0,
                    proxy_seconds: 0.0,
                    seen: 0,
                    seen_rate: 0.0,
                    logged: 1.0,
                    in_busy: false,
                });
                self.pods.len() as u32 - 1
            });
            pods.push(number);
        }
        let services = (0u32..)
            .map_while(|at| snapshot.try_service(at))
            .map(|service| self.services.number((Arc::clone(&service.namespace), Arc::clone(&service.name))));
        let services = services.collect();
        let groups = groups.into_iter().map(|group| group.unwrap_or(super::edge::UNKNOWN)).collect();
        let mut bound = Bound { snapshot: Arc::clone(snapshot), pods, groups, services, chaos: Faults::default() };
        bound.chaos = Faults::of(&bound);
        bound
    }

    /// What is really there, as opposed to what the proxies know.
    pub(super) fn see(&mut self, latest: &Bound) {
        let before: Vec<bool> = self.pods.iter().map(|pod| pod.alive).collect();
        for pod in &mut self.pods {
            (pod.alive, pod.there) = (false, false);
        }
        for (pod, number) in latest.snapshot.pods().iter().zip(&latest.pods) {
            let state = &mut self.pods[*number as usize];
            (state.alive, state.cpu_limit) = (pod.alive, pod.cpu_limit);
            (state.memory_limit, state.probe) = (pod.memory_limit, pod.probe);
            state.stress = latest.chaos.inside(*number).map_or((0.0, 0.0), |inside| (inside.cores, inside.bytes));
            state.ip.clone_from(&pod.ip);
            // A namespace may have joined ambient mode, or left it.
            state.proxy = latest.snapshot.group(pod.group).proxy;
            if !Arc::ptr_eq(&state.containers, &pod.containers) {
                state.containers = Arc::clone(&pod.containers);
            }
            if state.stress.0 > 0.0 {
                self.touch(*number);
            }
            let state = &mut self.pods[*number as usize];
            state.there = !pod.uid.starts_with("gone:");
        }
        // A program that ended has nothing waiting when it starts again.
        for (pod, before) in self.pods.iter_mut().zip(before) {
            if before && !pod.alive {
                (pod.queue, pod.in_flight) = (Queue::default(), 0);
            }
        }
        let pods = &self.pods;
        self.edges.retain(|pod| pods[pod as usize].there);
        self.tunnels.retain(|pod| pods[pod as usize].there);
        self.sidecars.retain(|pod| pods[pod as usize].there);
        self.health.retain(|(_, pod), _| pods[*pod as usize].there);
        self.buckets.retain(|(pod, _), _| pods[*pod as usize].there);
    }

    /// The number of a caller's limit towards a cluster.
    pub(super) fn pool(&mut self, caller: u32, cluster: &Arc<str>) -> u32 {
        *self.pool_of.entry((caller, Arc::clone(cluster))).or_insert_with(|| {
            self.pools.push(0);
            self.pools.len() as u32 - 1
        })
    }

    /// The first of these limits at which a pod's proxy has no token left; takes one of each that has.
    pub(super) fn limited<'l>(&mut self, pod: u32, limits: &'l [Limit], at: f64) -> Option<&'l Limit> {
        limits.iter().find(|limit| {
            let key = (pod, Arc::clone(&limit.name));
            let bucket = self.buckets.entry(key).or_insert_with(|| Bucket::full(limit, at));
            match limit.counts {
                Counts::Requests => !bucket.take(limit, at),
                // What a request uses is known only when it is answered.
                Counts::Tokens => !bucket.has(limit, at),
            }
        })
    }

    /// A model's answer used so many tokens.
    pub(super) fn used(&mut self, pod: u32, limits: &[Limit], tokens: u32) {
        for limit in limits.iter().filter(|limit| limit.counts == Counts::Tokens) {
            if let Some(bucket) = self.buckets.get_mut(&(pod, Arc::clone(&limit.name))) {
                bucket.spend(tokens);
            }
        }
    }

    /// Notes what happens at a time (Unix milliseconds).
    pub(super) fn later(&mut self, at: f64, done: Done) {
        self.heap.push(Reverse(((at * 1000.0) as u64, done)));
    }

    /// Lets happen what is due.
    pub(super) fn advance(&mut self, to: f64) {
        let limit = (to * 1000.0) as u64;
        while let Some(Reverse((at, done))) = self.heap.peek().copied() {
            if at > limit {
                break;
            }
            self.heap.pop();
            match done {
                Done::PodMore(pod) => self.pods[pod as usize].in_flight += 1,
                Done::PoolMore(pool) => self.pools[pool as usize] += 1,
                Done::Pod(pod) => {
                    let pod = &mut self.pods[pod as usize];
                    pod.in_flight = pod.in_flight.saturating_sub(1);
                }
                Done::Pool(pool) => {
                    let pool = &mut self.pools[pool as usize];
                    *pool = pool.saturating_sub(1);
                }
                Done::Edge(edge, us) => self.edges.count(edge, us as f64 / 1000.0),
            }
        }
    }

    /// A pod has something to settle at the end of the tick.
    pub(super) fn touch(&mut self, pod: u32) -> &mut PodState {
        let state = &mut self.pods[pod as usize];
        if !state.in_busy {
            state.in_busy = true;
            self.busy.push(pod);
        }
        state
    }

    /// Ends a tick.
    pub(super) fn settle(&mut self, span: f64) {
        let (pods, follow) = (&mut self.pods, queue::follow(span));
        self.busy.retain(|number| {
            let pod = &mut pods[*number as usize];
            pod.queue.settle(span, pod.base_cpu + pod.stress.0, pod.cpu_limit);
            pod.proxy_seconds += f64::from(pod.seen) * PROXY_CPU / 1000.0;
            pod.seen_rate += (f64::from(pod.seen) * 1000.0 / span - pod.seen_rate) * follow;
            pod.seen = 0;
            pod.logged = (MOST_LINES / pod.seen_rate.max(1e-9)).min(1.0);
            pod.cpu_seconds += (pod.cores() - pod.base_cpu).max(0.0) * span / 1000.0;
            pod.in_busy = pod.queue.busy() || pod.seen_rate > 1e-3 || pod.stress.0 > 0.0;
            pod.in_busy
        });
        if self.logs.len() > MOST_KEPT {
            self.logs.drain(..self.logs.len() - MOST_KEPT);
        }
    }
}
