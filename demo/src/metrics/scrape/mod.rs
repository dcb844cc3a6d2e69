//! Scrapes: what each target would expose, every interval at the target's own offset.

mod clusters;
mod containers;
mod exposition;
mod istiod;
mod labels;
mod latency;
mod layouts;
mod telling;

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Bound,
    sync::Arc,
};

pub use self::exposition::Door;
use self::{
    clusters::Clusters,
    containers::Containers,
    istiod::Istiod,
    labels::{along, beside, home, place, tunnelled},
    latency::{Counted, Together},
    layouts::Layouts,
    telling::Telling,
};
use super::tsdb::Tsdb;
use crate::{
    base::keyed,
    traffic::{Counted as ByDapr, Traffic, TunnelKey, What},
};

/// Offset of the node's own exporter (pods' CPU and memory).
const NODE_OFFSET: i64 = 1000;

/// Of what latencies are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Detail {
    /// Of every pod.
    #[default]
    Pods,
    /// Of the pods of a workload as one.
    Workloads,
}

/// Scrapes traffic into a store.
#[derive(Debug, Clone, Default)]
pub struct Scraper {
    seed: u64,
    detail: Detail,
    layouts: Layouts,
    /// By the pod's number.
    targets: Vec<Option<Target>>,
    /// The same by their offsets.
    due: BTreeMap<i64, Vec<u32>>,
    /// Which pods the traffic had when they were looked through.
    looked: Option<u64>,
    together: Together,
    containers: Containers,
    signals: HashMap<Arc<str>, containers::Told>,
    istiod: Istiod,
    clusters: Clusters,
    tunnels: HashMap<TunnelKey, u32>,
    sidecars: HashMap<ByDapr, u32>,
}

#[derive(Debug, Clone)]
struct Target {
    offset: i64,
    up: u32,
    edges: Vec<Told>,
    /// Per cluster called: what became of the tries.
    clusters: HashMap<Arc<str>, u32>,
}

/// What a proxy tells of an edge.
#[derive(Debug, Clone)]
struct Told {
    edge: u32,
    requests: u32,
    latency: Latency,
}

/// Where the latencies along an edge are told.
#[derive(Debug, Clone)]
enum Latency {
    /// In a block of their own.
    Own(u32),
    /// With those of other pods: where, and what was added there so far.
    Together(usize, Box<Counted>),
}

impl Scraper {
    /// A scraper that has seen nothing; the seed spreads the targets over the interval.
    pub fn new(seed: u64, detail: Detail) -> Self {
        Self { seed, detail, ..Self::default() }
    }

    /// Scrapes every target whose time lies in `(from, to]` (Unix milliseconds).
    pub fn scrape(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, from: u64, to: u64) {
        let (from, to, interval) = (from as i64, to as i64, tsdb.interval());
        if self.looked != Some(traffic.pods_seen()) {
            self.looked = Some(traffic.pods_seen());
            self.look(tsdb, traffic, to);
        }
        let mut now: HashMap<u32, i64> = HashMap::new();
        for k in from.div_euclid(interval)..=to.div_euclid(interval) {
            let (after, until) = (from - k * interval, to - k * interval);
            for pod in between(&self.due, after, until).copied().collect::<Vec<_>>() {
                now.insert(pod, k);
                self.scrape_pod(tsdb, traffic, pod, k);
            }
            self.together.tell(tsdb, (after, until), k);
        }
        if !now.is_empty() {
            self.scrape_tries(tsdb, traffic, &now);
        }
        let k = (to - NODE_OFFSET).div_euclid(interval);
        if NODE_OFFSET + k * interval > from {
            self.scrape_node(tsdb, traffic, k);
            self.istiod.scrape(tsdb, traffic, k);
            self.scrape_ztunnels(tsdb, traffic, k);
            self.scrape_sidecars(tsdb, traffic, k);
        }
    }

    /// Takes in pods that are new, and takes leave of those that are gone.
    fn look(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, now: i64) {
        let interval = tsdb.interval();
        let mut there = vec![false; self.targets.len()];
        for (number, uid) in traffic.pods().filter(|(number, _)| traffic.proxy(*number).reads()) {
            let at = number as usize;
            if self.targets.len() <= at {
                self.targets.resize(at + 1, None);
                there.resize(at + 1, false);
            }
            there[at] = true;
            if self.targets[at].is_none() {
                let offset = (keyed::unit(self.seed, uid, 0) * interval as f64) as i64;
                let labels = tsdb.labels(&place(traffic, number));
                let up = tsdb.block(&self.layouts.up, &labels, offset);
                self.targets[at] = Some(Target { offset, up, edges: Vec::new(), clusters: HashMap::new() });
                self.due.entry(offset).or_default().push(number);
            }
        }
        for ((number, slot), _) in (0u32..).zip(&mut self.targets).zip(there).filter(|(_, there)| !there) {
            let Some(target) = slot.take() else { continue };
            let k = (now - target.offset).div_euclid(interval);
            let mut blocks = vec![target.up];
            blocks.extend(target.clusters.values());
            for told in target.edges {
                blocks.push(told.requests);
                match told.latency {
                    Latency::Own(block) => blocks.push(block),
                    Latency::Together(at, _) => self.together.leave(tsdb, at, k),
                }
            }
            for block in blocks {
                tsdb.gone(block, k);
            }
            if let Some(list) = self.due.get_mut(&target.offset) {
                list.retain(|pod| *pod != number);
            }
        }
    }

