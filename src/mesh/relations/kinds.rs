//! Which kinds are watched for a tree: those whose relations are known, those that can own or be owned by the root, and no more.
//!
//! A server may serve hundreds of kinds, and a watch of each would be a burden on it. What is not looked at is said.

use crate::cluster::{
    Kind,
    discovery::{Discovery, Served},
};

/// Kinds whose relations are known: group and kind.
const KNOWN: [(&str, &str); 29] = [
    ("", "Pod"),
    ("", "Service"),
    ("", "ConfigMap"),
    ("", "Secret"),
    ("", "ServiceAccount"),
    ("", "PersistentVolumeClaim"),
    ("", "ReplicationController"),
    ("apps", "Deployment"),
    ("apps", "ReplicaSet"),
    ("apps", "StatefulSet"),
    ("apps", "DaemonSet"),
    ("batch", "Job"),
    ("batch", "CronJob"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("policy", "PodDisruptionBudget"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("networking.k8s.io", "Ingress"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("gateway.networking.k8s.io", "Gateway"),
    ("gateway.networking.k8s.io", "ListenerSet"),
    ("gateway.networking.k8s.io", "HTTPRoute"),
    ("gateway.networking.k8s.io", "GRPCRoute"),
    ("gateway.networking.k8s.io", "TLSRoute"),
    ("gateway.networking.k8s.io", "TCPRoute"),
    ("gateway.networking.k8s.io", "UDPRoute"),
    ("networking.istio.io", "VirtualService"),
    ("networking.istio.io", "Gateway"),
    ("networking.istio.io", "DestinationRule"),
    ("argoproj.io", "Rollout"),
];

/// Kinds without namespaces, which are watched only where the root is one of them or hangs on them directly.
const WIDE: [(&str, &str, &[&str]); 2] =
    [("", "Node", &["Node", "Pod"]), ("", "PersistentVolume", &["PersistentVolume", "PersistentVolumeClaim"])];

/// What hangs on nothing a person looks for: a watch of it would be noise.
const NOISE: [&str; 7] =
    ["Event", "Lease", "Endpoints", "ControllerRevision", "ComponentStatus", "PodMetrics", "NodeMetrics"];

/// Kinds beyond the known ones, at most; and when a person asks for all.
const MORE: usize = 16;
const ALL: usize = 160;

/// Which kinds are watched, and which are not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// To be watched, the root's own first.
    pub watched: Vec<Kind>,
    /// Kinds that could hang on these and are not looked at, by plural and group.
    pub left_out: Vec<String>,
}

/// The kinds for a tree from this kind on; `all`: every kind that can be watched.
pub fn plan(root: &Kind, discovery: &Discovery, all: bool) -> Plan {
    let mut plan = Plan { watched: vec![root.clone()], left_out: Vec::new() };
    let known = |served: &Served| {
        let named = (served.kind.group.as_str(), served.kind.kind.as_str());
        KNOWN.contains(&named)
            || WIDE.iter().any(|(group, kind, roots)| (*group, *kind) == named && roots.contains(&root.kind.as_str()))
    };
    let watchable = || {
        discovery.kinds.iter().filter(|served| {
            let verb = |name: &str| served.verbs.iter().any(|verb| verb == name);
            verb("list") && verb("watch") && !NOISE.contains(&served.kind.kind.as_str())
        })
    };
    for served in watchable().filter(|served| known(served)) {
        put(&mut plan.watched, &served.kind);
    }
    let room = plan.watched.len() + if all { ALL } else { MORE };
    // Whoever defines a kind mostly owns only kinds of its own: those of its group, and of groups that end alike.
    let akin = |served: &&Served| all || akin(&root.group, &served.kind.group);
    for served in watchable().filter(akin) {
        if plan.watched.len() < room {
            put(&mut plan.watched, &served.kind);
        }
    }
    for served in watchable() {
        if !plan.watched.iter().any(|kind| same(kind, &served.kind)) {
            let group = &served.kind.group;
            let dot = if group.is_empty() { "" } else { "." };
            plan.left_out.push(format!("{}{dot}{group}", served.kind.plural));
        }
    }
    plan.left_out.sort();
    plan.left_out.dedup();
    plan
}

/// Whether two kinds are the same, whatever their version.
pub fn same(a: &Kind, b: &Kind) -> bool {
    a.group == b.group && a.kind == b.kind
}

fn put(kinds: &mut Vec<Kind>, kind: &Kind) {
    if !kinds.iter().any(|known| same(known, kind)) {
        kinds.push(kind.clone());
    }
}

/// Whether groups belong together: the same, or of one domain (`cert-manager.io` and `acme.cert-manager.io`). Those of
/// Kubernetes itself do not: what hangs together there is known.
fn akin(root: &str, other: &str) -> bool {
    let domain = |group: &str| {
        let mut parts = group.rsplitn(3, '.');
        let (top, name) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(format!("{name}.{top}")).filter(|domain| domain != "k8s.io")
    };
    domain(root).is_some_and(|own| domain(other) == Some(own))
}

/// Whether objects of a kind are read by their metadata alone: what stands in them is nobody's to keep.
pub fn metadata_alone(kind: &Kind) -> bool {
    kind.group.is_empty() && matches!(kind.kind.as_str(), "Secret" | "ConfigMap")
}
