//! An API server in memory, under tokio's (paused) clock: objects with uids and versions, JSON Patch with `test`,
//! preconditions, dry runs, finalizers, namespaces that go, and the controllers a fuse needs (Job deadline, TTL, garbage
//! collection by owner). A script bends any single call: cut, late, refused, hung, or another writer just before it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use brink::cluster::{
    ClusterId, Kind, Manifest, ObjectRef,
    api::{Answer, Api, Preconditions, Read, Refusal, Trouble, Write},
    cluster_id,
    io::cluster_id::{Known, require},
    warrant::{Purpose, Warrant},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::{sync::Notify, time::Instant};

/// What a call is, for scripts and logs.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// Counts the calls of this client, from 1.
    pub n: u64,
    /// The client's name.
    pub client: String,
    /// `get`, `list`, `path`, `allowed`, `create`, `patch`, `replace`, `delete`, `evict`.
    pub verb: &'static str,
    /// `KIND NS/NAME`, or the path.
    pub object: String,
    /// A dry run.
    pub dry: bool,
    /// The warrant's purpose, for writes.
    pub purpose: Option<Purpose>,
    /// When.
    pub at: Timestamp,
    /// Whether the stored object changed.
    pub changed: bool,
}

/// What happens to a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Twist {
    /// Nothing special.
    Pass,
    /// It never reaches the server.
    CutBefore,
    /// It is carried out; the answer is lost.
    CutAfter,
    /// The answer is lost now; the server carries it out this much later.
    Late(Duration),
    /// It reaches the server this much later, and is answered.
    Slow(Duration),
    /// Refused.
    Status(u16, &'static str),
    /// It never returns; whoever waits for the crash is told. `landed`: it was carried out.
    Hang {
        /// Carried out before.
        landed: bool,
    },
}

type Script = Box<dyn FnMut(&Call, &mut Store) -> Twist + Send>;
/// What a call does to the store, once it gets there.
type Carried<'a> = Box<dyn FnOnce(&mut Store) -> Result<Value, Trouble> + 'a>;
type Admission = Box<dyn FnMut(&Call, &mut Value) -> Result<(), String> + Send>;

/// Where an object stands: group, plural, namespace, name.
type Key = (String, String, String, String);

/// The stored objects, also for scripts that play other writers.
pub struct Store {
    pub objects: BTreeMap<Key, Value>,
    pub served: BTreeSet<(String, String, String)>,
    version: u64,
    uids: u64,
    zero: Timestamp,
    start: Instant,
    skew: SignedDuration,
    late: Vec<(Timestamp, String, Option<Purpose>, Write)>,
    pub log: Vec<Call>,
    admission: Vec<Admission>,
    /// Pods whose eviction a budget refuses.
    pub budget: bool,
}

struct Shared {
    store: Mutex<Store>,
    script: Mutex<Vec<Script>>,
    crashed: Notify,
}

/// The cluster.
#[derive(Clone)]
pub struct World(Arc<Shared>);

/// One process's client of it.
#[derive(Clone)]
pub struct Client {
    world: World,
    name: String,
    calls: Arc<Mutex<u64>>,
    known: Arc<Known>,
}

fn key(object: &ObjectRef) -> Key {
    (
        object.kind.group.clone(),
        object.kind.plural.clone(),
        object.namespace.clone().unwrap_or_default(),
        object.name.clone(),
    )
}

fn refuse(code: u16, reason: &str, message: impl Into<String>) -> Trouble {
    Trouble::Refused(Refusal {
        code,
        reason: reason.to_owned(),
        message: message.into(),
        retry_after: None,
        date: None,
    })
}

pub fn namespace(name: &str) -> ObjectRef {
    ObjectRef { kind: Kind::cluster_wide("", "v1", "Namespace", "namespaces"), namespace: None, name: name.to_owned() }
}

impl World {
    /// A cluster with the usual kinds and the namespaces given.
    pub fn new(namespaces: &[&str]) -> Self {
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
        ];
        let zero: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let store = Store {
            objects: BTreeMap::new(),
            served: served.iter().map(|(g, v, p)| ((*g).to_owned(), (*v).to_owned(), (*p).to_owned())).collect(),
            version: 100,
            uids: 0,
            zero,
            start: Instant::now(),
            skew: SignedDuration::ZERO,
            late: Vec::new(),
            log: Vec::new(),
            admission: Vec::new(),
            budget: false,
        };
        let world =
            Self(Arc::new(Shared { store: Mutex::new(store), script: Mutex::new(Vec::new()), crashed: Notify::new() }));
        for name in namespaces.iter().chain(&["kube-system"]) {
            world.put(&namespace(name), json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        }
        world
    }

