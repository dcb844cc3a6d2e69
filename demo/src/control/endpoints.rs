//! EndpointSlices of Services with a selector: addresses of their pods, ready or not, and those on their way out.

use serde_json::{Value, json};

use super::{
    ctx::{Ctx, owner_reference},
    json,
    key::Key,
    kinds, node,
    pods::{self, MANAGER},
};
use crate::base::objects::{Objects, Refused};

/// Addresses in one slice, as the real controller's default.
const MOST: usize = 100;
const BY: &str = "endpointslice-controller.k8s.io";

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(service) = ctx.get(key) else { return Ok(()) };
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    let Some(selector) = row.selector.filter(|_| !row.terminating) else { return Ok(()) };
    let publish = json::yes(&service, &["spec", "publishNotReadyAddresses"]);
    let mut groups: Vec<(Value, Vec<Value>)> = Vec::new();
    for (name, pod) in ctx.state.rows.within(kinds::POD, &key.namespace) {
        let facts = pods::facts(pod);
        if !selector.matches(&pod.labels) || facts.ip.is_empty() || facts.ended() {
            continue;
        }
        let serving = facts.ready.is_some() || publish;
        let endpoint = json!({
            "addresses": [facts.ip],
            "conditions": {
                "ready": serving && (!pod.terminating || publish), "serving": serving, "terminating": pod.terminating,
            },
            "nodeName": facts.node,
            "targetRef": {"kind": "Pod", "name": name, "namespace": key.namespace, "uid": pod.uid},
            "zone": node::zone(ctx, &facts.node),
        });
        let ports = ports(ctx, &service, &Key::new(kinds::POD, &key.namespace, name));
        match groups.iter_mut().find(|(held, _)| *held == ports) {
            Some((_, endpoints)) => endpoints.push(endpoint),
            None => groups.push((ports, vec![endpoint])),
        }
    }
    if groups.is_empty() {
        groups.push((json!([]), Vec::new()));
    }
    let mut wanted: Vec<(Value, Vec<Value>)> = groups
        .into_iter()
        .flat_map(|(ports, endpoints)| {
            let chunks: Vec<Vec<Value>> = if endpoints.is_empty() {
                vec![Vec::new()]
            } else {
                endpoints.chunks(MOST).map(<[Value]>::to_vec).collect()
            };
            chunks.into_iter().map(move |chunk| (ports.clone(), chunk))
        })
        .collect();
    let mut held = ctx.state.rows.owned(&row.uid, kinds::ENDPOINT_SLICE);
    held.retain(|(_, slice)| !slice.terminating);
    for (slice, _) in held {
        if let Some((ports, endpoints)) = (!wanted.is_empty()).then(|| wanted.remove(0)) {
            ctx.edit(&slice, MANAGER, |slice| {
                json::set(slice, &["ports"], ports);
                json::set(slice, &["endpoints"], endpoints);
            })?;
        } else {
            ctx.delete(&slice, None)?;
        }
    }
    for (ports, endpoints) in wanted {
        let name = ctx.fresh_name(kinds::ENDPOINT_SLICE, &key.namespace, &format!("{}-", key.name));
        let mut labels = json::labels(&service, &["metadata", "labels"]);
        labels.insert("kubernetes.io/service-name".to_owned(), key.name.clone());
        labels.insert("endpointslice.kubernetes.io/managed-by".to_owned(), BY.to_owned());
        if json::text(&service, &["spec", "clusterIP"]) == "None" {
            labels.insert("service.kubernetes.io/headless".to_owned(), String::new());
        }
        let slice = json!({
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": name, "generateName": format!("{}-", key.name), "namespace": key.namespace, "labels": labels,
                "ownerReferences": [owner_reference(key, &row.uid, true)],
            },
            "addressType": "IPv4",
            "ports": ports,
            "endpoints": endpoints,
        });
        ctx.create(kinds::ENDPOINT_SLICE, slice, MANAGER)?;
    }
    Ok(())
}

/// The Service's ports as this pod has them: a named target is looked up in its containers.
fn ports<O: Objects>(ctx: &Ctx<'_, O>, service: &Value, pod: &Key) -> Value {
    let named = |name: &str| {
        let pod = ctx.get(pod)?;
        json::list(&pod, &["spec", "containers"])
            .iter()
            .flat_map(|container| json::list(container, &["ports"]))
            .find(|port| json::text(port, &["name"]) == name)
            .and_then(|port| json::int(port, &["containerPort"]))
    };
    let ports: Vec<Value> = json::list(service, &["spec", "ports"])
        .iter()
        .filter_map(|port| {
            let target = json::at(port, &["targetPort"]);
            let number = match target.as_str() {
                Some(name) => named(name)?,
                None => target.as_i64().filter(|number| *number > 0).or_else(|| json::int(port, &["port"]))?,
            };
            let protocol = match json::text(port, &["protocol"]) {
                "" => "TCP",
                protocol => protocol,
            };
            let mut told = json!({"name": json::text(port, &["name"]), "port": number, "protocol": protocol});
            if let Some(app) = json::at(port, &["appProtocol"]).as_str() {
                json::set(&mut told, &["appProtocol"], app);
            }
            Some(told)
        })
        .collect();
    Value::Array(ports)
}
