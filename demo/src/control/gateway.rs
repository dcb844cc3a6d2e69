//! Status of GatewayClasses, Gateways and routes, as the system that answers for each writes it. Without its controller nothing
//! is written: what its control plane said last is shown.
//!
//! A route that loses precedence is accepted like the winner: Gateway API has no condition that says so.

use serde_json::{Value, json};

use super::{
    attach,
    ctx::Ctx,
    gateway_proxies,
    gateway_system::{ISTIO, MESH, System},
    json,
    key::Key,
    kinds, route_policy,
};
use crate::base::objects::{Objects, Refused};

pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    match key.kind {
        kinds::GATEWAY_CLASS => class(ctx, key),
        kinds::GATEWAY => gateway(ctx, key),
        kinds::TRAFFIC_POLICY | kinds::AGENTGATEWAY_POLICY => route_policy::reconcile(ctx, key),
        kinds::BACKEND => route_policy::backend(ctx, key),
        _ => route(ctx, key),
    }
}

/// Conditions of an object, with those it had.
pub(super) struct Conditions<'a> {
    held: &'a [Value],
    generation: i64,
    now: String,
}

impl<'a> Conditions<'a> {
    /// Of an object as it is now.
    pub fn of<O: Objects>(ctx: &Ctx<'_, O>, object: &Value, held: &'a [Value]) -> Self {
        Self { held, generation: generation(object), now: ctx.stamp() }
    }

    /// One of them; its time moves when its status does.
    pub fn one(&self, kind: &str, good: bool, reason: &str, message: &str) -> Value {
        let status = if good { "True" } else { "False" };
        let since = json::condition(self.held, kind)
            .filter(|one| json::text(one, &["status"]) == status)
            .map_or(self.now.as_str(), |one| json::text(one, &["lastTransitionTime"]));
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "observedGeneration": self.generation, "lastTransitionTime": since,
        })
    }
}

fn generation(object: &Value) -> i64 {
    json::int(object, &["metadata", "generation"]).unwrap_or(1)
}

fn class<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(class) = ctx.get(key) else { return Ok(()) };
    let system = System::named(json::text(&class, &["spec", "controllerName"])).filter(|system| system.alive(ctx));
    let Some(system) = system else { return Ok(()) };
    let conditions = Conditions::of(ctx, &class, json::list(&class, &["status", "conditions"]));
    let status = json!({"conditions": [conditions.one("Accepted", true, "Accepted", system.takes)]});
    ctx.set_status(key, system.manager, status)
}

fn gateway<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(gateway) = ctx.get(key) else { return Ok(()) };
    let Some(system) = System::of(ctx, &gateway).filter(|system| system.alive(ctx)) else { return Ok(()) };
    let attached = attached(ctx, key, &gateway);
    let listeners = json::list(&gateway, &["spec", "listeners"]);
    let held = json::list(&gateway, &["status", "listeners"]);
    let mut valid = true;
    let told: Vec<Value> = listeners
        .iter()
        .map(|listener| {
            let name = json::text(listener, &["name"]);
            let before = held.iter().find(|one| json::text(one, &["name"]) == name).unwrap_or(&Value::Null);
            let routes = attached.iter().filter(|attached| *attached == name).count();
            let told = tell_listener(ctx, &gateway, listener, before, routes);
            valid &= json::list(&told, &["conditions"])
                .iter()
                .all(|one| (json::text(one, &["type"]) == "Conflicted") == (json::text(one, &["status"]) == "False"));
            told
        })
        .collect();
    let service = Key::new(kinds::SERVICE, &key.namespace, &system.deployed(&gateway));
    let address = ctx.get(&service).and_then(|service| gateway_proxies::address(&service, &key.namespace));
    let conditions = Conditions::of(ctx, &gateway, json::list(&gateway, &["status", "conditions"]));
    let accepted = if valid {
        conditions.one("Accepted", true, "Accepted", "Resource accepted")
    } else {
        conditions.one("Accepted", true, "ListenersNotValid", "Invalid listeners")
    };
    let programmed = if address.is_some() {
        let ports: Vec<String> = listeners
            .iter()
            .filter_map(|one| {
                Some(format!("{}.{}.svc.cluster.local:{}", service.name, key.namespace, json::int(one, &["port"])?))
            })
            .collect();
        let said = format!("Resource programmed, assigned to service(s) {}", ports.join(", "));
        conditions.one("Programmed", true, "Programmed", &said)
    } else {
        let said = format!(
            "Assigned to service(s) {}.{}.svc.cluster.local, but no address is known yet",
            service.name, key.namespace
        );
        conditions.one("Programmed", false, "AddressNotAssigned", &said)
    };
    let mut status = json!({"conditions": [accepted, programmed], "listeners": told});
    if let Some(address) = address {
        json::set(&mut status, &["addresses"], json!([address]));
    }
    ctx.set_status(key, system.manager, status)
}

/// The listener of each attachment of a route to this Gateway.
fn attached<O: Objects>(ctx: &Ctx<'_, O>, key: &Key, gateway: &Value) -> Vec<String> {
    let mut attached = Vec::new();
    for kind in [kinds::HTTP_ROUTE, kinds::GRPC_ROUTE] {
        for route in ctx.objects.list(kind, None) {
            let space = json::text(&route, &["metadata", "namespace"]);
            let mut mine: Vec<String> = json::list(&route, &["spec", "parentRefs"])
                .iter()
                .filter(|reference| parent(reference, space) == Some(key.clone()))
                .filter_map(|reference| attach::listeners(ctx, gateway, &route, reference).ok())
                .flatten()
                .collect();
            mine.sort_unstable();
            mine.dedup();
            attached.extend(mine);
        }
    }
    attached
}