    /// Adds a script; the first that does not pass decides.
    pub fn script(&self, script: impl FnMut(&Call, &mut Store) -> Twist + Send + 'static) {
        self.0.script.lock().unwrap().push(Box::new(script));
    }

    pub fn clear_scripts(&self) {
        self.0.script.lock().unwrap().clear();
    }

    /// Adds an admission step for creates and patches (dry runs as well).
    pub fn admit(&self, admission: impl FnMut(&Call, &mut Value) -> Result<(), String> + Send + 'static) {
        self.with(|store| store.admission.push(Box::new(admission)));
    }

    /// Resolves when a script hung a call.
    pub async fn crashed(&self) {
        self.0.crashed.notified().await;
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        let mut store = self.0.store.lock().unwrap();
        store.settle();
        act(&mut store)
    }

    /// Puts an object as another writer would.
    pub fn put(&self, object: &ObjectRef, body: Value) {
        self.with(|store| store.put(object, body));
    }

    pub fn get(&self, object: &ObjectRef) -> Option<Value> {
        self.with(|store| store.objects.get(&key(object)).cloned())
    }

    pub fn now(&self) -> Timestamp {
        self.with(|store| store.now())
    }

    /// A client with a process's name.
    pub fn client(&self, name: &str) -> Client {
        Client { world: self.clone(), name: name.to_owned(), calls: Arc::default(), known: Arc::default() }
    }

    /// What the cluster is known by to whoever may read one of its two kinds of witness.
    pub fn id_of(&self, witness: &ObjectRef) -> ClusterId {
        let uid = self.get(witness).unwrap()["metadata"]["uid"].as_str().unwrap().to_owned();
        ClusterId { uid, of: witness.short() }
    }

    /// What it is known by to most.
    pub fn id(&self) -> ClusterId {
        self.id_of(&cluster_id::system())
    }

    pub fn uid(&self) -> String {
        self.id().uid
    }

    /// Everything but the machinery: what must be the same before and after.
    pub fn picture(&self) -> BTreeMap<String, Value> {
        self.with(|store| {
            store
                .objects
                .iter()
                .filter(|((_, plural, _, _), _)| plural != "events")
                .map(|((group, plural, namespace, name), value)| {
                    let mut value = value.clone();
                    if let Some(metadata) = value["metadata"].as_object_mut() {
                        for field in ["resourceVersion", "generation", "managedFields"] {
                            metadata.remove(field);
                        }
                    }
                    value.as_object_mut().unwrap().remove("status");
                    (format!("{group}/{plural}/{namespace}/{name}"), value)
                })
                .collect()
        })
    }
}

