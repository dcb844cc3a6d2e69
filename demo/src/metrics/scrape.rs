//! Scrapes: what each pod's proxy would expose, every interval at the pod's own offset.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::tsdb::{Pair, Tags, Tsdb};
use crate::{
    base::keyed,
    traffic::{BOUNDS, Edge, Reporter, Security, Signal, Traffic, TunnelKey, Workload},
};

/// Offset of the node's own exporter (pods' CPU and memory).
const NODE_OFFSET: i64 = 1000;

/// Scrapes traffic into a store.
#[derive(Debug, Clone, Default)]
pub struct Scraper {
    seed: u64,
    /// By the pod's number: its offset and the series of its edges.
    targets: Vec<Option<Target>>,
    /// How often was looked.
    seen: u64,
    signals: HashMap<Arc<str>, [u32; 2]>,
    /// Of the control plane: how long the proxies took to follow changes, by bucket, with their sum in seconds.
    followed: ([u64; FOLLOWED.len()], f64),
    istiod: Option<Vec<u32>>,
    tunnels: HashMap<TunnelKey, [u32; 4]>,
}

/// Upper bounds of `pilot_proxy_convergence_time` in seconds, as istiod exports them.
const FOLLOWED: [f64; 9] = [0.1, 0.5, 1.0, 3.0, 5.0, 10.0, 20.0, 30.0, f64::INFINITY];

#[derive(Debug, Clone)]
struct Target {
    /// When it was there the last time.
    seen: u64,
    offset: i64,
    up: u32,
    /// Per edge: requests, sum, count, then the buckets.
    edges: HashMap<u32, Vec<u32>>,
    /// Per cluster called: what became of the tries.
    clusters: HashMap<Arc<str>, [u32; 3]>,
}

/// What Envoy counts per cluster, in the order of [`Target::clusters`].
const CLUSTER: [&str; 3] = [
    "envoy_cluster_upstream_rq_retry",
    "envoy_cluster_upstream_rq_retry_overflow",
    "envoy_cluster_outlier_detection_ejections_enforced_total",
];

impl Scraper {
    /// A scraper that has seen nothing; the seed spreads the targets over the interval.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Scrapes every target whose time lies in `(from, to]` (Unix milliseconds).
    pub fn scrape(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, from: u64, to: u64) {
        let (from, to, interval) = (from as i64, to as i64, tsdb.interval());
        let due = |offset: i64| {
            let k = (to - offset).div_euclid(interval);
            (offset + k * interval > from).then_some(k)
        };
        let mut now: HashMap<u32, i64> = HashMap::new();
        self.seen += 1;
        for (number, uid) in traffic.pods().filter(|(number, _)| traffic.in_mesh(*number)) {
            let at = number as usize;
            if self.targets.len() <= at {
                self.targets.resize(at + 1, None);
            }
            let (seed, seen) = (self.seed, self.seen);
            let target = self.targets[at].get_or_insert_with(|| {
                let offset = (keyed::unit(seed, uid, 0) * interval as f64) as i64;
                let up = tsdb.number(Tags::new(Some("up"), place(traffic, number)), offset, false);
                Target { seen, offset, up, edges: HashMap::new(), clusters: HashMap::new() }
            });
            target.seen = seen;
            if let Some(k) = due(target.offset) {
                now.insert(number, k);
                tsdb.append(target.up, k, 1.0);
            }
        }
        for (number, edge) in traffic.counters() {
            let Some(k) = now.get(&edge.key.pod).copied() else { continue };
            let Some(Some(target)) = self.targets.get_mut(edge.key.pod as usize) else { continue };
            let offset = target.offset;
            let series = target.edges.entry(number).or_insert_with(|| make(tsdb, traffic, edge, offset));
            let mut below = 0;
            let counts = [edge.requests as f64, edge.sum, edge.requests as f64].into_iter();
            let buckets = edge.buckets.iter().map(|n| {
                below += n;
                below as f64
            });
            for (series, value) in series.iter().zip(counts.chain(buckets)) {
                tsdb.append(*series, k, value);
            }
        }
        for (pod, cluster, tries) in traffic.tries() {
            let Some(k) = now.get(&pod).copied() else { continue };
            let Some(Some(target)) = self.targets.get_mut(pod as usize) else { continue };
            let counts = [tries.retries, tries.overflows, tries.ejections];
            // Most clusters never need any of it: they have no series, which saves three for each.
            if counts == [0; 3] && !target.clusters.contains_key(cluster) {
                continue;
            }
            let offset = target.offset;
            let series = *target.clusters.entry(Arc::clone(cluster)).or_insert_with(|| {
                CLUSTER.map(|name| {
                    let labels = place(traffic, pod).into_iter().chain([pair("cluster_name", cluster)]);
                    tsdb.number(Tags::new(Some(name), labels), offset, true)
                })
            });
            for (series, count) in series.iter().zip(counts) {
                tsdb.append(*series, k, count as f64);
            }
        }
        let seen = self.seen;
        for slot in &mut self.targets {
            if let Some(target) = slot.take_if(|target| target.seen != seen) {
                let k = (to - target.offset).div_euclid(interval);
                let clusters = target.clusters.values().flatten();
                for series in target.edges.values().flatten().chain(clusters).chain([&target.up]) {
                    tsdb.gone(*series, k);
                }
            }
        }
        if let Some(k) = due(NODE_OFFSET) {
            self.scrape_node(tsdb, traffic, k);
            self.scrape_istiod(tsdb, k);
            self.scrape_ztunnels(tsdb, traffic, k);
            if k % 60 == 0 {
                tsdb.forget(k);
            }
        }
    }

