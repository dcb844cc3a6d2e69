//! The tree of what hangs together with an object, or with all objects of a kind: k9s' xray, in both directions and live.
//!
//! What a relation is and how the tree is laid out is the mesh room's to say (`mesh::relations`); here is which kinds are watched
//! for it (`watches`), which branches are open, where the cursor stands, and how a line looks (`view`). The tree is laid
//! out anew when something moved or was folded, and never for a frame alone.

mod view;
mod watches;

use std::{sync::Arc, time::Duration};

use ratatui::{buffer::Buffer, layout::Rect};

use self::watches::Watches;
use super::{
    Cx, Filter, LineInput, Look, Subject, Title,
    state::{self, Message},
};
use crate::{
    base::{Now, Ticket, age},
    cluster::{Batch, Kind, ObjectRef, discovery::Discovery},
    config::Role,
    mesh::relations::{Branch, End, Folds, Line, Looked, Relations, Relative, Root, Target, Tree, lay},
    msg::{Command, Context, Effect},
};

/// What the tree begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Of {
    /// One object.
    One(ObjectRef),
    /// All objects of a kind, in a namespace or everywhere.
    Kind(Kind, Option<String>),
}

impl Of {
    fn kind(&self) -> &Kind {
        match self {
            Self::One(object) => &object.kind,
            Self::Kind(kind, _) => kind,
        }
    }

    /// Where it is looked for what hangs together.
    fn namespace(&self) -> Option<String> {
        match self {
            Self::One(object) => object.namespace.clone(),
            Self::Kind(_, namespace) => namespace.clone(),
        }
    }

    fn root(&self) -> Root {
        match self {
            Self::One(object) => {
                let namespace = object.namespace.as_deref().unwrap_or_default();
                Root::One(Target::new(&object.kind.group, &object.kind.kind, namespace, &object.name))
            }
            Self::Kind(kind, namespace) => {
                let namespace = namespace.clone().filter(|_| kind.namespaced);
                Root::Kind(kind.group.clone(), kind.kind.clone(), namespace)
            }
        }
    }
}

/// The screen.
#[derive(Debug)]
pub struct Xray {
    of: Of,
    relations: Relations,
    watches: Watches,
    folds: Folds,
    tree: Tree,
    /// Something moved since the tree was laid out.
    moved: bool,
    filter: Filter,
    typing: Option<LineInput>,
    /// The line of the cursor, by its path and by its place.
    cursor: Option<u64>,
    at: usize,
    /// Somebody has moved the cursor.
    touched: bool,
    top: usize,
    page: usize,
    /// The tree names what nobody looks for yet.
    wants: bool,
}

impl Xray {
    /// Watches what the tree is made of; `filter` as it is typed after `/`.
    pub fn open(of: Of, filter: &str, discovery: Arc<Discovery>, cx: &mut Cx<'_>) -> (Self, Vec<Effect>) {
        let (watches, effects) = Watches::open(of.kind(), of.namespace(), discovery, cx);
        let xray = Self {
            of,
            relations: Relations::default(),
            watches,
            folds: Folds::default(),
            tree: Tree::default(),
            moved: true,
            filter: Filter::new(filter),
            typing: None,
            cursor: None,
            at: 0,
            touched: false,
            top: 0,
            page: 1,
            wants: false,
        };
        (xray, effects)
    }

    /// What it is the tree of.
    pub fn of(&self) -> &Of {
        &self.of
    }

    /// The filter in force, as typed.
    pub fn filter(&self) -> &str {
        self.filter.text()
    }

    /// Whose keys count.
    pub fn context(&self) -> Context {
        if self.typing.is_some() { Context::Input } else { Context::Xray }
    }

    /// Whether `back` has something to undo here.
    pub fn holds_back(&self) -> bool {
        self.typing.is_some() || !self.filter.is_empty()
    }

