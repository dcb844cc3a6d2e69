//! What kagent is known by: where it lives and the tools of its tool server.

/// Where it lives.
pub const HOME: &str = "kagent";

/// The tools of its tool server that there are here, and what they do.
pub const TOOLS: [(&str, &str); 11] = [
    ("k8s_get_resources", "Lists objects of a kind as a table"),
    ("k8s_get_resource_yaml", "The YAML of an object"),
    ("k8s_describe_resource", "An object and its events"),
    ("k8s_get_events", "Events of a namespace"),
    ("k8s_get_pod_logs", "The end of a pod's log"),
    ("k8s_get_available_api_resources", "Kinds that this cluster serves"),
    ("prometheus_query_tool", "Asks Prometheus in PromQL"),
    ("k8s_apply_manifest", "Applies manifests"),
    ("k8s_patch_resource", "Patches an object"),
    ("k8s_scale", "Scales a Deployment"),
    ("k8s_delete_resource", "Deletes an object"),
];

/// What a tool does.
pub fn about(tool: &str) -> &'static str {
    TOOLS.iter().find(|(name, _)| *name == tool).map_or("", |(_, about)| *about)
}
