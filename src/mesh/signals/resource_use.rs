//! What each pod or node uses by the word of a metrics server, beside what it asks for and may have (`metrics.k8s.io/v1beta1`;
//! requests and limits of core/v1 containers; `status.allocatable` of core/v1 Nodes).

use std::collections::HashMap;

use compact_str::CompactString;

use super::pod_metrics::{Limit, Limits, PodUse, amount};
use crate::cluster::{Manifest, Scope};

/// Whose use is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageOf {
    /// Of the pods of a namespace, or of all.
    Pods(Option<String>),
    /// Of the pods of several namespaces.
    Several(Vec<String>),
    /// Of the nodes.
    Nodes,
}

impl UsageOf {
    /// Of the pods that a scope covers.
    pub fn pods(scope: &Scope) -> Self {
        match scope.names().as_slice() {
            [] => Self::Pods(None),
            [only] => Self::Pods(Some((*only).to_owned())),
            names => Self::Several(names.iter().map(|name| (*name).to_owned()).collect()),
        }
    }
}

/// One amount beside what bounds it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Amount {
    /// Cores, or bytes.
    pub used: Option<f64>,
    /// What is asked for; of a node: nothing.
    pub request: Option<f64>,
    /// What it may have; of a node: what it has to give. `None` where a container has no limit.
    pub limit: Option<f64>,
    /// How it went since the look before: up, down, or no more than a little of either.
    pub trend: Trend,
}

/// A container's name, cores and bytes.
type Container = (CompactString, Option<f64>, Option<f64>);

/// How an amount went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trend {
    /// About the same, or nobody knows.
    #[default]
    Level,
    /// More than a tenth up.
    Up,
    /// More than a tenth down.
    Down,
}

impl Amount {
    /// The share of what is asked for.
    pub fn of_request(&self) -> Option<f64> {
        Some(self.used? / self.request?)
    }

    /// The share of what it may have.
    pub fn of_limit(&self) -> Option<f64> {
        Some(self.used? / self.limit?)
    }

    fn since(&mut self, before: &Self) {
        if let (Some(now), Some(before)) = (self.used, before.used.filter(|used| *used > 0.0)) {
            self.trend = match now / before {
                share if share > 1.1 => Trend::Up,
                share if share < 0.9 => Trend::Down,
                _ => Trend::Level,
            };
        }
    }
}

/// What one pod or node uses.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ResourceUse {
    /// Cores.
    pub cpu: Amount,
    /// Bytes.
    pub memory: Amount,
}

/// One look: by namespace and name; nodes stand under the empty namespace.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Usage(HashMap<CompactString, HashMap<CompactString, ResourceUse>>);

impl Usage {
    /// What is known of one.
    pub fn get(&self, namespace: &str, name: &str) -> Option<&ResourceUse> {
        self.0.get(namespace)?.get(name)
    }

    /// Takes over what is known of other namespaces.
    pub fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them together. What bounds only some of them bounds nothing.
    pub fn total(&self) -> ResourceUse {
        let all = || self.0.values().flat_map(HashMap::values);
        let sum = |pick: fn(&ResourceUse) -> &Amount| Amount {
            used: all().filter_map(|one| pick(one).used).reduce(|a, b| a + b),
            limit: all().map(|one| pick(one).limit).reduce(|a, b| Some(a? + b?)).flatten(),
            ..Amount::default()
        };
        ResourceUse { cpu: sum(|one| &one.cpu), memory: sum(|one| &one.memory) }
    }

    fn put(&mut self, namespace: CompactString, name: CompactString, used: ResourceUse) {
        self.0.entry(namespace).or_default().insert(name, used);
    }

    /// Says how each went since the look before.
    #[must_use]
    pub fn since(mut self, before: &Self) -> Self {
        for (namespace, of) in &mut self.0 {
            for (name, now) in of {
                if let Some(before) = before.get(namespace, name) {
                    now.cpu.since(&before.cpu);
                    now.memory.since(&before.memory);
                }
            }
        }
        self
    }

