//! The objects of a cluster as scripts and tests reach them, whatever holds them, and the moments of what comes late.

use std::collections::BTreeMap;

use brink::cluster::{
    Kind, ObjectRef,
    api::{Read, Trouble, Write},
    warrant::Purpose,
};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use super::{Call, Key, demo::Demo, memory::Memory, refuse, verb};

/// What holds the objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// A map in memory: the least an API server does.
    Memory,
    /// The embedded world with its controllers.
    Demo,
}

enum Backend {
    Memory(Memory),
    Demo(Box<Demo>),
}

pub(super) type Admission = Box<dyn FnMut(&Call, &mut Value) -> Result<(), String> + Send>;

/// A write that the server carries out later.
struct Late {
    at: Timestamp,
    client: String,
    purpose: Option<Purpose>,
    write: Write,
}

/// The stored objects, also for scripts that play other writers.
pub struct Store {
    backend: Backend,
    zero: Timestamp,
    start: Instant,
    rate: f64,
    skew: SignedDuration,
    late: Vec<Late>,
    pub log: Vec<Call>,
    admission: Vec<Admission>,
}

impl Store {
    pub(super) fn new(ground: Ground, objects: &[(ObjectRef, Value)]) -> Self {
        let zero: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let backend = match ground {
            Ground::Memory => {
                let mut memory = Memory::new(zero);
                for (object, body) in objects {
                    memory.put(object, body.clone(), "somebody");
                }
                Backend::Memory(memory)
            }
            Ground::Demo => Backend::Demo(Box::new(Demo::new(zero, objects))),
        };
        Self {
            backend,
            zero,
            start: Instant::now(),
            rate: 1.0,
            skew: SignedDuration::ZERO,
            late: Vec::new(),
            log: Vec::new(),
            admission: Vec::new(),
        }
    }

    pub fn now(&self) -> Timestamp {
        let elapsed = SignedDuration::try_from(self.start.elapsed().mul_f64(self.rate)).unwrap();
        self.zero.checked_add(elapsed).unwrap().checked_add(self.skew).unwrap()
    }

    pub(super) fn version(&self) -> u64 {
        match &self.backend {
            Backend::Memory(memory) => memory.version(),
            Backend::Demo(demo) => demo.version(),
        }
    }

    pub fn get(&mut self, object: &ObjectRef) -> Option<Value> {
        match &mut self.backend {
            Backend::Memory(memory) => memory.get(object),
            Backend::Demo(demo) => demo.get(object),
        }
    }

    /// Everything that people and faults put there.
    pub fn all(&mut self) -> BTreeMap<Key, Value> {
        match &mut self.backend {
            Backend::Memory(memory) => memory.all(),
            Backend::Demo(demo) => demo.all(),
        }
    }

    /// Creates or overwrites, keeping the uid of what is there.
    pub fn put(&mut self, object: &ObjectRef, body: Value) {
        self.put_as(object, body, "somebody");
    }

    fn put_as(&mut self, object: &ObjectRef, body: Value, who: &str) {
        match &mut self.backend {
            Backend::Memory(memory) => memory.put(object, body, who),
            Backend::Demo(demo) => demo.put(object, body, who),
        }
    }

    /// Changes an object as another writer would.
    pub fn edit(&mut self, object: &ObjectRef, who: &str, change: impl FnOnce(&mut Value)) {
        let Some(mut new) = self.get(object) else { return };
        change(&mut new);
        self.put_as(object, new, who);
    }

    pub fn remove(&mut self, object: &ObjectRef) {
        match &mut self.backend {
            Backend::Memory(memory) => memory.remove(object),
            Backend::Demo(demo) => demo.remove(object),
        }
    }

    /// The namespace goes, with everything in it.
    pub fn remove_namespace(&mut self, name: &str) {
        match &mut self.backend {
            Backend::Memory(memory) => memory.remove_namespace(name),
            Backend::Demo(demo) => demo.remove_namespace(name),
        }
    }

    /// Serves another kind; the embedded world knows them all.
    pub fn serve(&mut self, kind: &Kind) {
        if let Backend::Memory(memory) = &mut self.backend {
            memory.serve(kind);
        }
    }

    /// The kind goes, with all its objects; `false` where the server has it built in.
    pub fn stop_serving(&mut self, kind: &Kind) -> bool {
        match &mut self.backend {
            Backend::Memory(memory) => {
                memory.stop_serving(kind);
                true
            }
            Backend::Demo(demo) => demo.stop_serving(kind),
        }
    }

    /// The chaos engine in memory does nothing from now on.
    pub fn stop_engine(&mut self) {
        if let Backend::Memory(memory) = &mut self.backend {
            memory.stop_engine();
        }
    }

    /// The server's clock runs so many times as fast as ours; said before time passes.
    pub fn run_at(&mut self, rate: f64) {
        self.rate = rate;
    }

    pub(super) fn rate(&self) -> f64 {
        self.rate
    }

    /// The server's clock jumps.
    pub fn skew(&mut self, by: SignedDuration) {
        self.skew += by;
    }

    /// Adds an admission step.
    pub(super) fn admit(&mut self, admission: Admission) {
        self.admission.push(admission);
    }

    pub(super) fn comes_late(&mut self, by: SignedDuration, client: &str, purpose: Option<Purpose>, write: &Write) {
        let at = self.now().checked_add(by).unwrap();
        self.late.push(Late { at, client: client.to_owned(), purpose, write: write.clone() });
    }

    fn advance(&mut self, to: Timestamp) {
        match &mut self.backend {
            Backend::Memory(memory) => memory.advance(to),
            Backend::Demo(demo) => demo.advance(to),
        }
    }

    /// What controllers and late requests did up to now, in the order of time.
    pub(super) fn settle(&mut self) {
        let now = self.now();
        let mut late = std::mem::take(&mut self.late);
        late.sort_by_key(|late| late.at);
        for one in late {
            if one.at <= now {
                self.advance(one.at);
                let _ = self.write(&one.client, one.purpose, &one.write, false);
            } else {
                self.late.push(one);
            }
        }
        self.advance(now);
    }

    pub(super) fn read(&mut self, read: &Read) -> Result<Value, Trouble> {
        match &mut self.backend {
            Backend::Memory(memory) => memory.read(read),
            Backend::Demo(demo) => demo.read(read),
        }
    }

    pub(super) fn write(
        &mut self,
        client: &str,
        purpose: Option<Purpose>,
        write: &Write,
        dry: bool,
    ) -> Result<Value, Trouble> {
        let (at, object) = (self.now(), write.target().short());
        let call =
            Call { n: 0, client: client.to_owned(), verb: verb(write), object, dry, purpose, at, changed: false };
        let mut steps = std::mem::take(&mut self.admission);
        let mut admit = |body: &mut Value| match steps.iter_mut().find_map(|step| step(&call, body).err()) {
            Some(why) => Err(refuse(403, "Forbidden", format!("admission webhook denied the request: {why}"))),
            None => Ok(()),
        };
        let done = match &mut self.backend {
            Backend::Memory(memory) => memory.write(write, dry, &mut admit),
            Backend::Demo(demo) => demo.write(write, dry, &mut admit),
        };
        self.admission = steps;
        done
    }
}