    /// A key that meant something.
    pub fn update(&mut self, command: Command, cx: &mut Cx<'_>) -> Vec<Effect> {
        if self.typing.is_some() {
            self.edit(command);
            return Vec::new();
        }
        self.lay();
        self.touched = true;
        let page = self.page.saturating_sub(1).max(1);
        match command {
            Command::Up => self.go(self.at.saturating_sub(1)),
            Command::Down => self.go(self.at + 1),
            Command::PageUp => self.go(self.at.saturating_sub(page)),
            Command::PageDown => self.go(self.at + page),
            Command::First => self.go(0),
            Command::Last => self.go(usize::MAX),
            Command::Fold => self.turn(),
            Command::Left => self.left(),
            Command::Right => self.right(),
            Command::FoldAll if self.tree.lines.iter().any(|line| line.children > 0) => {
                let open = self.tree.lines.iter().any(|line| line.branch == Branch::Shut);
                self.folds = Folds { all: Some(open), ..Folds::default() };
                self.moved = true;
            }
            Command::Filter => self.typing = Some(LineInput::new(self.filter.text())),
            Command::Back if !self.filter.is_empty() => self.set_filter(""),
            Command::Wide if self.watches.narrow() => return self.watches.widen(self.of.kind(), cx),
            _ => {}
        }
        self.lay();
        Vec::new()
    }

    fn edit(&mut self, command: Command) {
        match command {
            Command::Accept => self.typing = None,
            Command::Cancel => {
                self.typing = None;
                self.set_filter("");
            }
            Command::HistoryBack => self.go(self.at.saturating_sub(1)),
            Command::HistoryForward => self.go(self.at + 1),
            command => {
                let Some(line) = &mut self.typing else { return };
                if line.edit(command) {
                    let text = line.text().to_owned();
                    self.set_filter(&text);
                }
            }
        }
    }

    /// Text for the filter line.
    pub fn insert(&mut self, text: &str) {
        if let Some(line) = &mut self.typing {
            line.insert(text);
            let text = line.text().to_owned();
            self.set_filter(&text);
        }
    }

    fn set_filter(&mut self, text: &str) {
        self.filter = Filter::new(text);
        self.moved = true;
        self.lay();
    }

    fn go(&mut self, at: usize) {
        self.at = at.min(self.tree.lines.len().saturating_sub(1));
        self.cursor = self.line().map(|line| line.id);
    }

    fn line(&self) -> Option<&Line> {
        self.tree.lines.get(self.at)
    }

    /// Opens the branch under the cursor, or shuts it.
    fn turn(&mut self) {
        let Some(line) = self.line().filter(|line| line.children > 0) else { return };
        let id = line.id;
        if !self.folds.turned.remove(&id) {
            self.folds.turned.insert(id);
        }
        self.moved = true;
    }

    fn left(&mut self) {
        let Some(line) = self.line() else { return };
        if line.branch == Branch::Open {
            self.turn();
        } else if let Some(parent) = line.parent {
            self.go(parent);
        }
    }

    fn right(&mut self) {
        let Some(line) = self.line().filter(|line| line.children > 0) else { return };
        if line.branch == Branch::Open { self.go(self.at + 1) } else { self.turn() }
    }

    /// Whether this is a question it waits for.
    pub fn asked(&self, ticket: Ticket) -> bool {
        self.watches.asked(ticket)
    }

    /// Objects of one kind.
    pub fn hear(&mut self, ticket: Ticket, batch: Batch<Relative>, cx: &mut Cx<'_>) -> Vec<Effect> {
        let effects = self.watches.hear(ticket, batch.source, cx);
        self.moved |= self.relations.apply(batch.deltas);
        effects
    }

    /// Looks for what the tree names and nobody looked for yet.
    pub fn tend(&mut self, cx: &mut Cx<'_>) -> Vec<Effect> {
        if std::mem::take(&mut self.wants) { self.watches.follow(&self.tree, &self.relations, cx) } else { Vec::new() }
    }

    /// Ends the watches.
    pub fn close(&mut self) -> Vec<Effect> {
        self.watches.close()
    }

