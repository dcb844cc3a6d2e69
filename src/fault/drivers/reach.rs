//! What a plan hits, by name; and what may keep it from having an effect.

use std::collections::BTreeMap;

use serde_json::Value;

use super::words::counted;
use crate::{
    cluster::Manifest,
    fault::{
        aim::{self, Aim},
        intent::{Fault, Target},
        plan::{Plan, Reach},
        select,
        sight::{Controller, Sight},
    },
    mesh::dataplane::Dataplane,
};

/// The reach of a fault on the traffic of these pods.
pub fn hit(aim: &Aim<'_>, sight: &Sight, portion: f64) -> Reach {
    let mut pods: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pod in &aim.pods {
        pods.entry(pod.namespace().unwrap_or_default().to_owned()).or_default().push(pod.name().to_owned());
    }
    for names in pods.values_mut() {
        names.sort();
    }
    let services: Vec<String> = aim
        .services(sight)
        .iter()
        .map(|service| format!("{}/{}", service.namespace().unwrap_or_default(), service.name()))
        .collect();
    Reach {
        pods,
        lost: BTreeMap::new(),
        routes: routes_to(&services, sight),
        workloads: aim.workloads(sight),
        services,
        portion,
        everything: None,
    }
}

/// The reach of a fault on all pods behind these Services (`NS/NAME`). Pods outside the fault's namespace are not seen, so
/// such a Service counts as everything; `leads` says how the route comes to it. One that is not there or has no pods hits
/// nothing more.
pub fn behind(mut services: Vec<String>, fault: &Fault, sight: &Sight, leads: &str) -> Reach {
    services.sort();
    services.dedup();
    let mut reach = Reach::default();
    for service in &services {
        let Some((namespace, name)) = service.split_once('/') else { continue };
        if namespace != fault.namespace {
            reach.everything =
                Some(format!("it also {leads} {service}, whose pods lie outside namespace {}", fault.namespace));
            continue;
        }
        let target = Target::Service(name.to_owned());
        if let Ok(aim) = aim::aim(&Fault { target, ..fault.clone() }, sight) {
            let more = hit(&aim, sight, 1.0);
            for (namespace, names) in more.pods {
                reach.pods.entry(namespace).or_default().extend(names);
            }
            reach.workloads.extend(more.workloads);
        }
    }
    for names in reach.pods.values_mut() {
        names.sort();
        names.dedup();
    }
    reach.workloads.sort();
    reach.workloads.dedup();
    reach.services = services;
    reach
}

/// The routes (`KIND NS/NAME`) that send requests to any of these Services (`NS/NAME`).
pub(super) fn routes_to(services: &[String], sight: &Sight) -> Vec<String> {
    let mut routes = Vec::new();
    for route in &sight.http_routes {
        let namespace = route.namespace().unwrap_or_default();
        if crate::fault::routes::backends(route).iter().any(|backend| services.contains(backend)) {
            routes.push(format!("HTTPRoute {namespace}/{}", route.name()));
        }
    }
    for route in &sight.virtual_services {
        let namespace = route.namespace().unwrap_or_default();
        if crate::fault::routes::destinations(route).iter().any(|one| services.contains(one)) {
            routes.push(format!("VirtualService {namespace}/{}", route.name()));
        }
    }
    routes.sort();
    routes.dedup();
    routes
}

/// The pods of a namespace that read a ConfigMap, and when they come to see a change of it.
pub fn reads(name: &str, namespace: &str, sight: &Sight) -> (Reach, Vec<String>) {
    let (mut seen, mut pods) = ((0, 0), Vec::new());
    for pod in sight.pods.iter().filter(|pod| pod.namespace() == Some(namespace) && !select::over(pod)) {
        let (mounted, variables) = (mounts(pod, name), draws(pod, name));
        if mounted || variables {
            pods.push(pod);
        }
        seen.0 += usize::from(mounted);
        seen.1 += usize::from(variables && !mounted);
    }
    let mut told = Vec::new();
    if seen.0 > 0 {
        told.push(format!("{} mount it and come to see the change within a minute or two", counted(seen.0, "pod")));
    }
    if seen.1 > 0 {
        told.push(format!(
            "{} have it as variables and do not see the change before they restart",
            counted(seen.1, "pod")
        ));
    }
    if pods.is_empty() {
        told.push("no pod reads it: who asks the API server for it is not known".to_owned());
    }
    let called = format!("the readers of {name}");
    let aim = Aim { called, labels: BTreeMap::new(), pods, service: None, workload: None };
    let mut reach = hit(&aim, sight, 1.0);
    if aim.pods.is_empty() {
        reach.everything = Some(format!("who reads ConfigMap {name} is not known"));
    }
    (reach, told)
}

fn each<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

/// Whether a pod has a ConfigMap as a volume of its own or within one that is put together.
fn mounts(pod: &Manifest, name: &str) -> bool {
    let named = |source: &Value| source.pointer("/configMap/name").and_then(Value::as_str) == Some(name);
    pod.at(&["spec"]).is_some_and(|spec| {
        each(spec, "volumes")
            .any(|volume| named(volume) || volume.get("projected").is_some_and(|all| each(all, "sources").any(named)))
    })
}

/// Whether a container of a pod has variables from a ConfigMap.
fn draws(pod: &Manifest, name: &str) -> bool {
    let is = |source: &Value, path: &str| source.pointer(path).and_then(Value::as_str) == Some(name);
    pod.at(&["spec"]).is_some_and(|spec| {
        ["containers", "initContainers"].into_iter().flat_map(|list| each(spec, list)).any(|container| {
            each(container, "envFrom").any(|one| is(one, "/configMapRef/name"))
                || each(container, "env").any(|one| is(one, "/valueFrom/configMapKeyRef/name"))
        })
    })
}

/// Says what nobody may act on: no control plane, no proxies.
pub(super) fn mesh_doubts(plan: &mut Plan, at: &Aim<'_>, sight: &Sight) {
    control_plane_doubt(plan, sight);
    if let Some(bare) = at.dataplanes(sight).get(&Dataplane::Absent) {
        let all = at.pods.len();
        let whose =
            if *bare == all && all == 1 { "1 pod".to_owned() } else { format!("{bare} of {}", counted(all, "pod")) };
        plan.doubts.push(format!("{whose} of {} carry no sidecar: nothing acts there", at.called));
    }
    plan.predicts.splice(0..0, plan.doubts.clone());
}

/// Istio's control plane must be there for an Istio object to have an effect.
pub fn control_plane_doubt(plan: &mut Plan, sight: &Sight) {
    match sight.istiod {
        Controller::Alive => {}
        Controller::Absent => plan.doubts.push("no istiod seen: nothing may act on this".to_owned()),
        Controller::Unknown => {
            plan.doubts.push("istiod could not be looked for: nothing may act on this".to_owned());
        }
    }
}
