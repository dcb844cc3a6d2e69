//! Objects in memory: the least an API server does, the controllers a fuse needs (Job deadline, TTL, garbage collection by
//! owner), and a chaos engine that takes a second for everything.

use std::collections::{BTreeMap, BTreeSet};

use brink::cluster::{
    Kind, ObjectRef,
    api::{Preconditions, Read, Trouble, Write},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Hook, Key, key, namespace, refuse};

/// What a server of its own remembers.
pub struct Memory {
    objects: BTreeMap<Key, Value>,
    served: BTreeSet<(String, String, String)>,
    version: u64,
    uids: u64,
    now: Timestamp,
    /// Whether a chaos engine is at work.
    engine: bool,
}

fn served(kind: &Kind) -> (String, String, String) {
    (kind.group.clone(), kind.version.clone(), kind.plural.clone())
}

impl Memory {
    pub fn new(now: Timestamp) -> Self {
        let served = [
            ("", "v1", "pods"),
            ("", "v1", "configmaps"),
            ("", "v1", "namespaces"),
            ("", "v1", "events"),
            ("batch", "v1", "jobs"),
            ("apps", "v1", "deployments"),
            ("networking.istio.io", "v1", "virtualservices"),
            ("security.istio.io", "v1", "authorizationpolicies"),
            ("gateway.networking.k8s.io", "v1", "httproutes"),
            ("chaos-mesh.org", "v1alpha1", "networkchaos"),
        ];
        let served = served.iter().map(|(g, v, p)| ((*g).to_owned(), (*v).to_owned(), (*p).to_owned())).collect();
        Self { objects: BTreeMap::new(), served, version: 100, uids: 0, now, engine: true }
    }

