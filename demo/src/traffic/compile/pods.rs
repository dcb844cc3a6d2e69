//! Pods as ends of requests, grouped by what makes them equal for every rule: namespace, workload, labels, proxy.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde_json::Value;

use crate::{
    base::{kinds as base, objects::Objects, proxies},
    traffic::{
        behaviour::{Behaviour, Behaviours},
        json::{self, Labels},
        span,
    },
};

use super::{
    ambient::{self, Spaces},
    kinds,
};

/// What stands before the containers of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Proxy {
    /// A sidecar.
    Sidecar,
    /// The pod is a gateway: the proxy is all it runs.
    Gateway,
    /// A ztunnel on its node, which carries its connections and reads no requests.
    Ambient,
    /// Of a request, not of a pod: its caller's ztunnel sends it through a waypoint.
    Waypoint,
    /// The pod is a gateway of kgateway, outside the mesh: Envoy is all it runs.
    Envoy,
    /// The same, and agentgateway is all it runs.
    Agentgateway,
    /// Nothing: outside the mesh.
    None,
}

impl Proxy {
    /// Whether it reads requests: routes, retries and reports them.
    pub fn reads(self) -> bool {
        self.is_gateway() || matches!(self, Self::Sidecar | Self::Waypoint)
    }

    /// Whether it is all its pod runs: what stands before the listeners of a Gateway.
    pub fn is_gateway(self) -> bool {
        matches!(self, Self::Gateway | Self::Envoy | Self::Agentgateway)
    }

    /// Whether it is part of the mesh: encrypts what it sends there, and takes what is encrypted.
    pub fn meshed(self) -> bool {
        !matches!(self, Self::Envoy | Self::Agentgateway | Self::None)
    }
}

/// A pod.
#[derive(Debug, Clone)]
pub struct Pod {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// Uid: the identity of its queue and counters.
    pub uid: Arc<str>,
    /// Version of the state it was read from; 0: unknown.
    pub version: u64,
    /// Address.
    pub ip: String,
    /// Its group.
    pub group: u32,
    /// Whether its container runs, so that a connection is taken.
    pub alive: bool,
    /// Whether it is ready and not on its way out.
    pub ready: bool,
    /// CPU limit in cores.
    pub cpu_limit: Option<f64>,
    /// Memory limit of its application in bytes.
    pub memory_limit: Option<f64>,
    /// How its node asks whether it is ready.
    pub probe: Option<Probe>,
    /// Its containers, in their order.
    pub containers: Arc<[Container]>,
}

/// A container and what it may use.
#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    /// Name.
    pub name: Arc<str>,
    /// Cores.
    pub cpu_limit: Option<f64>,
    /// Bytes.
    pub memory_limit: Option<f64>,
}

impl Container {
    /// Whether it stands beside an application.
    pub fn is_proxy(&self) -> bool {
        proxies::is_proxy(&self.name)
    }

    fn read(object: &Value) -> Arc<[Self]> {
        let limit = |container: &Value, of: &str| match json::at(container, &["resources", "limits", of])? {
            Value::String(text) => span::quantity(text),
            other => other.as_f64(),
        };
        let all = json::list(object, &["spec", "containers"]).iter().map(|one| Self {
            name: json::word(one, &["name"]).into(),
            cpu_limit: limit(one, "cpu"),
            memory_limit: limit(one, "memory"),
        });
        all.collect()
    }
}

/// A readiness probe by request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Probe {
    /// How long an answer may take, milliseconds.
    pub timeout: f64,
    /// Between two, milliseconds.
    pub period: f64,
    /// So many failures in a row count.
    pub failures: u32,
}

/// Pods that no rule can tell apart.
#[derive(Debug, Clone)]
pub struct Group {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Workload name.
    pub workload: Arc<str>,
    /// Labels, without the hashes that controllers add.
    pub labels: Labels,
    /// Service account.
    pub account: Arc<str>,
    /// Its application's id, where a sidecar of Dapr stands beside it.
    pub app_id: Option<Arc<str>>,
    /// Proxy.
    pub proxy: Proxy,
    /// Container ports by name.
    pub ports: BTreeMap<String, u16>,
    /// How it behaves.
    pub behaviour: Arc<Behaviour>,
}

