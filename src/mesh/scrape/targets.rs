//! Which pods have something to tell, and by which way.
//!
//! Ports and paths: Istio's proxies 15090 (Envoy alone) or 15020 (merged), ztunnel 15020, istiod 15014, agentgateway 15020;
//! gateways of others say theirs by the `prometheus.io` annotations or by the name of a port.

use compact_str::CompactString;
use serde_json::Value;

use super::counters::{Place, Role};
use crate::cluster::Manifest;

/// Targets read in one look.
pub const MOST_TARGETS: usize = 300;

/// Label selectors that find them, so that not every pod of a cluster is read: pods of a mesh (its injector names them),
/// gateways, the control plane and the tunnels, gateways of Envoy Gateway.
pub const SELECTORS: [&str; 4] = [
    "service.istio.io/canonical-name",
    "gateway.networking.k8s.io/gateway-name",
    "app in (istiod,ztunnel)",
    "app.kubernetes.io/component=proxy,app.kubernetes.io/managed-by=envoy-gateway",
];

/// How much depends on a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Tells of many: a gateway, a tunnel, the control plane.
    Many,
    /// Tells of its own pod.
    Own,
}

/// Where a pod's counters are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The pod.
    pub place: Place,
    /// Its port.
    pub port: u16,
    /// Path and query.
    pub path: CompactString,
    /// How much depends on it.
    pub rank: Rank,
}

/// Envoy leaves out what never happened, which is most of it.
const ENVOY: &str = "/stats/prometheus?usedonly";

impl Target {
    /// The target that a pod is, if it is one and runs.
    pub fn of(pod: &Manifest) -> Option<Self> {
        if pod.terminating() || pod.text(&["status", "phase"]) != Some("Running") {
            return None;
        }
        let role = match pod.label("app") {
            Some("istiod") => Role::Control,
            Some("ztunnel") => Role::Tunnel,
            _ => Role::Proxy,
        };
        let place = Place { namespace: pod.namespace()?.into(), pod: pod.name().into(), role };
        let (port, path, rank) = match role {
            Role::Control => (15014, "/metrics".into(), Rank::Many),
            Role::Tunnel => (15020, "/metrics".into(), Rank::Many),
            Role::Proxy => way(pod)?,
        };
        Some(Self { place, port, path, rank })
    }
}

fn way(pod: &Manifest) -> Option<(u16, CompactString, Rank)> {
    let gateway = pod.label("gateway.networking.k8s.io/gateway-name").is_some() || pod.label("istio").is_some();
    let rank = if gateway { Rank::Many } else { Rank::Own };
    if container(pod, |one| one["name"] == "istio-proxy").is_some() {
        let envoy = port(pod, &["http-envoy-prom"]);
        // Merged figures hold those of the application as well; Envoy's own port spares them.
        return Some(envoy.map_or((15020, "/stats/prometheus".into(), rank), |port| (port, ENVOY.into(), rank)));
    }
    let named = pod.annotation("prometheus.io/port").and_then(|port| port.parse().ok());
    if pod.annotation("prometheus.io/scrape") == Some("true")
        && let Some(port) = named
    {
        let path = pod.annotation("prometheus.io/path").filter(|path| path.starts_with('/')).unwrap_or("/metrics");
        return Some((port, path.into(), Rank::Many));
    }
    let image = |part: &'static str| move |one: &Value| one["image"].as_str().is_some_and(|image| image.contains(part));
    if container(pod, image("agentgateway")).is_some() {
        return Some((15020, "/metrics".into(), Rank::Many));
    }
    // kgateway serves Envoy's figures under both paths, Envoy Gateway under this one.
    container(pod, image("envoy"))?;
    let port = port(pod, &["http-monitoring", "metrics"])?;
    Some((port, ENVOY.into(), Rank::Many))
}

fn containers(pod: &Manifest) -> impl Iterator<Item = &Value> {
    // Sidecars may be init containers that go on running.
    let of = |list: &str| pod.at(&["spec", list]).and_then(Value::as_array).into_iter().flatten();
    of("containers").chain(of("initContainers"))
}

fn container(pod: &Manifest, wanted: impl Fn(&Value) -> bool) -> Option<&Value> {
    containers(pod).find(|one| wanted(one))
}

fn port(pod: &Manifest, names: &[&str]) -> Option<u16> {
    let ports = containers(pod).filter_map(|one| one["ports"].as_array()).flatten();
    let named = |port: &&Value| port["name"].as_str().is_some_and(|name| names.contains(&name));
    ports.filter(named).find_map(|port| u16::try_from(port["containerPort"].as_u64()?).ok())
}