    fn lay(&mut self) {
        if !std::mem::take(&mut self.moved) {
            return;
        }
        let (relations, filter) = (&self.relations, &self.filter);
        let keep = |end: &End| match end {
            End::Known(uid) => relations.get(*uid).is_some_and(|one| {
                let words =
                    [one.name.as_str(), one.kind.kind.as_str(), one.namespace.as_str(), one.health.words.as_str()];
                filter.keeps(words, |key| one.label(key))
            }),
            End::Missing(target) => filter.keeps([target.name.as_str(), target.kind.as_str()], |_| None),
        };
        let keep: Option<&dyn Fn(&End) -> bool> = if filter.is_empty() { None } else { Some(&keep) };
        // The cursor stays on its line; where that is gone, on its object elsewhere in the tree.
        let stood = self.line().map(|line| line.end.clone());
        self.tree = lay(relations, &self.of.root(), &self.folds, keep);
        let place = |wanted: &dyn Fn(&Line) -> bool| self.tree.lines.iter().position(wanted);
        let found =
            place(&|line| Some(line.id) == self.cursor).or_else(|| place(&|line| Some(&line.end) == stood.as_ref()));
        let at = if self.touched { found.unwrap_or(self.at) } else { 0 };
        self.go(at);
        self.wants = self.watches.wants(&self.tree, &self.relations);
    }

    /// What is under the cursor; nothing where it is not there.
    pub fn subject(&self) -> Option<Subject> {
        let End::Known(uid) = self.line()?.end else { return None };
        let one = self.relations.get(uid)?;
        Some(Subject {
            object: one.object(),
            owner: one.controller().map(|owner| (owner.target.kind.to_string(), owner.target.name.to_string())),
            labels: one.labels.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect(),
            containers: Vec::new(),
            services: Vec::new(),
        })
    }

    /// How far what a line names was looked for.
    fn looked(&self, target: &Target) -> Looked {
        self.watches.looked(target)
    }

    /// Fits the window.
    pub fn settle(&mut self, area: Rect) {
        self.lay();
        self.page = usize::from(area.height.saturating_sub(1)).max(1);
        let last = self.tree.lines.len().saturating_sub(self.page);
        self.top = self.top.clamp(self.at.saturating_sub(self.page - 1), self.at).min(last);
    }

    /// Its name in the frame.
    pub fn name(&self) -> String {
        match &self.of {
            Of::One(object) => format!("xray {}", object.short()),
            Of::Kind(kind, Some(namespace)) if kind.namespaced => format!("xray {} in {namespace}", kind.plural),
            Of::Kind(kind, _) => format!("xray {}", kind.plural),
        }
    }

    /// The title.
    pub fn title(&self) -> Title {
        let lines = self.tree.lines.len();
        let mut words = vec![(if lines == 0 { "–".to_owned() } else { state::grouped(lines) }, Role::TextDim)];
        if let Some(line) = &self.typing {
            words.push((format!("/{}", line.text()), Role::Accent));
        } else if !self.filter.is_empty() {
            words.push((format!("/{}", self.filter), Role::Accent));
        }
        if self.tree.cut {
            words.push(("more are left out".to_owned(), Role::Warn));
        }
        words.extend(self.watches.words());
        let right = (lines > self.page)
            .then(|| (format!("{}/{}", state::grouped(self.at + 1), state::grouped(lines)), Role::TextDim));
        Title { words, right }
    }

    /// When the picture changes by time alone.
    pub fn wakes(&self, now: Now) -> Option<Duration> {
        let shown = self.tree.lines.iter().skip(self.top).take(self.page);
        let created = shown.filter_map(|line| match &line.end {
            End::Known(uid) => self.relations.get(*uid)?.created,
            End::Missing(_) => None,
        });
        let ages = created.map(|created| now.mono + age::row_changes_in(now.server, created)).min();
        // What the tree names and nobody looked for is looked for at once.
        let more = self.wants.then_some(now.mono);
        ages.into_iter().chain(more).chain(self.watches.wakes(now)).min()
    }

    /// Draws the inside.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look<'_>) {
        if self.tree.lines.is_empty() {
            let plural = &self.of.kind().plural;
            let message = if self.filter.is_empty() {
                self.watches.message(look, plural)
            } else {
                Message::filtered(self.filter.text(), self.relations.len(), "objects")
            };
            message.view(area, buf, look);
            return;
        }
        view::view(self, area, buf, look);
    }
}
