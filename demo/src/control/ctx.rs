//! What a controller works with: the objects, the rows, the queue and the time.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    Controller,
    behaviour::Behaviours,
    events::Series,
    gitops::Git,
    hpa, json,
    key::Key,
    kinds,
    kubelet::Local,
    names,
    queue::{Queue, Work},
    rows::{Row, Rows},
    scheduler::Node,
    time, wake,
};
use crate::base::{
    objects::{Kind, Objects, Refused},
    usage::Usage,
};

/// How long a write takes to reach the controllers that watch it.
pub(super) const LAG: Duration = Duration::from_millis(10);

/// Which part of an object is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Whole,
    Status,
}

/// Everything controllers remember between looks.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// Seed of the world.
    pub seed: u64,
    /// Rows of all objects.
    pub rows: Rows,
    /// What is to be looked at.
    pub queue: Queue,
    /// How pods behave.
    pub behaviours: Behaviours,
    /// Pods no node was found for yet.
    pub unbound: BTreeSet<(String, String)>,
    /// Pods whose readiness probe fails, by uid.
    pub unready: HashSet<String>,
    /// What pods use, as the metrics server tells it.
    pub usage: Usage,
    /// Nothing was measured yet: for the past of a world, in which nobody scaled by what is not known.
    pub unmeasured: bool,
    /// How many pods controllers fill the world with: whoever asks for a billion replicas gets a refusal, not a full memory.
    pub most_pods: usize,
    /// No events are written: for the past of a world, whose events would have expired.
    pub quiet: bool,
    /// The nodes as the scheduler reads them, until one of them changes.
    pub(super) nodes: Option<Arc<[Node]>>,
    pub(super) written: HashMap<(String, Part), (String, String)>,
    pub(super) kubelet: HashMap<String, Local>,
    pub(super) pulled: HashSet<(String, String)>,
    pub(super) series: HashMap<String, Series>,
    pub(super) ordinals: HashMap<String, u64>,
    pub(super) failures: HashMap<Work, u32>,
    pub(super) scaler_due: HashMap<String, Timestamp>,
    pub(super) scalers: HashMap<String, hpa::Memory>,
    /// By uid of a chaos object: whether its daemons are injecting or recovering, and when they will be through.
    pub(super) chaos: HashMap<String, (bool, Timestamp)>,
    /// What stands in Git.
    pub git: Arc<Git>,
    /// By uid of who keeps objects: when it puts back what differs, or looks for it.
    pub(super) heals: HashMap<String, Timestamp>,
}

impl State {
    /// Takes note of an object's state, or of its end, and wakes whom it concerns. Seeing the same version twice is no news.
    pub fn saw(&mut self, key: &Key, object: Option<&Value>, now: Timestamp) {
        let new = object.map(|object| Row::read(key.kind, object));
        let old = self.rows.get(key.kind, &key.namespace, &key.name);
        let same = match (old, &new) {
            (Some(old), Some(new)) => old.uid == new.uid && old.version == new.version && !new.version.is_empty(),
            (None, None) => true,
            _ => false,
        };
        if same {
            return;
        }
        if key.kind == kinds::NODE {
            self.nodes = None;
        }
        let old = self.rows.put(key, new.clone());
        if let Some(old) = old.as_ref().filter(|old| new.as_ref().is_none_or(|new| new.uid != old.uid)) {
            // What is gone leaves nothing behind.
            self.written.remove(&(old.uid.clone(), Part::Whole));
            self.written.remove(&(old.uid.clone(), Part::Status));
            self.kubelet.remove(&old.uid);
            self.chaos.remove(&old.uid);
            self.heals.remove(&old.uid);
            self.unready.remove(&old.uid);
            self.usage.forget(&key.namespace, &key.name);
        }
        wake::news(self, key, old.as_ref(), new.as_ref(), now);
    }

    /// Counts up per subject.
    pub(super) fn ordinal(&mut self, subject: &str) -> u64 {
        let next = self.ordinals.entry(subject.to_owned()).or_default();
        *next += 1;
        *next
    }
}

/// One look at one moment.
pub struct Ctx<'a, O> {
    /// The objects.
    pub objects: &'a mut O,
    /// The memory.
    pub state: &'a mut State,
    /// Virtual time.
    pub now: Timestamp,
}