    fn scrape_ztunnels(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, k: i64) {
        let mut there = HashSet::new();
        for (key, tunnel) in traffic.tunnels() {
            there.insert(*key);
            let series = *self.tunnels.entry(*key).or_insert_with(|| tunnelled(tsdb, traffic, key));
            let counts = [tunnel.connections, tunnel.connections, tunnel.sent, tunnel.received];
            for (series, count) in series.iter().zip(counts) {
                tsdb.append(*series, k, count as f64);
            }
        }
        self.tunnels.retain(|key, series| {
            let keep = there.contains(key);
            if !keep {
                for series in series.iter() {
                    tsdb.gone(*series, k);
                }
            }
            keep
        });
    }

    /// The proxies followed changes after so many milliseconds each.
    pub fn converged(&mut self, after: &[f64]) {
        for seconds in after.iter().map(|ms| ms / 1000.0) {
            let bucket = FOLLOWED.iter().position(|bound| seconds <= *bound).unwrap_or(FOLLOWED.len() - 1);
            self.followed.0[bucket] += 1;
            self.followed.1 += seconds;
        }
    }

    fn scrape_istiod(&mut self, tsdb: &mut Tsdb, k: i64) {
        let series = self.istiod.get_or_insert_with(|| {
            let mut number = |name: &str, le: Option<f64>| {
                let le = le.map(|le| pair("le", &if le.is_finite() { le.to_string() } else { "+Inf".to_owned() }));
                let place = [pair("job", "istiod"), pair("namespace", "istio-system"), pair("app", "istiod")];
                tsdb.number(Tags::new(Some(name), place.into_iter().chain(le)), NODE_OFFSET, true)
            };
            let mut all = vec![
                number("pilot_proxy_convergence_time_sum", None),
                number("pilot_proxy_convergence_time_count", None),
            ];
            all.extend(FOLLOWED.map(|bound| number("pilot_proxy_convergence_time_bucket", Some(bound))));
            all
        });
        let (buckets, sum) = self.followed;
        let mut below = 0;
        let cumulated = buckets.iter().map(|n| {
            below += n;
            below as f64
        });
        let count = buckets.iter().sum::<u64>() as f64;
        for (series, value) in series.iter().zip([sum, count].into_iter().chain(cumulated)) {
            tsdb.append(*series, k, value);
        }
    }

    fn scrape_node(&mut self, tsdb: &mut Tsdb, traffic: &Traffic, k: i64) {
        let mut there = HashSet::new();
        for signal in traffic.signals() {
            let [cpu, memory] = *self.signals.entry(Arc::clone(&signal.uid)).or_insert_with(|| {
                let tags = |name| Tags::new(Some(name), container(&signal));
                [
                    tsdb.number(tags("container_cpu_usage_seconds_total"), NODE_OFFSET, true),
                    tsdb.number(tags("container_memory_working_set_bytes"), NODE_OFFSET, false),
                ]
            });
            tsdb.append(cpu, k, signal.cpu_seconds);
            tsdb.append(memory, k, signal.memory);
            there.insert(signal.uid);
        }
        self.signals.retain(|uid, series| {
            let keep = there.contains(uid);
            if !keep {
                for series in series.iter() {
                    tsdb.gone(*series, k);
                }
            }
            keep
        });
    }
}

fn pair(name: &str, value: &str) -> Pair {
    (name.into(), value.into())
}

fn place(traffic: &Traffic, pod: u32) -> Vec<Pair> {
    let Some((namespace, name)) = traffic.pod(pod) else { return Vec::new() };
    vec![
        pair("job", "kubernetes-pods"),
        pair("instance", &format!("{}:15020", traffic.address(pod))),
        ("namespace".into(), Arc::clone(namespace)),
        ("pod".into(), Arc::clone(name)),
    ]
}

fn container(signal: &Signal) -> Vec<Pair> {
    vec![
        pair("job", "kubernetes-nodes-cadvisor"),
        ("namespace".into(), Arc::clone(&signal.namespace)),
        ("pod".into(), Arc::clone(&signal.pod)),
        pair("container", "app"),
    ]
}

