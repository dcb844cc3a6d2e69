//! All relatives that were seen, by uid and by name, and who stands below and above each.

use std::{
    cmp::Ordering,
    collections::{BTreeSet, HashMap},
};

use compact_str::CompactString;

use super::{Link, Relation, Relative, Target, To, Way};
use crate::{
    base::Uid,
    cluster::{Delta, pods::Labels},
};

/// One end of a tie.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum End {
    /// An object that was seen.
    Known(Uid),
    /// One that is named, and was not.
    Missing(Target),
}

/// One step from an object to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tie {
    /// How they relate.
    pub relation: Relation,
    /// The other.
    pub end: End,
    /// What more is to be said.
    pub detail: CompactString,
}

/// See the module docs.
#[derive(Debug, Default)]
pub struct Relations {
    all: HashMap<Uid, Relative>,
    by_name: HashMap<Target, Uid>,
    owned: HashMap<Uid, BTreeSet<Uid>>,
    /// Who names a target.
    named: HashMap<Target, BTreeSet<Uid>>,
    /// The same without the namespace, of references that do not say whether their target has one.
    loose: HashMap<Target, BTreeSet<Uid>>,
    /// Pods by namespace and labels: those of one template look the same to every selector.
    looks: HashMap<CompactString, HashMap<Labels, BTreeSet<Uid>>>,
    /// Who selects pods of a namespace.
    selecting: HashMap<CompactString, BTreeSet<Uid>>,
}