impl<O: Objects> Ctx<'_, O> {
    /// The object of a key.
    pub fn get(&self, key: &Key) -> Option<Arc<Value>> {
        self.objects.get(key.kind, &key.namespace, &key.name)
    }

    /// The row of an object.
    pub fn row(&self, key: &Key) -> Option<&Row> {
        self.state.rows.get(key.kind, &key.namespace, &key.name)
    }

    /// Creates an object.
    pub fn create(&mut self, kind: Kind, object: Value, manager: &str) -> Result<Arc<Value>, Refused> {
        if kind == kinds::POD && self.state.rows.pods() >= self.state.most_pods {
            let name = json::text(&object, &["metadata", "name"]);
            let message =
                format!("pods \"{name}\" is forbidden: exceeded quota: this world holds {} pods", self.state.most_pods);
            return Err(Refused { code: 403, reason: "Forbidden", message });
        }
        let made = self.objects.create(kind, object, manager)?;
        self.saw(kind, &made);
        Ok(made)
    }

    /// Changes all but the status of an object; writes only if something changed. A missing object is left missing.
    pub fn edit(&mut self, key: &Key, manager: &str, change: impl FnOnce(&mut Value)) -> Result<(), Refused> {
        let Some(held) = self.get(key) else { return Ok(()) };
        let mut wanted = (*held).clone();
        change(&mut wanted);
        if wanted == *held {
            return Ok(());
        }
        let mut print = wanted.clone();
        for path in [["metadata", "resourceVersion"], ["metadata", "managedFields"], ["metadata", "generation"]] {
            json::remove(&mut print, &path);
        }
        let print = names::hash(&print);
        if self.said(key, Part::Whole, &print) {
            return Ok(());
        }
        let made = self.objects.replace(key.kind, wanted, manager)?;
        // Taking the last finalizer of an object that is being deleted ends it.
        if self.get(key).is_some() {
            self.saw(key.kind, &made);
            self.note(key, Part::Whole, print);
        } else {
            self.state.saw(key, None, self.now);
        }
        Ok(())
    }

    /// Changes annotations along with the status: a write of the object itself would count as a change of what is wanted.
    pub fn annotate(&mut self, key: &Key, manager: &str, change: impl FnOnce(&mut Value)) -> Result<(), Refused> {
        let Some(held) = self.get(key) else { return Ok(()) };
        let mut wanted = (*held).clone();
        change(&mut wanted);
        if wanted == *held {
            return Ok(());
        }
        let made = self.objects.replace_status(key.kind, wanted, manager)?;
        self.saw(key.kind, &made);
        Ok(())
    }

    /// Writes a status if it differs.
    pub fn set_status(&mut self, key: &Key, manager: &str, status: Value) -> Result<(), Refused> {
        let Some(held) = self.get(key) else { return Ok(()) };
        if *json::at(&held, &["status"]) == status {
            return Ok(());
        }
        let print = names::hash(&status);
        if self.said(key, Part::Status, &print) {
            return Ok(());
        }
        let mut wanted = (*held).clone();
        json::set(&mut wanted, &["status"], status);
        let made = self.objects.replace_status(key.kind, wanted, manager)?;
        self.saw(key.kind, &made);
        self.note(key, Part::Status, print);
        Ok(())
    }

    /// Whether exactly this was written last and nothing happened since: the server keeps it in a form of its own, and writing
    /// it again would go on for ever.
    fn said(&self, key: &Key, part: Part, print: &str) -> bool {
        self.row(key).is_some_and(|row| {
            let last = self.state.written.get(&(row.uid.clone(), part));
            last.is_some_and(|(held, version)| held == print && *version == row.version)
        })
    }

    fn note(&mut self, key: &Key, part: Part, print: String) {
        let Some(row) = self.row(key) else { return };
        let (uid, version) = (row.uid.clone(), row.version.clone());
        self.state.written.insert((uid, part), (print, version));
    }

    /// Deletes an object, if it is there.
    pub fn delete(&mut self, key: &Key, uid: Option<&str>) -> Result<(), Refused> {
        let done = self.objects.delete(key.kind, &key.namespace, &key.name, uid);
        self.look(key);
        absent_is_fine(done)
    }

    /// Deletes an object whose grace period is over.
    pub fn remove(&mut self, key: &Key, uid: Option<&str>) -> Result<(), Refused> {
        let done = self.objects.remove(key.kind, &key.namespace, &key.name, uid);
        self.look(key);
        absent_is_fine(done)
    }

    /// Looks again at an object after a span.
    pub fn after(&mut self, span: Duration, controller: Controller, key: &Key) {
        self.at(time::later(self.now, span), controller, key);
    }

    /// Looks again at an object at a time.
    pub fn at(&mut self, at: Timestamp, controller: Controller, key: &Key) {
        self.state.queue.push(at.max(self.now), (controller, key.clone()));
    }

    /// A name nobody of the kind has yet: the prefix and five letters.
    pub fn fresh_name(&mut self, kind: Kind, namespace: &str, prefix: &str) -> String {
        let subject = format!("{}/{namespace}/{prefix}", kind.plural);
        loop {
            let ordinal = self.state.ordinal(&subject);
            let name = format!("{prefix}{}", names::suffix(self.state.seed, &subject, ordinal));
            if self.state.rows.get(kind, namespace, &name).is_none() {
                return name;
            }
        }
    }

    /// Now, as objects write it.
    pub fn stamp(&self) -> String {
        time::stamp(self.now)
    }

    fn look(&mut self, key: &Key) {
        let held = self.get(key);
        self.state.saw(key, held.as_deref(), self.now);
    }

    fn saw(&mut self, kind: Kind, object: &Value) {
        let meta = json::at(object, &["metadata"]);
        let key = Key::new(kind, json::text(meta, &["namespace"]), json::text(meta, &["name"]));
        self.state.saw(&key, Some(object), self.now);
    }
}

/// The reference a managed object carries to its owner.
pub fn owner_reference(key: &Key, uid: &str, controller: bool) -> Value {
    json!({
        "apiVersion": super::kinds::api_version(key.kind),
        "kind": key.kind.kind,
        "name": key.name,
        "uid": uid,
        "controller": controller,
        "blockOwnerDeletion": true,
    })
}

fn absent_is_fine(done: Result<(), Refused>) -> Result<(), Refused> {
    match done {
        Err(refused) if refused.code == 404 => Ok(()),
        done => done,
    }
}