/// Labels of a workload at one end (Istio standard metrics).
fn end(side: &str, workload: Option<&Workload>, labels: &mut Vec<Pair>) {
    let unknown: Arc<str> = "unknown".into();
    let field =
        |read: fn(&Workload) -> &Arc<str>| workload.map_or_else(|| Arc::clone(&unknown), |one| Arc::clone(read(one)));
    let principal = workload.map_or_else(
        || Arc::clone(&unknown),
        |one| format!("spiffe://cluster.local/ns/{}/sa/{}", one.namespace, one.account).into(),
    );
    let named = [
        ("workload", field(|one| &one.name)),
        ("workload_namespace", field(|one| &one.namespace)),
        ("app", field(|one| &one.app)),
        ("version", field(|one| &one.version)),
        ("canonical_service", field(|one| &one.app)),
        ("canonical_revision", field(|one| &one.version)),
        ("principal", principal),
    ];
    labels.extend(named.into_iter().map(|(name, value)| (format!("{side}_{name}").into(), value)));
    let cluster = if workload.is_some() { "Kubernetes" } else { "unknown" };
    labels.push(pair(&format!("{side}_cluster"), cluster));
}

/// Who tells, and the Service that was called.
fn called(traffic: &Traffic, service: u32, reporter: Reporter, labels: &mut Vec<Pair>) {
    let (host, namespace, name) = match traffic.service(service) {
        Some((namespace, name)) => (format!("{name}.{namespace}.svc.cluster.local"), &**namespace, &**name),
        None => ("unknown".to_owned(), "unknown", "unknown"),
    };
    let reporter = match reporter {
        Reporter::Source => "source",
        Reporter::Waypoint => "waypoint",
        Reporter::Destination => "destination",
    };
    labels.extend([
        pair("reporter", reporter),
        pair("destination_service", &host),
        pair("destination_service_namespace", namespace),
        pair("destination_service_name", name),
    ]);
}

/// What ztunnels count, in the order of [`Tunnel`]'s fields; connections twice, as each is closed after its request.
const TUNNEL: [&str; 4] = [
    "istio_tcp_connections_opened_total",
    "istio_tcp_connections_closed_total",
    "istio_tcp_sent_bytes_total",
    "istio_tcp_received_bytes_total",
];

fn tunnelled(tsdb: &mut Tsdb, traffic: &Traffic, key: &TunnelKey) -> [u32; 4] {
    let mut labels = vec![pair("job", "ztunnel"), pair("app", "ztunnel")];
    if let Some((_, pod)) = traffic.pod(key.pod) {
        // Two pods of a workload on two nodes are told by two ztunnels.
        labels.push(pair("instance", &format!("{}:15020", traffic.address(key.pod))));
        labels.push(("pod".into(), Arc::clone(pod)));
    }
    end("source", traffic.workload(key.source), &mut labels);
    end("destination", traffic.workload(key.destination), &mut labels);
    called(traffic, key.service, key.reporter, &mut labels);
    labels.extend([
        pair("request_protocol", "tcp"),
        pair("response_flags", "-"),
        pair("connection_security_policy", if key.mutual { "mutual_tls" } else { "none" }),
    ]);
    TUNNEL.map(|name| tsdb.number(Tags::new(Some(name), labels.clone()), NODE_OFFSET, true))
}

/// The series of an edge.
fn make(tsdb: &mut Tsdb, traffic: &Traffic, edge: &Edge, offset: i64) -> Vec<u32> {
    let key = &edge.key;
    let mut labels = place(traffic, key.pod);
    end("source", traffic.workload(key.source), &mut labels);
    end("destination", traffic.workload(key.destination), &mut labels);
    called(traffic, key.service, key.reporter, &mut labels);
    let security = match key.security {
        Security::Unknown => "unknown",
        Security::Mutual => "mutual_tls",
        Security::None => "none",
    };
    labels.extend([
        pair("request_protocol", if key.is_grpc { "grpc" } else { "http" }),
        pair("response_code", &key.code.to_string()),
        pair("response_flags", &key.flags.text()),
        pair("connection_security_policy", security),
    ]);
    if let Some(status) = key.grpc {
        labels.push(pair("grpc_response_status", &status.to_string()));
    }
    let mut number = |name: &str, le: Option<String>| {
        let mut labels = labels.clone();
        labels.extend(le.map(|le| pair("le", &le)));
        tsdb.number(Tags::new(Some(name), labels), offset, true)
    };
    let mut series = vec![
        number("istio_requests_total", None),
        number("istio_request_duration_milliseconds_sum", None),
        number("istio_request_duration_milliseconds_count", None),
    ];
    for bound in BOUNDS {
        let le = if bound.is_finite() { bound.to_string() } else { "+Inf".to_owned() };
        series.push(number("istio_request_duration_milliseconds_bucket", Some(le)));
    }
    series
}
