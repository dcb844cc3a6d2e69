//! What pods use by the word of a metrics server (`metrics.k8s.io/v1beta1`), against the limits of their containers: for
//! sources that have no series of cAdvisor.

use std::collections::{BTreeMap, HashMap};

use compact_str::CompactString;
use serde::Deserialize;
use serde_json::Value;

use super::{sample::UsageLabels, usage::workload_of};
use crate::cluster::{Manifest, quantity};

/// Limits of containers by namespace and pod.
pub type Limits = HashMap<(CompactString, CompactString), Vec<Limit>>;

/// The limits of one container, and what it asks for; `None`: there is none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limit {
    /// Its name.
    pub container: CompactString,
    /// Cores.
    pub cpu: Option<f64>,
    /// Bytes.
    pub memory: Option<f64>,
    /// Cores it asks for.
    pub cpu_request: Option<f64>,
    /// Bytes it asks for.
    pub memory_request: Option<f64>,
}

/// What the containers of one pod use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PodUse {
    /// Its namespace.
    pub namespace: CompactString,
    /// Its name.
    pub pod: CompactString,
    /// Name, cores and bytes of each; a figure that is no amount is not told.
    pub containers: Vec<(CompactString, Option<f64>, Option<f64>)>,
}

impl PodUse {
    /// From a PodMetrics; `None` without a namespace.
    pub fn of(metrics: &Manifest) -> Option<Self> {
        let containers = metrics.at(&["containers"]).and_then(Value::as_array).into_iter().flatten();
        let amount = |one: &Value, resource: &str| {
            one["usage"][resource].as_str().and_then(quantity::read).filter(|amount| *amount >= 0.0)
        };
        let used = containers.map(|one| {
            (CompactString::from(one["name"].as_str().unwrap_or_default()), amount(one, "cpu"), amount(one, "memory"))
        });
        Some(Self { namespace: metrics.namespace()?.into(), pod: metrics.name().into(), containers: used.collect() })
    }
}

