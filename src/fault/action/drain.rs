//! A drain: which pods of a node are evicted and which stay, said by name (`kubectl drain`).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    cluster::Manifest,
    fault::{intent::Fault, select},
};

/// What a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Drain {
    /// Pods that nobody brings back are evicted as well.
    pub force: bool,
}

impl Drain {
    /// Into the parameters of an intent.
    pub fn write(self, params: &mut BTreeMap<String, Value>) {
        params.insert("force".to_owned(), json!(self.force));
    }

    /// And back.
    pub fn read(fault: &Fault) -> Self {
        Self { force: fault.params.get("force").and_then(Value::as_bool).unwrap_or(false) }
    }
}

/// The pods of a node, parted.
#[derive(Debug, Default)]
pub struct Parted<'a> {
    /// Those that are evicted.
    pub evicted: Vec<&'a Manifest>,
    /// What stays, in words.
    pub stays: Vec<String>,
}

/// Parts the pods of a node. `spared` says why nothing is evicted in a namespace.
pub fn part<'a>(node: &str, pods: &'a [Manifest], drain: Drain, spared: impl Fn(&str) -> Option<String>) -> Parted<'a> {
    let mut parted = Parted::default();
    let (mut daemons, mut mirrored) = (Vec::new(), Vec::new());
    for pod in pods.iter().filter(|pod| pod.text(&["spec", "nodeName"]) == Some(node)) {
        let namespace = pod.namespace().unwrap_or_default();
        let name = format!("{namespace}/{}", pod.name());
        let controller = select::controller(pod).map(|(kind, ..)| kind);
        if pod.annotation("kubernetes.io/config.mirror").is_some() || controller == Some("Node") {
            mirrored.push(name);
        } else if controller == Some("DaemonSet") {
            daemons.push(name);
        } else if pod.terminating() {
            parted.stays.push(format!("{name} is being deleted already"));
        } else if let Some(why) = spared(namespace) {
            parted.stays.push(format!("{name}: its namespace {why}"));
        } else if controller.is_none() && !select::over(pod) && !drain.force {
            parted.stays.push(format!("{name} has no controller, nobody would bring it back"));
        } else {
            parted.evicted.push(pod);
        }
    }
    parted.evicted.sort_by_key(|pod| (pod.namespace(), pod.name()));
    parted.stays.sort();
    for (names, whose) in [(daemons, "of DaemonSets"), (mirrored, "of the node itself (mirrored)")] {
        if !names.is_empty() {
            parted.stays.push(format!("{} {whose}: {}", names.len(), names.join(", ")));
        }
    }
    parted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Drain, part};
    use crate::cluster::Manifest;

    fn pod(namespace: &str, name: &str, owner: Option<&str>) -> Manifest {
        let owners: Vec<_> =
            owner.iter().map(|kind| json!({"kind": kind, "name": "x", "uid": "u", "controller": true})).collect();
        Manifest(json!({
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "ownerReferences": owners},
            "spec": {"nodeName": "n1"},
        }))
    }

    #[test]
    fn pods_of_daemon_sets_of_the_node_and_of_nobody_stay() {
        let mut mirror = pod("kube-system", "etcd", None);
        mirror.map_mut(&["metadata", "annotations"]).unwrap().insert("kubernetes.io/config.mirror".into(), "x".into());
        let pods = [
            pod("shop", "web", Some("ReplicaSet")),
            pod("shop", "agent", Some("DaemonSet")),
            pod("shop", "bare", None),
            pod("kube-system", "dns", Some("ReplicaSet")),
            mirror,
        ];
        let spared = |namespace: &str| namespace.starts_with("kube-").then(|| "is protected".to_owned());
        let parted = part("n1", &pods, Drain::default(), spared);
        let evicted: Vec<&str> = parted.evicted.iter().map(|pod| pod.name()).collect();
        assert_eq!(evicted, ["web"]);
        assert_eq!(
            parted.stays,
            [
                "kube-system/dns: its namespace is protected",
                "shop/bare has no controller, nobody would bring it back",
                "1 of DaemonSets: shop/agent",
                "1 of the node itself (mirrored): kube-system/etcd",
            ]
        );
        let forced = part("n1", &pods, Drain { force: true }, spared);
        assert_eq!(forced.evicted.len(), 2);
        assert!(part("n2", &pods, Drain::default(), spared).evicted.is_empty());
    }
}
