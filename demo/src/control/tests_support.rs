//! Objects in a map, with as much of an API server as controllers notice: versions, generations, uids, grace periods,
//! finalizers, admission. And a world of them with controllers, in virtual time.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Clocked, Control, Key, inject, json, kinds, names, node, time};
use crate::base::objects::{Kind, Objects, Refused};

/// Every webhook is there.
const BOTH: inject::Injectors = inject::Injectors { istio: true, dapr: true };

/// A start for all tests.
pub fn start() -> Timestamp {
    "2026-11-26T09:00:00Z".parse().unwrap()
}

/// Objects in a map.
#[derive(Debug, Clone)]
pub struct Shelf {
    objects: BTreeMap<Kind, BTreeMap<(String, String), Arc<Value>>>,
    now: Timestamp,
    version: u64,
    seed: u64,
    /// Whether it keeps what it is given in a form of its own, as servers do: nulls dropped, defaults added.
    pub meddles: bool,
    /// Every write: when, verb, object.
    pub log: Vec<(Timestamp, &'static str, Key)>,
}

impl Shelf {
    /// Nothing yet.
    pub fn new(seed: u64) -> Self {
        Self::at(seed, start())
    }

    /// The same at another time.
    pub fn at(seed: u64, now: Timestamp) -> Self {
        Self { objects: BTreeMap::new(), now, version: 0, seed, meddles: false, log: Vec::new() }
    }

    fn keep(&mut self, key: &Key, verb: &'static str, mut object: Value) -> Arc<Value> {
        self.version += 1;
        if self.meddles {
            drop_nulls(&mut object);
            for list in ["endpoints", "ports"] {
                for one in object.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                    json::set(one, &["added"], true);
                }
            }
        }
        json::set(&mut object, &["metadata", "resourceVersion"], self.version.to_string());
        let object = Arc::new(object);
        self.log.push((self.now, verb, key.clone()));
        let names = self.objects.entry(key.kind).or_default();
        names.insert((key.namespace.clone(), key.name.clone()), object.clone());
        object
    }

    fn drop(&mut self, key: &Key) {
        self.log.push((self.now, "gone", key.clone()));
        if let Some(names) = self.objects.get_mut(&key.kind) {
            names.remove(&(key.namespace.clone(), key.name.clone()));
        }
    }

    fn held(&self, kind: Kind, object: &Value) -> Result<(Key, Arc<Value>), Refused> {
        let meta = json::at(object, &["metadata"]);
        let key = Key::new(kind, json::text(meta, &["namespace"]), json::text(meta, &["name"]));
        let held = self.get(kind, &key.namespace, &key.name).ok_or_else(|| refused(404, "NotFound", &key))?;
        let version = json::text(meta, &["resourceVersion"]);
        if !version.is_empty() && version != json::text(&held, &["metadata", "resourceVersion"]) {
            return Err(refused(409, "Conflict", &key));
        }
        Ok((key, held))
    }
}

impl Shelf {
    /// What a server adds to a new object, as far as controllers look at it.
    fn complete(&self, kind: Kind, object: &mut Value, space: Option<&Value>) {
        match kind {
            kinds::POD => inject::join(object, space.unwrap_or(&Value::Null), BOTH),
            kinds::SERVICE if json::text(object, &["spec", "clusterIP"]).is_empty() => {
                let services = self.list(kinds::SERVICE, None).len();
                json::set(object, &["spec", "clusterIP"], format!("10.96.0.{}", services + 1));
            }
            kinds::NAMESPACE => {
                let name = json::text(object, &["metadata", "name"]).to_owned();
                json::set(object, &["metadata", "labels", "kubernetes.io/metadata.name"], name);
                json::set(object, &["status", "phase"], "Active");
            }
            _ => {}
        }
    }
}

fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(list) => list.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn refused(code: u16, reason: &'static str, key: &Key) -> Refused {
    Refused { code, reason, message: format!("{reason}: {key}") }
}

impl Objects for Shelf {
    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<Arc<Value>> {
        self.objects.get(&kind)?.get(&(namespace.to_owned(), name.to_owned())).cloned()
    }

    fn list(&self, kind: Kind, namespace: Option<&str>) -> Vec<Arc<Value>> {
        let all = self.objects.get(&kind).into_iter().flatten();
        all.filter(|((held, _), _)| namespace.is_none_or(|wanted| wanted == held)).map(|(_, one)| one.clone()).collect()
    }

