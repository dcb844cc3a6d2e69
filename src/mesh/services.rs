//! Which Services of a cluster are likely a Prometheus HTTP API, by the labels that their makers give them.

use compact_str::{CompactString, ToCompactString};
use serde_json::Value;

use crate::cluster::Manifest;

/// Label selectors that find them.
pub const SELECTORS: [&str; 3] = [
    "app.kubernetes.io/name in (prometheus,thanos-query,thanos-query-frontend,thanos,mimir,vmsingle,vmselect,\
     victoria-metrics-single,victoria-metrics-cluster)",
    "app in (prometheus,kube-prometheus-stack-prometheus,prometheus-server,thanos-query,vmsingle,vmselect)",
    "operated-prometheus=true",
];

/// A Service that may answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Who sees more is asked first: what asks several stores before a single one.
    rank: u8,
    /// Namespace.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// Number of its port.
    pub port: u16,
    /// It speaks TLS.
    pub tls: bool,
    /// What stands before `/api/v1` in its paths.
    pub prefix: &'static str,
}

impl Candidate {
    /// `svc NS/NAME:PORT`, for people.
    pub fn label(&self) -> String {
        format!("svc {}/{}:{}", self.namespace, self.name, self.port)
    }
}

/// The candidates among Services, each once, best first.
pub fn candidates(services: &[Manifest]) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = services.iter().filter_map(candidate).collect();
    found.sort();
    found.dedup();
    found
}

fn candidate(service: &Manifest) -> Option<Candidate> {
    let label = |key: &str| service.label(key).unwrap_or_default();
    let component = label("app.kubernetes.io/component");
    let named = label("app.kubernetes.io/name");
    let named = if named.is_empty() { label("app") } else { named };
    // Parts of a family that hold no query API.
    let other =
        ["alertmanager", "pushgateway", "node-exporter", "store", "compact", "sidecar", "ingester", "distributor"];
    let name = service.name();
    if other.iter().any(|part| component.contains(part) || name.ends_with(part)) {
        return None;
    }
    let (rank, prefix, numbers): (u8, &'static str, &[u64]) = match named {
        "thanos-query" | "thanos-query-frontend" => (0, "", &[9090, 10902]),
        "thanos" if matches!(component, "query" | "query-frontend") => (0, "", &[9090, 10902]),
        "mimir" if matches!(component, "gateway" | "nginx" | "query-frontend") => (1, "/prometheus", &[80, 8080]),
        "vmselect" => (1, "/select/0/prometheus", &[8481]),
        "victoria-metrics-cluster" if name.ends_with("vmselect") => (1, "/select/0/prometheus", &[8481]),
        "vmsingle" | "victoria-metrics-single" => (2, "", &[8428, 8429]),
        "prometheus" | "prometheus-server" | "kube-prometheus-stack-prometheus" => (3, "", &[9090, 80]),
        _ if label("operated-prometheus") == "true" => (4, "", &[9090]),
        _ => return None,
    };
    let ports = service.at(&["spec", "ports"]).and_then(Value::as_array)?;
    let number = |port: &&Value| port["port"].as_u64();
    let by_number = || numbers.iter().find_map(|wanted| ports.iter().find(|port| number(port) == Some(*wanted)));
    let by_name = || {
        let names = ["http-web", "web", "http", "http-metrics", "http-api"];
        names.iter().find_map(|wanted| ports.iter().find(|port| port["name"] == *wanted))
    };
    let port = by_number().or_else(by_name).or(ports.first())?;
    let tls = port["name"].as_str().is_some_and(|name| name.starts_with("https"));
    Some(Candidate {
        rank,
        namespace: service.namespace()?.into(),
        name: name.to_compact_string(),
        port: u16::try_from(number(&port)?).ok()?,
        tls,
        prefix,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::candidates;
    use crate::cluster::Manifest;

    fn service(namespace: &str, name: &str, labels: &Value, ports: &Value) -> Manifest {
        Manifest(json!({
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {"ports": ports},
        }))
    }

    #[test]
    fn who_sees_more_is_asked_first() {
        let web = json!([{"name": "http", "port": 9090}]);
        let services = [
            service("istio-system", "prometheus", &json!({"app.kubernetes.io/name": "prometheus"}), &web),
            service("istio-system", "prometheus", &json!({"app.kubernetes.io/name": "prometheus"}), &web),
            service(
                "mon",
                "stack",
                &json!({"app": "kube-prometheus-stack-prometheus"}),
                &json!([{"name": "http-web", "port": 9090}, {"name": "reloader-web", "port": 8080}]),
            ),
            service("mon", "prometheus-operated", &json!({"operated-prometheus": "true"}), &web),
            service(
                "mon",
                "tq",
                &json!({"app.kubernetes.io/name": "thanos", "app.kubernetes.io/component": "query"}),
                &json!([{"name": "grpc", "port": 10901}, {"name": "http", "port": 10902}]),
            ),
            service(
                "mon",
                "mimir-nginx",
                &json!({"app.kubernetes.io/name": "mimir", "app.kubernetes.io/component": "nginx"}),
                &json!([{"name": "http-metric", "port": 80}]),
            ),
            service(
                "vm",
                "vmsingle",
                &json!({"app.kubernetes.io/name": "vmsingle"}),
                &json!([{"name": "http", "port": 8429}]),
            ),
        ];
        let found: Vec<String> =
            candidates(&services).iter().map(|one| format!("{}{}", one.label(), one.prefix)).collect();
        assert_eq!(
            found,
            [
                "svc mon/tq:10902",
                "svc mon/mimir-nginx:80/prometheus",
                "svc vm/vmsingle:8429",
                "svc istio-system/prometheus:9090",
                "svc mon/stack:9090",
                "svc mon/prometheus-operated:9090"
            ]
        );
    }

    #[test]
    fn what_has_no_api_for_questions_is_passed_over() {
        let web = json!([{"name": "https", "port": 9090}]);
        let services = [
            service(
                "m",
                "a-alertmanager",
                &json!({"app.kubernetes.io/name": "prometheus", "app.kubernetes.io/component": "alertmanager"}),
                &web,
            ),
            service(
                "m",
                "mimir-ingester",
                &json!({"app.kubernetes.io/name": "mimir", "app.kubernetes.io/component": "ingester"}),
                &web,
            ),
            service("m", "web", &json!({"app": "web"}), &web),
            service("m", "headless", &json!({"app": "prometheus"}), &json!(null)),
            service("m", "tls", &json!({"app": "prometheus"}), &web),
        ];
        let found = candidates(&services);
        assert_eq!(found.len(), 1);
        assert!(found[0].tls);
    }
}