/// The targets of one look: those that tell of many first, then those of `namespace`. With how many are left out.
pub fn choose(mut targets: Vec<Target>, namespace: Option<&str>) -> (Vec<Target>, usize) {
    let far = |target: &Target| namespace.is_some_and(|namespace| target.place.namespace != namespace);
    targets.sort_by(|a, b| (a.rank, far(a), &a.place).cmp(&(b.rank, far(b), &b.place)));
    targets.dedup_by(|a, b| a.place == b.place);
    let left_out = targets.len().saturating_sub(MOST_TARGETS);
    targets.truncate(MOST_TARGETS);
    (targets, left_out)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{MOST_TARGETS, Rank, Target, choose};
    use crate::{cluster::Manifest, mesh::scrape::counters::Place};

    fn pod(metadata: &Value, spec: &Value) -> Manifest {
        let mut pod =
            json!({"metadata": {"name": "p", "namespace": "n"}, "spec": spec, "status": {"phase": "Running"}});
        for (key, value) in metadata.as_object().unwrap() {
            pod["metadata"][key] = value.clone();
        }
        Manifest(pod)
    }

    #[rstest]
    #[case::sidecar(
        json!({}),
        json!({"containers": [{"name": "web"}, {"name": "istio-proxy", "ports": [{"name": "http-envoy-prom", "containerPort": 15090}]}]}),
        Some((15090, "/stats/prometheus?usedonly", Rank::Own))
    )]
    #[case::native_sidecar(
        json!({}),
        json!({"containers": [{"name": "web"}], "initContainers": [{"name": "istio-proxy"}]}),
        Some((15020, "/stats/prometheus", Rank::Own))
    )]
    #[case::gateway(
        json!({"labels": {"gateway.networking.k8s.io/gateway-name": "gw"}}),
        json!({"containers": [{"name": "istio-proxy"}]}),
        Some((15020, "/stats/prometheus", Rank::Many))
    )]
    #[case::istiod(json!({"labels": {"app": "istiod"}}), json!({}), Some((15014, "/metrics", Rank::Many)))]
    #[case::ztunnel(json!({"labels": {"app": "ztunnel"}}), json!({}), Some((15020, "/metrics", Rank::Many)))]
    #[case::agentgateway(
        json!({"labels": {"gateway.networking.k8s.io/gateway-name": "gw"}}),
        json!({"containers": [{"name": "agentgateway", "image": "ghcr.io/x/agentgateway:1.4"}]}),
        Some((15020, "/metrics", Rank::Many))
    )]
    #[case::kgateway(
        json!({"annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "9091", "prometheus.io/path": "/metrics"}}),
        json!({"containers": [{"name": "kgateway-proxy", "image": "x/envoy-wrapper:2"}]}),
        Some((9091, "/metrics", Rank::Many))
    )]
    #[case::envoy_gateway(
        json!({}),
        json!({"containers": [{"name": "envoy", "image": "envoyproxy/envoy:1", "ports": [{"name": "metrics", "containerPort": 19001}]}]}),
        Some((19001, "/stats/prometheus?usedonly", Rank::Many))
    )]
    #[case::nobody(json!({}), json!({"containers": [{"name": "web", "image": "nginx"}]}), None)]
    #[case::odd(json!({"annotations": {"prometheus.io/scrape": "true", "prometheus.io/port": "x"}}), json!({"containers": 3}), None)]
    fn pods_are_known_by_what_they_carry(
        #[case] metadata: Value,
        #[case] spec: Value,
        #[case] expected: Option<(u16, &str, Rank)>,
    ) {
        let target = Target::of(&pod(&metadata, &spec));
        let found = target.as_ref().map(|target| (target.port, target.path.as_str(), target.rank));
        assert_eq!(found, expected);
    }

    #[test]
    fn who_does_not_run_is_not_asked() {
        let mut one = pod(&json!({"labels": {"app": "istiod"}}), &json!({}));
        one.0["status"]["phase"] = json!("Pending");
        assert_eq!(Target::of(&one), None);
    }

    #[test]
    fn what_tells_most_is_asked_first() {
        let target = |namespace: &str, pod: usize, rank| Target {
            place: Place { namespace: namespace.into(), pod: format!("p{pod:04}").into(), ..Place::default() },
            port: 15020,
            path: "/metrics".into(),
            rank,
        };
        let mut all: Vec<Target> = (0..400).map(|n| target("a", n, Rank::Own)).collect();
        all.extend([target("shop", 1, Rank::Own), target("edge", 1, Rank::Many), target("edge", 1, Rank::Many)]);
        let (chosen, left_out) = choose(all, Some("shop"));
        assert_eq!((chosen.len(), left_out), (MOST_TARGETS, 102));
        let first: Vec<&str> = chosen.iter().take(3).map(|one| one.place.namespace.as_str()).collect();
        assert_eq!(first, ["edge", "shop", "a"]);
    }
}