/// All pods.
#[derive(Debug, Clone, Default)]
pub struct Pods {
    pub(super) all: Vec<Pod>,
    pub(super) groups: Vec<Group>,
    pub(super) by_name: HashMap<(String, String), u32>,
    /// By namespace and workload.
    of_workload: HashMap<(Arc<str>, Arc<str>), Vec<u32>>,
}

/// Labels that differ between pods of one template.
const HASHES: [&str; 5] = [
    "pod-template-hash",
    "controller-revision-hash",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/controller-uid",
];

type GroupKey = (Arc<str>, Arc<str>, Labels, Arc<str>, Option<Arc<str>>, Proxy);

/// Groups by what makes them.
type Known = HashMap<GroupKey, u32>;

impl Pods {
    /// Reads all pods that are not finished; those whose state is the same as before are taken from there.
    pub(super) fn read(objects: &dyn Objects, behaviours: &Behaviours, spaces: &Spaces<'_>, before: &Self) -> Self {
        let mut pods = Self::default();
        let mut known = Known::new();
        let same: HashMap<u64, &Pod> =
            before.all.iter().filter(|pod| pod.version > 0).map(|pod| (pod.version, pod)).collect();
        let mut moved: HashMap<u32, u32> = HashMap::new();
        objects.visit(kinds::POD, None, &mut |version, object| {
            if let Some(pod) = same.get(&version) {
                let group = *moved.entry(pod.group).or_insert_with(|| {
                    let group = before.groups[pod.group as usize].clone();
                    let proxy = if group.proxy == Proxy::Ambient { Proxy::None } else { group.proxy };
                    pods.group(Group { proxy, ..group }, spaces, &mut known)
                });
                pods.keep(Pod { group, ..Pod::clone(pod) });
                return;
            }
            let object = object();
            if !matches!(json::word(&object, &["status", "phase"]), "Succeeded" | "Failed") {
                pods.add(&object, version, behaviours, spaces, &mut known);
            }
        });
        pods
    }

    /// The number of a group; whether its pods are of ambient mode is found here.
    fn group(&mut self, mut group: Group, spaces: &Spaces<'_>, known: &mut Known) -> u32 {
        if group.proxy == Proxy::None && ambient::joined(&group.labels, spaces.get(&*group.namespace)) {
            group.proxy = Proxy::Ambient;
        }
        let Group { namespace, workload, labels, account, app_id, proxy, .. } = &group;
        let (own, labels) = (Arc::clone(namespace), labels.clone());
        let key = (own, Arc::clone(workload), labels, Arc::clone(account), app_id.clone(), *proxy);
        *known.entry(key).or_insert_with(|| {
            self.groups.push(group);
            self.groups.len() as u32 - 1
        })
    }

    fn keep(&mut self, pod: Pod) {
        let (at, workload) = (self.all.len() as u32, Arc::clone(&self.groups[pod.group as usize].workload));
        self.by_name.insert((pod.namespace.to_string(), pod.name.to_string()), at);
        self.of_workload.entry((Arc::clone(&pod.namespace), workload)).or_default().push(at);
        self.all.push(pod);
    }

