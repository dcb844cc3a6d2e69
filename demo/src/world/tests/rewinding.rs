//! A world that is taken back to a checkpoint: by writes, while its time runs on.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use super::*;
use crate::{
    api::{Request, User},
    store::Change,
    world::{Wish, World},
};

fn ask(world: &mut World, method: &str, path: &str, body: &Value) -> u16 {
    let request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        content_type: if method == "PATCH" { "application/merge-patch+json" } else { "application/json" }.to_owned(),
        token: "t".to_owned(),
        body: Bytes::from(body.to_string()),
        ..Request::default()
    };
    world.request(&request).code
}

fn pods(world: &World, app: &str) -> Vec<(String, bool)> {
    let store = world.cluster().store();
    let pods = store.list(store.find("", "pods").unwrap(), Some("httpbin"));
    pods.filter(|pod| pod.name().starts_with(app)).map(|pod| (pod.name().to_owned(), running(pod.value()))).collect()
}

fn running(pod: &Value) -> bool {
    let ready = json::condition(json::list(pod, &["status", "conditions"]), "Ready");
    ready.is_some_and(|one| json::text(one, &["status"]) == "True")
}

#[test]
fn what_changed_is_written_back_and_lives_on() {
    let bundle = named("tutorial").unwrap();
    let mut world = World::new(&Wish { bundle, pods: Some(9), seed: 3, now: now() }).unwrap();
    world.set_users(vec![User {
        name: "admin".to_owned(),
        groups: vec!["system:masters".to_owned(), "system:authenticated".to_owned()],
        token: "t".to_owned(),
    }]);
    let mut time = now();
    let mut pass = |world: &mut World, seconds: u64| {
        for _ in 0..seconds {
            time = time::later(time, Duration::from_secs(1));
            world.advance(time);
        }
    };
    pass(&mut world, 5);
    let before = pods(&world, "httpbin");
    assert_eq!(before.len(), 2, "{before:?}");
    assert!(!world.restore("calm"), "nothing was remembered yet");
    world.checkpoint("calm");
    let deployment = "/apis/apps/v1/namespaces/httpbin/deployments/httpbin";
    assert_eq!(ask(&mut world, "PATCH", deployment, &json!({"spec": {"replicas": 0}})), 200);
    let made = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "later", "namespace": "httpbin"}});
    assert_eq!(ask(&mut world, "POST", "/api/v1/namespaces/httpbin/configmaps", &made), 201);
    assert_eq!(ask(&mut world, "DELETE", "/api/v1/namespaces/httpbin/services/httpbin", &json!({})), 200);
    pass(&mut world, 60);
    assert!(pods(&world, "httpbin").is_empty());
    let version = world.cluster().store().version();
    assert!(world.restore("calm"));
    // The same pods, by name and uid, and they stay.
    pass(&mut world, 90);
    assert_eq!(pods(&world, "httpbin"), before);
    let store = world.cluster().store();
    let services = store.find("", "services").unwrap();
    assert!(store.get(services, "httpbin", "httpbin").is_some_and(|service| service.version > version));
    assert!(store.get(store.find("", "configmaps").unwrap(), "httpbin", "later").is_none());
    let told: Vec<Change> = store.since(services, version).unwrap().map(|event| event.change).collect();
    assert_eq!(told, [Change::Added], "watchers see an ordinary event");
}