impl Relations {
    /// Takes changes over; says whether anything changed.
    pub fn apply(&mut self, deltas: Vec<Delta<Relative>>) -> bool {
        let mut moved = false;
        for delta in deltas {
            match delta {
                Delta::Upsert(relative) => {
                    if self.all.get(&relative.uid) == Some(&relative) {
                        continue;
                    }
                    self.forget(relative.uid);
                    self.learn(relative);
                    moved = true;
                }
                Delta::Remove(uid) => moved |= self.forget(uid),
            }
        }
        moved
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// An object by its uid.
    pub fn get(&self, uid: Uid) -> Option<&Relative> {
        self.all.get(&uid)
    }

    /// An object by its name. A reference does not say whether its kind has namespaces.
    pub fn find(&self, target: &Target) -> Option<&Relative> {
        let found = self.by_name.get(target).or_else(|| self.by_name.get(&wide(target)));
        found.and_then(|uid| self.get(*uid))
    }

    /// All objects.
    pub fn iter(&self) -> impl Iterator<Item = &Relative> {
        self.all.values()
    }

    fn learn(&mut self, relative: Relative) {
        let uid = relative.uid;
        for owner in &relative.owners {
            self.owned.entry(owner.uid).or_default().insert(uid);
        }
        for link in &relative.links {
            match &link.to {
                To::Named(target) => {
                    if loose(link) {
                        self.loose.entry(wide(target)).or_default().insert(uid);
                    }
                    self.named.entry(target.clone()).or_default().insert(uid);
                }
                To::Pods(_) => {
                    self.selecting.entry(relative.namespace.clone()).or_default().insert(uid);
                }
            }
        }
        if relative.is_pod() {
            let looks = self.looks.entry(relative.namespace.clone()).or_default();
            looks.entry(relative.labels.clone()).or_default().insert(uid);
        }
        self.by_name.insert(relative.target(), uid);
        self.all.insert(uid, relative);
    }

    fn forget(&mut self, uid: Uid) -> bool {
        let Some(relative) = self.all.remove(&uid) else { return false };
        for owner in &relative.owners {
            take(&mut self.owned, &owner.uid, uid);
        }
        for link in &relative.links {
            match &link.to {
                To::Named(target) => {
                    take(&mut self.named, target, uid);
                    take(&mut self.loose, &wide(target), uid);
                }
                To::Pods(_) => take(&mut self.selecting, &relative.namespace, uid),
            }
        }
        if relative.is_pod()
            && let Some(looks) = self.looks.get_mut(&relative.namespace)
        {
            take(looks, &relative.labels, uid);
            if looks.is_empty() {
                self.looks.remove(&relative.namespace);
            }
        }
        // One that was made anew under the same name may be known already.
        let target = relative.target();
        if self.by_name.get(&target) == Some(&uid) {
            self.by_name.remove(&target);
        }
        true
    }

    /// Who stands directly below an object, each once, in the order they are shown.
    pub fn below(&self, uid: Uid) -> Vec<Tie> {
        let Some(relative) = self.get(uid) else { return Vec::new() };
        let owned = self.owned.get(&uid).into_iter().flatten();
        let mut ties: Vec<Tie> = owned.map(|uid| tie(Relation::Owns, End::Known(*uid), "")).collect();
        for link in relative.links.iter().filter(|link| link.way == Way::Down) {
            match &link.to {
                To::Named(target) => ties.extend(self.end(link, target)),
                To::Pods(selects) => {
                    let looks = self.looks.get(&relative.namespace).into_iter().flatten();
                    let found = looks.filter(|(labels, _)| selects.matches(labels)).flat_map(|(_, pods)| pods);
                    ties.extend(found.map(|pod| tie(link.relation, End::Known(*pod), &link.detail)));
                }
            }
        }
        ties.extend(self.naming(relative, Way::Up));
        self.order(ties)
    }

    /// Who stands directly above an object.
    pub fn above(&self, uid: Uid) -> Vec<Tie> {
        let Some(relative) = self.get(uid) else { return Vec::new() };
        let owners = relative.owners.iter().map(|owner| match self.get(owner.uid) {
            Some(known) => tie(Relation::Owns, End::Known(known.uid), ""),
            None => tie(Relation::Owns, End::Missing(owner.target.clone()), ""),
        });
        let mut ties: Vec<Tie> = owners.collect();
        for link in relative.links.iter().filter(|link| link.way == Way::Up) {
            if let To::Named(target) = &link.to {
                ties.extend(self.end(link, target));
            }
        }
        ties.extend(self.naming(relative, Way::Down));
        if relative.is_pod() {
            for other in self.selecting.get(&relative.namespace).into_iter().flatten() {
                let links = self.get(*other).into_iter().flat_map(|other| &other.links);
                let selects = |link: &&Link| matches!(&link.to, To::Pods(one) if one.matches(&relative.labels));
                ties.extend(links.filter(selects).map(|link| tie(link.relation, End::Known(*other), &link.detail)));
            }
        }
        self.order(ties)
    }

    /// The other end of a link by name; nobody misses what may be absent.
    fn end(&self, link: &Link, target: &Target) -> Option<Tie> {
        match self.find(target) {
            Some(known) => Some(tie(link.relation, End::Known(known.uid), &link.detail)),
            None if link.optional => None,
            None => Some(tie(link.relation, End::Missing(target.clone()), &link.detail)),
        }
    }

    /// Who names this object with a link of this way.
    fn naming<'a>(&'a self, relative: &'a Relative, way: Way) -> impl Iterator<Item = Tie> + use<'a> {
        let own = relative.target();
        let loose = relative.namespace.is_empty().then(|| self.loose.get(&own)).flatten();
        let by = self.named.get(&own).into_iter().chain(loose).flatten().copied().collect::<BTreeSet<Uid>>();
        by.into_iter().filter_map(move |uid| {
            let means = |link: &&Link| match &link.to {
                To::Named(target) => {
                    link.way == way && (*target == own || relative.namespace.is_empty() && wide(target) == own)
                }
                To::Pods(_) => false,
            };
            let link = self.get(uid)?.links.iter().find(means)?;
            Some(tie(link.relation, End::Known(uid), &link.detail))
        })
    }

    /// Each end once: what owns tells more than what names. By kind, then by name.
    fn order(&self, ties: Vec<Tie>) -> Vec<Tie> {
        let mut kept: Vec<Tie> = Vec::with_capacity(ties.len());
        let mut seen = std::collections::HashSet::with_capacity(ties.len());
        for tie in ties {
            if seen.insert(tie.end.clone()) {
                kept.push(tie);
            }
        }
        kept.sort_by(|a, b| self.compare(a, b));
        kept
    }

    fn compare(&self, a: &Tie, b: &Tie) -> Ordering {
        let place = |end: &End| match end {
            End::Known(uid) => self.get(*uid).map(|one| (rank(&one.kind.kind), one.kind.kind.clone())),
            End::Missing(target) => Some((rank(&target.kind), target.kind.to_string())),
        };
        let name = |end: &End| match end {
            End::Known(uid) => self.get(*uid).map(|one| (one.namespace.clone(), one.name.clone())),
            End::Missing(target) => Some((target.namespace.clone(), target.name.clone())),
        };
        place(&a.end).cmp(&place(&b.end)).then_with(|| name(&a.end).cmp(&name(&b.end)))
    }
}

/// Whether a link may mean an object without a namespace although it stands in one.
fn loose(link: &Link) -> bool {
    matches!(link.relation, Relation::Policy | Relation::Refers)
}

fn wide(target: &Target) -> Target {
    Target { namespace: CompactString::default(), ..target.clone() }
}

fn tie(relation: Relation, end: End, detail: &str) -> Tie {
    Tie { relation, end, detail: detail.into() }
}

/// Takes one out of a set, and the set with its last one.
fn take<K: std::hash::Hash + Eq>(sets: &mut HashMap<K, BTreeSet<Uid>>, key: &K, uid: Uid) {
    if let Some(set) = sets.get_mut(key) {
        set.remove(&uid);
        if set.is_empty() {
            sets.remove(key);
        }
    }
}

/// In which order kinds stand: what requests and pods go through first, what pods merely use last.
fn rank(kind: &str) -> u8 {
    const ORDER: [&str; 20] = [
        "Gateway",
        "ListenerSet",
        "HTTPRoute",
        "GRPCRoute",
        "VirtualService",
        "Ingress",
        "Service",
        "Deployment",
        "ReplicaSet",
        "StatefulSet",
        "DaemonSet",
        "CronJob",
        "Job",
        "Pod",
        "EndpointSlice",
        "DestinationRule",
        "ConfigMap",
        "Secret",
        "PersistentVolumeClaim",
        "ServiceAccount",
    ];
    match ORDER.iter().position(|known| *known == kind) {
        // Kinds of a person's own own things as workloads do.
        None => 12,
        Some(at) => u8::try_from(at).unwrap_or(u8::MAX),
    }
}
