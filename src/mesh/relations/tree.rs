//! The tree a person reads: lines from some roots on, in order, with what is folded left out.
//!
//! Below a root stands what hangs on it; after that, marked as such, what it hangs on itself, from there only upwards. A line is
//! known by its path, so that it stays the same while others come and go around it. Objects may hang on each other in a circle:
//! where one comes back on its own path it is named and goes no further.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    rc::Rc,
};

use compact_str::CompactString;

use super::{End, Relation, Relations, Target, Tie};
use crate::{base::Uid, cluster::resource_health::State};

/// Most lines of one tree; beyond it says so.
const MOST: usize = 20_000;
/// Steps from a root, at most.
const DEEPEST: u16 = 24;

/// How far something was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looked {
    /// Everything of that kind and place was seen: what is not among it is not there.
    Whole,
    /// It is being listed.
    Coming,
    /// Nobody looked there.
    Not,
}

/// Where a tree begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// At one object.
    One(Target),
    /// At all objects of a kind: group and kind; in a namespace, or everywhere.
    Kind(String, String, Option<String>),
}

/// Which branches are open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folds {
    /// All of them, or none; `None`: as it began.
    pub all: Option<bool>,
    /// Lines that are the other way.
    pub turned: HashSet<u64>,
}

/// What is shown of what hangs on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Branch {
    /// Nothing hangs on it.
    Leaf,
    /// All of it.
    Open,
    /// None of it.
    Shut,
    /// It stands on its own path already, and is shown there.
    Again,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its path, as a number.
    pub id: u64,
    /// The line above it that it hangs on.
    pub parent: Option<usize>,
    /// Steps from the root.
    pub depth: u16,
    /// Bit N is set where the ancestor at depth N has more lines to come.
    pub rails: u32,
    /// It is the last of its siblings.
    pub last: bool,
    /// What stands there.
    pub end: End,
    /// How it hangs on its parent; `None` for a root.
    pub relation: Option<Relation>,
    /// It stands above the root, not below.
    pub upwards: bool,
    /// What more is to be said of the relation.
    pub detail: CompactString,
    /// How many hang on it directly.
    pub children: usize,
    /// What is shown of them.
    pub branch: Branch,
    /// The worst below it, itself not counted.
    pub worst: State,
    /// It selects pods, and there are none.
    pub barren: bool,
}

/// The lines, and what was found out on the way.
#[derive(Debug, Default)]
pub struct Tree {
    /// In order.
    pub lines: Vec<Line>,
    /// There would be more.
    pub cut: bool,
    /// Objects that are named and were not seen, each once.
    pub missing: Vec<Target>,
}

/// Lays a tree out. `keep` says of an end whether it is wanted; then its ancestors are too, and everything is open.
pub fn lay(relations: &Relations, root: &Root, folds: &Folds, keep: Option<&dyn Fn(&End) -> bool>) -> Tree {
    let mut laying = Laying {
        relations,
        folds,
        single: matches!(root, Root::One(_)),
        everything: keep.is_some(),
        tree: Tree::default(),
        path: Vec::new(),
        ties: HashMap::new(),
        worst: HashMap::new(),
        missing: HashSet::new(),
    };
    let roots = laying.roots(root);
    let count = roots.len();
    for (at, end) in roots.into_iter().enumerate() {
        let step = Step { end, relation: None, detail: CompactString::default(), upwards: false };
        laying.line(step, None, 0, 0, at + 1 == count);
    }
    let tree = laying.tree;
    match keep {
        Some(keep) => only(tree, keep),
        None => tree,
    }
}

/// The lines that are kept with their ancestors.
fn only(tree: Tree, keep: &dyn Fn(&End) -> bool) -> Tree {
    let mut kept = vec![false; tree.lines.len()];
    for (at, line) in tree.lines.iter().enumerate().rev() {
        if kept[at] || keep(&line.end) {
            kept[at] = true;
            if let Some(parent) = line.parent {
                kept[parent] = true;
            }
        }
    }
    // What is left has other neighbours: rails are drawn anew, from the last line up.
    let mut lines: Vec<Line> = Vec::new();
    let mut places = vec![0; tree.lines.len()];
    for (at, line) in tree.lines.into_iter().enumerate() {
        if kept[at] {
            places[at] = lines.len();
            lines.push(Line { parent: line.parent.map(|parent| places[parent]), ..line });
        }
    }
    let mut more: u32 = 0;
    for line in lines.iter_mut().rev() {
        let (own, below) = (bit(line.depth), bit(line.depth) - 1);
        line.last = more & own == 0;
        line.rails = more & below;
        more = line.rails | own;
    }
    Tree { lines, ..tree }
}

fn bit(depth: u16) -> u32 {
    1 << depth.min(31)
}

struct Step {
    end: End,
    relation: Option<Relation>,
    detail: CompactString,
    upwards: bool,
}

struct Laying<'a> {
    relations: &'a Relations,
    folds: &'a Folds,
    single: bool,
    everything: bool,
    tree: Tree,
    path: Vec<Uid>,
    /// Who hangs on an object, below and above.
    ties: HashMap<(Uid, bool), Rc<[Tie]>>,
    worst: HashMap<Uid, State>,
    missing: HashSet<Target>,
}

