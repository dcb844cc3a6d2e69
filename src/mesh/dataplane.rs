//! Which proxy stands before a pod: what an Istio object can act on, and what a person sees as the mode of a workload.
//!
//! Source: istio.io, "Ambient mode / Add workloads" and "Use layer 7 features"; labels `istio.io/dataplane-mode`,
//! `istio.io/use-waypoint`.

use serde::Serialize;
use serde_json::Value;

use crate::cluster::{
    Manifest,
    pods::{MeshMode, PodRow},
};

/// What carries a pod's traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dataplane {
    /// A sidecar Envoy: every HTTP fault works.
    Sidecar,
    /// The pod is a gateway Envoy itself.
    Gateway,
    /// ztunnel: layer 4 only, unless a waypoint stands before the Service.
    Ambient,
    /// The pod is a waypoint itself: the Envoy that reads requests in ambient mode.
    Waypoint,
    /// No proxy was seen.
    #[serde(rename = "none")]
    Absent,
}

impl Dataplane {
    /// Its word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sidecar => "sidecar",
            Self::Gateway => "gateway",
            Self::Ambient => "ambient",
            Self::Waypoint => "waypoint",
            Self::Absent => "none",
        }
    }
}

/// The class of Gateways that are waypoints, as their pods carry it.
const WAYPOINTS: (&str, &str) = ("gateway.istio.io/managed", "istio.io-mesh-controller");

/// The proxy of one pod.
pub fn of(pod: &Manifest, namespace: Option<&Manifest>) -> Dataplane {
    if let Some(proxy) = proxy(pod) {
        let args = proxy.get("args").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let runs_as = |role: &str| args.iter().any(|arg| arg.as_str() == Some(role));
        return if runs_as("waypoint") || pod.label(WAYPOINTS.0) == Some(WAYPOINTS.1) {
            Dataplane::Waypoint
        } else if runs_as("router") {
            Dataplane::Gateway
        } else {
            Dataplane::Sidecar
        };
    }
    if pod.annotation("sidecar.istio.io/status").is_some() {
        return Dataplane::Sidecar;
    }
    if pod.annotation("ambient.istio.io/redirection") == Some("enabled") {
        return Dataplane::Ambient;
    }
    match pod.label("istio.io/dataplane-mode") {
        Some("ambient") => return Dataplane::Ambient,
        Some(_) => return Dataplane::Absent,
        None => {}
    }
    match namespace.and_then(|namespace| namespace.label("istio.io/dataplane-mode")) {
        Some("ambient") => Dataplane::Ambient,
        _ => Dataplane::Absent,
    }
}

/// The proxy of a pod as its row tells: by what is so, not by what labels ask for.
pub fn of_row(pod: &PodRow) -> Dataplane {
    if pod.label(WAYPOINTS.0) == Some(WAYPOINTS.1) {
        return Dataplane::Waypoint;
    }
    let proxy = |name: &std::sync::Arc<str>| &**name == "istio-proxy";
    // Gateways run nothing beside the proxy; those of other systems are known by the Gateway they were made for.
    let alone = !pod.containers.is_empty() && pod.containers.iter().all(proxy);
    if alone || pod.label("gateway.networking.k8s.io/gateway-name").is_some() {
        return Dataplane::Gateway;
    }
    match pod.mesh {
        MeshMode::Sidecar => Dataplane::Sidecar,
        MeshMode::Ambient => Dataplane::Ambient,
        MeshMode::None => Dataplane::Absent,
    }
}

/// The `istio-proxy` container; native sidecars are init containers.
fn proxy(pod: &Manifest) -> Option<&Value> {
    ["containers", "initContainers"].iter().find_map(|list| {
        pod.at(&["spec", list])?
            .as_array()?
            .iter()
            .find(|container| container.get("name").and_then(Value::as_str) == Some("istio-proxy"))
    })
}

/// The waypoint that serves a Service, by its own label or its namespace's.
pub fn waypoint<'a>(service: Option<&'a Manifest>, namespace: Option<&'a Manifest>) -> Option<&'a str> {
    let label = |object: Option<&'a Manifest>| object.and_then(|object| object.label("istio.io/use-waypoint"));
    label(service).or_else(|| label(namespace)).filter(|name| *name != "none" && !name.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{Dataplane, of, of_row, waypoint};
    use crate::cluster::{Manifest, pod_read};

    #[rstest]
    #[case(json!({"spec": {"containers": [{"name": "app"}, {"name": "istio-proxy", "args": ["proxy", "sidecar"]}]}}), Dataplane::Sidecar)]
    #[case(json!({"spec": {"initContainers": [{"name": "istio-proxy", "args": ["proxy", "sidecar"]}]}}), Dataplane::Sidecar)]
    #[case(json!({"spec": {"containers": [{"name": "istio-proxy", "args": ["proxy", "router"]}]}}), Dataplane::Gateway)]
    #[case(json!({"spec": {"containers": [{"name": "istio-proxy", "args": ["proxy", "waypoint"]}]}}), Dataplane::Waypoint)]
    #[case(json!({"metadata": {"annotations": {"ambient.istio.io/redirection": "enabled"}}}), Dataplane::Ambient)]
    #[case(json!({"metadata": {"labels": {"istio.io/dataplane-mode": "none"}}}), Dataplane::Absent)]
    #[case(json!({}), Dataplane::Ambient)]
    fn the_proxy_of_a_pod_is_told(#[case] pod: Value, #[case] expected: Dataplane) {
        let namespace = Manifest(json!({"metadata": {"labels": {"istio.io/dataplane-mode": "ambient"}}}));
        assert_eq!(of(&Manifest(pod), Some(&namespace)), expected);
    }

    #[rstest]
    #[case(json!({"spec": {"containers": [{"name": "app"}, {"name": "istio-proxy"}]}}), Dataplane::Sidecar)]
    #[case(json!({"spec": {"containers": [{"name": "istio-proxy"}]}}), Dataplane::Gateway)]
    #[case(json!({"metadata": {"labels": {"gateway.istio.io/managed": "istio.io-mesh-controller"}},
        "spec": {"containers": [{"name": "istio-proxy"}]}}), Dataplane::Waypoint)]
    #[case(json!({"metadata": {"annotations": {"ambient.istio.io/redirection": "enabled"}}}), Dataplane::Ambient)]
    #[case(json!({"metadata": {"labels": {"istio.io/dataplane-mode": "ambient"}}}), Dataplane::Absent)]
    fn a_row_tells_what_is_so(#[case] pod: Value, #[case] expected: Dataplane) {
        let row = pod_read::row(pod.to_string().as_bytes()).unwrap();
        assert_eq!(of_row(&row), expected);
    }

    #[test]
    fn a_service_may_opt_out_of_its_namespaces_waypoint() {
        let namespace = Manifest(json!({"metadata": {"labels": {"istio.io/use-waypoint": "wp"}}}));
        let none = Manifest(json!({"metadata": {"labels": {"istio.io/use-waypoint": "none"}}}));
        let plain = Manifest(json!({"metadata": {}}));
        assert_eq!(waypoint(Some(&plain), Some(&namespace)), Some("wp"));
        assert_eq!(waypoint(Some(&none), Some(&namespace)), None);
        assert_eq!(waypoint(None, None), None);
    }
}
