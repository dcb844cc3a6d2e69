//! The embedded world as the cluster of a test: its API server, controllers and traffic, in the time of the test. It is asked
//! by the very requests that brink sends over a link.

use std::{
    collections::BTreeMap,
    sync::{LazyLock, Mutex},
};

use brink::cluster::{
    Kind, Manifest, ObjectRef,
    api::{Read, Trouble, Write},
    request::{self, Sent},
};
use brink_demo::{
    api::{Body, Request, User},
    world::{Bundle, Wish, World},
};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{Hook, Key, key, namespace, refuse};

/// A world without traffic: what is in it is put there by the test.
const FILE: &str = "world: matrix\ntitle: What the matrix needs\ncrds: [gateway-api/v1.4.0-standard, istio/1.30.3]\nmanifests: [objects.yaml]\nnodes: 2\n";
const TOKEN: &str = "everybody";

/// Worlds that were built, by the objects in them: to build one takes longer than many a test.
static BUILT: LazyLock<Mutex<BTreeMap<String, World>>> = LazyLock::new(Mutex::default);

/// The kinds whose objects are looked at as a whole.
const SEEN: &[(&str, &str, &str, &str, bool)] = &[
    ("", "v1", "Namespace", "namespaces", false),
    ("", "v1", "ConfigMap", "configmaps", true),
    ("", "v1", "Pod", "pods", true),
    ("batch", "v1", "Job", "jobs", true),
    ("apps", "v1", "Deployment", "deployments", true),
    ("networking.istio.io", "v1", "VirtualService", "virtualservices", true),
    ("security.istio.io", "v1", "AuthorizationPolicy", "authorizationpolicies", true),
    ("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes", true),
];

/// What its controller writes beside the status; it counts its turns.
const REVISION: &str = "deployment.kubernetes.io/revision";

pub struct Demo {
    world: World,
}

impl Demo {
    /// A world with these objects, old enough to have settled.
    pub fn new(now: Timestamp, objects: &[(ObjectRef, Value)]) -> Self {
        let documents = objects.iter().map(|(object, body)| named(object, body.clone()).to_string());
        let text = documents.collect::<Vec<_>>().join("\n---\n");
        let mut built = BUILT.lock().unwrap();
        let world = built.entry(format!("{now} {text}")).or_insert_with(|| {
            let bundle = Bundle {
                name: "matrix".to_owned(),
                path: "matrix.yaml".to_owned(),
                text: FILE.to_owned(),
                manifests: vec![("matrix/objects.yaml".to_owned(), text)],
                rules: None,
            };
            let wish = Wish { bundle, pods: None, seed: 1, now };
            let mut world = World::new(&wish).unwrap_or_else(|trouble| panic!("{trouble}"));
            let everybody =
                User { name: "ana".to_owned(), groups: vec!["system:masters".to_owned()], token: TOKEN.to_owned() };
            world.set_users(vec![everybody]);
            world
        });
        Self { world: world.clone() }
    }

    pub fn advance(&mut self, now: Timestamp) {
        self.world.advance(now);
    }

    /// Rises with every change.
    pub fn version(&self) -> u64 {
        self.world.cluster().store().version()
    }

