//! What answers behind a Service: told by the images of its ready pods, as its operator wrote them.

use serde_json::Value;

use crate::{
    base::value::{at, list, text},
    store::Store,
};

/// A program that answers HTTP by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Program {
    /// kagent's controller.
    Kagent,
    /// The agent of the canary analysis.
    Analyser,
}

/// The program of a container's image.
fn program(image: &str) -> Option<Program> {
    let path = image.split('@').next().unwrap_or_default();
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default().split(':').next().unwrap_or_default();
    match name {
        "controller" if parts.any(|part| part == "kagent") => Some(Program::Kagent),
        "kubernetes-agent" => Some(Program::Analyser),
        _ => None,
    }
}

/// What answers at a Service; `None`: nothing that does so here. `Err`: no endpoint is ready.
pub fn behind(store: &Store, namespace: &str, service: &str) -> Result<Option<Program>, String> {
    let none = || format!("no endpoints available for service {service:?}");
    let slices = store.find("discovery.k8s.io", "endpointslices").ok_or_else(none)?;
    let pods = store.find("", "pods").ok_or_else(none)?;
    let mut found = None;
    let mut ready = false;
    for slice in store.list(slices, Some(namespace)) {
        if text(slice.labels(), &["kubernetes.io/service-name"]) != service {
            continue;
        }
        let slice = slice.tree();
        for endpoint in list(&slice, &["endpoints"]) {
            if at(endpoint, &["conditions", "ready"]).as_bool() != Some(true) {
                continue;
            }
            ready = true;
            let Some(pod) = store.get(pods, namespace, text(endpoint, &["targetRef", "name"])) else { continue };
            let pod = pod.tree();
            let mut images = list(&pod, &["spec", "containers"]).iter().map(|one| text(one, &["image"]));
            found = found.or(images.find_map(program));
        }
    }
    if ready { Ok(found) } else { Err(none()) }
}

/// The Services behind which a program answers, with their first port.
pub fn places(store: &Store, wanted: Program) -> Vec<(String, String, i64)> {
    let Some(services) = store.find("", "services") else { return Vec::new() };
    let all = store.list(services, None).filter_map(|service| {
        let (namespace, name) = (service.namespace().to_owned(), service.name().to_owned());
        if behind(store, &namespace, &name) != Ok(Some(wanted)) {
            return None;
        }
        let ports = service.tree();
        let port = list(&ports, &["spec", "ports"]).first().and_then(|port| at(port, &["port"]).as_i64());
        Some((namespace, name, port.unwrap_or(80)))
    });
    all.collect()
}

/// Whether a Service has this port, by number or name; without one it is the first.
pub fn has_port(service: &Value, port: &str) -> bool {
    let ports = list(service, &["spec", "ports"]);
    port.is_empty() && !ports.is_empty()
        || ports.iter().any(|one| {
            text(one, &["name"]) == port || at(one, &["port"]).as_i64().is_some_and(|has| has.to_string() == port)
        })
}

#[cfg(test)]
mod tests {
    use super::{Program, program};

    #[test]
    fn programs_are_known_by_their_images() {
        assert_eq!(program("cr.kagent.dev/kagent-dev/kagent/controller:0.9.12"), Some(Program::Kagent));
        assert_eq!(program("quay.io/kdubois/kubernetes-agent:latest"), Some(Program::Analyser));
        assert_eq!(program("docker.io/istio/controller:1"), None);
        assert_eq!(program("nginx"), None);
    }
}
