//! What is deployed for each Gateway, by the system whose class it has: a ServiceAccount, the proxies, a Service before them.

use serde_json::{Value, json};

use super::{ctx::Ctx, gateway_system::System, json, key::Key, kinds, names};
use crate::base::objects::{Objects, Refused};

/// Where a Gateway's Service is reached.
pub(super) fn address(service: &Value, namespace: &str) -> Option<Value> {
    if json::text(service, &["spec", "type"]) != "LoadBalancer" {
        let host = format!("{}.{namespace}.svc.cluster.local", json::text(service, &["metadata", "name"]));
        return Some(json!({"type": "Hostname", "value": host}));
    }
    let ingress = json::list(service, &["status", "loadBalancer", "ingress"]).first()?;
    Some(json!({"type": "IPAddress", "value": json::text(ingress, &["ip"])}))
}

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(gateway) = ctx.get(key) else { return Ok(()) };
    let Some(row) = ctx.row(key).cloned() else { return Ok(()) };
    let Some(system) = System::of(ctx, &gateway) else { return Ok(()) };
    // An address named by hand means a proxy somebody else runs.
    let by_hand = !json::list(&gateway, &["spec", "addresses"]).is_empty();
    if row.terminating || by_hand || !system.alive(ctx) {
        return Ok(());
    }
    let (name, labels) = (system.deployed(&gateway), system.labels(&gateway));
    let meta = |name: &str| {
        json!({
            "name": name, "namespace": key.namespace, "labels": labels,
            "ownerReferences": [{
                "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway", "name": key.name, "uid": row.uid,
            }],
        })
    };
    let account = Key::new(kinds::SERVICE_ACCOUNT, &key.namespace, &name);
    if ctx.row(&account).is_none() {
        let object = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta(&name)});
        ctx.create(kinds::SERVICE_ACCOUNT, object, system.manager)?;
    }
    let deployment = Key::new(kinds::DEPLOYMENT, &key.namespace, &name);
    if ctx.row(&deployment).is_none() {
        let object = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": meta(&name), "spec": system.proxies(&key.name, &name, &labels),
        });
        ctx.create(kinds::DEPLOYMENT, object, system.manager)?;
    }
    expose(ctx, key, &gateway, system, &meta(&name))
}

/// The Service before the proxies; its ports follow the listeners.
fn expose<O: Objects>(
    ctx: &mut Ctx<'_, O>,
    key: &Key,
    gateway: &Value,
    system: &System,
    meta: &Value,
) -> Result<(), Refused> {
    let service = Key::new(kinds::SERVICE, &key.namespace, json::text(meta, &["name"]));
    let mut ports = Vec::new();
    if system.is_istios() {
        let status =
            json!({"name": "status-port", "port": 15021, "targetPort": 15021, "protocol": "TCP", "appProtocol": "tcp"});
        ports.push(status);
    }
    for listener in json::list(gateway, &["spec", "listeners"]) {
        let Some(port) = json::int(listener, &["port"]) else { continue };
        if ports.iter().any(|one| json::int(one, &["port"]) == Some(port)) {
            continue;
        }
        let app = json::text(listener, &["protocol"]).to_lowercase();
        ports.push(json!({
            "name": json::text(listener, &["name"]), "port": port, "targetPort": port, "protocol": "TCP", "appProtocol": app,
        }));
    }
    if let Some(held) = ctx.get(&service) {
        let numbers = |ports: &[Value]| ports.iter().map(|one| json::int(one, &["port"])).collect::<Vec<_>>();
        if numbers(json::list(&held, &["spec", "ports"])) != numbers(&ports) {
            ctx.edit(&service, system.manager, |service| json::set(service, &["spec", "ports"], ports))?;
        }
    } else {
        let kind = match json::text(gateway, &["metadata", "annotations", "networking.istio.io/service-type"]) {
            "" => system.exposes(),
            named => named,
        };
        let object = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": meta,
            "spec": {"type": kind, "selector": {"gateway.networking.k8s.io/gateway-name": key.name}, "ports": ports},
        });
        ctx.create(kinds::SERVICE, object, system.manager)?;
    }
    let Some(held) = ctx.get(&service) else { return Ok(()) };
    if json::text(&held, &["spec", "type"]) == "LoadBalancer" && address(&held, &key.namespace).is_none() {
        let taken: Vec<String> = ctx
            .objects
            .list(kinds::SERVICE, None)
            .iter()
            .flat_map(|one| json::list(one, &["status", "loadBalancer", "ingress"]).to_vec())
            .map(|one| json::text(&one, &["ip"]).to_owned())
            .collect();
        let first = names::draw(ctx.state.seed, &service.to_string(), 0, 250);
        let free =
            (0..250).map(|step| format!("172.18.255.{}", 1 + (first + step) % 250)).find(|ip| !taken.contains(ip));
        if let Some(ip) = free {
            let status = json!({"loadBalancer": {"ingress": [{"ip": ip, "ipMode": "VIP"}]}});
            ctx.set_status(&service, "cloud-controller-manager", status)?;
            ctx.after(super::ctx::LAG, super::Controller::Gateway, key);
        }
    }
    Ok(())
}