fn tell_listener<O: Objects>(
    ctx: &Ctx<'_, O>,
    gateway: &Value,
    listener: &Value,
    before: &Value,
    routes: usize,
) -> Value {
    let name = json::text(listener, &["name"]);
    let protocol = json::text(listener, &["protocol"]);
    let supported: &[&str] = match protocol {
        "HTTP" | "HTTPS" => &["HTTPRoute", "GRPCRoute"],
        "TLS" => &["TLSRoute"],
        _ => &["TCPRoute"],
    };
    let supported: Vec<Value> =
        supported.iter().map(|kind| json!({"group": "gateway.networking.k8s.io", "kind": kind})).collect();
    let conditions = Conditions::of(ctx, gateway, json::list(before, &["conditions"]));
    let rival = json::list(gateway, &["spec", "listeners"]).iter().take_while(|one| *one != listener).find(|one| {
        json::int(one, &["port"]) == json::int(listener, &["port"])
            && (json::text(one, &["protocol"]) != protocol
                || json::text(one, &["hostname"]) == json::text(listener, &["hostname"]))
    });
    let conflict = rival.map(|rival| {
        if json::text(rival, &["protocol"]) == protocol {
            ("HostnameConflict", "Found conflicting listeners for hostname")
        } else {
            ("ProtocolConflict", "Found conflicting listeners for protocol")
        }
    });
    let lost = json::list(listener, &["tls", "certificateRefs"]).iter().find(|one| {
        let space = match json::text(one, &["namespace"]) {
            "" => json::text(gateway, &["metadata", "namespace"]),
            named => named,
        };
        ctx.get(&Key::new(kinds::SECRET, space, json::text(one, &["name"]))).is_none()
    });
    let resolved = match lost {
        None => conditions.one("ResolvedRefs", true, "ResolvedRefs", "No errors found"),
        Some(one) => {
            let said = format!("invalid certificate reference: secret {} not found", json::text(one, &["name"]));
            conditions.one("ResolvedRefs", false, "InvalidCertificateRef", &said)
        }
    };
    let (reason, said) = conflict.unwrap_or(("NoConflicts", "No errors found"));
    let good = conflict.is_none() && lost.is_none();
    let programmed = if good { "Programmed" } else { "Invalid" };
    json!({
        "name": name,
        "attachedRoutes": json::count(routes),
        "supportedKinds": supported,
        "conditions": [
            conditions.one("Accepted", conflict.is_none(), conflict.map_or("Accepted", |one| one.0), said),
            conditions.one("Conflicted", conflict.is_some(), reason, said),
            conditions.one("Programmed", good, programmed, if good { "No errors found" } else { "Bad configuration" }),
            resolved,
        ],
    })
}

/// The Gateway or mesh Service a parent reference names.
pub(super) fn parent(reference: &Value, space: &str) -> Option<Key> {
    let kind = match (json::text(reference, &["kind"]), json::text(reference, &["group"])) {
        ("" | "Gateway", "" | "gateway.networking.k8s.io") => kinds::GATEWAY,
        ("Service", "" | "core") => kinds::SERVICE,
        _ => return None,
    };
    let there = match json::text(reference, &["namespace"]) {
        "" => space,
        named => named,
    };
    Some(Key::new(kind, there, json::text(reference, &["name"])))
}

fn route<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(route) = ctx.get(key) else { return Ok(()) };
    let held = json::list(&route, &["status", "parents"]);
    // What others answer for stays as it is, and the last word of those that are not there.
    let speaks = |controller: &str| {
        let system = if controller == MESH { Some(ISTIO) } else { System::named(controller) };
        system.filter(|system| system.alive(ctx))
    };
    let mut parents: Vec<Value> =
        held.iter().filter(|one| speaks(json::text(one, &["controllerName"])).is_none()).cloned().collect();
    let mut manager = None;
    for reference in json::list(&route, &["spec", "parentRefs"]) {
        let Some(parent) = parent(reference, &key.namespace) else { continue };
        let Some(object) = ctx.get(&parent) else { continue };
        let mesh = parent.kind == kinds::SERVICE;
        let system = if mesh { Some(ISTIO) } else { System::of(ctx, &object) };
        let Some(system) = system.filter(|system| system.alive(ctx)) else { continue };
        manager.get_or_insert(system.manager);
        let (controller, accepted) = if mesh {
            (MESH, Ok(Vec::new()))
        } else {
            (system.controller, attach::listeners(ctx, &object, &route, reference))
        };
        let lost = attach::unresolved(ctx, &route, system);
        let before = held.iter().find(|one| {
            json::at(one, &["parentRef"]) == reference && json::text(one, &["controllerName"]) == controller
        });
        let conditions = Conditions::of(ctx, &route, before.map_or(&[], |one| json::list(one, &["conditions"])));
        let accepted = match accepted {
            Ok(_) => conditions.one("Accepted", true, "Accepted", "Route was valid"),
            Err((reason, said)) => conditions.one("Accepted", false, reason, &said),
        };
        let resolved = match &lost {
            None => conditions.one("ResolvedRefs", true, "ResolvedRefs", "All references resolved"),
            Some((reason, said)) => conditions.one("ResolvedRefs", false, reason, said),
        };
        parents.push(json!({
            "parentRef": reference, "controllerName": controller, "conditions": [accepted, resolved],
        }));
    }
    if parents.is_empty() && held.is_empty() {
        return Ok(());
    }
    ctx.set_status(key, manager.unwrap_or(ISTIO.manager), json!({"parents": parents}))
}
