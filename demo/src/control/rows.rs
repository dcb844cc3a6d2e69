//! What controllers remember of every object: small typed rows with their indexes, never whole objects.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::Value;

use super::{
    json::{self, Labels},
    key::Key,
    kinds,
    selector::Selector,
    time,
};
use crate::base::objects::Kind;

/// One owner reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Owner {
    /// Uid of the owner.
    pub uid: String,
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Whether it is the managing one.
    pub controller: bool,
    /// Whether a foreground deletion of the owner waits for this dependent.
    pub blocks: bool,
}

/// What is remembered of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Uid.
    pub uid: String,
    /// Version last seen; an observation of the same version is no news.
    pub version: String,
    /// Labels.
    pub labels: Labels,
    /// Owners.
    pub owners: Vec<Owner>,
    /// Being deleted.
    pub terminating: bool,
    /// Finalizers.
    pub finalizers: Vec<String>,
    /// `creationTimestamp`.
    pub created: Timestamp,
    /// Which pods it selects, for Services, workloads and budgets.
    pub selector: Option<Selector>,
    /// Of pods.
    pub pod: Option<PodRow>,
}

/// What is remembered of a pod.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PodRow {
    /// Node it is bound to; empty while it is not.
    pub node: String,
    /// `status.phase`.
    pub phase: String,
    /// Address.
    pub ip: String,
    /// Since when it is ready.
    pub ready: Option<Timestamp>,
    /// Restarts of all its containers.
    pub restarts: i64,
    /// `controller.kubernetes.io/pod-deletion-cost`.
    pub cost: i64,
    /// Claims it has volumes of.
    pub claims: Vec<String>,
}

impl Row {
    /// Reads an object.
    pub fn read(kind: Kind, object: &Value) -> Self {
        let meta = json::at(object, &["metadata"]);
        let owners = json::list(meta, &["ownerReferences"])
            .iter()
            .map(|one| Owner {
                uid: json::text(one, &["uid"]).to_owned(),
                kind: json::text(one, &["kind"]).to_owned(),
                name: json::text(one, &["name"]).to_owned(),
                controller: json::yes(one, &["controller"]),
                blocks: json::yes(one, &["blockOwnerDeletion"]),
            })
            .collect();
        Self {
            uid: json::text(meta, &["uid"]).to_owned(),
            version: json::text(meta, &["resourceVersion"]).to_owned(),
            labels: json::labels(meta, &["labels"]),
            owners,
            terminating: !json::at(meta, &["deletionTimestamp"]).is_null(),
            finalizers: json::list(meta, &["finalizers"]).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            created: time::read(json::text(meta, &["creationTimestamp"])).unwrap_or(Timestamp::UNIX_EPOCH),
            selector: if kind == kinds::SERVICE {
                Selector::plain(json::labels(object, &["spec", "selector"]))
            } else {
                object.pointer("/spec/selector").filter(|value| value.is_object()).map(Selector::read)
            },
            pod: (kind == kinds::POD).then(|| PodRow::read(object)),
        }
    }

    /// The managing owner.
    pub fn controller(&self) -> Option<&Owner> {
        self.owners.iter().find(|owner| owner.controller)
    }
}

impl PodRow {
    fn read(pod: &Value) -> Self {
        let status = json::at(pod, &["status"]);
        let ready = json::condition(json::list(status, &["conditions"]), "Ready")
            .filter(|one| json::text(one, &["status"]) == "True")
            .and_then(|one| time::read(json::text(one, &["lastTransitionTime"])));
        Self {
            node: json::text(pod, &["spec", "nodeName"]).to_owned(),
            phase: json::text(status, &["phase"]).to_owned(),
            ip: json::text(status, &["podIP"]).to_owned(),
            ready,
            restarts: json::list(status, &["containerStatuses"])
                .iter()
                .filter_map(|one| json::int(one, &["restartCount"]))
                .sum(),
            cost: json::text(pod, &["metadata", "annotations", "controller.kubernetes.io/pod-deletion-cost"])
                .parse()
                .unwrap_or_default(),
            claims: claims(pod),
        }
    }

    /// Whether it has ended for good.
    pub fn ended(&self) -> bool {
        matches!(self.phase.as_str(), "Succeeded" | "Failed")
    }

    /// Whether it has been ready for `seconds`.
    pub fn available(&self, seconds: i64, now: Timestamp) -> bool {
        self.ready.is_some_and(|since| seconds == 0 || since.as_second() + seconds <= now.as_second())
    }
}

/// Claims that a pod names, and those that are made for it.
fn claims(pod: &Value) -> Vec<String> {
    let named = |volume: &Value| {
        if volume["ephemeral"].is_object() {
            let name = json::text(pod, &["metadata", "name"]);
            return Some(format!("{name}-{}", json::text(volume, &["name"])));
        }
        Some(json::text(volume, &["persistentVolumeClaim", "claimName"]))
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
    };
    json::list(pod, &["spec", "volumes"]).iter().filter_map(named).collect()
}

