//! Who answers for Gateways: under which name, where its controller runs, and what it deploys before the listeners.

use serde_json::{Value, json};

use super::{ctx::Ctx, inject::PROXY, json, key::Key, kinds, pods};
use crate::base::{
    objects::{Kind, Objects},
    proxies,
};

/// A system that answers for Gateways of its classes.
#[derive(Debug)]
pub(super) struct System {
    /// As classes and statuses name it.
    pub controller: &'static str,
    /// Field manager.
    pub manager: &'static str,
    /// Where its controller runs, and the label of its pods.
    home: (&'static str, (&'static str, &'static str)),
    /// The API group of its own kinds.
    group: &'static str,
    /// What it says of a class it takes.
    pub takes: &'static str,
    /// What it deploys.
    pub proxy: Proxy,
}

/// What stands before the listeners of a Gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proxy {
    /// A proxy of Istio.
    Istio,
    /// The same, as a waypoint of ambient mode.
    Waypoint,
    /// Envoy, as kgateway wraps it.
    Envoy,
    /// agentgateway.
    Agentgateway,
}

/// Who answers for routes on mesh Services.
pub(super) const MESH: &str = "istio.io/mesh-controller";

/// Istio.
pub(super) const ISTIO: &System = &System {
    controller: "istio.io/gateway-controller",
    manager: "pilot-discovery",
    home: ("istio-system", ("app", "istiod")),
    group: "gateway.istio.io",
    takes: "Handled by Istio controller",
    proxy: Proxy::Istio,
};

const KGATEWAY: (&str, (&str, &str)) = ("kgateway-system", ("kgateway", "kgateway"));
const TAKEN: &str = "GatewayClass accepted";

/// All of them. kgateway 2.1 deploys two kinds of proxies, agentgateway 1.x has a controller of its own; waypoints have a class
/// whose controller is that of mesh Services.
pub(super) const SYSTEMS: [&System; 5] = [
    ISTIO,
    &System { controller: MESH, proxy: Proxy::Waypoint, ..*ISTIO },
    &System {
        controller: "kgateway.dev/kgateway",
        manager: "kgateway",
        home: KGATEWAY,
        group: kinds::TRAFFIC_POLICY.group,
        takes: TAKEN,
        proxy: Proxy::Envoy,
    },
    &System {
        controller: "kgateway.dev/agentgateway",
        manager: "kgateway",
        home: KGATEWAY,
        group: kinds::TRAFFIC_POLICY.group,
        takes: TAKEN,
        proxy: Proxy::Agentgateway,
    },
    &System {
        controller: "agentgateway.dev/agentgateway",
        manager: "agentgateway",
        home: ("agentgateway-system", ("agentgateway", "agentgateway")),
        group: kinds::AGENTGATEWAY_POLICY.group,
        takes: TAKEN,
        proxy: Proxy::Agentgateway,
    },
];

