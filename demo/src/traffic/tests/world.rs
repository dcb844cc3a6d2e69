//! A world of four services to break: web → reviews → ratings, and details; a Gateway before web.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use crate::{
    base::objects::{Kind, Objects, Refused},
    traffic::{
        Edge, Reporter, Snapshot, Traffic,
        behaviour::{Behaviours, Flow},
        compile,
    },
};

/// Objects in a map.
#[derive(Debug, Default, Clone)]
pub struct Shelf(BTreeMap<(String, String, String), Arc<Value>>);

impl Shelf {
    pub fn put(&mut self, object: Value) {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned();
        let group = text("/apiVersion").rsplit_once('/').map(|(group, _)| group.to_owned()).unwrap_or_default();
        let key = (format!("{group}/{}", text("/kind")), text("/metadata/namespace"), text("/metadata/name"));
        self.0.insert(key, Arc::new(object));
    }

    pub fn take(&mut self, kind: &str, name: &str) {
        self.0.retain(|(own, _, own_name), _| !(own.ends_with(&format!("/{kind}")) && own_name == name));
    }
}

impl Objects for Shelf {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.0.get(&(format!("{}/{}", kind.group, kind.kind), namespace.to_owned(), name.to_owned())).cloned()
    }

    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let wanted = format!("{}/{}", kind.group, kind.kind);
        let fits = |key: &&(String, String, String)| key.0 == wanted && namespace.is_none_or(|one| one == key.1);
        self.0.keys().filter(fits).map(|key| Arc::clone(&self.0[key])).collect()
    }

    fn create(&mut self, _: Kind, object: Value, _: &str) -> Result<Arc<Value>, Refused> {
        self.put(object.clone());
        Ok(Arc::new(object))
    }

    fn replace(&mut self, kind: Kind, object: Value, manager: &str) -> Result<Arc<Value>, Refused> {
        self.create(kind, object, manager)
    }

    fn replace_status(&mut self, kind: Kind, object: Value, manager: &str) -> Result<Arc<Value>, Refused> {
        self.create(kind, object, manager)
    }

    fn delete(&mut self, kind: Kind, _: &str, name: &str, _: Option<&str>) -> Result<(), Refused> {
        self.take(kind.kind, name);
        Ok(())
    }
}

pub fn pod(app: &str, version: &str, n: usize) -> Value {
    let workload = format!("{app}-{version}");
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "namespace": "shop", "name": format!("{workload}-7d9-{n}"), "uid": format!("uid-{workload}-{n}"),
            "labels": {"app": app, "version": version, "pod-template-hash": "7d9"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": format!("{workload}-7d9"), "controller": true}],
        },
        "spec": {"serviceAccountName": app, "containers": [{"name": app}, {"name": "istio-proxy"}]},
        "status": {"phase": "Running", "podIP": format!("10.0.{}.{n}", app.len()), "conditions": [{"type": "Ready", "status": "True"}]},
    })
}

pub fn service(app: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "shop", "name": app},
        "spec": {"selector": {"app": app}, "ports": [{"name": "http", "port": 9080, "targetPort": 9080}]},
    })
}

pub fn route(name: &str, backend: &str, created: &str) -> Value {
    json!({
        "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute",
        "metadata": {"namespace": "shop", "name": name, "creationTimestamp": created},
        "spec": {
            "parentRefs": [{"name": "edge"}], "hostnames": ["shop.example.com"],
            "rules": [{"matches": [{"path": {"type": "PathPrefix", "value": "/"}}], "backendRefs": [{"name": backend, "port": 9080}]}],
        },
    })
}

/// The world, its clock and its traffic.
pub struct Town {
    pub shelf: Shelf,
    behaviours: Behaviours,
    pub traffic: Traffic,
    snapshot: Arc<Snapshot>,
    pub now: u64,
}

/// Requests per edge and answer in a span of time.
#[derive(Debug, Default, Clone)]
pub struct Seen {
    /// By reporter, caller, called, code and flags.
    pub requests: BTreeMap<(Reporter, String, String, u16, String), u64>,
    pub latency: BTreeMap<(Reporter, String, String), (f64, u64)>,
}

impl Town {
    pub fn new(seed: u64, rps: f64) -> Self {
        Self::visited(seed, rps, "http://shop.example.com/")
    }