type Names = BTreeMap<String, Row>;

/// All rows.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    kinds: BTreeMap<Kind, BTreeMap<String, Names>>,
    uids: HashMap<String, Key>,
    dependents: HashMap<String, BTreeSet<Key>>,
    on_node: BTreeMap<String, BTreeSet<(String, String)>>,
    ips: BTreeSet<String>,
    pods: usize,
}

impl Rows {
    /// One row.
    pub fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Row> {
        self.kinds.get(&kind)?.get(namespace)?.get(name)
    }

    /// The rows of a kind in one namespace, by name.
    pub fn within(&self, kind: Kind, namespace: &str) -> impl Iterator<Item = (&String, &Row)> {
        self.kinds.get(&kind).and_then(|spaces| spaces.get(namespace)).into_iter().flatten()
    }

    /// All rows of a kind: namespace, name, row.
    pub fn all(&self, kind: Kind) -> impl Iterator<Item = (&String, &String, &Row)> {
        self.kinds
            .get(&kind)
            .into_iter()
            .flatten()
            .flat_map(|(namespace, names)| names.iter().map(move |(name, row)| (namespace, name, row)))
    }

    /// Everything that lives in a namespace.
    pub fn content(&self, namespace: &str) -> Vec<Key> {
        self.kinds
            .iter()
            .filter(|(kind, _)| kind.namespaced)
            .filter_map(|(kind, spaces)| Some((kind, spaces.get(namespace)?)))
            .flat_map(|(kind, names)| names.keys().map(|name| Key::new(*kind, namespace, name)))
            .collect()
    }

    /// Where the object of a uid is.
    pub fn of_uid(&self, uid: &str) -> Option<&Key> {
        self.uids.get(uid)
    }

    /// What names a uid as owner.
    pub fn dependents(&self, uid: &str) -> Vec<Key> {
        self.dependents.get(uid).map(|keys| keys.iter().cloned().collect()).unwrap_or_default()
    }

    /// The dependents of one kind with their rows.
    pub fn owned(&self, uid: &str, kind: Kind) -> Vec<(Key, Row)> {
        self.dependents
            .get(uid)
            .into_iter()
            .flatten()
            .filter(|key| key.kind == kind)
            .filter_map(|key| Some((key.clone(), self.get(kind, &key.namespace, &key.name)?.clone())))
            .collect()
    }

    /// The pods on a node that have not ended: namespace, name.
    pub fn on_node(&self, node: &str) -> impl Iterator<Item = &(String, String)> {
        self.on_node.get(node).into_iter().flatten()
    }

    /// How many pods a node runs.
    pub fn load(&self, node: &str) -> usize {
        self.on_node.get(node).map_or(0, BTreeSet::len)
    }

    /// How many pods there are.
    pub fn pods(&self) -> usize {
        self.pods
    }

    /// Whether a pod has this address.
    pub fn has_ip(&self, ip: &str) -> bool {
        self.ips.contains(ip)
    }

    /// Takes in an object, or its end. Answers with what was known before.
    pub fn put(&mut self, key: &Key, row: Option<Row>) -> Option<Row> {
        let names = self.kinds.entry(key.kind).or_default().entry(key.namespace.clone()).or_default();
        let old = match &row {
            Some(row) => names.insert(key.name.clone(), row.clone()),
            None => names.remove(&key.name),
        };
        if let Some(old) = &old {
            self.unindex(key, old);
        }
        if let Some(row) = row {
            self.index(key, row);
        }
        old
    }

    fn index(&mut self, key: &Key, row: Row) {
        for owner in row.owners {
            self.dependents.entry(owner.uid).or_default().insert(key.clone());
        }
        self.uids.insert(row.uid, key.clone());
        let Some(pod) = row.pod else { return };
        self.pods += 1;
        if !pod.node.is_empty() && !pod.ended() {
            self.on_node.entry(pod.node).or_default().insert((key.namespace.clone(), key.name.clone()));
        }
        if !pod.ip.is_empty() {
            self.ips.insert(pod.ip);
        }
    }

    fn unindex(&mut self, key: &Key, row: &Row) {
        for owner in &row.owners {
            if let Some(keys) = self.dependents.get_mut(&owner.uid) {
                keys.remove(key);
                if keys.is_empty() {
                    self.dependents.remove(&owner.uid);
                }
            }
        }
        self.uids.remove(&row.uid);
        if let Some(pod) = &row.pod {
            self.pods -= 1;
            if let Some(on_node) = self.on_node.get_mut(&pod.node) {
                on_node.remove(&(key.namespace.clone(), key.name.clone()));
            }
            self.ips.remove(&pod.ip);
        }
    }
}