    /// The pods of a workload.
    pub(super) fn of_workload(&self, namespace: &str, workload: &str) -> &[u32] {
        self.of_workload.get(&(namespace.into(), workload.into())).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, object: &Value, version: u64, behaviours: &Behaviours, spaces: &Spaces<'_>, known: &mut Known) {
        let (namespace, name) = (json::namespace(object), json::name(object));
        let mut labels = json::labels(object, &["metadata", "labels"]);
        let (kind, workload) = workload(object, &labels);
        labels.retain(|label, _| !HASHES.contains(&label.as_str()));
        let account = json::text(object, &["spec", "serviceAccountName"]).unwrap_or("default");
        let behaviour = behaviours.get(&format!("{namespace}/{kind}/{workload}")).cloned().unwrap_or_default();
        let proxy = proxy(object, &labels);
        let group = Group {
            namespace: namespace.into(),
            workload: workload.into(),
            labels,
            account: account.into(),
            app_id: app_id(object),
            proxy,
            ports: ports(object),
            behaviour: Arc::new(behaviour),
        };
        let group = self.group(group, spaces, known);
        let (namespace, proxy) =
            (Arc::clone(&self.groups[group as usize].namespace), self.groups[group as usize].proxy);
        // Pods of a template share them.
        let mut containers = Container::read(object);
        let workload = Arc::clone(&self.groups[group as usize].workload);
        let near = self.of_workload(&namespace, &workload).last().map(|at| &self.all[*at as usize].containers);
        if let Some(near) = near.filter(|near| **near == containers) {
            containers = Arc::clone(near);
        }
        let leaving = json::at(object, &["metadata", "deletionTimestamp"]).is_some();
        self.keep(Pod {
            namespace,
            name: name.into(),
            uid: json::text(object, &["metadata", "uid"]).unwrap_or(name).into(),
            version,
            ip: json::word(object, &["status", "podIP"]).to_owned(),
            group,
            alive: runs(object, proxy),
            ready: !leaving && condition(object, "Ready"),
            cpu_limit: cpu_limit(object),
            memory_limit: memory_limit(object),
            probe: probe(object),
            containers,
        });
    }

    /// An address in an endpoint list whose pod is not there any more.
    pub(super) fn ghost(&mut self, namespace: &str, name: &str, ip: &str) -> u32 {
        let key = (namespace.to_owned(), name.to_owned());
        if let Some(found) = self.by_name.get(&key) {
            return *found;
        }
        let group = self.groups.len() as u32;
        self.groups.push(Group {
            namespace: namespace.into(),
            workload: "unknown".into(),
            labels: Labels::new(),
            account: "default".into(),
            app_id: None,
            proxy: Proxy::None,
            ports: BTreeMap::new(),
            behaviour: Arc::default(),
        });
        let at = self.all.len() as u32;
        self.by_name.insert(key, at);
        self.all.push(Pod {
            namespace: namespace.into(),
            name: name.into(),
            uid: format!("gone:{namespace}/{name}").into(),
            version: 0,
            ip: ip.to_owned(),
            group,
            alive: false,
            ready: false,
            cpu_limit: None,
            memory_limit: None,
            probe: None,
            containers: Arc::default(),
        });
        at
    }
}

/// Kind and name of the workload a pod belongs to.
fn workload(object: &Value, labels: &Labels) -> (String, String) {
    let owners = json::list(object, &["metadata", "ownerReferences"]);
    let owner = owners.iter().find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true));
    let Some(owner) = owner.or_else(|| owners.first()) else {
        return ("Pod".to_owned(), json::name(object).to_owned());
    };
    let (kind, name) = (json::word(owner, &["kind"]), json::word(owner, &["name"]));
    let hash = labels.get("pod-template-hash").map(|hash| format!("-{hash}"));
    if kind == "ReplicaSet"
        && let Some(name) = hash.and_then(|hash| name.strip_suffix(&hash))
    {
        return ("Deployment".to_owned(), name.to_owned());
    }
    (kind.to_owned(), name.to_owned())
}

fn containers(object: &Value) -> impl Iterator<Item = &Value> {
    json::list(object, &["spec", "containers"]).iter().chain(json::list(object, &["spec", "initContainers"]))
}

