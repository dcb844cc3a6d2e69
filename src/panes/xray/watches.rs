//! What is watched for a tree, and how far it was looked.
//!
//! Kinds are watched as a whole within the tree's namespace; routes and Gateways everywhere, since they meet across namespaces,
//! or in the namespace where the rights end there. What is named elsewhere is watched by its name alone. All of it is bounded,
//! and what was not looked at is said.

use std::{sync::Arc, time::Duration};

use crate::{
    base::{Now, Ticket},
    cluster::{Kind, Scope, Source, discovery::Discovery},
    config::Role,
    mesh::relations::{
        End, Looked, Relation, Relations, Target, To, Tree,
        kinds::{self, Plan},
    },
    msg::Effect,
    panes::{
        Cx, Look,
        state::{Message, Standing},
    },
};

/// Watches beyond those of the plan, at most.
const MORE: usize = 32;

/// Groups whose objects meet across namespaces.
const MEETING: [&str; 2] = ["gateway.networking.k8s.io", "networking.istio.io"];

#[derive(Debug)]
struct Watch {
    kind: Kind,
    scope: Scope,
    ticket: Ticket,
    standing: Standing,
}

impl Watch {
    /// Whether it shows everything of its kind there.
    fn covers(&self, kind: &str, group: &str, namespace: &str) -> bool {
        let here = self.scope.namespace.as_deref().is_none_or(|own| own == namespace || !self.kind.namespaced);
        self.kind.kind == kind && self.kind.group == group && here
    }

    fn whole(&self) -> bool {
        self.scope.labels.is_empty() && self.scope.fields.is_empty()
    }

    fn looked(&self) -> Looked {
        match self.standing.source() {
            Source::Forbidden { .. } => Looked::Not,
            _ if self.standing.listed() => Looked::Whole,
            _ => Looked::Coming,
        }
    }

    fn of_name(&self, name: &str) -> bool {
        self.scope.fields == by_name(name)
    }
}

/// See the module docs.
#[derive(Debug)]
pub(super) struct Watches {
    all: Vec<Watch>,
    discovery: Arc<Discovery>,
    namespace: Option<String>,
    left_out: Vec<String>,
    /// A person asked for all of them.
    wide: bool,
    /// How many of `all` the plan asked for.
    planned: usize,
}

impl Watches {
    /// Begins what is planned for a root of this kind.
    pub fn open(
        root: &Kind,
        namespace: Option<String>,
        discovery: Arc<Discovery>,
        cx: &mut Cx<'_>,
    ) -> (Self, Vec<Effect>) {
        let mut watches = Self { all: Vec::new(), discovery, namespace, left_out: Vec::new(), wide: false, planned: 0 };
        let effects = watches.carry_out(root, false, cx);
        (watches, effects)
    }

    /// Looks at every kind that can be watched.
    pub fn widen(&mut self, root: &Kind, cx: &mut Cx<'_>) -> Vec<Effect> {
        self.wide = true;
        self.carry_out(root, true, cx)
    }

    fn carry_out(&mut self, root: &Kind, all: bool, cx: &mut Cx<'_>) -> Vec<Effect> {
        let Plan { watched, left_out } = kinds::plan(root, &self.discovery, all);
        self.left_out = left_out;
        let mut effects = Vec::new();
        for kind in watched {
            if self.all.iter().any(|watch| kinds::same(&watch.kind, &kind) && watch.whole()) {
                continue;
            }
            let meets = MEETING.contains(&kind.group.as_str());
            let namespace = self.namespace.clone().filter(|_| kind.namespaced && !meets);
            effects.push(self.add(kind, Scope { namespace, ..Scope::default() }, cx));
        }
        self.planned = self.all.len();
        effects
    }

    fn add(&mut self, kind: Kind, scope: Scope, cx: &mut Cx<'_>) -> Effect {
        let ticket = cx.tickets.take();
        self.all.push(Watch { kind: kind.clone(), scope: scope.clone(), ticket, standing: Standing::default() });
        Effect::WatchRelatives(ticket, kind, scope)
    }

    /// Whether this is a question of these.
    pub fn asked(&self, ticket: Ticket) -> bool {
        self.all.iter().any(|watch| watch.ticket == ticket)
    }

    /// How a source stands. Where all namespaces may not be looked at, the tree's own still may.
    pub fn hear(&mut self, ticket: Ticket, source: Source, cx: &mut Cx<'_>) -> Vec<Effect> {
        let own = self.namespace.clone();
        let Some(watch) = self.all.iter_mut().find(|watch| watch.ticket == ticket) else { return Vec::new() };
        let narrower = watch.kind.namespaced && watch.scope.namespace.is_none() && own.is_some();
        if matches!(source, Source::Forbidden { .. }) && narrower {
            let ended = std::mem::replace(&mut watch.ticket, cx.tickets.take());
            watch.scope.namespace = own;
            return vec![
                Effect::Stop(ended),
                Effect::WatchRelatives(watch.ticket, watch.kind.clone(), watch.scope.clone()),
            ];
        }
        watch.standing.hear(source, cx.now);
        Vec::new()
    }

    /// Ends them.
    pub fn close(&mut self) -> Vec<Effect> {
        self.all.drain(..).map(|watch| Effect::Stop(watch.ticket)).collect()
    }

