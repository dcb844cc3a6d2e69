//! Ports that can be forwarded to, as containers and Services declare them.

use serde_json::Value;

use crate::{base::sanitize, cluster::Manifest};

/// One port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortOffer {
    /// Where it stands: a container, or `service`.
    pub from: String,
    /// Its name, often empty.
    pub name: String,
    /// The port of the pod.
    pub port: u16,
    /// The port under which a Service offers it.
    pub service: Option<u16>,
}

/// What can be forwarded to.
pub type Ports = Vec<PortOffer>;

/// The ports of a pod, or of a template of pods.
pub fn of_pod(spec: &Value) -> Ports {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let sidecars = list(&spec["initContainers"]).into_iter().filter(|one| one["restartPolicy"] == "Always");
    let containers = list(&spec["containers"]).into_iter().chain(sidecars);
    let mut ports = Ports::new();
    for container in containers {
        for port in list(&container["ports"]) {
            let tcp = matches!(port["protocol"].as_str(), None | Some("TCP"));
            let number = port["containerPort"].as_u64().and_then(|port| u16::try_from(port).ok());
            if let Some(number) = number.filter(|_| tcp) {
                ports.push(PortOffer {
                    from: plain(&container["name"]),
                    name: plain(&port["name"]),
                    port: number,
                    service: None,
                });
            }
        }
    }
    ports
}

/// The ports of a Service, as a pod of it has them.
pub fn of_service(service: &Manifest, pod: &Value) -> Ports {
    let declared = of_pod(pod);
    let ports = service.at(&["spec", "ports"]).and_then(Value::as_array).cloned().unwrap_or_default();
    let offer = |port: &Value| {
        let outside = u16::try_from(port["port"].as_u64()?).ok()?;
        let inside = match &port["targetPort"] {
            Value::Number(number) => u16::try_from(number.as_u64()?).ok()?,
            Value::String(name) => declared.iter().find(|known| known.name == *name)?.port,
            _ => outside,
        };
        let name = plain(&port["name"]);
        Some(PortOffer { from: "service".to_owned(), name, port: inside, service: Some(outside) })
    };
    ports.iter().filter_map(offer).collect()
}

fn plain(value: &Value) -> String {
    sanitize::line(value.as_str().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{of_pod, of_service};
    use crate::cluster::Manifest;

    #[test]
    fn a_service_names_ports_of_its_pods() {
        let pod = json!({"containers": [
            {"name": "main", "ports": [
                {"name": "http", "containerPort": 9080},
                {"name": "dns", "containerPort": 53, "protocol": "UDP"},
            ]},
            {"name": "proxy", "ports": [{"containerPort": 15090}]},
        ]});
        let plain: Vec<(String, u16)> = of_pod(&pod).into_iter().map(|offer| (offer.from, offer.port)).collect();
        assert_eq!(plain, [("main".to_owned(), 9080), ("proxy".to_owned(), 15090)]);
        let service = Manifest(json!({"spec": {"ports": [
            {"port": 80, "targetPort": "http"}, {"port": 81}, {"port": 82, "targetPort": 8082},
            {"port": 83, "targetPort": "nobody"},
        ]}}));
        let ports: Vec<_> = of_service(&service, &pod).into_iter().map(|offer| (offer.service, offer.port)).collect();
        assert_eq!(ports, [(Some(80), 9080), (Some(81), 81), (Some(82), 8082)]);
    }
}