    /// The world, and visitors that ask for an address.
    pub fn visited(seed: u64, rps: f64, to: &str) -> Self {
        let mut shelf = Shelf::default();
        for app in ["web", "reviews", "ratings", "details"] {
            shelf.put(service(app));
            (0..3).for_each(|n| shelf.put(pod(app, "v1", n)));
        }
        let mut gateway = pod("edge", "istio", 0);
        gateway["metadata"]["labels"]["gateway.networking.k8s.io/gateway-name"] = json!("edge");
        gateway["spec"]["containers"] = json!([{"name": "istio-proxy"}]);
        shelf.put(gateway);
        shelf.put(json!({
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "metadata": {"namespace": "shop", "name": "edge"},
            "spec": {"listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]},
        }));
        shelf.put(route("front", "web", "2026-01-01T00:00:00Z"));
        let behaviours = serde_saphyr::from_str(
            "shop/Deployment/web-v1: {serves: {9080: {median: 10ms}}, calls: [{to: 'http://reviews:9080/r', group: a}, {to: 'http://details:9080/d', group: a, optional: true}]}\n\
             shop/Deployment/reviews-v1: {serves: {9080: {median: 8ms}}, calls: [{to: 'http://ratings:9080/ratings'}], logs: {5xx: 'ERROR {{peer}} answered {{code}}'}}\n",
        )
        .unwrap();
        let flow = format!("{{name: visitors, to: '{to}', via: shop/edge, rps: {rps}}}");
        let flow: Flow = serde_saphyr::from_str(&flow).unwrap();
        let mut town = Self {
            shelf,
            behaviours,
            traffic: Traffic::new(seed, vec![flow]),
            snapshot: Arc::default(),
            now: 1_795_698_000_000,
        };
        town.compile();
        town
    }

    /// Changes how workloads behave.
    pub fn behave(&mut self, text: &str) {
        let more: Behaviours = serde_saphyr::from_str(text).unwrap();
        self.behaviours.extend(more);
        self.compile();
        self.run(1.0);
    }

    /// Changes how much comes in.
    pub fn set_rps(&mut self, rps: f64) {
        self.traffic.set_rate("visitors", rps);
    }

    pub fn compile(&mut self) {
        self.snapshot = Arc::new(compile(&self.shelf, &self.behaviours, self.traffic.flows(), &self.snapshot));
    }

    /// Changes objects and waits until the proxies have them.
    pub fn change(&mut self, change: impl FnOnce(&mut Shelf)) {
        change(&mut self.shelf);
        self.compile();
        self.run(1.0);
    }

    pub fn run(&mut self, seconds: f64) {
        for _ in 0..(seconds * 10.0).round() as u64 {
            self.traffic.tick(&self.snapshot, self.now, self.now + 100);
            self.now += 100;
        }
    }

    pub fn totals(&self) -> Seen {
        let mut seen = Seen::default();
        for (_, edge) in self.traffic.counters() {
            let name = |number| self.traffic.workload(number).map_or("unknown".to_owned(), |one| one.name.to_string());
            let Edge { key, requests, sum, .. } = edge;
            let (from, to) = (name(key.source), name(key.destination));
            *seen.requests.entry((key.reporter, from.clone(), to.clone(), key.code, key.flags.text())).or_default() +=
                requests;
            let latency = seen.latency.entry((key.reporter, from, to)).or_default();
            (latency.0, latency.1) = (latency.0 + sum, latency.1 + requests);
        }
        seen
    }

    /// What was counted in the next seconds.
    pub fn watch(&mut self, seconds: f64) -> Seen {
        let before = self.totals();
        self.run(seconds);
        let mut seen = self.totals();
        for (key, n) in &mut seen.requests {
            *n -= before.requests.get(key).copied().unwrap_or(0).min(*n);
        }
        for (key, (sum, n)) in &mut seen.latency {
            let before = before.latency.get(key).copied().unwrap_or_default();
            (*sum, *n) = (*sum - before.0, n.saturating_sub(before.1));
        }
        seen.requests.retain(|_, n| *n > 0);
        seen
    }
}

impl Seen {
    /// Requests from one workload to another with an answer, as a reporter saw them. `*` for any.
    pub fn count(&self, reporter: Reporter, from: &str, to: &str, code: Option<u16>) -> u64 {
        let fits = |(by, own_from, own_to, own_code, _): &&(Reporter, String, String, u16, String)| {
            *by == reporter
                && (from == "*" || own_from == from)
                && (to == "*" || own_to == to)
                && code.is_none_or(|code| *own_code == code)
        };
        self.requests.iter().filter(|(key, _)| fits(key)).map(|(_, n)| n).sum()
    }

    /// The share of these answers.
    pub fn share(&self, from: &str, to: &str, code: u16) -> f64 {
        let all = self.count(Reporter::Source, from, to, None);
        self.count(Reporter::Source, from, to, Some(code)) as f64 / all.max(1) as f64
    }

    /// Mean latency in milliseconds as the caller saw it.
    pub fn mean(&self, from: &str, to: &str) -> f64 {
        let key = (Reporter::Source, from.to_owned(), to.to_owned());
        let (sum, n) = self.latency.get(&key).copied().unwrap_or_default();
        sum / n.max(1) as f64
    }

    /// Flags seen at the caller.
    pub fn flags(&self, from: &str, to: &str) -> Vec<String> {
        let fits = |key: &&(Reporter, String, String, u16, String)| {
            key.0 == Reporter::Source && key.1 == from && (to == "*" || key.2 == to)
        };
        let mut flags: Vec<String> = self.requests.keys().filter(fits).map(|key| key.4.clone()).collect();
        flags.sort();
        flags.dedup();
        flags
    }
}
