//! Counters per edge, as the proxies at its two ends keep them.

use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
    sync::Arc,
};

use super::flags::Flags;

/// Upper bounds of the latency buckets in milliseconds, as Istio's proxies export them; the last is everything.
pub const BOUNDS: [f64; 20] = [
    0.5,
    1.0,
    5.0,
    10.0,
    25.0,
    50.0,
    100.0,
    250.0,
    500.0,
    1000.0,
    2500.0,
    5000.0,
    10_000.0,
    30_000.0,
    60_000.0,
    300_000.0,
    600_000.0,
    1_800_000.0,
    3_600_000.0,
    f64::INFINITY,
];

/// Who reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reporter {
    /// The caller's proxy.
    Source,
    /// A waypoint between the two.
    Waypoint,
    /// The called pod's proxy.
    Destination,
}

/// Mutual TLS, as far as the reporter says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Security {
    /// The caller's side does not say.
    Unknown,
    /// Mutual TLS.
    Mutual,
    /// Plain.
    None,
}

/// What makes an edge: small numbers that stand for names, so that a hop costs one look-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EdgeKey {
    /// The reporting pod.
    pub pod: u32,
    /// Who reports.
    pub reporter: Reporter,
    /// The caller; `u32::MAX`: unknown.
    pub source: u32,
    /// The called workload; `u32::MAX`: none was reached.
    pub destination: u32,
    /// The called Service; `u32::MAX`: unknown.
    pub service: u32,
    /// The Gateway and its route, where it is one outside the mesh; `u32::MAX`: none.
    pub route: u32,
    /// HTTP status; 0 without an answer.
    pub code: u16,
    /// gRPC status.
    pub grpc: Option<u8>,
    /// Whether it is gRPC.
    pub is_grpc: bool,
    /// Flags.
    pub flags: Flags,
    /// Mutual TLS.
    pub security: Security,
}

/// Nobody known.
pub const UNKNOWN: u32 = u32::MAX;

/// What was counted along an edge.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Which edge.
    pub key: EdgeKey,
    /// Requests.
    pub requests: u64,
    /// Requests by bucket, not cumulated.
    pub buckets: [u64; BOUNDS.len()],
    /// Sum of latencies, milliseconds.
    pub sum: f64,
}

/// All edges. An edge keeps its number as long as it lives.
#[derive(Debug, Clone, Default)]
pub struct Edges {
    all: Vec<Option<Edge>>,
    /// By the reporting pod.
    of: Vec<Vec<u32>>,
    known: HashMap<EdgeKey, u32, BuildHasherDefault<Fold>>,
}

impl Edges {
    /// The number of an edge.
    pub fn number(&mut self, key: EdgeKey) -> u32 {
        *self.known.entry(key).or_insert_with(|| {
            self.all.push(Some(Edge { key, requests: 0, buckets: [0; BOUNDS.len()], sum: 0.0 }));
            let (number, pod) = (self.all.len() as u32 - 1, key.pod as usize);
            if self.of.len() <= pod {
                self.of.resize_with(pod + 1, Vec::new);
            }
            self.of[pod].push(number);
            number
        })
    }

    /// Counts a request.
    pub fn count(&mut self, edge: u32, ms: f64) {
        if let Some(Some(edge)) = self.all.get_mut(edge as usize) {
            edge.requests += 1;
            edge.sum += ms;
            let bucket = BOUNDS.iter().position(|bound| ms <= *bound).unwrap_or(BOUNDS.len() - 1);
            edge.buckets[bucket] += 1;
        }
    }

    /// Forgets what pods reported that are gone.
    pub fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.known.retain(|key, number| {
            let keep = keep(key.pod);
            if !keep && let Some(edge) = self.all.get_mut(*number as usize) {
                *edge = None;
                self.of[key.pod as usize] = Vec::new();
            }
            keep
        });
    }

    /// The edges that a pod reports, with their numbers.
    pub fn of(&self, pod: u32) -> impl Iterator<Item = (u32, &Edge)> {
        let own = self.of.get(pod as usize).into_iter().flatten();
        own.filter_map(|number| Some((*number, self.all.get(*number as usize)?.as_ref()?)))
    }

    /// All edges with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &Edge)> {
        (0u32..).zip(&self.all).filter_map(|(number, edge)| Some((number, edge.as_ref()?)))
    }
}

/// A cheap hasher for small keys (the multiply-rotate of FxHash); its input is never chosen by a stranger.
#[derive(Debug, Default, Clone, Copy)]
pub struct Fold(u64);

impl Hasher for Fold {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(u64::from(n));
    }

    fn write_u16(&mut self, n: u16) {
        self.write_u64(u64::from(n));
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(u64::from(n));
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(5) ^ n).wrapping_mul(0x517c_c1b7_2722_0a95);
    }

    fn write_usize(&mut self, n: usize) {
        self.write_u64(n as u64);
    }

    fn write_isize(&mut self, n: isize) {
        self.write_u64(n as u64);
    }
}

/// The labels of a workload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Workload {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Label `app`.
    pub app: Arc<str>,
    /// Label `version`.
    pub version: Arc<str>,
    /// Service account.
    pub account: Arc<str>,
}

/// Names that numbers stand for.
#[derive(Debug, Clone)]
pub struct Names<T> {
    all: Vec<T>,
    known: HashMap<T, u32>,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { all: Vec::new(), known: HashMap::new() }
    }
}

impl<T: Clone + Eq + std::hash::Hash> Names<T> {
    /// The number of a name.
    pub fn number(&mut self, name: T) -> u32 {
        if let Some(known) = self.known.get(&name) {
            return *known;
        }
        let number = self.all.len() as u32;
        self.all.push(name.clone());
        self.known.insert(name, number);
        number
    }

    /// The name of a number; `None` for [`UNKNOWN`].
    pub fn name(&self, number: u32) -> Option<&T> {
        self.all.get(number as usize)
    }
}
