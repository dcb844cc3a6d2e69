//! The kinds that controllers and world files name.

use super::objects::Kind;

macro_rules! kinds {
    ($($name:ident = $group:literal $version:literal $kind:literal $plural:literal $namespaced:literal;)*) => {
        $(
            #[doc = concat!("`", $kind, "` of `", $group, "/", $version, "`.")]
            pub const $name: Kind =
                Kind { group: $group, version: $version, kind: $kind, plural: $plural, namespaced: $namespaced };
        )*
        /// Every kind of this table.
        pub const ALL: &[Kind] = &[$($name),*];
    };
}

kinds! {
    NAMESPACE = "" "v1" "Namespace" "namespaces" false;
    NODE = "" "v1" "Node" "nodes" false;
    POD = "" "v1" "Pod" "pods" true;
    SERVICE = "" "v1" "Service" "services" true;
    CONFIG_MAP = "" "v1" "ConfigMap" "configmaps" true;
    SECRET = "" "v1" "Secret" "secrets" true;
    SERVICE_ACCOUNT = "" "v1" "ServiceAccount" "serviceaccounts" true;
    CLAIM = "" "v1" "PersistentVolumeClaim" "persistentvolumeclaims" true;
    VOLUME = "" "v1" "PersistentVolume" "persistentvolumes" false;
    VOLUME_ATTRIBUTES_CLASS = "storage.k8s.io" "v1" "VolumeAttributesClass" "volumeattributesclasses" false;
    EVENT = "" "v1" "Event" "events" true;
    DEPLOYMENT = "apps" "v1" "Deployment" "deployments" true;
    REPLICA_SET = "apps" "v1" "ReplicaSet" "replicasets" true;
    STATEFUL_SET = "apps" "v1" "StatefulSet" "statefulsets" true;
    CONTROLLER_REVISION = "apps" "v1" "ControllerRevision" "controllerrevisions" true;
    DAEMON_SET = "apps" "v1" "DaemonSet" "daemonsets" true;
    JOB = "batch" "v1" "Job" "jobs" true;
    CRON_JOB = "batch" "v1" "CronJob" "cronjobs" true;
    ENDPOINT_SLICE = "discovery.k8s.io" "v1" "EndpointSlice" "endpointslices" true;
    PDB = "policy" "v1" "PodDisruptionBudget" "poddisruptionbudgets" true;
    HPA = "autoscaling" "v2" "HorizontalPodAutoscaler" "horizontalpodautoscalers" true;
    NETWORK_POLICY = "networking.k8s.io" "v1" "NetworkPolicy" "networkpolicies" true;
    ROLE = "rbac.authorization.k8s.io" "v1" "Role" "roles" true;
    ROLE_BINDING = "rbac.authorization.k8s.io" "v1" "RoleBinding" "rolebindings" true;
    CLUSTER_ROLE = "rbac.authorization.k8s.io" "v1" "ClusterRole" "clusterroles" false;
    CLUSTER_ROLE_BINDING = "rbac.authorization.k8s.io" "v1" "ClusterRoleBinding" "clusterrolebindings" false;
    GATEWAY_CLASS = "gateway.networking.k8s.io" "v1" "GatewayClass" "gatewayclasses" false;
    GATEWAY = "gateway.networking.k8s.io" "v1" "Gateway" "gateways" true;
    HTTP_ROUTE = "gateway.networking.k8s.io" "v1" "HTTPRoute" "httproutes" true;
    GRPC_ROUTE = "gateway.networking.k8s.io" "v1" "GRPCRoute" "grpcroutes" true;
    REFERENCE_GRANT = "gateway.networking.k8s.io" "v1beta1" "ReferenceGrant" "referencegrants" true;
    VIRTUAL_SERVICE = "networking.istio.io" "v1" "VirtualService" "virtualservices" true;
    DESTINATION_RULE = "networking.istio.io" "v1" "DestinationRule" "destinationrules" true;
    SERVICE_ENTRY = "networking.istio.io" "v1" "ServiceEntry" "serviceentries" true;
    ENVOY_FILTER = "networking.istio.io" "v1alpha3" "EnvoyFilter" "envoyfilters" true;
    PEER_AUTHENTICATION = "security.istio.io" "v1" "PeerAuthentication" "peerauthentications" true;
    AUTHORIZATION_POLICY = "security.istio.io" "v1" "AuthorizationPolicy" "authorizationpolicies" true;
    NETWORK_CHAOS = "chaos-mesh.org" "v1alpha1" "NetworkChaos" "networkchaos" true;
    POD_CHAOS = "chaos-mesh.org" "v1alpha1" "PodChaos" "podchaos" true;
    STRESS_CHAOS = "chaos-mesh.org" "v1alpha1" "StressChaos" "stresschaos" true;
    DNS_CHAOS = "chaos-mesh.org" "v1alpha1" "DNSChaos" "dnschaos" true;
    IO_CHAOS = "chaos-mesh.org" "v1alpha1" "IOChaos" "iochaos" true;
    TIME_CHAOS = "chaos-mesh.org" "v1alpha1" "TimeChaos" "timechaos" true;
    HTTP_CHAOS = "chaos-mesh.org" "v1alpha1" "HTTPChaos" "httpchaos" true;
    APPLICATION = "argoproj.io" "v1alpha1" "Application" "applications" true;
    KUSTOMIZATION = "kustomize.toolkit.fluxcd.io" "v1" "Kustomization" "kustomizations" true;
    CHAOS_ENGINE = "litmuschaos.io" "v1alpha1" "ChaosEngine" "chaosengines" true;
    CHAOS_EXPERIMENT = "litmuschaos.io" "v1alpha1" "ChaosExperiment" "chaosexperiments" true;
    TRAFFIC_POLICY = "gateway.kgateway.dev" "v1alpha1" "TrafficPolicy" "trafficpolicies" true;
    DIRECT_RESPONSE = "gateway.kgateway.dev" "v1alpha1" "DirectResponse" "directresponses" true;
    BACKEND = "gateway.kgateway.dev" "v1alpha1" "Backend" "backends" true;
    AGENTGATEWAY_POLICY = "agentgateway.dev" "v1alpha1" "AgentgatewayPolicy" "agentgatewaypolicies" true;
    COMPONENT = "dapr.io" "v1alpha1" "Component" "components" true;
    RESILIENCY = "dapr.io" "v1alpha1" "Resiliency" "resiliencies" true;
    CONFIGURATION = "dapr.io" "v1alpha1" "Configuration" "configurations" true;
    AGENT = "kagent.dev" "v1alpha2" "Agent" "agents" true;
    MODEL_CONFIG = "kagent.dev" "v1alpha2" "ModelConfig" "modelconfigs" true;
    REMOTE_MCP_SERVER = "kagent.dev" "v1alpha2" "RemoteMCPServer" "remotemcpservers" true;
    CHAOS_RESULT = "litmuschaos.io" "v1alpha1" "ChaosResult" "chaosresults" true;
}

/// The faults of Chaos Mesh.
pub const CHAOS_MESH: [Kind; 7] = [NETWORK_CHAOS, POD_CHAOS, STRESS_CHAOS, DNS_CHAOS, IO_CHAOS, TIME_CHAOS, HTTP_CHAOS];

/// What Litmus reads and writes.
pub const LITMUS: [Kind; 3] = [CHAOS_ENGINE, CHAOS_EXPERIMENT, CHAOS_RESULT];

/// What pod-failure of Chaos Mesh puts in the place of every image: a program that does nothing.
pub const PAUSE_IMAGE: &str = "gcr.io/google-containers/pause:latest";

/// The kind a manifest names by `apiVersion` and `kind`.
pub fn named(api_version: &str, kind: &str) -> Option<Kind> {
    ALL.iter().copied().find(|known| known.kind == kind && self::api_version(*known) == api_version)
}

/// `apps/v1`, `v1`.
pub fn api_version(kind: Kind) -> String {
    if kind.group.is_empty() { kind.version.to_owned() } else { format!("{}/{}", kind.group, kind.version) }
}