    /// How far something of this name was looked for.
    pub fn looked(&self, target: &Target) -> Looked {
        let found = self
            .all
            .iter()
            .filter(|watch| watch.covers(&target.kind, &target.group, &target.namespace))
            .filter(|watch| watch.whole() || watch.of_name(&target.name))
            .map(Watch::looked);
        // The best answer counts.
        found.fold(Looked::Not, |best, one| match (best, one) {
            (Looked::Whole, _) | (_, Looked::Whole) => Looked::Whole,
            (Looked::Coming, _) | (_, Looked::Coming) => Looked::Coming,
            _ => Looked::Not,
        })
    }

    /// Whether all pods that labels of a namespace mean were seen.
    pub fn pods_seen(&self, namespace: &str, labels: &str) -> bool {
        self.all.iter().any(|watch| {
            watch.covers("Pod", "", namespace)
                && (watch.whole() || watch.scope.labels == labels)
                && watch.looked() == Looked::Whole
        })
    }

    /// What the tree names and nobody looks for: an object by name, a kind as a whole, pods of another namespace.
    fn wishes(&self, tree: &Tree, relations: &Relations) -> Vec<(Kind, Scope)> {
        let mut wishes: Vec<(Kind, Scope)> = Vec::new();
        let room = (self.planned + MORE).saturating_sub(self.all.len());
        let known = |kind: &Kind, scope: &Scope| {
            self.all.iter().any(|watch| kinds::same(&watch.kind, kind) && watch.scope == *scope)
        };
        let mut wish = |kind: Kind, scope: Scope| {
            if wishes.len() < room && !known(&kind, &scope) && !wishes.contains(&(kind.clone(), scope.clone())) {
                wishes.push((kind, scope));
            }
        };
        for target in &tree.missing {
            let Some(served) = self.discovery.served(&target.group, &target.kind) else { continue };
            let verb = |name: &str| served.verbs.iter().any(|verb| verb == name);
            if self.looked(target) != Looked::Not || !verb("list") || !verb("watch") {
                continue;
            }
            let here =
                !served.kind.namespaced || self.namespace.as_ref().is_none_or(|own| target.namespace == own.as_str());
            let scope = if here {
                Scope { namespace: self.namespace.clone().filter(|_| served.kind.namespaced), ..Scope::default() }
            } else {
                Scope { fields: by_name(&target.name), ..Scope::namespace(&target.namespace) }
            };
            wish(served.kind.clone(), scope);
        }
        for line in tree.lines.iter().filter(|line| !line.upwards) {
            let End::Known(uid) = line.end else { continue };
            let Some(one) = relations.get(uid) else { continue };
            for link in &one.links {
                let serves = matches!(link.relation, Relation::Selects | Relation::ServedBy);
                let To::Pods(selects) = &link.to else { continue };
                let pods = Target::new("", "Pod", &one.namespace, "");
                if serves && self.looked(&pods) == Looked::Not {
                    let scope = Scope { labels: selects.words(), ..Scope::namespace(&one.namespace) };
                    wish(Kind::namespaced("", "v1", "Pod", "pods"), scope);
                }
            }
        }
        wishes
    }

    /// Whether there is anything to look for.
    pub fn wants(&self, tree: &Tree, relations: &Relations) -> bool {
        !self.wishes(tree, relations).is_empty()
    }

    /// Looks for it.
    pub fn follow(&mut self, tree: &Tree, relations: &Relations, cx: &mut Cx<'_>) -> Vec<Effect> {
        let wishes = self.wishes(tree, relations);
        wishes.into_iter().map(|(kind, scope)| self.add(kind, scope, cx)).collect()
    }

    /// Words for the title while not everything is there.
    pub fn words(&self) -> Vec<(String, Role)> {
        let waiting = self.all.iter().filter(|watch| !watch.standing.settled()).count();
        let broken = self.all.iter().filter(|watch| watch.standing.broken()).count();
        let loading =
            (waiting > broken).then(|| (format!("loading {} of {} kinds", waiting, self.all.len()), Role::TextDim));
        let broken = (broken > 0).then(|| (format!("{broken} kinds do not answer"), Role::Warn));
        loading.into_iter().chain(broken).collect()
    }

    /// What was looked at, and what was not.
    pub fn told(&self) -> (String, Role) {
        let refused: Vec<&str> = self
            .all
            .iter()
            .filter(|watch| matches!(watch.standing.source(), Source::Forbidden { .. }))
            .map(|watch| watch.kind.plural.as_str())
            .collect();
        if !refused.is_empty() {
            return (format!("no rights to look at {}", refused.join(", ")), Role::Warn);
        }
        let mut kinds: Vec<(&str, &str)> =
            self.all.iter().map(|watch| (watch.kind.group.as_str(), watch.kind.kind.as_str())).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let left = match self.left_out.len() {
            0 => String::new(),
            left => format!(", not at {left} others: {}", self.left_out.join(", ")),
        };
        (format!("looked at {} kinds{left}", kinds.len()), Role::TextDim)
    }

    /// Where the tree stands; `None`: everywhere.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Whether the cluster serves no such kind.
    pub fn unserved(&self, target: &Target) -> bool {
        self.discovery.served(&target.group, &target.kind).is_none()
    }

    /// Whether kinds were left out that could be looked at.
    pub fn narrow(&self) -> bool {
        !self.wide && !self.left_out.is_empty()
    }

    /// What to say instead of a tree.
    pub fn message(&self, look: &Look<'_>, plural: &str) -> Message {
        let root = self.all.first();
        let told = root.and_then(|watch| watch.standing.message(look, plural, 0));
        told.unwrap_or_else(|| Message::quiet(format!("loading {plural}…"), ""))
    }

    /// When a source is asked again.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        self.all.first().and_then(|watch| watch.standing.wakes(now))
    }
}

fn by_name(name: &str) -> String {
    format!("metadata.name={name}")
}
