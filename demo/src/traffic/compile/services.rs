//! Services and the addresses behind their ports.

use std::{collections::HashMap, sync::Arc};

use serde_json::Value;

use crate::{
    base::objects::Objects,
    traffic::json::{self, Labels},
};

use super::{kinds, pods::Pods};

/// A Service.
#[derive(Debug, Clone)]
pub struct Service {
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub name: Arc<str>,
    /// `NAME.NAMESPACE.svc.cluster.local`.
    pub host: Arc<str>,
    pub(super) labels: Labels,
    pub(super) selector: Labels,
    pub(super) ports: Vec<Port>,
}

/// A port of it.
#[derive(Debug, Clone)]
pub struct Port {
    pub(super) number: u16,
    /// Whether its protocol is gRPC, by its name or `appProtocol`.
    pub(super) grpc: bool,
    /// Ready pods and the port there.
    pub(super) ready: Vec<(u32, u16)>,
}

/// All Services.
#[derive(Debug, Clone, Default)]
pub struct Services {
    pub(super) all: Vec<Service>,
    by_name: HashMap<(String, String), u32>,
}

impl Services {
    pub(super) fn read(objects: &dyn Objects, pods: &mut Pods) -> Self {
        let mut slices: HashMap<(String, String), Vec<Arc<Value>>> = HashMap::new();
        for slice in objects.list(kinds::ENDPOINT_SLICE, None) {
            let service = json::word(&slice, &["metadata", "labels", "kubernetes.io/service-name"]).to_owned();
            slices.entry((json::namespace(&slice).to_owned(), service)).or_default().push(slice);
        }
        let mut services = Self::default();
        for object in objects.list(kinds::SERVICE, None) {
            let (namespace, name) = (json::namespace(&object), json::name(&object));
            if json::word(&object, &["spec", "type"]) == "ExternalName" {
                continue;
            }
            let selector = json::labels(&object, &["spec", "selector"]);
            let key = (namespace.to_owned(), name.to_owned());
            let slices = slices.get(&key);
            let ports = json::list(&object, &["spec", "ports"]).iter().filter_map(|port| {
                let number = json::port(port, &["port"])?;
                let port_name = json::word(port, &["name"]).to_owned();
                let protocol = json::text(port, &["appProtocol"]).unwrap_or(&port_name);
                let ready = match slices {
                    Some(slices) => by_slices(slices, &port_name, namespace, pods),
                    None => by_selector(&selector, namespace, port, number, pods),
                };
                Some(Port { number, grpc: protocol.starts_with("grpc"), ready })
            });
            let ports = ports.collect();
            services.by_name.insert(key, services.all.len() as u32);
            services.all.push(Service {
                namespace: namespace.into(),
                name: name.into(),
                host: format!("{name}.{namespace}.svc.cluster.local").into(),
                labels: json::labels(&object, &["metadata", "labels"]),
                selector,
                ports,
            });
        }
        services
    }

    /// The Service of this name.
    pub(super) fn named(&self, namespace: &str, name: &str) -> Option<u32> {
        self.by_name.get(&(namespace.to_owned(), name.to_owned())).copied()
    }

    /// The Service a host means, seen from a namespace: `a`, `a.ns`, `a.ns.svc`, `a.ns.svc.cluster.local`.
    pub(super) fn by_host(&self, host: &str, from: &str) -> Option<u32> {
        let short = host.strip_suffix(".svc.cluster.local").or_else(|| host.strip_suffix(".svc")).unwrap_or(host);
        match short.split_once('.') {
            None => self.named(from, short),
            Some((name, namespace)) if !namespace.contains('.') => self.named(namespace, name),
            Some(_) => None,
        }
    }
}

fn by_slices(slices: &[Arc<Value>], port_name: &str, namespace: &str, pods: &mut Pods) -> Vec<(u32, u16)> {
    let mut ready = Vec::new();
    for slice in slices {
        let ports = json::list(slice, &["ports"]);
        let port = ports.iter().find(|port| json::word(port, &["name"]) == port_name);
        let Some(number) = port.and_then(|port| json::port(port, &["port"])) else { continue };
        for endpoint in json::list(slice, &["endpoints"]) {
            // Ready when not said otherwise (discovery.k8s.io/v1 EndpointConditions).
            if json::at(endpoint, &["conditions", "ready"]).and_then(Value::as_bool) == Some(false) {
                continue;
            }
            let ip = json::list(endpoint, &["addresses"]).first().and_then(Value::as_str).unwrap_or_default();
            let name = json::text(endpoint, &["targetRef", "name"]).unwrap_or(ip);
            let pod = pods.by_name.get(&(namespace.to_owned(), name.to_owned())).copied();
            ready.push((pod.unwrap_or_else(|| pods.ghost(namespace, name, ip)), number));
        }
    }
    ready
}

fn by_selector(selector: &Labels, namespace: &str, port: &Value, number: u16, pods: &Pods) -> Vec<(u32, u16)> {
    if selector.is_empty() {
        return Vec::new();
    }
    let target = json::at(port, &["targetPort"]);
    let chosen = pods.all.iter().enumerate().filter(|(_, pod)| {
        pod.ready && &*pod.namespace == namespace && json::carries(&pods.groups[pod.group as usize].labels, selector)
    });
    chosen
        .filter_map(|(at, pod)| {
            let number = match target {
                Some(Value::String(name)) => *pods.groups[pod.group as usize].ports.get(name)?,
                Some(other) => u16::try_from(other.as_u64()?).ok()?,
                None => number,
            };
            Some((at as u32, number))
        })
        .collect()
}