    /// Of pods. A pod has a limit where each of its containers has one.
    pub fn of_pods(uses: &[PodUse], limits: &Limits) -> Self {
        let mut usage = Self::default();
        for one in uses {
            let known = limits.get(&(one.namespace.clone(), one.pod.clone())).map_or(&[][..], Vec::as_slice);
            let used =
                |pick: fn(&Container) -> Option<f64>| one.containers.iter().filter_map(pick).reduce(|a, b| a + b);
            let any = |pick: fn(&Limit) -> Option<f64>| known.iter().filter_map(pick).reduce(|a, b| a + b);
            let all = |pick: fn(&Limit) -> Option<f64>| known.iter().map(pick).reduce(|a, b| Some(a? + b?)).flatten();
            let cpu = Amount {
                used: used(|one| one.1),
                request: any(|one| one.cpu_request),
                limit: all(|one| one.cpu),
                trend: Trend::Level,
            };
            let memory = Amount {
                used: used(|one| one.2),
                request: any(|one| one.memory_request),
                limit: all(|one| one.memory),
                trend: Trend::Level,
            };
            usage.put(one.namespace.clone(), one.pod.clone(), ResourceUse { cpu, memory });
        }
        usage
    }

    /// Of nodes, from NodeMetrics and the Nodes themselves.
    pub fn of_nodes(metrics: &[Manifest], nodes: &[Manifest]) -> Self {
        let mut usage = Self::default();
        for one in metrics {
            let node = nodes.iter().find(|node| node.name() == one.name());
            let of = |resource: &str| Amount {
                used: one.at(&["usage", resource]).and_then(amount).filter(|amount| *amount >= 0.0),
                request: None,
                limit: node.and_then(|node| node.at(&["status", "allocatable", resource])).and_then(amount),
                trend: Trend::Level,
            };
            usage.put("".into(), one.name().into(), ResourceUse { cpu: of("cpu"), memory: of("memory") });
        }
        usage
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Trend, Usage};
    use crate::{
        cluster::Manifest,
        mesh::signals::pod_metrics::{Limits, Page, PodUse},
    };

    fn pod(containers: &Value) -> PodUse {
        PodUse::of(&Manifest(json!({"metadata": {"name": "db-0", "namespace": "shop"}, "containers": containers})))
            .unwrap()
    }

    fn limits(containers: &Value) -> Limits {
        let mut limits = Limits::new();
        let page =
            json!({"items": [{"metadata": {"name": "db-0", "namespace": "shop"}, "spec": {"containers": containers}}]});
        serde_json::from_value::<Page>(page).unwrap().add_to(&mut limits);
        limits
    }

    #[test]
    fn a_pod_is_the_sum_of_its_containers() {
        let uses = pod(&json!([
            {"name": "db", "usage": {"cpu": "500m", "memory": "64Mi"}},
            {"name": "proxy", "usage": {"cpu": "100m", "memory": "32Mi"}},
        ]));
        let claims = json!([
            {"name": "db", "resources": {"requests": {"cpu": "1", "memory": "96Mi"}, "limits": {"cpu": 2, "memory": "128Mi"}}},
            {"name": "proxy", "resources": {"limits": {"memory": "64Mi"}}},
        ]);
        let usage = Usage::of_pods(std::slice::from_ref(&uses), &limits(&claims));
        let db = usage.get("shop", "db-0").unwrap();
        assert!((db.cpu.of_request().unwrap() - 0.6).abs() < 1e-9);
        assert_eq!(db.cpu.of_limit(), None, "the proxy may take all there is");
        assert_eq!((db.memory.of_request(), db.memory.of_limit()), (Some(1.0), Some(0.5)));
        assert_eq!(usage.get("shop", "db-1"), None);
        let without = Usage::of_pods(&[uses], &Limits::new());
        assert_eq!(without.get("shop", "db-0").unwrap().memory.of_limit(), None);
    }

    #[test]
    fn a_node_is_held_against_what_it_has_to_give() {
        let metrics = Manifest(json!({"metadata": {"name": "n1"}, "usage": {"cpu": "1500m", "memory": "1Gi"}}));
        let node =
            Manifest(json!({"metadata": {"name": "n1"}, "status": {"allocatable": {"cpu": "2", "memory": "4Gi"}}}));
        let usage = Usage::of_nodes(&[metrics], &[node]);
        let n1 = usage.get("", "n1").unwrap();
        assert_eq!((n1.cpu.of_limit(), n1.memory.of_limit()), (Some(0.75), Some(0.25)));
        assert_eq!(usage.total().cpu.of_limit(), Some(0.75));
    }

    #[test]
    fn how_it_went_is_told() {
        let at = |cpu: &str| Usage::of_pods(&[pod(&json!([{"name": "db", "usage": {"cpu": cpu}}]))], &Limits::new());
        let trend = |before: &str, now: &str| at(now).since(&at(before)).get("shop", "db-0").unwrap().cpu.trend;
        assert_eq!(trend("100m", "105m"), Trend::Level);
        assert_eq!(trend("100m", "150m"), Trend::Up);
        assert_eq!(trend("100m", "50m"), Trend::Down);
        assert_eq!(trend("0", "50m"), Trend::Level);
    }
}
