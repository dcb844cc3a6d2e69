//! How full workloads are: CPU and memory, against their limits where somebody tells those: cAdvisor (`container_*`) or
//! kube-state-metrics by way of a Prometheus, else a metrics server and the pods themselves ([`super::pod_metrics`]).

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::Serialize;

use super::{fold::Named, sample::UsageLabels};

/// What the pods of a workload use; `None`: not told, or there is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct Usage {
    /// Cores, all pods together.
    pub cpu_cores: Option<f64>,
    /// Working set in bytes, all pods together.
    pub memory_bytes: Option<f64>,
    /// CPU against the limit, 0..=1 and a little more: of the container nearest to its own.
    pub cpu_share: Option<f64>,
    /// Memory against the limit: of the container nearest to its own.
    pub memory_share: Option<f64>,
}

/// Who tells of CPU and memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum UsageFrom {
    /// cAdvisor, by way of a Prometheus.
    Cadvisor,
    /// The metrics server of the cluster (`metrics.k8s.io`).
    MetricsServer,
}

impl Usage {
    /// Adds another: cores and bytes add up, of the shares the higher one stays.
    pub fn merge(&mut self, other: Self) {
        let sum = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a + b).or(a).or(b);
        let most = |a: Option<f64>, b: Option<f64>| a.zip(b).map(|(a, b)| a.max(b)).or(a).or(b);
        self.cpu_cores = sum(self.cpu_cores, other.cpu_cores);
        self.memory_bytes = sum(self.memory_bytes, other.memory_bytes);
        self.cpu_share = most(self.cpu_share, other.cpu_share);
        self.memory_share = most(self.memory_share, other.memory_share);
    }

    /// How near it is to a limit: the higher of the two shares; `None` without limits.
    pub fn saturation(&self) -> Option<f64> {
        match (self.cpu_share, self.memory_share) {
            (Some(cpu), Some(memory)) => Some(cpu.max(memory)),
            (one, other) => one.or(other),
        }
    }
}

/// By workload.
pub fn by_workload(samples: &[(UsageLabels, f64)]) -> BTreeMap<Named, Usage> {
    let mut all: BTreeMap<Named, Usage> = BTreeMap::new();
    for (labels, value) in samples {
        let usage = all.entry((labels.namespace.clone(), labels.workload.clone())).or_default();
        match labels.signal.as_str() {
            "cpu" => usage.cpu_cores = Some(*value),
            "memory" => usage.memory_bytes = Some(*value),
            "cpu_share" => usage.cpu_share = Some(*value),
            "memory_share" => usage.memory_share = Some(*value),
            _ => {}
        }
    }
    all
}

/// The letters of names that Kubernetes generates: no vowels, none that look like others.
const LETTERS: &str = "[bcdfghjklmnpqrstvwxz2-9]";

/// A regular expression (RE2) of which the first group is the workload of a pod: its name without what controllers add
/// (`-HASH-xxxxx`, `-xxxxx`, `-0`).
pub fn workload_pattern() -> String {
    format!("(.+?)((-{LETTERS}{{3,10}})?-{LETTERS}{{5}}|-[0-9]+)?")
}

/// The workload of a pod by the same rule.
pub fn workload_of(pod: &str) -> CompactString {
    let Some((rest, end)) = pod.rsplit_once('-').filter(|(rest, _)| !rest.is_empty()) else { return pod.into() };
    if generated(end, 5, 5) {
        behind(rest)
    } else if !end.is_empty() && end.bytes().all(|c| c.is_ascii_digit()) {
        rest.into()
    } else {
        pod.into()
    }
}

/// The Deployment behind a ReplicaSet by the same rule.
pub fn behind(replica_set: &str) -> CompactString {
    match replica_set.rsplit_once('-').filter(|(name, hash)| !name.is_empty() && generated(hash, 3, 10)) {
        Some((name, _)) => name.into(),
        None => replica_set.into(),
    }
}

fn generated(text: &str, least: usize, most: usize) -> bool {
    (least..=most).contains(&text.len()) && text.bytes().all(|c| b"bcdfghjklmnpqrstvwxz23456789".contains(&c))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{UsageLabels, by_workload, workload_of, workload_pattern};

    #[rstest]
    #[case("reviews-v1-7d9f8c6b5-x2k4z", "reviews-v1")]
    #[case("ztunnel-x2k4z", "ztunnel")]
    #[case("db-0", "db")]
    #[case("db-primary-12", "db-primary")]
    #[case("lonely", "lonely")]
    #[case("my-frontend", "my-frontend")]
    #[case("x2k4z", "x2k4z")]
    #[case("productpage-v1-5f4c9b7d8-zzzzz", "productpage-v1")]
    fn a_pod_is_named_after_its_workload(#[case] pod: &str, #[case] workload: &str) {
        assert_eq!(workload_of(pod), workload);
        let pattern = regex::Regex::new(&format!("^(?s:{})$", workload_pattern())).unwrap();
        assert_eq!(&pattern.captures(pod).unwrap()[1], workload, "the source's rule is the same");
    }

    #[test]
    fn the_nearest_limit_is_the_saturation() {
        let sample = |signal: &str, value: f64| {
            let labels = UsageLabels { namespace: "shop".into(), workload: "db".into(), signal: signal.into() };
            (labels, value)
        };
        let told = by_workload(&[sample("cpu", 0.4), sample("cpu_share", 0.8), sample("memory_share", 0.95)]);
        let db = &told[&("shop".into(), "db".into())];
        assert_eq!((db.cpu_cores, db.memory_bytes, db.saturation()), (Some(0.4), None, Some(0.95)));
        assert_eq!(by_workload(&[sample("cpu", 0.4)])[&("shop".into(), "db".into())].saturation(), None);
    }
}