/// One page of a list of pods, with no more of them than their limits.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Page {
    metadata: PageMeta,
    items: Vec<Pod>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PageMeta {
    r#continue: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pod {
    metadata: PodMeta,
    spec: PodSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PodMeta {
    namespace: CompactString,
    name: CompactString,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PodSpec {
    containers: Vec<Container>,
    /// Sidecars may be init containers that go on running.
    init_containers: Vec<Container>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    name: CompactString,
    resources: Resources,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Resources {
    limits: BTreeMap<CompactString, Value>,
    requests: BTreeMap<CompactString, Value>,
}

impl Page {
    /// Puts its pods among the limits. Gives the token of the next page, if there is one.
    pub fn add_to(self, limits: &mut Limits) -> Option<String> {
        for pod in self.items {
            let containers = pod.spec.containers.into_iter().chain(pod.spec.init_containers);
            let known = containers.map(|one| {
                let Resources { limits, requests } = &one.resources;
                let of = |amounts: &BTreeMap<CompactString, Value>, resource: &str| {
                    amounts.get(resource).and_then(amount).filter(|amount| *amount > 0.0)
                };
                Limit {
                    cpu: of(limits, "cpu"),
                    memory: of(limits, "memory"),
                    cpu_request: of(requests, "cpu"),
                    memory_request: of(requests, "memory"),
                    container: one.name,
                }
            });
            limits.insert((pod.metadata.namespace, pod.metadata.name), known.collect());
        }
        Some(self.metadata.r#continue).filter(|token| !token.is_empty())
    }
}

/// A quantity as manifests write it, a text or a number.
pub fn amount(value: &Value) -> Option<f64> {
    match value {
        Value::String(text) => quantity::read(text),
        other => other.as_f64(),
    }
}

/// The answers that the question for usage would have: sums by workload, and the share of the container nearest to its limit.
pub fn usage(uses: &[PodUse], limits: &Limits) -> Vec<(UsageLabels, f64)> {
    let mut all: BTreeMap<(&CompactString, CompactString), [Option<f64>; 4]> = BTreeMap::new();
    for one in uses {
        let [cpu, memory, cpu_share, memory_share] = all.entry((&one.namespace, workload_of(&one.pod))).or_default();
        let known = limits.get(&(one.namespace.clone(), one.pod.clone()));
        for (name, cores, bytes) in &one.containers {
            let limit = known.and_then(|known| known.iter().find(|limit| limit.container == *name));
            for (sum, used) in [(&mut *cpu, cores), (&mut *memory, bytes)] {
                *sum = used.map_or(*sum, |used| Some(sum.unwrap_or_default() + used));
            }
            let share = |used: &Option<f64>, limit: Option<f64>| Some((*used)? / limit?);
            for (most, share) in [
                (&mut *cpu_share, share(cores, limit.and_then(|limit| limit.cpu))),
                (&mut *memory_share, share(bytes, limit.and_then(|limit| limit.memory))),
            ] {
                *most = share.map_or(*most, |share| Some(most.map_or(share, |most| most.max(share))));
            }
        }
    }
    let told = all.into_iter().flat_map(|((namespace, workload), figures)| {
        ["cpu", "memory", "cpu_share", "memory_share"].into_iter().zip(figures).filter_map(move |(signal, figure)| {
            let labels =
                UsageLabels { signal: signal.into(), namespace: namespace.clone(), workload: workload.clone() };
            Some((labels, figure?))
        })
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Limits, Page, PodUse, usage};
    use crate::{cluster::Manifest, mesh::signals::usage::by_workload};

    fn uses(pod: &str, cpu: &str, memory: &str) -> PodUse {
        let metrics = json!({
            "metadata": {"name": pod, "namespace": "shop"}, "window": "15s",
            "containers": [
                {"name": "db", "usage": {"cpu": cpu, "memory": memory}},
                {"name": "istio-proxy", "usage": {"cpu": "100m", "memory": "50Mi"}},
            ],
        });
        PodUse::of(&Manifest(metrics)).unwrap()
    }

    fn limits(page: &serde_json::Value) -> (Limits, Option<String>) {
        let mut limits = Limits::new();
        let next = serde_json::from_value::<Page>(page.clone()).unwrap().add_to(&mut limits);
        (limits, next)
    }

    #[test]
    fn pods_of_a_workload_are_added_up_and_the_nearest_limit_counts() {
        let pod = |name: &str| {
            json!({"metadata": {"name": name, "namespace": "shop"}, "spec": {
                "containers": [{"name": "db", "resources": {"limits": {"cpu": 2, "memory": "1Gi"}, "requests": {}}}],
                "initContainers": [{"name": "istio-proxy", "resources": {"limits": {"memory": "100Mi"}}}],
            }})
        };
        let (limits, next) =
            limits(&json!({"metadata": {"continue": "x"}, "items": [pod("db-0"), pod("db-1"), {"metadata": {}}]}));
        assert_eq!(next.as_deref(), Some("x"));
        let told = usage(&[uses("db-0", "500m", "256Mi"), uses("db-1", "1500m", "128Mi")], &limits);
        let db = by_workload(&told)[&("shop".into(), "db".into())];
        assert!((db.cpu_cores.unwrap() - 2.2).abs() < 1e-9);
        assert_eq!(db.memory_bytes, Some(f64::from(484u32 << 20)));
        assert_eq!((db.cpu_share, db.memory_share), (Some(0.75), Some(0.5)));
    }

    #[test]
    fn without_limits_or_amounts_nothing_is_made_up() {
        let told = usage(&[uses("db-0", "500m", "oddly")], &Limits::new());
        let db = by_workload(&told)[&("shop".into(), "db".into())];
        assert_eq!((db.memory_bytes, db.saturation()), (Some(f64::from(50u32 << 20)), None), "the proxy's alone");
        assert!(usage(&[], &Limits::new()).is_empty());
        let nowhere = json!({"metadata": {"name": "x"}, "containers": 7});
        assert_eq!(PodUse::of(&Manifest(nowhere)), None);
    }
}