impl Store {
    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.start.elapsed()).unwrap();
        self.zero.checked_add(elapsed).unwrap().checked_add(self.skew).unwrap()
    }

    fn stamp(&mut self, value: &mut Value, who: &str) {
        self.version += 1;
        let now = self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
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

    /// Creates or overwrites, keeping the uid of what is there.
    pub fn put(&mut self, object: &ObjectRef, mut body: Value) {
        let key = key(object);
        let old = self.objects.get(&key).cloned();
        self.complete(object, &mut body, old.as_ref());
        self.stamp(&mut body, "somebody");
        self.objects.insert(key, body);
    }

    fn complete(&mut self, object: &ObjectRef, body: &mut Value, old: Option<&Value>) {
        let now = self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
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

    /// Changes an object as another writer would.
    pub fn edit(&mut self, object: &ObjectRef, who: &str, change: impl FnOnce(&mut Value)) {
        let key = key(object);
        let Some(old) = self.objects.get(&key).cloned() else { return };
        let mut new = old.clone();
        change(&mut new);
        self.complete(object, &mut new, Some(&old));
        self.stamp(&mut new, who);
        self.objects.insert(key, new);
    }

    pub fn remove(&mut self, object: &ObjectRef) {
        self.objects.remove(&key(object));
    }

    /// The namespace goes, with everything in it.
    pub fn remove_namespace(&mut self, name: &str) {
        self.objects.retain(|(_, _, namespace, _), _| namespace != name);
        self.objects.remove(&key(&namespace(name)));
    }

    /// The server's clock jumps.
    pub fn skew(&mut self, by: SignedDuration) {
        self.skew += by;
    }

    /// What controllers and late requests did up to now, in the order of time.
    fn settle(&mut self) {
        let now = self.now();
        let mut late = std::mem::take(&mut self.late);
        late.sort_by_key(|(at, ..)| *at);
        for (at, client, purpose, write) in late {
            if at <= now {
                self.jobs(at);
                self.collect();
                let _ = self.write(&client, purpose, &write, false);
            } else {
                self.late.push((at, client, purpose, write));
            }
        }
        self.jobs(now);
        self.collect();
    }

    fn jobs(&mut self, now: Timestamp) {
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
            if start.checked_add(SignedDuration::from_secs(deadline)).unwrap() <= now {
                over.push(key.clone());
            }
        }
        for key in over {
            self.objects.remove(&key);
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
                Some(key) => self.objects.remove(&key),
                None => return,
            };
        }
    }

    fn admitted(&mut self, call: &Call, body: &mut Value) -> Result<(), Trouble> {
        let mut steps = std::mem::take(&mut self.admission);
        let refused = steps.iter_mut().find_map(|step| step(call, body).err());
        self.admission = steps;
        match refused {
            Some(why) => Err(refuse(403, "Forbidden", format!("admission webhook denied the request: {why}"))),
            None => Ok(()),
        }
    }

    fn write(&mut self, client: &str, purpose: Option<Purpose>, write: &Write, dry: bool) -> Result<Value, Trouble> {
        let target = write.target();
        let key = key(target);
        let served = (target.kind.group.clone(), target.kind.version.clone(), target.kind.plural.clone());
        if !self.served.contains(&served) {
            return Err(refuse(404, "NotFound", "the server could not find the requested resource"));
        }
        let missing = || refuse(404, "NotFound", format!("{} \"{}\" not found", target.kind.plural, target.name));
        let call = Call {
            n: 0,
            client: client.to_owned(),
            verb: verb(write),
            object: target.short(),
            dry,
            purpose,
            at: self.now(),
            changed: false,
        };
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
                self.admitted(&call, &mut body)?;
                let uids = self.uids;
                self.complete(target, &mut body, None);
                self.stamp(&mut body, "brink");
                if dry {
                    self.uids = uids;
                } else {
                    self.objects.insert(key, body.clone());
                    self.settle();
                }
                Ok(body)
            }
            Write::Patch(_, operations) => {
                let old = self.objects.get(&key).cloned().ok_or_else(missing)?;
                let mut new = old.clone();
                brink::fault::edit::patch(&mut new, operations)
                    .map_err(|error| refuse(422, "Invalid", format!("testing value failed: {error}")))?;
                self.admitted(&call, &mut new)?;
                self.complete(target, &mut new, Some(&old));
                if new != old {
                    self.stamp(&mut new, "brink");
                }
                if !dry {
                    self.objects.insert(key, new.clone());
                }
                Ok(new)
            }
            Write::Delete(_, conditions) | Write::Evict(_, conditions) => {
                let old = self.objects.get(&key).cloned().ok_or_else(missing)?;
                holds(conditions, &old)?;
                if matches!(write, Write::Evict(..)) && self.budget {
                    return Err(refuse(429, "TooManyRequests", "Cannot evict pod as it would violate the budget"));
                }
                let mut check = old.clone();
                self.admitted(&call, &mut check)?;
                if !dry {
                    if old["metadata"]["finalizers"].as_array().is_some_and(|list| !list.is_empty()) {
                        let now = self.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
                        let mut going = old.clone();
                        going["metadata"]["deletionTimestamp"] = json!(now);
                        self.stamp(&mut going, "brink");
                        self.objects.insert(key, going);
                    } else {
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

fn verb(write: &Write) -> &'static str {
    match write {
        Write::Create(..) => "create",
        Write::Patch(..) => "patch",
        Write::Replace(..) => "replace",
        Write::Delete(..) => "delete",
        Write::Evict(..) => "evict",
        Write::Scale(..) => "scale",
    }
}

impl Client {
    /// The process's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    async fn call(
        &self,
        verb: &'static str,
        object: String,
        dry: bool,
        purpose: Option<Purpose>,
        write: Option<&Write>,
        carry_out: impl FnOnce(&mut Store) -> Result<Value, Trouble>,
    ) -> Result<Answer, Trouble> {
        // Every request yields, as on a wire: other processes get their turn.
        tokio::task::yield_now().await;
        let n = {
            let mut calls = self.calls.lock().unwrap();
            *calls += 1;
            *calls
        };
        let shared = &self.world.0;
        let (twist, index) = {
            let mut store = shared.store.lock().unwrap();
            store.settle();
            let at = store.now();
            let call = Call { n, client: self.name.clone(), verb, object, dry, purpose, at, changed: false };
            let mut scripts = shared.script.lock().unwrap();
            let twist = scripts.iter_mut().map(|script| script(&call, &mut store)).find(|twist| *twist != Twist::Pass);
            store.log.push(call);
            (twist.unwrap_or(Twist::Pass), store.log.len() - 1)
        };
        let server = || "https://fake".to_owned();
        let run = |carry_out: Carried<'_>| {
            let mut store = shared.store.lock().unwrap();
            let version = store.version;
            let count = store.objects.len();
            let answer = carry_out(&mut store);
            let changed = !dry && purpose.is_some() && (store.version != version || store.objects.len() != count);
            store.log[index].changed = changed && answer.is_ok();
            let date = Some(store.now());
            answer.map(|body| Answer { body: Manifest(body), date })
        };
        match twist {
            Twist::Pass => run(Box::new(carry_out)),
            Twist::Slow(by) => {
                tokio::time::sleep(by).await;
                run(Box::new(carry_out))
            }
            Twist::CutBefore => Err(Trouble::Unreachable { server: server(), why: "connection refused".to_owned() }),
            Twist::CutAfter => {
                let _ = run(Box::new(carry_out));
                Err(Trouble::Unknown { server: server(), why: "connection reset".to_owned() })
            }
            Twist::Late(by) => {
                let mut store = shared.store.lock().unwrap();
                let at = store.now().checked_add(SignedDuration::try_from(by).unwrap()).unwrap();
                if let Some(write) = write {
                    store.late.push((at, self.name.clone(), purpose, write.clone()));
                }
                drop(store);
                Err(Trouble::Unknown { server: server(), why: "timed out".to_owned() })
            }
            Twist::Status(code, message) => Err(refuse(code, "Scripted", message)),
            Twist::Hang { landed } => {
                if landed {
                    let _ = run(Box::new(carry_out));
                }
                shared.crashed.notify_one();
                std::future::pending().await
            }
        }
    }
}