    /// What controllers did up to now.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = now;
        self.jobs();
        self.collect();
        self.engine();
    }

    /// Rises with every change.
    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn get(&self, object: &ObjectRef) -> Option<Value> {
        self.objects.get(&key(object)).cloned()
    }

    pub fn all(&self) -> BTreeMap<Key, Value> {
        self.objects.clone()
    }

    pub fn serve(&mut self, kind: &Kind) {
        self.served.insert(served(kind));
    }

    pub fn stop_engine(&mut self) {
        self.engine = false;
    }

    pub fn stop_serving(&mut self, kind: &Kind) {
        self.served.remove(&served(kind));
        self.objects.retain(|(group, plural, _, _), _| !(*group == kind.group && *plural == kind.plural));
    }

    /// Creates or overwrites, keeping the uid of what is there.
    pub fn put(&mut self, object: &ObjectRef, mut body: Value, who: &str) {
        let key = key(object);
        let old = self.objects.get(&key).cloned();
        self.complete(object, &mut body, old.as_ref());
        self.stamp(&mut body, who);
        self.objects.insert(key, body);
    }

    pub fn remove(&mut self, object: &ObjectRef) {
        self.version += 1;
        self.objects.remove(&key(object));
    }

    pub fn remove_namespace(&mut self, name: &str) {
        self.version += 1;
        self.objects.retain(|(_, _, namespace, _), _| namespace != name);
        self.objects.remove(&key(&namespace(name)));
    }

    fn stamp(&mut self, value: &mut Value, who: &str) {
        self.version += 1;
        let now = self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let version = self.version.to_string();
        let metadata = value["metadata"].as_object_mut().unwrap();
        metadata.insert("resourceVersion".to_owned(), json!(version));
        for field in ["annotations", "labels", "ownerReferences", "finalizers"] {
            let empty = metadata
                .get(field)
                .is_some_and(|value| value.as_object().is_some_and(serde_json::Map::is_empty) || value == &json!([]));
            if empty {
                metadata.remove(field);
            }
        }
        let entries = metadata.entry("managedFields").or_insert_with(|| json!([])).as_array_mut().unwrap();
        // Times have whole seconds, so the latest other writer is kept alone to be told apart.
        entries.retain(|entry| entry["manager"] == "brink" && who != "brink");
        entries.push(json!({"manager": who, "operation": "Update", "time": now, "fieldsV1": {}}));
    }

    fn complete(&mut self, object: &ObjectRef, body: &mut Value, old: Option<&Value>) {
        let now = self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        body["apiVersion"] = json!(object.kind.api_version());
        body["kind"] = json!(object.kind.kind);
        let metadata = body["metadata"].as_object_mut().unwrap();
        metadata.insert("name".to_owned(), json!(object.name));
        if let Some(namespace) = &object.namespace {
            metadata.insert("namespace".to_owned(), json!(namespace));
        }
        match old {
            Some(old) => {
                for field in ["uid", "creationTimestamp"] {
                    metadata.insert(field.to_owned(), old["metadata"][field].clone());
                }
                let generation = old["metadata"]["generation"].as_u64().unwrap_or(1);
                let bump = u64::from(old.get("spec") != body.get("spec"));
                body["metadata"]["generation"] = json!(generation + bump);
            }
            None => {
                self.uids += 1;
                metadata.insert("uid".to_owned(), json!(format!("00000000-0000-4000-8000-{:012x}", self.uids)));
                metadata.insert("creationTimestamp".to_owned(), json!(now));
                metadata.insert("generation".to_owned(), json!(1));
            }
        }
    }

    fn jobs(&mut self) {
        let mut over = Vec::new();
        for (key, job) in &mut self.objects {
            if key.1 != "jobs" || job["spec"]["suspend"] == json!(true) {
                continue;
            }
            if job["status"]["startTime"].is_null() {
                job["status"] = json!({"startTime": job["metadata"]["creationTimestamp"]});
            }
            let start: Timestamp = job["status"]["startTime"].as_str().unwrap().parse().unwrap();
            let deadline = job["spec"]["activeDeadlineSeconds"].as_i64().unwrap();
            if start.checked_add(SignedDuration::from_secs(deadline)).unwrap() <= self.now {
                over.push(key.clone());
            }
        }
        for key in over {
            self.version += 1;
            self.objects.remove(&key);
        }
    }

    /// The engine: it injects what it was given and holds it by its finalizer; of what is deleted it takes the effect back first.
    fn engine(&mut self) {
        if !self.engine {
            return;
        }
        let second = |value: &Value| {
            let at: Option<Timestamp> = value.as_str().and_then(|text| text.parse().ok());
            at.is_none_or(|at| at.as_second() < self.now.as_second())
        };
        let mut turns = Vec::new();
        for (key, object) in self.objects.iter().filter(|(key, _)| key.1 == "networkchaos") {
            let (created, deleted) =
                (&object["metadata"]["creationTimestamp"], &object["metadata"]["deletionTimestamp"]);
            if (deleted.is_null() && object["status"].is_null() && second(created))
                || (!deleted.is_null() && second(deleted))
            {
                turns.push((key.clone(), object.clone()));
            }
        }
        for (key, mut object) in turns {
            if !object["metadata"]["deletionTimestamp"].is_null() {
                self.version += 1;
                self.objects.remove(&key);
                continue;
            }
            object["metadata"]["finalizers"] = json!(["chaos-mesh/records"]);
            object["status"] = json!({
                "conditions": [{"type": "Selected", "status": "True"}, {"type": "AllInjected", "status": "True"}],
                "experiment": {"desiredPhase": "Run", "containerRecords": [
                    {"id": "shop/web-1", "selectorKey": ".", "phase": "Injected", "injectedCount": 1},
                ]},
            });
            self.stamp(&mut object, "chaos-controller-manager");
            self.objects.insert(key, object);
        }
    }

    /// The garbage collector: an object all of whose owners are absent from its own namespace goes.
    fn collect(&mut self) {
        loop {
            let uids: BTreeSet<(String, String)> = self
                .objects
                .iter()
                .map(|(key, value)| (key.2.clone(), value["metadata"]["uid"].as_str().unwrap_or_default().to_owned()))
                .collect();
            let orphan = self.objects.iter().find_map(|(key, value)| {
                let owners = value["metadata"]["ownerReferences"].as_array()?;
                let absent = |owner: &Value| {
                    !uids.contains(&(key.2.clone(), owner["uid"].as_str().unwrap_or_default().to_owned()))
                };
                owners.iter().all(absent).then(|| key.clone())
            });
            match orphan {
                Some(key) => {
                    self.version += 1;
                    self.objects.remove(&key);
                }
                None => return,
            }
        }
    }

    pub fn read(&self, read: &Read) -> Result<Value, Trouble> {
        match read {
            Read::Get(object) => {
                self.get(object).ok_or_else(|| refuse(404, "NotFound", format!("\"{}\" not found", object.name)))
            }
            Read::List { kind, namespace, labels } => {
                let wanted: Vec<(&str, &str)> = labels.split(',').filter_map(|pair| pair.split_once('=')).collect();
                let items: Vec<Value> = self
                    .objects
                    .iter()
                    .filter(|((group, plural, place, _), value)| {
                        *group == kind.group
                            && *plural == kind.plural
                            && namespace.as_ref().is_none_or(|namespace| namespace == place)
                            && wanted.iter().all(|(key, wanted)| value["metadata"]["labels"][*key] == *wanted)
                    })
                    .map(|(_, value)| {
                        // As the real server: items of a list carry no kind of their own.
                        let mut value = value.clone();
                        value.as_object_mut().unwrap().remove("kind");
                        value.as_object_mut().unwrap().remove("apiVersion");
                        value
                    })
                    .collect();
                Ok(json!({"kind": "List", "items": items}))
            }
            Read::Path(path) => {
                let mut parts = path.trim_start_matches('/').split('/');
                let (group, version) = match parts.next() {
                    Some("api") => ("", parts.next().unwrap_or_default()),
                    _ => (parts.next().unwrap_or_default(), parts.next().unwrap_or_default()),
                };
                let names: Vec<Value> = self
                    .served
                    .iter()
                    .filter(|(g, v, _)| g == group && v == version)
                    .map(|(_, _, plural)| json!({"name": plural}))
                    .collect();
                if names.is_empty() {
                    return Err(refuse(404, "NotFound", "the server could not find the requested resource"));
                }
                Ok(json!({"kind": "APIResourceList", "resources": names}))
            }
            Read::Allowed { .. } => Ok(json!({"status": {"allowed": true}})),
        }
    }

    /// Carries a write out, or says what it would come to; `admit` sees what is to be stored.
    pub fn write(&mut self, write: &Write, dry: bool, admit: Hook<'_>) -> Result<Value, Trouble> {
        let target = write.target();
        let key = key(target);
        if !self.served.contains(&served(&target.kind)) {
            return Err(refuse(404, "NotFound", "the server could not find the requested resource"));
        }
        let missing = || refuse(404, "NotFound", format!("{} \"{}\" not found", target.kind.plural, target.name));
        match write {
            Write::Create(_, manifest) => {
                if let Some(name) = &target.namespace {
                    match self.objects.get(&self::key(&namespace(name))) {
                        None => return Err(refuse(404, "NotFound", format!("namespaces \"{name}\" not found"))),
                        Some(value) if !value["metadata"]["deletionTimestamp"].is_null() => {
                            return Err(refuse(403, "Forbidden", format!("namespace {name} is being terminated")));
                        }
                        Some(_) => {}
                    }
                }
                if self.objects.contains_key(&key) {
                    return Err(refuse(409, "AlreadyExists", format!("\"{}\" already exists", target.name)));
                }
                let mut body = manifest.0.clone();
                admit(&mut body)?;
                let (uids, version) = (self.uids, self.version);
                self.complete(target, &mut body, None);
                self.stamp(&mut body, "brink");
                if dry {
                    (self.uids, self.version) = (uids, version);
                } else {
                    self.objects.insert(key, body.clone());
                    self.jobs();
                    self.collect();
                }
                Ok(body)
            }
            Write::Patch(_, operations) => {
                let old = self.objects.get(&key).cloned().ok_or_else(missing)?;
                let mut new = old.clone();
                brink::fault::edit::patch(&mut new, operations)
                    .map_err(|error| refuse(422, "Invalid", format!("testing value failed: {error}")))?;
                admit(&mut new)?;
                let version = self.version;
                self.complete(target, &mut new, Some(&old));
                if new != old {
                    self.stamp(&mut new, "brink");
                }
                if dry {
                    self.version = version;
                } else {
                    self.objects.insert(key, new.clone());
                }
                Ok(new)
            }
            Write::Delete(_, conditions, _) | Write::Evict(_, conditions) => {
                let old = self.objects.get(&key).cloned().ok_or_else(missing)?;
                holds(conditions, &old)?;
                admit(&mut old.clone())?;
                if !dry {
                    if old["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty()) {
                        let now = self.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                        let mut going = old.clone();
                        going["metadata"]["deletionTimestamp"] = json!(now);
                        self.stamp(&mut going, "brink");
                        self.objects.insert(key, going);
                    } else {
                        self.version += 1;
                        self.objects.remove(&key);
                        self.collect();
                    }
                }
                Ok(old)
            }
            Write::Replace(..) | Write::Scale(..) => Err(refuse(405, "MethodNotAllowed", "not in this world")),
        }
    }
}

fn holds(conditions: &Preconditions, old: &Value) -> Result<(), Trouble> {
    let field = |name: &str| old["metadata"][name].as_str().map(str::to_owned);
    let differs = |wanted: &Option<String>, name: &str| wanted.is_some() && *wanted != field(name);
    if differs(&conditions.uid, "uid") || differs(&conditions.resource_version, "resourceVersion") {
        return Err(refuse(409, "Conflict", "the precondition does not hold"));
    }
    Ok(())
}