impl Laying<'_> {
    fn roots(&self, root: &Root) -> Vec<End> {
        match root {
            Root::One(target) => vec![match self.relations.find(target) {
                Some(known) => End::Known(known.uid),
                None => End::Missing(target.clone()),
            }],
            Root::Kind(group, kind, namespace) => {
                let mut all: Vec<_> = self
                    .relations
                    .iter()
                    .filter(|one| one.kind.group == *group && one.kind.kind == *kind)
                    .filter(|one| {
                        // One of another place came along because something names it.
                        one.namespace.is_empty() || namespace.as_ref().is_none_or(|own| one.namespace == own.as_str())
                    })
                    .collect();
                all.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
                all.into_iter().map(|one| End::Known(one.uid)).collect()
            }
        }
    }

    fn ties(&mut self, uid: Uid, upwards: bool) -> Rc<[Tie]> {
        let relations = self.relations;
        let of = || if upwards { relations.above(uid) } else { relations.below(uid) };
        self.ties.entry((uid, upwards)).or_insert_with(|| of().into()).clone()
    }

    /// The worst of what hangs below an object, however far.
    fn worst(&mut self, uid: Uid, depth: u16) -> State {
        if let Some(known) = self.worst.get(&uid) {
            return *known;
        }
        // Whoever comes back here on the way has no more to tell.
        self.worst.insert(uid, State::Unknown);
        let mut worst = State::Unknown;
        if depth < DEEPEST {
            for tie in self.ties(uid, false).iter() {
                if let End::Known(below) = &tie.end {
                    let own = self.relations.get(*below).map_or(State::Unknown, |one| one.health.state);
                    worst = worst.max(own).max(self.worst(*below, depth + 1));
                }
            }
        }
        self.worst.insert(uid, worst);
        worst
    }

    fn line(&mut self, step: Step, parent: Option<usize>, depth: u16, rails: u32, last: bool) {
        if self.tree.lines.len() >= MOST {
            self.tree.cut = true;
            return;
        }
        let mut hasher = DefaultHasher::new();
        parent.and_then(|at| self.tree.lines.get(at)).map(|line| line.id).hash(&mut hasher);
        (&step.end, step.upwards).hash(&mut hasher);
        let id = hasher.finish();
        let (mut steps, mut again, mut barren, mut worst) = (Vec::new(), false, false, State::Unknown);
        match &step.end {
            End::Missing(target) => {
                if self.missing.insert(target.clone()) {
                    self.tree.missing.push(target.clone());
                }
            }
            End::Known(uid) => {
                again = self.path.contains(uid);
                if !again {
                    steps = self.steps(*uid, step.upwards, depth);
                    barren = self.barren(*uid, &steps);
                    if !step.upwards {
                        worst = self.worst(*uid, depth);
                    }
                }
            }
        }
        let open = !steps.is_empty() && self.open(id, &step, depth);
        let branch = match (again, steps.is_empty(), open) {
            (true, ..) => Branch::Again,
            (_, true, _) => Branch::Leaf,
            (_, _, true) => Branch::Open,
            (_, _, false) => Branch::Shut,
        };
        let at = self.tree.lines.len();
        let children = steps.len();
        let Step { end, relation, detail, upwards } = step;
        let uid = if let End::Known(uid) = &end { Some(*uid) } else { None };
        let line =
            Line { id, parent, depth, rails, last, end, relation, upwards, detail, children, branch, worst, barren };
        self.tree.lines.push(line);
        if !open {
            return;
        }
        self.path.extend(uid);
        let rails = if last { rails } else { rails | bit(depth) };
        for (place, step) in steps.into_iter().enumerate() {
            self.line(step, Some(at), depth + 1, rails, place + 1 == children);
        }
        if uid.is_some() {
            self.path.pop();
        }
    }

    /// What hangs on an object; at a root also what it hangs on.
    fn steps(&mut self, uid: Uid, upwards: bool, depth: u16) -> Vec<Step> {
        if depth >= DEEPEST {
            return Vec::new();
        }
        let step = |tie: &Tie, upwards| Step {
            end: tie.end.clone(),
            relation: Some(tie.relation),
            detail: tie.detail.clone(),
            upwards,
        };
        let mut steps: Vec<Step> = self.ties(uid, upwards).iter().map(|tie| step(tie, upwards)).collect();
        if depth == 0 {
            steps.extend(self.ties(uid, true).iter().map(|tie| step(tie, true)));
        }
        steps
    }

    fn barren(&self, uid: Uid, steps: &[Step]) -> bool {
        let Some(relative) = self.relations.get(uid) else { return false };
        let selects = relative
            .links
            .iter()
            .any(|link| link.relation == Relation::Selects && matches!(link.to, super::To::Pods(_)));
        selects && !steps.iter().any(|step| step.relation == Some(Relation::Selects) && !step.upwards)
    }

    fn open(&self, id: u64, step: &Step, depth: u16) -> bool {
        if self.everything {
            return true;
        }
        let first = match &step.end {
            End::Missing(_) => false,
            End::Known(uid) => match self.relations.get(*uid) {
                // What a pod uses is many lines that few ask for.
                Some(one) if one.is_pod() => depth == 0 || self.single && depth < 3,
                Some(one) if one.kind.kind == "EndpointSlice" => depth == 0,
                _ => depth < if self.single { 3 } else { 2 },
            },
        };
        self.folds.all.unwrap_or(first) != self.folds.turned.contains(&id)
    }
}
