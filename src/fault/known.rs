//! The kinds brink knows by heart. What else a cluster serves is asked of its discovery.

use crate::cluster::Kind;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $make:ident($group:literal, $version:literal, $kind:literal, $plural:literal);)*) => {
        $($(#[$doc])* pub fn $name() -> Kind { Kind::$make($group, $version, $kind, $plural) })*
    };
}

kinds! {
    /// v1 Pod.
    pod = namespaced("", "v1", "Pod", "pods");
    /// v1 Service.
    service = namespaced("", "v1", "Service", "services");
    /// v1 Namespace.
    namespace = cluster_wide("", "v1", "Namespace", "namespaces");
    /// v1 ConfigMap.
    config_map = namespaced("", "v1", "ConfigMap", "configmaps");
    /// v1 ServiceAccount.
    service_account = namespaced("", "v1", "ServiceAccount", "serviceaccounts");
    /// v1 Node.
    node = cluster_wide("", "v1", "Node", "nodes");
    /// batch/v1 Job.
    job = namespaced("batch", "v1", "Job", "jobs");
    /// apps/v1 Deployment.
    deployment = namespaced("apps", "v1", "Deployment", "deployments");
    /// apps/v1 StatefulSet.
    stateful_set = namespaced("apps", "v1", "StatefulSet", "statefulsets");
    /// apps/v1 DaemonSet.
    daemon_set = namespaced("apps", "v1", "DaemonSet", "daemonsets");
    /// apps/v1 ReplicaSet.
    replica_set = namespaced("apps", "v1", "ReplicaSet", "replicasets");
    /// apps/v1 ControllerRevision.
    controller_revision = namespaced("apps", "v1", "ControllerRevision", "controllerrevisions");
    /// discovery.k8s.io/v1 EndpointSlice.
    endpoint_slice = namespaced("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices");
    /// autoscaling/v2 HorizontalPodAutoscaler.
    autoscaler = namespaced("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers");
    /// policy/v1 PodDisruptionBudget.
    disruption_budget = namespaced("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets");
    /// networking.k8s.io/v1 NetworkPolicy.
    network_policy = namespaced("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies");
    /// gateway.networking.k8s.io/v1 HTTPRoute.
    http_route = namespaced("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes");
    /// gateway.networking.k8s.io/v1 Gateway.
    gateway = namespaced("gateway.networking.k8s.io", "v1", "Gateway", "gateways");
    /// networking.istio.io/v1 VirtualService.
    virtual_service = namespaced("networking.istio.io", "v1", "VirtualService", "virtualservices");
    /// networking.istio.io/v1 DestinationRule.
    destination_rule = namespaced("networking.istio.io", "v1", "DestinationRule", "destinationrules");
    /// networking.istio.io/v1 ServiceEntry.
    service_entry = namespaced("networking.istio.io", "v1", "ServiceEntry", "serviceentries");
    /// security.istio.io/v1 PeerAuthentication.
    peer_authentication = namespaced("security.istio.io", "v1", "PeerAuthentication", "peerauthentications");
    /// networking.istio.io/v1alpha3 EnvoyFilter (no newer version exists).
    envoy_filter = namespaced("networking.istio.io", "v1alpha3", "EnvoyFilter", "envoyfilters");
    /// security.istio.io/v1 AuthorizationPolicy.
    authorization_policy = namespaced("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies");
    /// admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration.
    validating_webhooks = cluster_wide(
        "admissionregistration.k8s.io",
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations"
    );
    /// admissionregistration.k8s.io/v1 MutatingWebhookConfiguration.
    mutating_webhooks = cluster_wide(
        "admissionregistration.k8s.io",
        "v1",
        "MutatingWebhookConfiguration",
        "mutatingwebhookconfigurations"
    );
}

/// The workload kind of a word as people write it (`deploy`, `Deployment`, `deployments`).
pub fn workload(word: &str) -> Option<Kind> {
    let word = word.to_lowercase();
    match word.as_str() {
        "deploy" | "deployment" | "deployments" => Some(deployment()),
        "sts" | "statefulset" | "statefulsets" => Some(stateful_set()),
        "ds" | "daemonset" | "daemonsets" => Some(daemon_set()),
        "rs" | "replicaset" | "replicasets" => Some(replica_set()),
        "po" | "pod" | "pods" => Some(pod()),
        "vs" | "virtualservice" | "virtualservices" => Some(virtual_service()),
        "cm" | "configmap" | "configmaps" => Some(config_map()),
        "gtw" | "gateway" | "gateways" => Some(gateway()),
        _ => None,
    }
}

/// The words [`workload`] understands, for "did you mean".
pub const WORKLOAD_WORDS: [&str; 8] =
    ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "VirtualService", "ConfigMap", "Gateway"];