    fn ask(&mut self, sent: &Sent, query: &str) -> Result<Value, Trouble> {
        let (path, own) = sent.path.split_once('?').unwrap_or((&sent.path, ""));
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = own.split('&').chain(query.split('&')).filter(|pair| !pair.is_empty());
        let response = self.world.request(&Request {
            method: sent.method.to_owned(),
            path: decode(path),
            query: pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (decode(k), decode(v)))
                .collect(),
            accept: "application/json".to_owned(),
            content_type: sent.content.to_owned(),
            agent: "brink/test".to_owned(),
            token: TOKEN.to_owned(),
            body: sent.body.as_ref().map(|body| body.to_string().into()).unwrap_or_default(),
            ..Request::default()
        });
        let Body::Whole(bytes) = response.body else { panic!("{}: a stream", sent.path) };
        // A path that nobody serves is answered in plain text, as the real server does.
        let body: Value = match serde_json::from_slice(&bytes) {
            Ok(body) => body,
            Err(_) => Value::Null,
        };
        if response.code < 400 {
            return Ok(body);
        }
        let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        Err(refuse(response.code, &text("reason"), text("message")))
    }

    /// What another writer asks; it must not be refused.
    fn other(&mut self, who: &str, method: &'static str, path: String, body: Value) -> Value {
        let sent = Sent { method, path, content: "application/json", body: Some(body) };
        self.ask(&sent, &format!("fieldManager={who}")).unwrap_or_else(|why| panic!("{method} {}: {why}", sent.path))
    }

    pub fn get(&mut self, object: &ObjectRef) -> Option<Value> {
        self.read(&Read::Get(object.clone())).ok()
    }

    /// What a person or a fault put there: pods of controllers and what the world adds by itself are left out.
    pub fn all(&mut self) -> BTreeMap<Key, Value> {
        let mut all = BTreeMap::new();
        for (group, version, kind, plural, namespaced) in SEEN {
            let kind = Kind {
                group: (*group).to_owned(),
                version: (*version).to_owned(),
                kind: (*kind).to_owned(),
                plural: (*plural).to_owned(),
                namespaced: *namespaced,
            };
            let Ok(list) = self.read(&Read::List { kind: kind.clone(), namespace: None, labels: String::new() }) else {
                continue;
            };
            for mut item in list["items"].as_array().unwrap().clone() {
                without_turns(&mut item);
                let text = |field: &str| item["metadata"][field].as_str().unwrap_or_default().to_owned();
                let object = ObjectRef::new(kind.clone(), &text("namespace"), &text("name"));
                let made = *plural == "pods" && !item["metadata"]["ownerReferences"].is_null();
                if made || text("name") == "kube-root-ca.crt" {
                    continue;
                }
                all.insert(key(&object), item);
            }
        }
        all
    }

    /// Creates or overwrites, keeping the uid of what is there.
    pub fn put(&mut self, object: &ObjectRef, body: Value, who: &str) {
        let mut body = named(object, body);
        match self.get(object) {
            None => {
                for field in ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"] {
                    body["metadata"].as_object_mut().unwrap().remove(field);
                }
                let path = request::collection_path(&object.kind, object.namespace.as_deref());
                self.other(who, "POST", path, body);
            }
            Some(old) => {
                for field in ["uid", "resourceVersion", "creationTimestamp"] {
                    body["metadata"][field] = old["metadata"][field].clone();
                }
                let (path, status) = (request::object_path(object), body["status"].take());
                let now = self.other(who, "PUT", path.clone(), body.clone());
                if !status.is_null() && status != now["status"] {
                    body["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"].clone();
                    body["status"] = status;
                    self.other(who, "PUT", format!("{path}/status"), body);
                }
            }
        }
    }

    pub fn remove(&mut self, object: &ObjectRef) {
        // At once, as a kubelet ends a pod; what is not there is gone already.
        let body = json!({"apiVersion": "v1", "kind": "DeleteOptions", "gracePeriodSeconds": 0});
        let path = request::object_path(object);
        let sent = Sent { method: "DELETE", path, content: "application/json", body: Some(body) };
        let _ = self.ask(&sent, "");
    }

    pub fn remove_namespace(&mut self, name: &str) {
        self.remove(&namespace(name));
    }

    /// Whether a kind can go: those that come with the server stay.
    pub fn stop_serving(&mut self, kind: &Kind) -> bool {
        let name = format!("{}.{}", kind.plural, kind.group);
        let definitions =
            Kind::cluster_wide("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions");
        let definition = ObjectRef { kind: definitions, namespace: None, name };
        let custom = self.get(&definition).is_some();
        if custom {
            self.remove(&definition);
        }
        custom
    }

    pub fn read(&mut self, read: &Read) -> Result<Value, Trouble> {
        self.ask(&request::of_read(read), "")
    }

    /// Carries a write out, or says what it would come to; `admit` sees what is to be stored.
    pub fn write(&mut self, write: &Write, dry: bool, admit: Hook<'_>) -> Result<Value, Trouble> {
        let mut write = write.clone();
        match &mut write {
            Write::Create(_, manifest) => admit(&mut manifest.0)?,
            Write::Patch(target, operations) => {
                if let Some(mut new) = self.get(target)
                    && brink::fault::edit::patch(&mut new, operations).is_ok()
                {
                    let patched = new.clone();
                    admit(&mut new)?;
                    if new != patched {
                        write = Write::Replace(target.clone(), Manifest(new));
                    }
                }
            }
            Write::Replace(..) | Write::Scale(..) => {}
            Write::Delete(target, ..) | Write::Evict(target, _) => {
                if let Some(mut old) = self.get(target) {
                    admit(&mut old)?;
                }
            }
        }
        self.ask(&request::of_write(&write, dry), "")
    }
}

/// Without what a controller counts in it; a map that was emptied is none.
pub fn without_turns(object: &mut Value) {
    let metadata = object["metadata"].as_object_mut().unwrap();
    if let Some(notes) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
        notes.remove(REVISION);
    }
    for field in ["annotations", "labels"] {
        if metadata.get(field) == Some(&json!({})) {
            metadata.remove(field);
        }
    }
}

/// The body as the server wants to see it.
fn named(object: &ObjectRef, mut body: Value) -> Value {
    body["apiVersion"] = json!(object.kind.api_version());
    body["kind"] = json!(object.kind.kind);
    body["metadata"]["name"] = json!(object.name);
    if let Some(namespace) = &object.namespace {
        body["metadata"]["namespace"] = json!(namespace);
    }
    body
}
