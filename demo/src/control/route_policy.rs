//! Status of what kgateway and agentgateway attach to routes: their policies, and the backends that are no Services.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    ctx::Ctx,
    gateway::{Conditions, parent},
    gateway_system::{SYSTEMS, System},
    json,
    key::Key,
    kinds,
};
use crate::base::objects::{Objects, Refused};

/// What a policy is for, and by whose word.
struct Place {
    gateway: Key,
    system: &'static System,
}

/// A policy tells for each Gateway whether it holds there; of one whose controller is not there, its last word stays.
pub(super) fn reconcile<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(policy) = ctx.get(key) else { return Ok(()) };
    let systems: Vec<&System> = SYSTEMS.into_iter().filter(|system| system.reads(key.kind)).collect();
    let Some(first) = systems.iter().find(|system| system.alive(ctx)) else { return Ok(()) };
    let (places, lost) = places(ctx, key, &policy, &systems);
    let held = json::list(&policy, &["status", "ancestors"]);
    let ancestor = |reference: Value, controller: &str, attached: Result<(), &str>| {
        let before = held.iter().find(|one| json::at(one, &["ancestorRef"]) == &reference);
        let conditions = Conditions::of(ctx, &policy, before.map_or(&[], |one| json::list(one, &["conditions"])));
        let attached = match attached {
            Ok(()) => conditions.one("Attached", true, "Attached", "Attached to all targets"),
            Err(why) => conditions.one("Attached", false, "Pending", why),
        };
        let accepted = conditions.one("Accepted", true, "Valid", "Policy accepted");
        json!({"ancestorRef": reference, "controllerName": controller, "conditions": [accepted, attached]})
    };
    let mut ancestors: Vec<Value> = places
        .iter()
        .map(|place| {
            let reference = json!({
                "group": "gateway.networking.k8s.io", "kind": "Gateway",
                "namespace": place.gateway.namespace, "name": place.gateway.name,
            });
            ancestor(reference, place.system.controller, Ok(()))
        })
        .collect();
    if !lost.is_empty() {
        let reference = json!({"group": key.kind.group, "kind": key.kind.kind, "name": "StatusSummary"});
        ancestors.push(ancestor(reference, first.controller, Err(&lost.join("\n"))));
    }
    ctx.set_status(key, first.manager, json!({"ancestors": ancestors}))
}

/// The Gateways a policy holds at, and which of its targets lead to none.
fn places<O: Objects>(
    ctx: &Ctx<'_, O>,
    key: &Key,
    policy: &Value,
    systems: &[&'static System],
) -> (Vec<Place>, Vec<String>) {
    let mut all: BTreeSet<Key> = BTreeSet::new();
    let mut lost = Vec::new();
    for target in json::list(policy, &["spec", "targetRefs"]) {
        let (kind, name) = (json::text(target, &["kind"]), json::text(target, &["name"]));
        let found: Vec<Key> = match kind {
            "Gateway" => vec![Key::new(kinds::GATEWAY, &key.namespace, name)],
            "HTTPRoute" | "GRPCRoute" => {
                let of = if kind == "HTTPRoute" { kinds::HTTP_ROUTE } else { kinds::GRPC_ROUTE };
                let route = ctx.get(&Key::new(of, &key.namespace, name));
                let parents = route.as_deref().map(|route| json::list(route, &["spec", "parentRefs"]).to_vec());
                let parents = parents.unwrap_or_default();
                parents
                    .iter()
                    .filter_map(|one| parent(one, &key.namespace))
                    .filter(|one| one.kind == kinds::GATEWAY)
                    .collect()
            }
            _ => Vec::new(),
        };
        if found.is_empty() {
            lost.push(format!("Policy is not attached: {kind} {}/{name} not found", key.namespace));
        }
        all.extend(found);
    }
    let places = all.into_iter().filter_map(|gateway| {
        let system = System::of(ctx, &*ctx.get(&gateway)?)?;
        systems.iter().any(|one| one.controller == system.controller).then_some(Place { gateway, system })
    });
    (places.collect(), lost)
}

/// A backend says whether what it names is there.
pub(super) fn backend<O: Objects>(ctx: &mut Ctx<'_, O>, key: &Key) -> Result<(), Refused> {
    let Some(backend) = ctx.get(key) else { return Ok(()) };
    let Some(system) = SYSTEMS.into_iter().find(|system| system.reads(key.kind) && system.alive(ctx)) else {
        return Ok(());
    };
    let secret = secret(&backend).filter(|name| ctx.get(&Key::new(kinds::SECRET, &key.namespace, name)).is_none());
    let conditions = Conditions::of(ctx, &backend, json::list(&backend, &["status", "conditions"]));
    let accepted = match secret {
        None => conditions.one("Accepted", true, "Accepted", "Backend accepted"),
        Some(name) => {
            let said = format!("failed to get secret {name}: Secret \"{}/{name}\" not found", key.namespace);
            conditions.one("Accepted", false, "Invalid", &said)
        }
    };
    ctx.set_status(key, system.manager, json!({"conditions": [accepted]}))
}

/// The Secret that a backend's model takes its key from.
fn secret(backend: &Value) -> Option<&str> {
    let llm = json::at(backend, &["spec", "ai", "llm"]).as_object()?;
    llm.values().find_map(|one| json::at(one, &["authToken", "secretRef", "name"]).as_str())
}
