//! An API server for one process, under tokio's (paused) clock: a map in memory, or the embedded world with its controllers. A
//! script bends any single call: cut, late, refused, hung, or another writer just before it.

mod demo;
mod memory;
mod store;

use std::{
    cell::Cell,
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use brink::{
    cluster::{
        ClusterId, Kind, Manifest, ObjectRef,
        api::{Answer, Api, Read, Refusal, Trouble, Write, WriteApi},
        cluster_id,
        io::cluster_id::{Known, require},
        warrant::{Purpose, Warrant},
    },
    fault::identity::essence,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Notify;

pub use store::{Ground, Store};

thread_local! {
    /// What the clusters of this thread are made of.
    static GROUND: Cell<Ground> = const { Cell::new(Ground::Memory) };
}

/// Does something while the clusters of this thread are made of this.
pub fn on<T>(ground: Ground, deed: impl FnOnce() -> T) -> T {
    struct Back(Ground);
    impl Drop for Back {
        fn drop(&mut self) {
            GROUND.set(self.0);
        }
    }
    let _back = Back(GROUND.replace(ground));
    deed()
}

/// What the clusters of this thread are made of.
pub fn ground() -> Ground {
    GROUND.get()
}

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
/// Sees what is to be stored, and may change or refuse it.
type Hook<'a> = &'a mut dyn FnMut(&mut Value) -> Result<(), Trouble>;

/// Where an object stands: group, plural, namespace, name.
type Key = (String, String, String, String);

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
    /// A cluster with these namespaces and objects.
    pub fn new(namespaces: &[&str], objects: Vec<(ObjectRef, Value)>) -> Self {
        let mut all: Vec<(ObjectRef, Value)> =
            namespaces.iter().map(|name| (namespace(name), json!({"metadata": {"name": name}}))).collect();
        if ground() == Ground::Memory {
            // Others are born with it.
            all.push((namespace("kube-system"), json!({"metadata": {}})));
        }
        all.extend(objects);
        let store = Mutex::new(Store::new(ground(), &all));
        Self(Arc::new(Shared { store, script: Mutex::new(Vec::new()), crashed: Notify::new() }))
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
        self.with(|store| store.admit(Box::new(admission)));
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
        self.with(|store| store.get(object))
    }

    /// What people and faults wrote of an object, without what server and controllers keep in it.
    pub fn meant(&self, object: &ObjectRef) -> Option<Value> {
        let mut meant = essence(&Manifest(self.get(object)?)).0;
        demo::without_turns(&mut meant);
        if let Some(spec) = meant.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("nodeName");
        }
        Some(meant)
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
                .all()
                .into_iter()
                .filter(|((_, plural, _, _), _)| plural != "events")
                .map(|((group, plural, namespace, name), mut value)| {
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
            store.settle();
            let version = store.version();
            let answer = carry_out(&mut store);
            let changed = !dry && purpose.is_some() && store.version() != version;
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
                if let Some(write) = write {
                    let by = SignedDuration::try_from(by).unwrap();
                    shared.store.lock().unwrap().comes_late(by, &self.name, purpose, write);
                }
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
        self.call(verb, object, false, None, None, |store| store.read(read)).await
    }

    async fn dry_run(&self, write: &Write) -> Result<Answer, Trouble> {
        self.call(verb(write), write.target().short(), true, None, None, |store| {
            store.write(&self.name, None, write, true)
        })
        .await
    }

    fn now(&self) -> Timestamp {
        self.world.0.store.lock().unwrap().now()
    }

    async fn sleep(&self, span: Duration) {
        let rate = self.world.0.store.lock().unwrap().rate();
        tokio::time::sleep(span.div_f64(rate)).await;
    }

    fn server(&self) -> &'static str {
        "https://fake"
    }
}

impl WriteApi for Client {
    async fn write(&self, warrant: &Warrant, write: &Write) -> Result<Answer, Trouble> {
        require(self, &self.known, warrant).await?;
        let purpose = Some(warrant.purpose());
        self.call(verb(write), write.target().short(), false, purpose, Some(write), |store| {
            store.write(&self.name, purpose, write, false)
        })
        .await
    }
}
