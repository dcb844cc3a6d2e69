//! What a target answers to whoever reaches its port: the counters of this moment, as text.
//!
//! They are the traffic's own, the same that are scraped into the store; what a Prometheus adds (`job`, `instance`, `pod`) is not
//! among the labels. History made up before the start is in the store alone, so only differences of two answers compare.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{
    super::{
        block::Layout,
        tags::{Pair, escaped},
    },
    Scraper, clusters,
    labels::tunnelled,
    latency::Counted,
    telling::Telling,
};
use crate::traffic::{Traffic, TunnelKey};

/// Whose port is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// The proxy of a pod, by the pod's number.
    Proxy(u32),
    /// A ztunnel.
    Ztunnel,
    /// istiod.
    Istiod,
}

impl Door {
    /// Where its metrics are: ports, and paths that all of them have.
    pub fn places(self, traffic: &Traffic) -> (&'static [u16], &'static [&'static str]) {
        match self {
            Self::Istiod => (&[15014], &["/metrics"]),
            Self::Ztunnel => (&[15020], &["/metrics", "/stats/prometheus"]),
            Self::Proxy(pod) => match Telling::of(traffic.proxy(pod)) {
                Telling::Istio => (&[15020, 15090], &["/stats/prometheus"]),
                Telling::Envoy => (&[9091], &["/metrics", "/stats/prometheus"]),
                Telling::Agentgateway => (&[15020], &["/metrics", "/stats/prometheus"]),
            },
        }
    }
}

/// What a Prometheus adds to what a target tells.
const OF_TARGET: [&str; 4] = ["job", "instance", "namespace", "pod"];

/// Lines by metric: those of one belong together.
#[derive(Default)]
struct Text {
    metrics: BTreeMap<String, (&'static str, String)>,
}

impl Text {
    fn add(&mut self, layout: &Layout, labels: &[Pair], row: &[f64]) {
        for (column, value, counts) in layout.values(row) {
            let parts = ["_bucket", "_sum", "_count"];
            let base = parts.iter().find_map(|part| column.name.strip_suffix(part));
            let histogram = base.filter(|base| {
                let bucket = format!("{base}_bucket");
                layout.columns().iter().any(|one| *one.name == *bucket)
            });
            let kind = match (histogram, counts) {
                (Some(_), _) => "histogram",
                (None, true) => "counter",
                (None, false) => "gauge",
            };
            let family = histogram.unwrap_or(&column.name).to_owned();
            let (_, lines) = self.metrics.entry(family).or_insert((kind, String::new()));
            let all = labels.iter().chain(&column.own).filter(|(_, value)| !value.is_empty());
            let pairs: Vec<String> = all.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
            let pairs = if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) };
            let _ = writeln!(lines, "{}{pairs} {value}", column.name);
        }
    }

    fn written(self) -> String {
        let mut text = String::new();
        for (family, (kind, lines)) in self.metrics {
            let _ = write!(text, "# TYPE {family} {kind}\n{lines}");
        }
        text
    }
}

impl Scraper {
    /// What is told at a door. A ztunnel tells of the pods that are `beside` it, on its node. With `used_only` what never
    /// happened is left out, as Envoy does when it is asked so.
    pub fn exposition(
        &self,
        traffic: &Traffic,
        door: Door,
        used_only: bool,
        at: u64,
        beside: impl Fn(&str, &str) -> bool,
    ) -> String {
        let mut text = Text::default();
        let mut add = |layout: &Layout, mut labels: Vec<Pair>, row: &[f64], target: &[&str]| {
            labels.retain(|(name, _)| !target.contains(&&**name));
            if !used_only || row.iter().any(|number| *number != 0.0) {
                text.add(layout, &labels, row);
            }
        };
        match door {
            Door::Istiod => {
                if let Some((layout, row)) = self.istiod.now(traffic) {
                    add(layout, Vec::new(), &row, &[]);
                }
            }
            Door::Ztunnel => {
                let own = |key: &TunnelKey| traffic.pod(key.pod).is_some_and(|(namespace, pod)| beside(namespace, pod));
                // The names of the pods at this end are not told, only their workloads.
                let mut sums: BTreeMap<Vec<Pair>, [f64; 4]> = BTreeMap::new();
                for (key, tunnel) in traffic.tunnels().filter(|(key, _)| own(key)) {
                    let mut labels = tunnelled(traffic, key);
                    labels.retain(|(name, _)| !OF_TARGET.contains(&&**name) && **name != *"app");
                    labels.sort();
                    let counts = [tunnel.connections, tunnel.connections, tunnel.sent, tunnel.received];
                    let sum = sums.entry(labels).or_default();
                    sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count as f64);
                }
                for (labels, row) in sums {
                    add(&self.layouts.tunnel, labels, &row, &[]);
                }
            }
            Door::Proxy(pod) => {
                let telling = Telling::of(traffic.proxy(pod));
                for (_, edge) in traffic.edges_of(pod).filter(|(_, edge)| telling.tells(edge, traffic)) {
                    let (requests, latency) = telling.layouts(&self.layouts);
                    let labels = telling.labels(traffic, pod, edge);
                    add(requests, labels.clone(), &[edge.requests as f64], &OF_TARGET);
                    add(latency, labels, &telling.row(&Counted::of(edge)), &OF_TARGET);
                }
                for (_, cluster, tries) in traffic.tries().filter(|(of, ..)| *of == pod) {
                    let Some((layout, labels)) = self.clusters.of(telling, traffic, pod, cluster) else { continue };
                    add(layout, labels, &clusters::row(&tries, traffic.ejected(pod, cluster, at)), &OF_TARGET);
                }
            }
        }
        text.written()
    }
}
