//! How new pods join the mesh: sidecars and ztunnel by label, as Istio's webhooks decide; and how they get a sidecar of Dapr.
//!
//! Pure functions on the pod about to be created; the world has the API ask them.

use serde_json::{Value, json};

use super::json;
use crate::base::proxies;

/// The image of sidecars and gateway proxies.
pub const PROXY: &str = "docker.io/istio/proxyv2:1.30.3";

/// The sidecar of Dapr.
const DAPRD: &str = "docker.io/daprio/daprd:1.18.3";

/// The webhooks that are there to answer.
#[derive(Debug, Clone, Copy)]
pub struct Injectors {
    /// Istio's.
    pub istio: bool,
    /// Dapr's.
    pub dapr: bool,
}

/// Has a new pod join the mesh, and gives it a sidecar of Dapr.
pub fn join(pod: &mut Value, namespace: &Value, injectors: Injectors) {
    if injectors.dapr {
        daprd(pod);
    }
    match mode(pod, namespace) {
        Mode::Sidecar if injectors.istio => sidecar(pod),
        Mode::Ambient => json::set(pod, &["metadata", "annotations", "ambient.istio.io/redirection"], "enabled"),
        Mode::Sidecar | Mode::None => {}
    }
}

/// How a pod joins the mesh.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// By a sidecar.
    Sidecar,
    /// By ztunnel.
    Ambient,
    /// Not at all.
    None,
}

/// How a pod joins the mesh by its labels and those of its namespace, as Istio's webhooks decide.
pub fn mode(pod: &Value, namespace: &Value) -> Mode {
    let label = |object: &Value, key: &str| json::text(object, &["metadata", "labels", key]).to_owned();
    let space = label(namespace, "istio-injection");
    let wish = match label(pod, "sidecar.istio.io/inject") {
        wish if wish.is_empty() => json::text(pod, &["metadata", "annotations", "sidecar.istio.io/inject"]).to_owned(),
        wish => wish,
    };
    let has_proxy =
        json::list(pod, &["spec", "containers"]).iter().any(|one| json::text(one, &["name"]) == proxies::ISTIO);
    let excluded =
        matches!(json::text(namespace, &["metadata", "name"]), "kube-system" | "kube-public" | "istio-system");
    if json::yes(pod, &["spec", "hostNetwork"]) || has_proxy || excluded || wish == "false" {
        return Mode::None;
    }
    let revision = !label(namespace, "istio.io/rev").is_empty() || !label(pod, "istio.io/rev").is_empty();
    if space != "disabled" && (space == "enabled" || revision || wish == "true") {
        return Mode::Sidecar;
    }
    let plane = match label(pod, "istio.io/dataplane-mode") {
        own if own.is_empty() => label(namespace, "istio.io/dataplane-mode"),
        own => own,
    };
    if plane == "ambient" { Mode::Ambient } else { Mode::None }
}