impl System {
    /// By the name of its controller.
    pub fn named(controller: &str) -> Option<&'static Self> {
        SYSTEMS.into_iter().find(|system| system.controller == controller)
    }

    /// Whose a Gateway is, by its class.
    pub fn of<O: Objects>(ctx: &Ctx<'_, O>, gateway: &Value) -> Option<&'static Self> {
        let class = Key::new(kinds::GATEWAY_CLASS, "", json::text(gateway, &["spec", "gatewayClassName"]));
        Self::named(json::text(&*ctx.get(&class)?, &["spec", "controllerName"]))
    }

    /// Whether its controller is there to answer.
    pub fn alive<O: Objects>(&self, ctx: &Ctx<'_, O>) -> bool {
        pods::runs(ctx, self.home.0, self.home.1)
    }

    /// Whether these labels are those of its controller's pods.
    pub fn runs_as(&self, labels: &json::Labels) -> bool {
        let (key, value) = self.home.1;
        labels.get(key).is_some_and(|held| held == value)
    }

    /// Whether it reads objects of this kind beside those of Gateway API.
    pub fn reads(&self, kind: Kind) -> bool {
        self.group == kind.group
    }

    /// Whether it deploys proxies of Istio.
    pub fn is_istios(&self) -> bool {
        matches!(self.proxy, Proxy::Istio | Proxy::Waypoint)
    }

    /// How a Gateway's Service is reached when nothing is said: a waypoint is for the mesh alone.
    pub fn exposes(&self) -> &'static str {
        if self.proxy == Proxy::Waypoint { "ClusterIP" } else { "LoadBalancer" }
    }

    /// The name of a Gateway's Deployment and Service.
    pub fn deployed(&self, gateway: &Value) -> String {
        let (name, class) =
            (json::text(gateway, &["metadata", "name"]), json::text(gateway, &["spec", "gatewayClassName"]));
        if self.proxy == Proxy::Istio { format!("{name}-{class}") } else { name.to_owned() }
    }

    /// The labels of all it deploys for a Gateway.
    pub fn labels(&self, gateway: &Value) -> Value {
        let (name, class) =
            (json::text(gateway, &["metadata", "name"]), json::text(gateway, &["spec", "gatewayClassName"]));
        let mut labels = json!({
            "gateway.networking.k8s.io/gateway-name": name, "gateway.networking.k8s.io/gateway-class-name": class,
        });
        match self.proxy {
            Proxy::Istio => json::set(&mut labels, &["gateway.istio.io/managed"], "istio.io-gateway-controller"),
            Proxy::Waypoint => json::set(&mut labels, &["gateway.istio.io/managed"], "istio.io-mesh-controller"),
            Proxy::Envoy | Proxy::Agentgateway => {
                json::set(&mut labels, &["app.kubernetes.io/name"], name);
                json::set(&mut labels, &["app.kubernetes.io/instance"], name);
                json::set(&mut labels, &["app.kubernetes.io/managed-by"], self.manager);
            }
        }
        labels
    }

    /// The `spec` of the Deployment of its proxies.
    pub fn proxies(&self, gateway: &str, name: &str, labels: &Value) -> Value {
        let mut marks = labels.clone();
        let (container, path, port) = match self.proxy {
            Proxy::Istio | Proxy::Waypoint => {
                json::set(&mut marks, &["service.istio.io/canonical-name"], name);
                json::set(&mut marks, &["service.istio.io/canonical-revision"], "latest");
                if self.proxy == Proxy::Waypoint {
                    json::set(&mut marks, &["istio.io/dataplane-mode"], "none");
                    (istio("waypoint"), "/stats/prometheus", 15020)
                } else {
                    (istio("router"), "/stats/prometheus", 15020)
                }
            }
            Proxy::Envoy => (envoy(), "/metrics", 9091),
            Proxy::Agentgateway => (agentgateway(), "/metrics", 15020),
        };
        json::set(&mut marks, &["sidecar.istio.io/inject"], "false");
        let mut annotations = json!({
            "prometheus.io/path": path, "prometheus.io/port": port.to_string(), "prometheus.io/scrape": "true",
        });
        if self.is_istios() {
            json::set(&mut annotations, &["istio.io/rev"], "default");
        }
        json!({
            "replicas": 1,
            "selector": {"matchLabels": {"gateway.networking.k8s.io/gateway-name": gateway}},
            "template": {
                "metadata": {"labels": marks, "annotations": annotations},
                "spec": {"serviceAccountName": name, "containers": [container]},
            },
        })
    }
}

fn istio(role: &str) -> Value {
    json!({
        "name": proxies::ISTIO,
        "image": PROXY,
        "args": ["proxy", role, "--domain", "$(POD_NAMESPACE).svc.cluster.local"],
        "ports": [
            {"containerPort": 15020, "name": "metrics", "protocol": "TCP"},
            {"containerPort": 15021, "name": "status-port", "protocol": "TCP"},
            {"containerPort": 15090, "name": "http-envoy-prom", "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"}, "periodSeconds": 15},
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
    })
}

fn envoy() -> Value {
    json!({
        "name": proxies::ENVOY,
        "image": "cr.kgateway.dev/kgateway-dev/envoy-wrapper:v2.1.1",
        "args": ["--disable-hot-restart", "--service-node", "$(POD_NAME).$(POD_NAMESPACE)"],
        "ports": [
            {"containerPort": 9091, "name": "http-monitoring", "protocol": "TCP"},
            {"containerPort": 8082, "name": "readiness", "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8082, "scheme": "HTTP"}, "periodSeconds": 10},
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "2", "memory": "1Gi"}},
    })
}

fn agentgateway() -> Value {
    json!({
        "name": proxies::AGENTGATEWAY,
        "image": "ghcr.io/agentgateway/agentgateway:1.4.1",
        "args": ["-f", "/config/config.yaml"],
        "ports": [
            {"containerPort": 15020, "name": "metrics", "protocol": "TCP"},
            {"containerPort": 15021, "name": "readiness", "protocol": "TCP"},
        ],
        "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 15021, "scheme": "HTTP"}, "periodSeconds": 10},
        "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"cpu": "2", "memory": "512Mi"}},
    })
}
