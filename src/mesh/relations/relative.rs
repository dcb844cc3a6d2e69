//! One object as its relations see it.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use compact_str::CompactString;
use jiff::Timestamp;
use serde_json::Value;

use super::{Relation, Selects, links};
use crate::{
    base::{Uid, sanitize},
    cluster::{
        Kind, Manifest, ObjectRef, Row,
        lite::Text,
        pods::Labels,
        resource_health::{self, ResourceHealth},
        shared_meta::SharedMeta,
    },
};

/// Names an object by group and kind, whatever its version.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// API group; empty for the core group.
    pub group: CompactString,
    /// Kind.
    pub kind: CompactString,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
}

impl Target {
    /// An object by its parts.
    pub fn new(group: &str, kind: &str, namespace: &str, name: &str) -> Self {
        Self { group: group.into(), kind: kind.into(), namespace: namespace.into(), name: name.into() }
    }
}

/// Which end of a link stands below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The one it leads to.
    Down,
    /// The one it comes from.
    Up,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    /// To an object of this name.
    Named(Target),
    /// To the pods of its own namespace that these labels mean.
    Pods(Selects),
}

/// What an object says of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// How they relate.
    pub relation: Relation,
    /// Which stands below.
    pub way: Way,
    /// The other.
    pub to: To,
    /// What more is to be said: `90%`, `listener http`.
    pub detail: CompactString,
    /// Nothing is wrong where the other is not there.
    pub optional: bool,
}

impl Link {
    /// A link to something below.
    pub fn down(relation: Relation, to: Target) -> Self {
        Self { relation, way: Way::Down, to: To::Named(to), detail: CompactString::default(), optional: false }
    }

    /// A link to something above.
    pub fn up(relation: Relation, to: Target) -> Self {
        Self { way: Way::Up, ..Self::down(relation, to) }
    }

    /// The same with a detail.
    #[must_use]
    pub fn with(self, detail: impl AsRef<str>) -> Self {
        Self { detail: sanitize::line(detail.as_ref()).into(), ..self }
    }
}

/// One of `metadata.ownerReferences`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owning {
    /// The owner's uid: an object of the same name that came later owns nothing.
    pub uid: Uid,
    /// The owner by name. Its namespace is the owned one's, or empty: an owner of a cluster-scoped kind has none.
    pub target: Target,
    /// It is the controller.
    pub controller: bool,
}

/// See the module docs.
#[derive(Debug, Clone, PartialEq)]
pub struct Relative {
    /// `metadata.uid`.
    pub uid: Uid,
    /// Its kind, in the version it is watched in.
    pub kind: Arc<Kind>,
    /// Namespace; empty for cluster-scoped kinds.
    pub namespace: CompactString,
    /// Name.
    pub name: CompactString,
    /// Labels, sorted by key.
    pub labels: Labels,
    /// Its owners.
    pub owners: Vec<Owning>,
    /// Which others it names or selects.
    pub links: Vec<Link>,
    /// How well it is.
    pub health: ResourceHealth,
    /// `metadata.creationTimestamp`.
    pub created: Option<Timestamp>,
}

impl Row for Relative {
    fn uid(&self) -> Uid {
        self.uid
    }
}

impl Relative {
    /// Its name as others write it.
    pub fn target(&self) -> Target {
        Target::new(&self.kind.group, &self.kind.kind, &self.namespace, &self.name)
    }

    /// A reference to it.
    pub fn object(&self) -> ObjectRef {
        ObjectRef::new(Kind::clone(&self.kind), &self.namespace, &self.name)
    }

    /// Its controller.
    pub fn controller(&self) -> Option<&Owning> {
        self.owners.iter().find(|owner| owner.controller)
    }

    /// Whether it is a pod.
    pub fn is_pod(&self) -> bool {
        self.kind.group.is_empty() && self.kind.kind == "Pod"
    }

    /// One label.
    pub fn label(&self, key: &str) -> Option<&str> {
        let at = self.labels.binary_search_by(|(known, _)| known.as_ref().cmp(key)).ok()?;
        self.labels.get(at).map(|(_, value)| value.as_ref())
    }
}

/// Reads the objects of one watch.
#[derive(Debug, Clone)]
pub struct Reader {
    kind: Arc<Kind>,
    meta: SharedMeta,
    read: usize,
}

/// After so many objects labels that nobody holds any more are forgotten.
const SWEEP: usize = 8_192;

impl Reader {
    /// For objects of this kind.
    pub fn new(kind: Kind) -> Self {
        Self { kind: Arc::new(kind), meta: SharedMeta::default(), read: 0 }
    }

    /// Reads one. Total: what is odd is left out.
    pub fn read(&mut self, object: &Manifest) -> Relative {
        self.read += 1;
        if self.read.is_multiple_of(SWEEP) {
            self.meta.sweep();
        }
        let text = |text: &str| CompactString::from(sanitize::line(text));
        let namespace = text(object.namespace().unwrap_or_default());
        let labels: BTreeMap<Text<'_>, Text<'_>> =
            object.labels().map(|(key, value)| (Text(Cow::Borrowed(key)), Text(Cow::Borrowed(value)))).collect();
        Relative {
            uid: object.uid().unwrap_or(Uid::parse("")),
            kind: self.kind.clone(),
            name: text(object.name()),
            labels: self.meta.labels(&labels),
            owners: owners(object, &namespace),
            links: links::of(&self.kind, object),
            health: resource_health::of(object),
            created: object.created(),
            namespace,
        }
    }
}

fn owners(object: &Manifest, namespace: &str) -> Vec<Owning> {
    let all = object.at(&["metadata", "ownerReferences"]).and_then(Value::as_array);
    let read = |one: &Value| {
        let text = |field: &str| one.get(field).and_then(Value::as_str).map(sanitize::line);
        let version = text("apiVersion")?;
        let group = version.split_once('/').map_or("", |(group, _)| group);
        Some(Owning {
            uid: Uid::parse(one.get("uid")?.as_str()?),
            target: Target::new(group, &text("kind")?, namespace, &text("name")?),
            controller: one.get("controller").and_then(Value::as_bool).unwrap_or(false),
        })
    };
    all.into_iter().flatten().filter_map(read).collect()
}