    fn create(&mut self, kind: Kind, mut object: Value, _manager: &str) -> Result<Arc<Value>, Refused> {
        let meta = json::at(&object, &["metadata"]);
        let key = Key::new(kind, json::text(meta, &["namespace"]), json::text(meta, &["name"]));
        assert!(!key.name.is_empty(), "a controller names what it creates: {object}");
        assert_eq!(kind.namespaced, !key.namespace.is_empty(), "{key}");
        if self.get(kind, &key.namespace, &key.name).is_some() {
            return Err(refused(409, "AlreadyExists", &key));
        }
        let space = self.get(kinds::NAMESPACE, "", &key.namespace);
        if kind.namespaced && space.is_none() {
            return Err(refused(404, "NotFound", &Key::new(kinds::NAMESPACE, "", &key.namespace)));
        }
        if space.as_deref().is_some_and(|space| !json::at(space, &["metadata", "deletionTimestamp"]).is_null()) {
            return Err(refused(403, "Forbidden", &key));
        }
        self.complete(kind, &mut object, space.as_deref());
        let ordinal = self.version;
        json::set(&mut object, &["metadata", "uid"], names::uid(self.seed, &key.to_string(), ordinal));
        json::set(&mut object, &["metadata", "creationTimestamp"], time::stamp(self.now));
        json::set(&mut object, &["metadata", "generation"], 1);
        Ok(self.keep(&key, "create", object))
    }

    fn replace(&mut self, kind: Kind, mut object: Value, _manager: &str) -> Result<Arc<Value>, Refused> {
        let (key, held) = self.held(kind, &object)?;
        // Kinds without a status subresource are written as one.
        let whole = kinds::CHAOS_MESH.contains(&kind) || kinds::LITMUS.contains(&kind) || kind == kinds::APPLICATION;
        if !whole {
            json::set(&mut object, &["status"], json::at(&held, &["status"]).clone());
        }
        if json::at(&object, &["status"]).is_null() {
            json::remove(&mut object, &["status"]);
        }
        if json::at(&object, &["spec"]) != json::at(&held, &["spec"]) {
            let generation = json::int(&held, &["metadata", "generation"]).unwrap_or_default() + 1;
            json::set(&mut object, &["metadata", "generation"], generation);
        }
        let dying = !json::at(&object, &["metadata", "deletionTimestamp"]).is_null();
        if dying && kind != kinds::POD && json::list(&object, &["metadata", "finalizers"]).is_empty() {
            self.drop(&key);
            return Ok(Arc::new(object));
        }
        Ok(self.keep(&key, "update", object))
    }

    fn replace_status(&mut self, kind: Kind, object: Value, _manager: &str) -> Result<Arc<Value>, Refused> {
        let (key, held) = self.held(kind, &object)?;
        let mut wanted = (*held).clone();
        json::set(&mut wanted, &["status"], json::at(&object, &["status"]).clone());
        let annotations = json::at(&object, &["metadata", "annotations"]);
        if kind == kinds::DEPLOYMENT && annotations.is_object() {
            json::set(&mut wanted, &["metadata", "annotations"], annotations.clone());
        }
        Ok(self.keep(&key, "status", wanted))
    }

    fn delete(&mut self, kind: Kind, namespace: &str, name: &str, uid: Option<&str>) -> Result<(), Refused> {
        let key = Key::new(kind, namespace, name);
        let held = self.get(kind, namespace, name).ok_or_else(|| refused(404, "NotFound", &key))?;
        if uid.is_some_and(|uid| uid != json::text(&held, &["metadata", "uid"])) {
            return Err(refused(409, "Conflict", &key));
        }
        if !json::at(&held, &["metadata", "deletionTimestamp"]).is_null() {
            return Ok(());
        }
        let grace = json::int(&held, &["spec", "terminationGracePeriodSeconds"]).unwrap_or(30);
        let bound = kind == kinds::POD && !json::text(&held, &["spec", "nodeName"]).is_empty();
        let waits = bound && grace > 0;
        if !waits && kind != kinds::NAMESPACE && json::list(&held, &["metadata", "finalizers"]).is_empty() {
            self.drop(&key);
            return Ok(());
        }
        let grace = if waits { grace } else { 0 };
        let mut dying = (*held).clone();
        let at = time::later(self.now, Duration::from_secs(u64::try_from(grace).unwrap()));
        json::set(&mut dying, &["metadata", "deletionTimestamp"], time::stamp(at));
        json::set(&mut dying, &["metadata", "deletionGracePeriodSeconds"], grace);
        self.keep(&key, "delete", dying);
        Ok(())
    }