fn sidecar(pod: &mut Value) {
    let label = |pod: &Value, key: &str| json::text(pod, &["metadata", "labels", key]).to_owned();
    let app = [label(pod, "app.kubernetes.io/name"), label(pod, "app")].into_iter().find(|name| !name.is_empty());
    let version =
        [label(pod, "app.kubernetes.io/version"), label(pod, "version")].into_iter().find(|one| !one.is_empty());
    let canonical = app.unwrap_or_else(|| json::text(pod, &["metadata", "name"]).to_owned());
    let labels = [
        ("security.istio.io/tlsMode", "istio".to_owned()),
        ("service.istio.io/canonical-name", canonical),
        ("service.istio.io/canonical-revision", version.unwrap_or_else(|| "latest".to_owned())),
    ];
    for (key, value) in labels {
        if label(pod, key).is_empty() {
            json::set(pod, &["metadata", "labels", key], value);
        }
    }
    let status = r#"{"initContainers":["istio-init"],"containers":["istio-proxy"],"volumes":null,"imagePullSecrets":null,"revision":"default"}"#;
    for (key, value) in [
        ("sidecar.istio.io/status", status),
        ("istio.io/rev", "default"),
        ("prometheus.io/scrape", "true"),
        ("prometheus.io/port", "15020"),
        ("prometheus.io/path", "/stats/prometheus"),
    ] {
        json::set(pod, &["metadata", "annotations", key], value);
    }
    let mut init = json::list(pod, &["spec", "initContainers"]).to_vec();
    init.push(json!({
        "name": "istio-init", "image": PROXY, "imagePullPolicy": "IfNotPresent",
        "args": ["istio-iptables", "-p", "15001", "-z", "15006", "-u", "1337", "-m", "REDIRECT", "-i", "*", "-b", "*", "-d", "15090,15021,15020"],
        "resources": {"requests": {"cpu": "10m", "memory": "40Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    }));
    json::set(pod, &["spec", "initContainers"], init);
    let mut containers = json::list(pod, &["spec", "containers"]).to_vec();
    containers.push(json!({
        "name": proxies::ISTIO, "image": PROXY, "imagePullPolicy": "IfNotPresent",
        "args": ["proxy", "sidecar", "--domain", "$(POD_NAMESPACE).svc.cluster.local", "--proxyLogLevel=warning"],
        "ports": [{"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"}],
        "readinessProbe": {
            "httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"},
            "periodSeconds": 15, "timeoutSeconds": 3, "failureThreshold": 4, "successThreshold": 1,
        },
        "resources": {"requests": {"cpu": "10m", "memory": "40Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    }));
    json::set(pod, &["spec", "containers"], containers);
}

/// Annotations ask for it (Dapr, "Annotations").
fn daprd(pod: &mut Value) {
    let asks = json::text(pod, &["metadata", "annotations", "dapr.io/enabled"]) == "true";
    let mut containers = json::list(pod, &["spec", "containers"]).to_vec();
    if !asks || containers.iter().any(|one| json::text(one, &["name"]) == proxies::DAPRD) {
        return;
    }
    let named = json::text(pod, &["metadata", "annotations", "dapr.io/app-id"]);
    let id = if named.is_empty() { json::text(pod, &["metadata", "name"]) } else { named }.to_owned();
    containers.push(json!({
        "name": proxies::DAPRD, "image": DAPRD, "imagePullPolicy": "IfNotPresent",
        "args": ["/daprd", "--dapr-http-port", "3500", "--dapr-grpc-port", "50001", "--app-id", id],
        "ports": [
            {"containerPort": 3500, "name": "dapr-http", "protocol": "TCP"},
            {"containerPort": 9090, "name": "dapr-metrics", "protocol": "TCP"},
            {"containerPort": 3501, "name": "dapr-public", "protocol": "TCP"},
        ],
        "readinessProbe": {
            "httpGet": {"path": "/v1.0/healthz", "port": 3501, "scheme": "HTTP"},
            "periodSeconds": 6, "timeoutSeconds": 3, "failureThreshold": 3, "successThreshold": 1,
        },
        "resources": {"requests": {"cpu": "10m", "memory": "40Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File",
    }));
    json::set(pod, &["spec", "containers"], containers);
    json::set(pod, &["metadata", "labels", "dapr.io/sidecar-injected"], "true");
    json::set(pod, &["metadata", "labels", "dapr.io/app-id"], id);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Injectors, Mode, join, mode};
    use crate::control::json;

    #[test]
    fn labels_decide_how_a_pod_joins_the_mesh() {
        let space = |labels: Value| json!({"metadata": {"name": "shop", "labels": labels}});
        let pod = |labels: Value| json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a"}]}});
        let enabled = space(json!({"istio-injection": "enabled"}));
        assert_eq!(mode(&pod(json!({})), &enabled), Mode::Sidecar);
        assert_eq!(mode(&pod(json!({"sidecar.istio.io/inject": "false"})), &enabled), Mode::None);
        assert_eq!(mode(&pod(json!({})), &space(json!({"istio.io/rev": "default"}))), Mode::Sidecar);
        assert_eq!(mode(&pod(json!({"sidecar.istio.io/inject": "true"})), &space(json!({}))), Mode::Sidecar);
        let disabled = space(json!({"istio-injection": "disabled"}));
        assert_eq!(mode(&pod(json!({"sidecar.istio.io/inject": "true"})), &disabled), Mode::None);
        let ambient = space(json!({"istio.io/dataplane-mode": "ambient"}));
        assert_eq!(mode(&pod(json!({})), &ambient), Mode::Ambient);
        assert_eq!(mode(&pod(json!({"istio.io/dataplane-mode": "none"})), &ambient), Mode::None);
    }

    #[test]
    fn an_injected_pod_has_two_containers_once() {
        let space = json!({"metadata": {"name": "shop", "labels": {"istio-injection": "enabled"}}});
        let mut pod = json!({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "a"}]}});
        let both = Injectors { istio: true, dapr: true };
        join(&mut pod, &space, both);
        join(&mut pod, &space, both);
        assert_eq!(json::list(&pod, &["spec", "containers"]).len(), 2);
        json::set(&mut pod, &["metadata", "annotations", "dapr.io/enabled"], "true");
        join(&mut pod, &space, Injectors { dapr: false, ..both });
        assert_eq!(json::list(&pod, &["spec", "containers"]).len(), 2);
        join(&mut pod, &space, both);
        join(&mut pod, &space, both);
        assert_eq!(json::list(&pod, &["spec", "containers"]).len(), 3);
    }
}
