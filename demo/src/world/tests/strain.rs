//! Too much traffic, and what the nodes make of it.

use std::time::Duration;

use serde_json::Value;

use super::*;
use crate::{
    api::Cluster,
    world::{Wish, World},
};

/// Two pods of an echo service, called so often; with a limit of memory and a probe.
fn world(rps: u32, memory: &str, serves: &str) -> World {
    let text = format!(
        "world: small\nmanifests: [small.yaml]\nnodes: 1\nbehaviour:\n  small/Deployment/echo:\n    serves: {{80: {serves}}}\n    \
         base_memory: 30Mi\ntraffic:\n- {{name: load, to: \"http://echo.small:80/\", rps: {rps}, timeout: 60s}}\n"
    );
    let manifests = format!(
        "apiVersion: v1\nkind: Namespace\nmetadata: {{name: small}}\n---\n\
         apiVersion: v1\nkind: Service\nmetadata: {{name: echo, namespace: small}}\n\
         spec: {{selector: {{app: echo}}, ports: [{{name: http, port: 80}}]}}\n---\n\
         apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: echo, namespace: small}}\n\
         spec:\n  replicas: 2\n  selector: {{matchLabels: {{app: echo}}}}\n  template:\n    metadata: {{labels: {{app: echo}}}}\n    \
         spec:\n      containers:\n      - name: echo\n        image: echo:1\n        ports: [{{containerPort: 80}}]\n        \
         resources: {{limits: {{memory: {memory}}}}}\n        \
         readinessProbe: {{httpGet: {{path: /, port: 80}}, periodSeconds: 2, timeoutSeconds: 1, failureThreshold: 2}}\n"
    );
    let bundle = Bundle {
        name: "small".to_owned(),
        path: "small.yaml".to_owned(),
        text,
        manifests: vec![("small/small.yaml".to_owned(), manifests)],
        rules: None,
    };
    World::new(&Wish { bundle, pods: None, seed: 3, now: now() }).unwrap()
}

fn pods(cluster: &Cluster) -> Vec<Value> {
    let id = cluster.store().find("", "pods").unwrap();
    cluster.store().list(id, Some("small")).map(|pod| (**pod.value()).clone()).collect()
}

fn status(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

/// Lives on second by second until it holds; whether it ever did.
fn until(world: &mut World, from: Timestamp, seconds: u64, holds: impl Fn(&World) -> bool) -> bool {
    (1..=seconds).any(|second| {
        world.advance(time::later(from, Duration::from_secs(second)));
        holds(world)
    })
}

#[test]
fn a_pod_whose_requests_need_more_memory_than_it_may_have_is_killed_and_starts_again() {
    // In flight at each: 40 a second for a second, a megabyte each, 40 beside the 30 it needs anyway.
    let mut world = world(80, "48Mi", "{median: 1s, sigma: 0.1, workers: 500, memory: 1Mi, cpu: 0ms}");
    let killed = |world: &World| {
        pods(world.cluster()).iter().any(|pod| status(pod)["lastState"]["terminated"]["reason"] == "OOMKilled")
    };
    assert!(until(&mut world, now(), 60, killed), "{:#?}", pods(world.cluster()));
    let pods = pods(world.cluster());
    let dead = pods.iter().find(|pod| status(pod)["restartCount"].as_i64() > Some(0)).unwrap();
    assert_eq!(status(dead)["lastState"]["terminated"]["exitCode"], 137);
}

#[test]
fn enough_memory_and_workers_leave_pods_alone() {
    let mut world = world(80, "256Mi", "{median: 50ms, workers: 64, memory: 1Mi, cpu: 0ms}");
    let touched = |world: &World| {
        pods(world.cluster()).iter().any(|pod| status(pod)["restartCount"] != 0 || status(pod)["ready"] != true)
    };
    assert!(!until(&mut world, now(), 40, touched), "{:#?}", pods(world.cluster()));
}

#[test]
fn a_pod_that_cannot_keep_up_fails_its_probe_and_gets_no_more_requests() {
    // One worker at 100 ms: ten a second. Forty come to each.
    let mut world = world(80, "4Gi", "{median: 100ms, sigma: 0.1, workers: 1, memory: 1Ki, cpu: 0ms}");
    let out = |world: &World| pods(world.cluster()).iter().any(|pod| status(pod)["ready"] == false);
    assert!(until(&mut world, now(), 60, out));
    let unready = pods(world.cluster()).into_iter().find(|pod| status(pod)["ready"] == false).unwrap();
    assert!(!unready["status"]["containerStatuses"][0]["state"]["running"].is_null(), "it runs all the same");
    let slices = world.cluster().store().find("discovery.k8s.io", "endpointslices").unwrap();
    let name = unready["metadata"]["name"].clone();
    let listed = |world: &World| {
        let mut all = world.cluster().store().list(slices, Some("small"));
        all.any(|slice| {
            let endpoints = slice.value()["endpoints"].as_array().cloned().unwrap_or_default();
            endpoints.iter().any(|one| one["targetRef"]["name"] == name && one["conditions"]["ready"] == true)
        })
    };
    let later = world.cluster().now();
    assert!(until(&mut world, later, 5, |world| !listed(world)), "it is no endpoint any more");
}