    fn remove(&mut self, kind: Kind, namespace: &str, name: &str, uid: Option<&str>) -> Result<(), Refused> {
        let key = Key::new(kind, namespace, name);
        let held = self.get(kind, namespace, name).ok_or_else(|| refused(404, "NotFound", &key))?;
        if uid.is_some_and(|uid| uid != json::text(&held, &["metadata", "uid"])) {
            return Err(refused(409, "Conflict", &key));
        }
        if json::list(&held, &["metadata", "finalizers"]).is_empty() {
            self.drop(&key);
        }
        Ok(())
    }
}

impl Clocked for Shelf {
    fn set_now(&mut self, now: Timestamp) {
        assert!(now >= self.now, "time does not run backwards");
        self.now = now;
    }
}

impl crate::world::Stage for Shelf {
    fn now(&self) -> Timestamp {
        self.now
    }
}

/// Objects with their controllers.
#[derive(Debug, Clone)]
pub struct World {
    /// The objects.
    pub shelf: Shelf,
    /// The controllers.
    pub control: Control,
    /// The time.
    pub now: Timestamp,
}

impl World {
    /// Three nodes and a namespace `shop`.
    pub fn new() -> Self {
        let mut world = Self { shelf: Shelf::new(7), control: Control::new(7), now: start() };
        for at in 0..3 {
            world.create(kinds::NODE, node::manifest(at, &format!("node-{at}")));
        }
        world.create(kinds::NAMESPACE, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}));
        world.run(1);
        world
    }

    /// Creates as a client does.
    pub fn create(&mut self, kind: Kind, object: Value) -> Key {
        let made = self.shelf.create(kind, object, "kubectl").unwrap();
        let meta = json::at(&made, &["metadata"]);
        let key = Key::new(kind, json::text(meta, &["namespace"]), json::text(meta, &["name"]));
        self.control.observe(&key, Some(&made), self.now);
        key
    }

    /// Changes as a client does.
    pub fn edit(&mut self, key: &Key, change: impl FnOnce(&mut Value)) {
        let mut object = (*self.get(key).expect("it is there")).clone();
        change(&mut object);
        let made = self.shelf.replace(key.kind, object, "kubectl").unwrap();
        self.control.observe(key, Some(&made), self.now);
    }

    /// Deletes as a client does.
    pub fn delete(&mut self, key: &Key) {
        self.shelf.delete(key.kind, &key.namespace, &key.name, None).unwrap();
        let held = self.get(key);
        self.control.observe(key, held.as_deref(), self.now);
    }

    /// Lets so many seconds pass.
    pub fn run(&mut self, seconds: u64) {
        self.now = time::later(self.now, Duration::from_secs(seconds));
        self.control.advance(&mut self.shelf, self.now);
    }

    /// One object.
    pub fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.shelf.get(key.kind, &key.namespace, &key.name)
    }

    /// The pods of a namespace whose names begin so.
    pub fn pods(&self, namespace: &str, front: &str) -> Vec<Arc<Value>> {
        let mut pods = self.shelf.list(kinds::POD, Some(namespace));
        pods.retain(|pod| json::text(pod, &["metadata", "name"]).starts_with(front));
        pods
    }

    /// Reasons and messages of the Events about objects whose names begin so, in order.
    pub fn told(&self, front: &str) -> Vec<String> {
        let mut events = self.shelf.list(kinds::EVENT, None);
        events.retain(|event| json::text(event, &["involvedObject", "name"]).starts_with(front));
        events.sort_by_key(|event| json::text(event, &["metadata", "resourceVersion"]).parse::<u64>().unwrap());
        events
            .iter()
            .map(|event| format!("{}: {}", json::text(event, &["reason"]), json::text(event, &["message"])))
            .collect()
    }
}

/// A Deployment in `shop` with one container.
pub fn deployment(name: &str, replicas: u32, image: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "app", "image": image, "ports": [{"name": "http", "containerPort": 8080}]}]},
            },
        },
    })
}

/// A Service in `shop` before the pods of a Deployment of the same name.
pub fn service(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "shop"},
        "spec": {"selector": {"app": name}, "ports": [{"name": "http", "port": 80, "targetPort": "http"}]},
    })
}