fn proxy(object: &Value, labels: &Labels) -> Proxy {
    let gateway = labels.contains_key("gateway.networking.k8s.io/gateway-name")
        || labels.get("istio").is_some_and(|istio| istio.ends_with("gateway"));
    let carries = |name: &str| containers(object).any(|container| json::word(container, &["name"]) == name);
    // A ztunnel is named like a sidecar, and is none.
    let ztunnel = |container: &Value| json::texts(container, &["args"]).iter().any(|word| word == "ztunnel");
    let sidecar = containers(object).any(|one| json::word(one, &["name"]) == proxies::ISTIO && !ztunnel(one));
    match (gateway, sidecar) {
        (true, _) if carries(proxies::ENVOY) => Proxy::Envoy,
        (true, _) if carries(proxies::AGENTGATEWAY) => Proxy::Agentgateway,
        (true, _) => Proxy::Gateway,
        (false, true) => Proxy::Sidecar,
        (false, false) => Proxy::None,
    }
}

/// The id of an application of Dapr: one whose sidecar was put in (annotations `dapr.io/enabled`, `dapr.io/app-id`).
fn app_id(object: &Value) -> Option<Arc<str>> {
    let carries = containers(object).any(|container| json::word(container, &["name"]) == proxies::DAPRD);
    let named = json::text(object, &["metadata", "annotations", "dapr.io/app-id"]);
    carries.then(|| named.unwrap_or_else(|| json::name(object)).into())
}

fn ports(object: &Value) -> BTreeMap<String, u16> {
    let ports = containers(object).flat_map(|container| json::list(container, &["ports"]));
    ports
        .filter_map(|port| Some((json::text(port, &["name"])?.to_owned(), json::port(port, &["containerPort"])?)))
        .collect()
}

fn runs(object: &Value, proxy: Proxy) -> bool {
    if json::word(object, &["status", "phase"]) != "Running" {
        return false;
    }
    // A program that does nothing takes no connections.
    if application(object).is_some_and(|one| json::word(one, &["image"]) == base::PAUSE_IMAGE) {
        return false;
    }
    let statuses = json::list(object, &["status", "containerStatuses"]);
    let own = |status: &&Value| proxy.is_gateway() || !proxies::is_proxy(json::word(status, &["name"]));
    let mut own = statuses.iter().filter(own).peekable();
    own.peek().is_none() || own.any(|status| json::at(status, &["state", "running"]).is_some())
}

fn condition(object: &Value, wanted: &str) -> bool {
    json::list(object, &["status", "conditions"])
        .iter()
        .any(|one| json::word(one, &["type"]) == wanted && json::word(one, &["status"]) == "True")
}

/// The limit of all containers but the proxy; none when one of them has none.
fn cpu_limit(object: &Value) -> Option<f64> {
    json::list(object, &["spec", "containers"])
        .iter()
        .filter(|container| !proxies::is_proxy(json::word(container, &["name"])))
        .map(|container| match json::at(container, &["resources", "limits", "cpu"])? {
            Value::String(text) => span::quantity(text),
            other => other.as_f64(),
        })
        .sum()
}

/// The first container that is no proxy: it serves.
fn application(object: &Value) -> Option<&Value> {
    let containers = json::list(object, &["spec", "containers"]).iter();
    containers.into_iter().find(|container| !proxies::is_proxy(json::word(container, &["name"])))
}

fn memory_limit(object: &Value) -> Option<f64> {
    match json::at(application(object)?, &["resources", "limits", "memory"])? {
        Value::String(text) => span::quantity(text),
        other => other.as_f64(),
    }
}

/// Probes that run a command are not asked here: they wait for no queue.
fn probe(object: &Value) -> Option<Probe> {
    let probe = json::at(application(object)?, &["readinessProbe"])?;
    let asks = ["httpGet", "grpc", "tcpSocket"].iter().any(|how| probe.get(how).is_some());
    let number = |field: &str, default: f64| probe.get(field).and_then(Value::as_f64).unwrap_or(default);
    asks.then(|| Probe {
        timeout: number("timeoutSeconds", 1.0).max(1.0) * 1000.0,
        period: number("periodSeconds", 10.0).max(1.0) * 1000.0,
        failures: number("failureThreshold", 3.0).max(1.0) as u32,
    })
}