impl Api for Client {
    async fn read(&self, read: &Read) -> Result<Answer, Trouble> {
        let (verb, object) = match read {
            Read::Get(object) => ("get", object.short()),
            Read::List { kind, namespace, .. } => {
                ("list", format!("{} {}", kind.kind, namespace.as_deref().unwrap_or("*")))
            }
            Read::Path(path) => ("path", path.clone()),
            Read::Allowed { verb, kind, .. } => ("allowed", format!("{verb} {}", kind.kind)),
        };
        self.call(verb, object, false, None, None, |store| match read {
            Read::Get(object) => store
                .objects
                .get(&key(object))
                .cloned()
                .ok_or_else(|| refuse(404, "NotFound", format!("\"{}\" not found", object.name))),
            Read::List { kind, namespace, labels } => {
                let wanted: Vec<(&str, &str)> = labels.split(',').filter_map(|pair| pair.split_once('=')).collect();
                let items: Vec<Value> = store
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
                let names: Vec<Value> = store
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
        })
        .await
    }

    async fn dry_run(&self, write: &Write) -> Result<Answer, Trouble> {
        self.call(verb(write), write.target().short(), true, None, None, |store| {
            store.write(&self.name, None, write, true)
        })
        .await
    }

    async fn write(&self, warrant: &Warrant, write: &Write) -> Result<Answer, Trouble> {
        require(self, &self.known, warrant).await?;
        let purpose = Some(warrant.purpose());
        self.call(verb(write), write.target().short(), false, purpose, Some(write), |store| {
            store.write(&self.name, purpose, write, false)
        })
        .await
    }

    fn now(&self) -> Timestamp {
        self.world.0.store.lock().unwrap().now()
    }

    async fn sleep(&self, span: Duration) {
        tokio::time::sleep(span).await;
    }

    fn server(&self) -> &'static str {
        "https://fake"
    }
}