    fn scrape_pod(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, pod: u32, k: i64) {
        let Some(Some(target)) = self.targets.get_mut(pod as usize) else { return };
        tsdb.write(target.up, k, Some(&[1.0]));
        let telling = Telling::of(traffic.proxy(pod));
        for (number, edge) in traffic.edges_of(pod).filter(|(_, edge)| telling.tells(edge, traffic)) {
            let known = target.edges.iter().position(|told| told.edge == number);
            let at = known.unwrap_or_else(|| {
                let own = tsdb.labels(&telling.labels(traffic, pod, edge));
                let (requests, latency) = telling.layouts(&self.layouts);
                let requests = tsdb.block(requests, &own, target.offset);
                let latency = match self.detail {
                    Detail::Workloads if telling == Telling::Istio => {
                        let all = tsdb.labels(&[home(traffic, pod), along(traffic, edge)].concat());
                        let at = self.together.join(tsdb, &self.layouts.latency, &all, self.seed);
                        Latency::Together(at, Box::default())
                    }
                    Detail::Pods | Detail::Workloads => Latency::Own(tsdb.block(latency, &own, target.offset)),
                };
                target.edges.push(Told { edge: number, requests, latency });
                target.edges.len() - 1
            });
            let (told, counted) = (&mut target.edges[at], Counted::of(edge));
            tsdb.write(told.requests, k, Some(&[edge.requests as f64]));
            match &mut told.latency {
                Latency::Own(block) => tsdb.write(*block, k, Some(&telling.row(&counted))),
                Latency::Together(at, before) => {
                    self.together.add(*at, before, &counted);
                    **before = counted;
                }
            }
        }
    }

    fn scrape_tries(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, now: &HashMap<u32, i64>) {
        let interval = tsdb.interval();
        for (pod, cluster, tries) in traffic.tries() {
            let Some(k) = now.get(&pod).copied() else { continue };
            let Some(Some(target)) = self.targets.get_mut(pod as usize) else { continue };
            let offset = target.offset;
            let block = match target.clusters.get(cluster) {
                Some(block) => *block,
                // Most clusters never see anything of note: in a large world they have no series, which saves fifteen for each.
                None if self.detail == Detail::Workloads && !tries.eventful() => continue,
                None => {
                    let telling = Telling::of(traffic.proxy(pod));
                    let Some((layout, labels)) = self.clusters.of(telling, traffic, pod, cluster) else { continue };
                    let labels = tsdb.labels(&labels);
                    let block = tsdb.block(layout, &labels, offset);
                    target.clusters.insert(Arc::clone(cluster), block);
                    block
                }
            };
            let at = u64::try_from(k * interval + offset).unwrap_or_default();
            tsdb.write(block, k, Some(&clusters::row(&tries, traffic.ejected(pod, cluster, at))));
        }
    }

    fn scrape_ztunnels(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, k: i64) {
        let mut there = HashSet::new();
        for (key, tunnel) in traffic.tunnels() {
            there.insert(*key);
            let block = *self.tunnels.entry(*key).or_insert_with(|| {
                let labels = tsdb.labels(&tunnelled(traffic, key));
                tsdb.block(&self.layouts.tunnel, &labels, NODE_OFFSET)
            });
            let counts = [tunnel.connections, tunnel.connections, tunnel.sent, tunnel.received];
            tsdb.write(block, k, Some(&counts.map(|count| count as f64)));
        }
        self.tunnels.retain(|key, block| keep_or_end(tsdb, there.contains(key), *block, k));
    }

    fn scrape_sidecars(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, k: i64) {
        let mut there = HashSet::new();
        for (key, n) in traffic.sidecars() {
            there.insert(key.clone());
            let block = match self.sidecars.get(key) {
                Some(block) => *block,
                None => {
                    let layout = match key.what {
                        What::Sent(_) => &self.layouts.invoked,
                        What::Answered(..) => &self.layouts.answered,
                        What::Acted(..) => &self.layouts.acted,
                    };
                    let labels = tsdb.labels(&beside(traffic, key));
                    let block = tsdb.block(layout, &labels, NODE_OFFSET);
                    self.sidecars.insert(key.clone(), block);
                    block
                }
            };
            tsdb.write(block, k, Some(&[n as f64]));
        }
        self.sidecars.retain(|key, block| keep_or_end(tsdb, there.contains(key), *block, k));
    }

    /// The proxies followed changes after so many milliseconds each.
    pub fn converged(&mut self, after: &[f64]) {
        self.istiod.converged(after);
    }

    fn scrape_node(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, k: i64) {
        let mut there = HashSet::new();
        for signal in traffic.signals() {
            let known = match self.signals.remove(&signal.uid) {
                Some(known) if known.holds(&signal) => known,
                Some(before) => self.containers.of(tsdb, &signal, self.detail, k).instead_of(&before, tsdb, k),
                None => self.containers.of(tsdb, &signal, self.detail, k),
            };
            known.write(tsdb, &signal, k);
            self.signals.insert(Arc::clone(&signal.uid), known);
            there.insert(signal.uid);
        }
        self.signals.retain(|uid, told| {
            let keep = there.contains(uid);
            if !keep {
                told.end(tsdb, k);
            }
            keep
        });
    }
}

/// What is not there any more ends.
fn keep_or_end(tsdb: &mut Tsdb, there: bool, block: u32, k: i64) -> bool {
    if !there {
        tsdb.gone(block, k);
    }
    there
}

/// What is due at an offset in `(after, to]`.
fn between<T>(due: &BTreeMap<i64, Vec<T>>, after: i64, to: i64) -> impl Iterator<Item = &T> {
    due.range((Bound::Excluded(after), Bound::Included(to))).flat_map(|(_, all)| all)
}
