//! Labels of what is scraped, as Istio, Envoy and cAdvisor give them.

use std::sync::Arc;

use super::super::tags::Pair;
use crate::traffic::{Counted, Edge, Reporter, Security, Traffic, TunnelKey, What, Workload};

pub(super) fn pair(name: &str, value: &str) -> Pair {
    (name.into(), value.into())
}

/// Where a pod's proxy is found.
pub(super) fn place(traffic: &Traffic, pod: u32) -> Vec<Pair> {
    let Some((namespace, name)) = traffic.pod(pod) else { return Vec::new() };
    vec![
        pair("job", JOB),
        pair("instance", &format!("{}:15020", traffic.address(pod))),
        ("namespace".into(), Arc::clone(namespace)),
        ("pod".into(), Arc::clone(name)),
    ]
}

/// Where all pods of a workload are found, for what is told of them as one.
pub(super) fn home(traffic: &Traffic, pod: u32) -> Vec<Pair> {
    let namespace = traffic.pod(pod).map(|(namespace, _)| ("namespace".into(), Arc::clone(namespace)));
    namespace.into_iter().chain([pair("job", JOB)]).collect()
}

const JOB: &str = "kubernetes-pods";

/// Labels of a workload at one end (Istio standard metrics).
fn end(side: &str, workload: Option<&Workload>, labels: &mut Vec<Pair>) {
    let unknown: Arc<str> = "unknown".into();
    let field =
        |read: fn(&Workload) -> &Arc<str>| workload.map_or_else(|| Arc::clone(&unknown), |one| Arc::clone(read(one)));
    let principal = workload.map_or_else(
        || Arc::clone(&unknown),
        |one| format!("spiffe://cluster.local/ns/{}/sa/{}", one.namespace, one.account).into(),
    );
    let named = [
        ("workload", field(|one| &one.name)),
        ("workload_namespace", field(|one| &one.namespace)),
        ("app", field(|one| &one.app)),
        ("version", field(|one| &one.version)),
        ("canonical_service", field(|one| &one.app)),
        ("canonical_revision", field(|one| &one.version)),
        ("principal", principal),
    ];
    labels.extend(named.into_iter().map(|(name, value)| (format!("{side}_{name}").into(), value)));
    let cluster = if workload.is_some() { "Kubernetes" } else { "unknown" };
    labels.push(pair(&format!("{side}_cluster"), cluster));
}

/// Who tells, and the Service that was called.
fn called(traffic: &Traffic, service: u32, reporter: Reporter, labels: &mut Vec<Pair>) {
    let (host, namespace, name) = match traffic.service(service) {
        Some((namespace, name)) => (format!("{name}.{namespace}.svc.cluster.local"), &**namespace, &**name),
        None => ("unknown".to_owned(), "unknown", "unknown"),
    };
    let reporter = match reporter {
        Reporter::Source => "source",
        Reporter::Waypoint => "waypoint",
        Reporter::Destination => "destination",
    };
    labels.extend([
        pair("reporter", reporter),
        pair("destination_service", &host),
        pair("destination_service_namespace", namespace),
        pair("destination_service_name", name),
    ]);
}

/// Of what a ztunnel counts.
pub(super) fn tunnelled(traffic: &Traffic, key: &TunnelKey) -> Vec<Pair> {
    let mut labels = vec![pair("job", "ztunnel"), pair("app", "ztunnel")];
    if let Some((_, pod)) = traffic.pod(key.pod) {
        // Two pods of a workload on two nodes are told by two ztunnels.
        labels.push(pair("instance", &format!("{}:15020", traffic.address(key.pod))));
        labels.push(("pod".into(), Arc::clone(pod)));
    }
    end("source", traffic.workload(key.source), &mut labels);
    end("destination", traffic.workload(key.destination), &mut labels);
    called(traffic, key.service, key.reporter, &mut labels);
    labels.extend([
        pair("request_protocol", "tcp"),
        pair("response_flags", "-"),
        pair("connection_security_policy", if key.mutual { "mutual_tls" } else { "unknown" }),
    ]);
    if !key.mutual {
        // It knows the workload by its address, and no identity.
        let bare = |name: &str| {
            name == "source_principal" || name == "destination_principal" && key.reporter == Reporter::Source
        };
        labels.iter_mut().filter(|(name, _)| bare(name)).for_each(|(_, value)| *value = "unknown".into());
    }
    labels
}

/// Of what a sidecar of Dapr counts.
pub(super) fn beside(traffic: &Traffic, key: &Counted) -> Vec<Pair> {
    let mut labels = vec![pair("job", JOB)];
    if let Some((namespace, pod)) = traffic.pod(key.pod) {
        labels.push(pair("instance", &format!("{}:9090", traffic.address(key.pod))));
        labels.extend([("namespace".into(), Arc::clone(namespace)), ("pod".into(), Arc::clone(pod))]);
    }
    labels.extend(traffic.app_id(key.pod).map(|id| ("app_id".into(), Arc::clone(id))));
    match &key.what {
        What::Sent(app) => labels.push(("dst_app_id".into(), Arc::clone(app))),
        What::Answered(app, code) => {
            labels.extend([("dst_app_id".into(), Arc::clone(app)), pair("status", &code.to_string())]);
        }
        What::Acted(name, policy, app) => labels.extend([
            ("name".into(), Arc::clone(name)),
            pair("policy", policy),
            pair("flow_direction", "outbound"),
            pair("target", &format!("app_{app}")),
        ]),
    }
    labels
}

/// Of what a proxy counts along an edge, beside where the proxy is found.
pub(super) fn along(traffic: &Traffic, edge: &Edge) -> Vec<Pair> {
    let key = &edge.key;
    let mut labels = Vec::with_capacity(32);
    end("source", traffic.workload(key.source), &mut labels);
    end("destination", traffic.workload(key.destination), &mut labels);
    called(traffic, key.service, key.reporter, &mut labels);
    let security = match key.security {
        Security::Unknown => "unknown",
        Security::Mutual => "mutual_tls",
        Security::None => "none",
    };
    labels.extend([
        pair("request_protocol", if key.is_grpc { "grpc" } else { "http" }),
        pair("response_code", &key.code.to_string()),
        pair("response_flags", &key.flags.text()),
        pair("connection_security_policy", security),
    ]);
    if let Some(status) = key.grpc {
        labels.push(pair("grpc_response_status", &status.to_string()));
    }
    labels
}
