//! What an object acts on, by its kind: pods, Services, or what brink does not know.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::{
    cluster::Manifest,
    fault::{chaos_engine, observe::Observe, routes},
};

/// What an object of a kind acts on.
pub(super) enum ActsOn {
    /// Pods by a LabelSelector.
    Pods(Value),
    /// Pods by namespace and name.
    Named(BTreeMap<String, Vec<String>>),
    /// Every pod of its namespace.
    Namespace,
    /// Services, `NS/NAME`.
    Services(Vec<String>),
    /// Brink does not know.
    Unknown,
}

impl ActsOn {
    /// The selector of Chaos Mesh: pods by name, or by labels in the object's own namespace; by anything else brink does not
    /// know. Its mode may take fewer, and nobody knows which.
    fn of_chaos(object: &Manifest) -> Self {
        let Some(selector) = object.at(&["spec", "selector"]).and_then(Value::as_object) else { return Self::Unknown };
        let known = ["pods", "labelSelectors", "namespaces"];
        let own = object.namespace().unwrap_or_default();
        let here =
            selector.get("namespaces").and_then(Value::as_array).is_none_or(|all| all.iter().all(|one| one == own));
        if selector.keys().any(|key| !known.contains(&key.as_str())) || object.at(&["spec", "target"]).is_some() {
            return Self::Unknown;
        }
        if let Some(pods) = selector.get("pods").and_then(Value::as_object).filter(|pods| !pods.is_empty()) {
            let names = |list: &Value| -> Vec<String> {
                list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
            };
            return Self::Named(pods.iter().map(|(space, list)| (space.clone(), names(list))).collect());
        }
        match selector.get("labelSelectors").and_then(Value::as_object) {
            Some(labels) if here && !labels.is_empty() => Self::Pods(serde_json::json!({"matchLabels": labels})),
            None if here => Self::Namespace,
            _ => Self::Unknown,
        }
    }

    /// The pods a ChaosEngine of Litmus means: all by name in every experiment, else those of its `appinfo` in its own
    /// namespace. A share of them is the experiment's choice, and nobody knows which; nodes are not looked into.
    fn of_engine(object: &Manifest) -> Self {
        let own = object.namespace().unwrap_or_default();
        let experiments = chaos_engine::experiments(object);
        let named: Vec<Vec<&str>> = experiments.iter().map(chaos_engine::target_pods).collect();
        let of_pods = |name: &str| name.starts_with("pod-") || name == "container-kill";
        let (namespace, labels) =
            (object.text(&["spec", "appinfo", "appns"]), object.text(&["spec", "appinfo", "applabel"]));
        let namespace = namespace.filter(|namespace| !namespace.is_empty()).unwrap_or(own);
        let known = experiments.iter().all(|one| of_pods(chaos_engine::name(one)));
        if experiments.is_empty() || !known || object.at(&["spec", "selectors"]).is_some() {
            return Self::Unknown;
        }
        if named.iter().all(|pods| !pods.is_empty()) {
            let all: BTreeSet<String> = named.concat().into_iter().map(str::to_owned).collect();
            return Self::Named(BTreeMap::from([(namespace.to_owned(), all.into_iter().collect())]));
        }
        let pairs = labels.unwrap_or_default().split(',').map(|pair| pair.split_once('='));
        match pairs.collect::<Option<BTreeMap<&str, &str>>>() {
            Some(pairs) if namespace == own => Self::Pods(serde_json::json!({"matchLabels": pairs})),
            _ => Self::Unknown,
        }
    }

    /// What an object of a kind acts on.
    pub(super) fn of(group: &str, kind: &str, object: &Manifest) -> Self {
        let labels = |path: &[&str]| {
            object
                .at(path)
                .filter(|map| map.as_object().is_some_and(|map| !map.is_empty()))
                .map_or(Self::Namespace, |map| Self::Pods(serde_json::json!({"matchLabels": map})))
        };
        match (group, kind) {
            ("apps", "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") => {
                object.at(&["spec", "selector"]).cloned().map_or(Self::Unknown, Self::Pods)
            }
            ("networking.k8s.io", "NetworkPolicy") => match object.at(&["spec", "podSelector"]) {
                Some(selector) if selector.as_object().is_some_and(|map| !map.is_empty()) => {
                    Self::Pods(selector.clone())
                }
                _ => Self::Namespace,
            },
            ("networking.istio.io", "EnvoyFilter" | "Sidecar") => labels(&["spec", "workloadSelector", "labels"]),
            ("security.istio.io", _) => match object.at(&["spec", "targetRefs"]).and_then(Value::as_array) {
                Some(targets) if !targets.is_empty() => Self::Services(
                    targets
                        .iter()
                        .filter(|target| target.get("kind").and_then(Value::as_str) == Some("Service"))
                        .filter_map(|target| target.get("name")?.as_str())
                        .map(|name| format!("{}/{name}", object.namespace().unwrap_or_default()))
                        .collect(),
                ),
                _ => labels(&["spec", "selector", "matchLabels"]),
            },
            ("chaos-mesh.org", _) if Observe::of(group, kind).is_some() => Self::of_chaos(object),
            ("litmuschaos.io", "ChaosEngine") => Self::of_engine(object),
            // What it tells runs only for an engine.
            ("litmuschaos.io", "ChaosExperiment") => Self::Named(BTreeMap::new()),
            ("", "Service") => {
                Self::Services(vec![format!("{}/{}", object.namespace().unwrap_or_default(), object.name())])
            }
            ("gateway.networking.k8s.io", "HTTPRoute" | "GRPCRoute") => {
                let mut services = routes::backends(object);
                services.extend(routes::mesh_parents(object));
                Self::Services(services)
            }
            ("networking.istio.io", "VirtualService") => {
                let own = object.namespace().unwrap_or_default();
                let mut services: Vec<String> = routes::hosts(object)
                    .into_iter()
                    .map(|host| routes::service_of(host, own).unwrap_or_else(|| host.to_owned()))
                    .collect();
                services.extend(routes::destinations(object));
                Self::Services(services)
            }
            ("networking.istio.io", "ServiceEntry") => {
                let own = object.namespace().unwrap_or_default();
                let hosts = routes::hosts(object).into_iter();
                Self::Services(hosts.map(|host| format!("{own}/{host}")).collect())
            }
            ("networking.istio.io", "DestinationRule") => {
                let own = object.namespace().unwrap_or_default();
                let host = object.text(&["spec", "host"]).unwrap_or("*");
                Self::Services(vec![routes::service_of(host, own).unwrap_or_else(|| host.to_owned())])
            }
            _ => Self::Unknown,
        }
    }
}
